//! Fills a new database, which nobody else has open, as fast as SQLite can.

use std::path::Path;
use std::time::Duration;

use phantomdb_protocol::{Error, ErrorCode, Result};
use phantomdb_sql::printer::quote_identifier;
use rusqlite::types::Value;
use rusqlite::{Connection, ToSql};

use crate::catalog::NoTables;
use crate::connection::{self, Location};
use crate::{constraint_error, error};

/// A connection that does not wait for the disk. A database that was not finished must be deleted.
pub struct BulkLoader {
    connection: Connection,
    /// Name and definition of the dropped indexes. Building them after the load is faster than updating them for each row.
    dropped_indexes: Vec<(String, String)>,
}

impl BulkLoader {
    /// Opens the file of a database that exists.
    pub fn open(path: &Path) -> Result<Self> {
        let location = Location::File(path.to_owned());
        let connection = connection::open_with_pages(&location, false, Duration::from_secs(5))?;
        let loader = Self { connection, dropped_indexes: Vec::new() };
        // Sorting for an index uses a temporary file, so that the use of memory stays bounded.
        loader.run(
            "PRAGMA journal_mode=DELETE; PRAGMA synchronous=OFF; PRAGMA foreign_keys=OFF; PRAGMA temp_store=FILE; \
             PRAGMA cache_size=-64000; PRAGMA locking_mode=EXCLUSIVE",
        )?;
        Ok(loader)
    }

    fn run(&self, sql: &str) -> Result<()> {
        self.connection.execute_batch(sql).map_err(error::from_sqlite)
    }

    /// Drops the indexes until [`Self::finish`] creates them again.
    pub fn drop_indexes(&mut self) -> Result<()> {
        let read = || -> rusqlite::Result<Vec<(String, String)>> {
            let mut statement = self
                .connection
                .prepare("SELECT name, sql FROM sqlite_schema WHERE type = 'index' AND sql IS NOT NULL")?;
            statement.query_map([], |row| Ok((row.get(0)?, row.get(1)?)))?.collect()
        };
        for (name, sql) in read().map_err(error::from_sqlite)? {
            self.run(&format!("DROP INDEX {}", quote_identifier(&name)))?;
            self.dropped_indexes.push((name, sql));
        }
        Ok(())
    }

    pub fn begin(&self) -> Result<()> {
        self.run("BEGIN")
    }

    pub fn commit(&self) -> Result<()> {
        self.run("COMMIT")
    }

    /// Inserts rows of `width` values each. `values` has the rows one after the other, in stored form.
    pub fn insert(&self, sql: &str, values: &[Value], width: usize) -> Result<()> {
        let mut statement = self.connection.prepare_cached(sql).map_err(error::from_sqlite)?;
        for row in values.chunks_exact(width) {
            for (index, value) in row.iter().enumerate() {
                statement.raw_bind_parameter(index + 1, value as &dyn ToSql).map_err(error::from_sqlite)?;
            }
            statement.raw_execute().map_err(|e| refused("a row was refused", e))?;
        }
        Ok(())
    }

    /// Sets the last number that the identity column has used.
    pub fn set_sequence(&self, table: &str, last: i64) -> Result<()> {
        self.connection
            .execute("DELETE FROM sqlite_sequence WHERE name = ?1", [table])
            .and_then(|_| {
                self.connection.execute(
                    "INSERT INTO sqlite_sequence (name, seq) VALUES (?1, ?2)",
                    rusqlite::params![table, last],
                )
            })
            .map(|_| ())
            .map_err(error::from_sqlite)
    }

    /// The number of rows in a table.
    pub fn count(&self, table: &str) -> Result<u64> {
        let sql = format!("SELECT count(*) FROM {}", quote_identifier(table));
        let count: i64 = self.connection.query_row(&sql, [], |row| row.get(0)).map_err(error::from_sqlite)?;
        Ok(count.unsigned_abs())
    }

    /// Creates the indexes, checks the foreign keys and writes everything to the disk.
    pub fn finish(self) -> Result<()> {
        for (name, sql) in &self.dropped_indexes {
            let what = format!("the index \"{name}\" cannot be made");
            self.connection.execute_batch(sql).map_err(|e| refused(&what, e))?;
        }
        let violated: Option<(String, String)> = self
            .connection
            .prepare("SELECT \"table\", parent FROM pragma_foreign_key_check LIMIT 1")
            .and_then(|mut statement| {
                let mut rows = statement.query([])?;
                rows.next()?.map(|row| Ok((row.get(0)?, row.get(1)?))).transpose()
            })
            .map_err(error::from_sqlite)?;
        if let Some((table, parent)) = violated {
            return Err(Error::new(
                ErrorCode::ForeignKeyViolation,
                format!("a row of \"{table}\" points to a row of \"{parent}\" that is not there"),
            ));
        }
        self.run(
            "PRAGMA optimize; PRAGMA locking_mode=NORMAL; PRAGMA synchronous=FULL; PRAGMA journal_mode=WAL",
        )?;
        self.run("PRAGMA wal_checkpoint(TRUNCATE)")?;
        self.connection.close().map_err(|(_, e)| error::from_sqlite(e))
    }
}

/// The error of SQLite, with what it prevented.
fn refused(what: &str, e: rusqlite::Error) -> Error {
    let mut error = constraint_error::explain(e, None, &NoTables);
    error.message = format!("{what}: {}", error.message);
    error
}
