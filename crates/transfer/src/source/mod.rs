//! The databases that tables are copied from.

mod mysql;
mod mysql_schema;
mod mysql_sql;
mod mysql_types;
mod postgres;
mod postgres_schema;
mod postgres_sql;
mod postgres_types;
pub(crate) mod reading;
mod sqlite;
mod sqlite_schema;
mod sqlite_sql;
mod sqlite_types;

use std::path::PathBuf;

use phantomdb_protocol::{Error, ErrorCode, Result};

use super::model::{Loss, Table};
use reading::EachRow;

/// A database to read, in the state in which it was opened.
pub(crate) enum Source {
    Sqlite(sqlite::SqliteSource),
    Postgres(Box<postgres::PostgresSource>),
    MySql(Box<mysql::MySqlSource>),
}

/// The kind of source that the user named.
#[derive(Debug, PartialEq, Eq)]
enum Kind {
    File(PathBuf),
    Postgres,
    MySql,
}

impl Kind {
    fn of(text: &str) -> Result<Self> {
        let begins = |scheme: &str| text.get(..scheme.len()).is_some_and(|t| t.eq_ignore_ascii_case(scheme));
        if begins("postgres://") || begins("postgresql://") {
            return Ok(Self::Postgres);
        }
        if begins("mysql://") || begins("mariadb://") {
            return Ok(Self::MySql);
        }
        let path = if begins("sqlite:") { &text["sqlite:".len()..] } else { text };
        let path = path.strip_prefix("//").unwrap_or(path);
        if text.contains("://") && !begins("sqlite:") || path.is_empty() {
            // The text is not repeated: it may hold a password.
            return Err(Error::new(
                ErrorCode::BadRequest,
                "the source is a SQLite file (app.db or sqlite:app.db), a file of SQL (app.sql), \
                 postgres://USER:PASSWORD@HOST/DATABASE or mysql://USER:PASSWORD@HOST/DATABASE",
            ));
        }
        Ok(Self::File(PathBuf::from(path)))
    }
}

impl Source {
    pub(crate) async fn open(text: &str) -> Result<Self> {
        Ok(match Kind::of(text)? {
            Kind::File(path) => Self::Sqlite(sqlite::SqliteSource::open(&path)?),
            Kind::Postgres => Self::Postgres(Box::new(postgres::PostgresSource::open(text).await?)),
            Kind::MySql => Self::MySql(Box::new(mysql::MySqlSource::open(text).await?)),
        })
    }

    /// Fails with `BAD_REQUEST` when the text names no source; the message says what does.
    pub(crate) fn check(text: &str) -> Result<()> {
        Kind::of(text).map(drop)
    }

    /// Returns a name for the new database when the user gave none.
    pub(crate) fn name(text: &str) -> Option<String> {
        let last = match Kind::of(text).ok()? {
            Kind::File(path) => return Some(path.file_stem()?.to_str()?.to_owned()),
            Kind::Postgres | Kind::MySql => text.split_once("://")?.1.split_once('/')?.1,
        };
        let name = last.split(['?', '#']).next()?;
        (!name.is_empty()).then(|| name.to_owned())
    }

    /// Returns the tables, and the parts of them that PhantomDB does not support whatever the rows are.
    pub(crate) async fn tables(&mut self) -> Result<(Vec<Table>, Vec<Loss>)> {
        match self {
            Self::Sqlite(source) => source.tables(),
            Self::Postgres(source) => source.tables().await,
            Self::MySql(source) => source.tables().await,
        }
    }

    /// Calls `row` with the values of these columns of each row, without holding more than a few rows in memory.
    pub(crate) async fn each_row(
        &mut self,
        table: &Table,
        columns: &[usize],
        row: &mut EachRow<'_>,
    ) -> Result<()> {
        match self {
            Self::Sqlite(source) => source.each_row(table, columns, row),
            Self::Postgres(source) => source.each_row(table, columns, row).await,
            Self::MySql(source) => source.each_row(table, columns, row).await,
        }
    }

    /// Removes and reports foreign keys that rows violate; only the rows can tell.
    pub(crate) fn broken_references(&mut self, tables: &mut [Table]) -> Result<Vec<Loss>> {
        match self {
            Self::Sqlite(source) => source.broken_references(tables),
            Self::Postgres(_) | Self::MySql(_) => Ok(Vec::new()),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn it_tells_files_from_urls() {
        assert_eq!(Kind::of("a/b.db").unwrap(), Kind::File("a/b.db".into()));
        assert_eq!(Kind::of("sqlite:b.db").unwrap(), Kind::File("b.db".into()));
        assert_eq!(Kind::of("PostgreSQL://h/x").unwrap(), Kind::Postgres);
        assert_eq!(Kind::of("mariadb://h/x").unwrap(), Kind::MySql);
        let error = Kind::of("oracle://u:secret@h/x").unwrap_err();
        assert!(!error.message.contains("secret"));
        assert_eq!(Source::name("postgres://u@h:5/shop?sslmode=disable").as_deref(), Some("shop"));
        assert_eq!(Source::name("sqlite:/x/app.sqlite").as_deref(), Some("app"));
    }
}
