//! Fills a new database that nobody else has open, as fast as SQLite can.

use std::path::Path;
use std::time::Duration;

use phantomdb_protocol::{Error, ErrorCode, Result};
use rusqlite::types::Value;
use rusqlite::{Connection, ToSql};

use super::adapt::quote_identifier;
use super::connection::{self, Location};
use super::error;

/// A connection that does not wait for the disk: a database that is not finished is thrown away.
pub struct Loader {
    connection: Connection,
    /// Made anew once the rows are there, which is faster than to keep them while rows come.
    indexes: Vec<(String, String)>,
}

impl Loader {
    pub fn open(path: &Path) -> Result<Self> {
        let location = Location::File(path.to_owned());
        let connection = connection::open(&location, false, Duration::from_secs(5))?.connection;
        let loader = Self { connection, indexes: Vec::new() };
        // Sorting for an index spills to a file, so that memory stays bounded.
        loader.run(
            "PRAGMA journal_mode=DELETE; PRAGMA synchronous=OFF; PRAGMA foreign_keys=OFF; PRAGMA temp_store=FILE; \
             PRAGMA cache_size=-64000; PRAGMA locking_mode=EXCLUSIVE",
        )?;
        Ok(loader)
    }

    fn run(&self, sql: &str) -> Result<()> {
        self.connection.execute_batch(sql).map_err(error::plain)
    }

    /// Takes the indexes away until [`Self::finish`].
    pub fn put_indexes_off(&mut self) -> Result<()> {
        let read = || -> rusqlite::Result<Vec<(String, String)>> {
            let mut statement = self
                .connection
                .prepare("SELECT name, sql FROM sqlite_schema WHERE type = 'index' AND sql IS NOT NULL")?;
            statement.query_map([], |row| Ok((row.get(0)?, row.get(1)?)))?.collect()
        };
        for (name, sql) in read().map_err(error::plain)? {
            self.run(&format!("DROP INDEX {}", quote_identifier(&name)))?;
            self.indexes.push((name, sql));
        }
        Ok(())
    }

    pub fn begin(&self) -> Result<()> {
        self.run("BEGIN")
    }

    pub fn commit(&self) -> Result<()> {
        self.run("COMMIT")
    }

    /// Inserts rows, one after the other in `values`, which are in stored form.
    pub fn insert(&self, sql: &str, values: &[Value], width: usize) -> Result<()> {
        let mut statement = self.connection.prepare_cached(sql).map_err(error::plain)?;
        for row in values.chunks_exact(width) {
            for (index, value) in row.iter().enumerate() {
                statement.raw_bind_parameter(index + 1, value as &dyn ToSql).map_err(error::plain)?;
            }
            statement
                .raw_execute()
                .map_err(|e| Error::new(ErrorCode::CheckViolation, format!("a row was refused: {e}")))?;
        }
        Ok(())
    }

    /// The next number of an identity column is at least one more than this.
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
            .map_err(error::plain)
    }

    pub fn count(&self, table: &str) -> Result<u64> {
        let sql = format!("SELECT count(*) FROM {}", quote_identifier(table));
        let count: i64 = self.connection.query_row(&sql, [], |row| row.get(0)).map_err(error::plain)?;
        Ok(count.unsigned_abs())
    }

    /// Makes the indexes, checks the foreign keys, and brings everything to the disk.
    pub fn finish(self) -> Result<()> {
        for (name, sql) in &self.indexes {
            self.connection.execute_batch(sql).map_err(|e| {
                Error::new(ErrorCode::UniqueViolation, format!("the index \"{name}\" cannot be made: {e}"))
            })?;
        }
        let violated: Option<(String, String)> = self
            .connection
            .prepare("SELECT \"table\", parent FROM pragma_foreign_key_check LIMIT 1")
            .and_then(|mut statement| {
                let mut rows = statement.query([])?;
                rows.next()?.map(|row| Ok((row.get(0)?, row.get(1)?))).transpose()
            })
            .map_err(error::plain)?;
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
        self.connection.close().map_err(|(_, e)| error::plain(e))
    }
}
