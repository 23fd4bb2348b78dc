//! Reads a whole database as it was at one moment, for an export.

use std::{borrow::Cow, path::Path, time::Duration};

use phantomdb_engine::check_database_name;
use phantomdb_protocol::{ColumnType, Result, TableName, TableSchema, ViewDefinition};
use phantomdb_sql::printer::quote_identifier;
use phantomdb_values::times::wire_of_stored;
use rusqlite::types::ValueRef;

use crate::connection::{self, LimitedConnection, Location, Mode};
use crate::schema_rows::SchemaRows;
use crate::stored::stored_name;
use crate::{catalog, error, types::column_type_of_sql};

/// Reads in one transaction. Others can write meanwhile; the reader does not see what they write.
pub struct ExportReader {
    connection: LimitedConnection,
}

impl ExportReader {
    /// Fails with `UNKNOWN_DATABASE` when the directory has no database of that name.
    pub fn open(directory: &Path, database: &str) -> Result<Self> {
        check_database_name(database)?;
        let path = directory.join(format!("{database}.db"));
        if !path.is_file() {
            return Err(error::unknown_database(database));
        }
        let location = Location::File(path);
        let connection = connection::open(&location, false, Duration::from_secs(5), Mode::ReadWrite)?;
        let reader = Self { connection };
        // SQLite takes the snapshot at the first read.
        reader
            .connection
            .execute_batch("PRAGMA query_only=ON; BEGIN; SELECT count(*) FROM sqlite_schema")
            .map_err(error::from_sqlite)?;
        Ok(reader)
    }

    /// Describes every table.
    pub fn tables(&self) -> Result<Vec<TableSchema>> {
        let rows = SchemaRows::read(&self.connection)?;
        catalog::list_tables_in(&self.connection, &rows)?
            .iter()
            .map(|table| catalog::find_table_in(&self.connection, &rows, table))
            .collect()
    }

    pub fn views(&self) -> Result<Vec<ViewDefinition>> {
        catalog::list_views(&self.connection)
    }

    /// The number of rows in a table.
    pub fn count(&self, table: &TableName) -> Result<u64> {
        let sql = format!("SELECT count(*) FROM {}", quote_identifier(&stored_name(table)));
        let count: i64 = self.connection.query_row(&sql, [], |row| row.get(0)).map_err(error::from_sqlite)?;
        Ok(count.unsigned_abs())
    }

    /// Calls `row` for each row of a table, with its values in stored form and in the order of the columns. Timestamps are
    /// ISO 8601, which other programs read too.
    pub fn each_row(
        &self,
        table: &TableSchema,
        row: &mut (dyn FnMut(&[ValueRef<'_>]) -> Result<()> + Send),
    ) -> Result<()> {
        let columns: Vec<String> =
            table.columns.iter().map(|column| quote_identifier(&column.name)).collect();
        let sql =
            format!("SELECT {} FROM {}", columns.join(", "), quote_identifier(&stored_name(&table.table)));
        let is_timestamp: Vec<bool> = table
            .columns
            .iter()
            .map(|column| column_type_of_sql(&column.data_type) == ColumnType::Timestamp)
            .collect();
        let mut statement = self.connection.prepare(&sql).map_err(error::from_sqlite)?;
        let mut rows = statement.query([]).map_err(error::from_sqlite)?;
        while let Some(found) = rows.next().map_err(error::from_sqlite)? {
            let stored: Vec<ValueRef<'_>> = (0..columns.len())
                .map(|index| found.get_ref(index))
                .collect::<rusqlite::Result<_>>()
                .map_err(error::from_sqlite)?;
            let texts: Vec<Option<Cow<'_, str>>> = stored
                .iter()
                .zip(&is_timestamp)
                .map(|(value, is)| is.then(|| wire(*value)).flatten())
                .collect();
            let values: Vec<ValueRef<'_>> = stored
                .iter()
                .zip(&texts)
                .map(|(value, text)| text.as_ref().map_or(*value, |text| ValueRef::Text(text.as_bytes())))
                .collect();
            row(&values)?;
        }
        Ok(())
    }
}

/// A stored timestamp as it travels.
fn wire(value: ValueRef<'_>) -> Option<Cow<'_, str>> {
    let ValueRef::Text(bytes) = value else { return None };
    std::str::from_utf8(bytes).ok().map(wire_of_stored)
}
