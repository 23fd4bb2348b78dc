//! The PhantomDB that tables are copied into.

mod directory;
mod server;
mod staging_directory;

use phantomdb_protocol::{Error, ErrorCode, Result};
use rusqlite::types::Value;
use tokio::sync::mpsc::Receiver;

pub(crate) use directory::DirectoryTarget;
pub(crate) use server::{ServerTarget, sent};

use super::{ddl, endpoint::Endpoint, model::Table, progress::Progress, script::Script};
use phantomdb_sql::types::SqlType;

/// The values of several rows in stored form, row after row.
pub(crate) type Batch = Vec<Value>;

pub(crate) enum Target {
    Directory(DirectoryTarget),
    Server(ServerTarget),
}

/// A table whose rows are being inserted.
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
    /// Prepares a new database without writing anything. Fails with `ALREADY_EXISTS` when the database has tables.
    pub(crate) async fn open(place: &Endpoint, database: &str) -> Result<Self> {
        Ok(match place {
            Endpoint::Directory(directory) => {
                Self::Directory(DirectoryTarget::open(directory, database).await?)
            }
            Endpoint::Server(url) => Self::Server(ServerTarget::open(url, database).await?),
        })
    }

    /// Creates schemas, tables and comments.
    pub(crate) async fn define(&mut self, tables: &[Table]) -> Result<()> {
        match self {
            Self::Directory(target) => target.define(tables).await,
            Self::Server(target) => target.define(tables).await,
        }
    }

    /// Runs statements of PhantomDB SQL, which make the tables and their rows. An error names the one that failed.
    pub(crate) async fn run_script(&mut self, script: &Script<'_>, progress: &Progress) -> Result<()> {
        match self {
            Self::Directory(target) => target.run_script(script, progress).await,
            Self::Server(target) => target.run_script(script, progress).await,
        }
    }

    /// Inserts batches until the channel closes.
    pub(crate) async fn load(&mut self, load: &Load<'_>, batches: Receiver<Batch>) -> Result<()> {
        match self {
            Self::Directory(target) => target.load(load, batches),
            Self::Server(target) => target.load(load, batches).await,
        }
    }

    /// Creates indexes and foreign keys once all rows are inserted. Returns the number of rows of each table.
    pub(crate) async fn finish(&mut self, tables: &[Table]) -> Result<Vec<u64>> {
        match self {
            Self::Directory(target) => target.finish(tables),
            Self::Server(target) => target.finish(tables).await,
        }
    }

    /// Makes the database visible to everyone.
    pub(crate) async fn publish(self) -> Result<()> {
        match self {
            Self::Directory(target) => target.publish().await,
            Self::Server(target) => target.publish().await,
        }
    }

    /// Removes everything that the import created.
    pub(crate) async fn abandon(self) -> Result<()> {
        match self {
            // Dropping the target deletes what it created.
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

/// Adds the name of the table to an error.
fn of_table(table: &Table, error: Error) -> Error {
    Error { message: format!("the rows of \"{}\": {}", table.name(), error.message), ..error }
}
