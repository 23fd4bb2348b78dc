//! What tables there are, and what they are made of.

use phantomdb_protocol::{Error, ErrorCode, Result, TableName, TableSchema};

use super::connection::Connection;

/// The user's tables, sorted by name.
pub(super) async fn tables(connection: &Connection) -> Result<Vec<TableName>> {
    let _ = connection;
    Ok(Vec::new())
}

/// `UNKNOWN_TABLE` when there is none.
pub(super) async fn describe(connection: &Connection, table: &TableName) -> Result<TableSchema> {
    let _ = connection;
    Err(Error::new(ErrorCode::UnknownTable, format!("there is no table \"{table}\"")))
}
