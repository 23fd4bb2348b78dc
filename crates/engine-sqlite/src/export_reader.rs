//! Reads a whole database as it was at one moment, for an export.

use std::path::Path;
use std::time::Duration;

use phantomdb_engine::check_database_name;
use phantomdb_protocol::{Result, TableName, TableSchema};
use phantomdb_sql::printer::quote_identifier;
use rusqlite::Connection;
use rusqlite::types::ValueRef;

use crate::connection::{self, Location};
use crate::stored::stored_name;
use crate::{catalog, error};

/// Reads in one transaction. Others can write meanwhile; the reader does not see what they write.
pub struct ExportReader {
    connection: Connection,
}

impl ExportReader {
    /// Fails with `UNKNOWN_DATABASE` when the directory has no database of that name.
    pub fn open(directory: &Path, database: &str) -> Result<Self> {
        check_database_name(database)?;
        let path = directory.join(format!("{database}.db"));
        if !path.is_file() {
            return Err(error::unknown_database(database));
        }
        let opened = connection::open(&Location::File(path), false, Duration::from_secs(5))?;
        let reader = Self { connection: opened.connection };
        // SQLite takes the snapshot at the first read.
        reader
            .connection
            .execute_batch("PRAGMA query_only=ON; BEGIN; SELECT count(*) FROM sqlite_schema")
            .map_err(error::from_sqlite)?;
        Ok(reader)
    }

    /// Describes every table.
    pub fn tables(&self) -> Result<Vec<TableSchema>> {
        catalog::list_tables(&self.connection)?
            .iter()
            .map(|table| catalog::read_table(&self.connection, table))
            .collect()
    }

    /// The number of rows in a table.
    pub fn count(&self, table: &TableName) -> Result<u64> {
        let sql = format!("SELECT count(*) FROM {}", quote_identifier(&stored_name(table)));
        let count: i64 = self.connection.query_row(&sql, [], |row| row.get(0)).map_err(error::from_sqlite)?;
        Ok(count.unsigned_abs())
    }

    /// Calls `row` for each row of a table, with its values in stored form and in the order of the columns.
    pub fn each_row(
        &self,
        table: &TableSchema,
        row: &mut (dyn FnMut(&[ValueRef<'_>]) -> Result<()> + Send),
    ) -> Result<()> {
        let columns: Vec<String> =
            table.columns.iter().map(|column| quote_identifier(&column.name)).collect();
        let sql =
            format!("SELECT {} FROM {}", columns.join(", "), quote_identifier(&stored_name(&table.table)));
        let mut statement = self.connection.prepare(&sql).map_err(error::from_sqlite)?;
        let mut rows = statement.query([]).map_err(error::from_sqlite)?;
        while let Some(found) = rows.next().map_err(error::from_sqlite)? {
            let values: Vec<ValueRef<'_>> = (0..columns.len())
                .map(|index| found.get_ref(index))
                .collect::<rusqlite::Result<_>>()
                .map_err(error::from_sqlite)?;
            row(&values)?;
        }
        Ok(())
    }
}
