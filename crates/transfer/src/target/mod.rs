//! The PhantomDB that tables are copied into.

mod directory;
mod server;
mod staging_directory;

use phantomdb_protocol::{Error, ErrorCode, Result};
use rusqlite::types::Value;
use tokio::sync::mpsc::Receiver;

pub(crate) use directory::DirectoryTarget;
pub(crate) use server::{ServerTarget, sent};

use super::{ddl, endpoint::Endpoint, model::Table};
use phantomdb_sql::types::SqlType;

/// Rows in stored form, one after the other.
pub(crate) type Batch = Vec<Value>;

pub(crate) enum Target {
    Directory(DirectoryTarget),
    Server(ServerTarget),
}

/// One table's rows on their way in.
pub(crate) struct Load<'a> {
    pub(crate) table: &'a Table,
    pub(crate) columns: Vec<String>,
    pub(crate) types: Vec<SqlType>,
}

impl<'a> Load<'a> {
    pub(crate) fn new(table: &'a Table) -> Self {
        let stored = table.stored_columns();
        let columns = stored.iter().map(|&index| table.schema.columns[index].name.clone()).collect();
        let types = stored.iter().map(|&index| table.columns[index].data_type()).collect();
        Self { table, columns, types }
    }

    pub(crate) fn insert_clause(&self) -> String {
        format!("INSERT INTO {} ({})", ddl::table_name(self.table.name()), ddl::names(&self.columns))
    }
}

impl Target {
    /// A place for a new database; nothing is written yet. `ALREADY_EXISTS` when there is one with tables.
    pub(crate) async fn open(place: &Endpoint, database: &str) -> Result<Self> {
        Ok(match place {
            Endpoint::Directory(directory) => {
                Self::Directory(DirectoryTarget::open(directory, database).await?)
            }
            Endpoint::Server(url) => Self::Server(ServerTarget::open(url, database).await?),
        })
    }

    /// Makes the tables and whatever else has no rows.
    pub(crate) async fn define(&mut self, tables: &[Table]) -> Result<()> {
        match self {
            Self::Directory(target) => target.define(tables).await,
            Self::Server(target) => target.define(tables).await,
        }
    }

    /// Inserts what comes until there is no more.
    pub(crate) async fn load(&mut self, load: &Load<'_>, batches: Receiver<Batch>) -> Result<()> {
        match self {
            Self::Directory(target) => target.load(load, batches),
            Self::Server(target) => target.load(load, batches).await,
        }
    }

    /// What is done when all rows are there: keys, checks. Answers how many rows each table has now.
    pub(crate) async fn finish(&mut self, tables: &[Table]) -> Result<Vec<u64>> {
        match self {
            Self::Directory(target) => target.finish(tables),
            Self::Server(target) => target.finish(tables).await,
        }
    }

    /// From here on the database is there for everyone.
    pub(crate) async fn publish(self) -> Result<()> {
        match self {
            Self::Directory(target) => target.publish().await,
            Self::Server(target) => target.publish().await,
        }
    }

    /// Leaves no trace of the import.
    pub(crate) async fn abandon(self) -> Result<()> {
        match self {
            // What it has made is deleted when it is dropped.
            Self::Directory(_) => Ok(()),
            Self::Server(target) => target.abandon().await,
        }
    }
}

fn exists(database: &str) -> Error {
    Error::new(
        ErrorCode::AlreadyExists,
        format!("there is a database \"{database}\" with tables already; name another with --database"),
    )
}

/// The rows that were counted, as the message of an error that tells which table it was.
fn of_table(table: &Table, error: Error) -> Error {
    Error { message: format!("the rows of \"{}\": {}", table.name(), error.message), ..error }
}
