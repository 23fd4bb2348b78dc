//! The tables that PhantomDB keeps in a database for itself. Each is created when it is first needed.

use phantomdb_protocol::Result;
use phantomdb_sql::own_tables::OwnTable;
use rusqlite::{Connection, Params};

use crate::error::schema_failed;
use crate::schema_rows::SchemaRows;

/// True when the database has the table.
pub(super) fn exists(conn: &Connection, table: OwnTable) -> Result<bool> {
    Ok(SchemaRows::read_where(conn, |row| row.name == table.name())?.has(table))
}

/// The statement that creates the table when it is missing, from the text behind its name.
pub(super) fn create_statement(table: OwnTable, definition: &str) -> String {
    format!("CREATE TABLE IF NOT EXISTS \"{}\" {definition}", table.name())
}

/// Runs a statement and returns the number of rows that it changed.
pub(super) fn run(conn: &Connection, sql: &str, parameters: impl Params) -> Result<usize> {
    conn.execute(sql, parameters).map_err(|error| schema_failed(&error))
}
