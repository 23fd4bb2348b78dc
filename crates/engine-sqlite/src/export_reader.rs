//! Reads all of a database, as it was at one moment.

use std::path::Path;
use std::time::Duration;

use phantomdb_protocol::{Result, TableName, TableSchema};
use rusqlite::Connection;
use rusqlite::types::ValueRef;

use super::adapt::{quote_identifier, stored_name};
use super::connection::{self, Location};
use super::{catalog, error, unknown};
use phantomdb_engine::check_database_name;

/// One read transaction. Writers go on meanwhile, and what they write is not seen.
pub struct Dump {
    connection: Connection,
}

impl Dump {
    /// `UNKNOWN_DATABASE` when the directory has no database of that name.
    pub fn open(directory: &Path, database: &str) -> Result<Self> {
        check_database_name(database)?;
        let path = directory.join(format!("{database}.db"));
        if !path.is_file() {
            return Err(unknown(database));
        }
        let link = connection::open(&Location::File(path), false, Duration::from_secs(5))?;
        let dump = Self { connection: link.connection };
        // The snapshot is taken by the first read.
        dump.connection
            .execute_batch("PRAGMA query_only=ON; BEGIN; SELECT count(*) FROM sqlite_schema")
            .map_err(error::plain)?;
        Ok(dump)
    }

    pub fn tables(&self) -> Result<Vec<TableSchema>> {
        catalog::list_tables(&self.connection)?
            .iter()
            .map(|table| catalog::read_table(&self.connection, table))
            .collect()
    }

    pub fn count(&self, table: &TableName) -> Result<u64> {
        let sql = format!("SELECT count(*) FROM {}", quote_identifier(&stored_name(table)));
        let count: i64 = self.connection.query_row(&sql, [], |row| row.get(0)).map_err(error::plain)?;
        Ok(count.unsigned_abs())
    }

    /// Calls `row` with the values of each row, in stored form and in the order of the table's columns.
    pub fn each_row(
        &self,
        table: &TableSchema,
        row: &mut (dyn FnMut(&[ValueRef<'_>]) -> Result<()> + Send),
    ) -> Result<()> {
        let columns: Vec<String> =
            table.columns.iter().map(|column| quote_identifier(&column.name)).collect();
        let sql =
            format!("SELECT {} FROM {}", columns.join(", "), quote_identifier(&stored_name(&table.table)));
        let mut statement = self.connection.prepare(&sql).map_err(error::plain)?;
        let mut rows = statement.query([]).map_err(error::plain)?;
        while let Some(found) = rows.next().map_err(error::plain)? {
            let values: Vec<ValueRef<'_>> = (0..columns.len())
                .map(|index| found.get_ref(index))
                .collect::<rusqlite::Result<_>>()
                .map_err(error::plain)?;
            row(&values)?;
        }
        Ok(())
    }
}
