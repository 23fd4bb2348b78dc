//! Adds and drops columns.

use phantomdb_protocol::{AlterOperation, Error, Result, TableName};
use rusqlite::Connection;

use super::adapt::SchemaChange;

pub fn alter(conn: &Connection, table: &TableName, operations: &[AlterOperation]) -> Result<()> {
    for operation in operations {
        let change = match operation {
            AlterOperation::AddColumn { column } => format!("ADD \"{}\" {}", column.name, column.data_type),
            AlterOperation::DropColumn { name } => format!("DROP \"{name}\""),
            _ => return Err(Error::unsupported("not in the placeholder")),
        };
        conn.execute_batch(&format!("ALTER TABLE \"{table}\" {change}"))
            .map_err(|e| Error::internal(e.to_string()))?;
    }
    Ok(())
}

pub fn apply(conn: &Connection, change: &SchemaChange) -> Result<()> {
    match change {
        SchemaChange::Alter { table, operations } => alter(conn, table, operations),
        SchemaChange::DropTables { .. } => Err(Error::unsupported("not in the placeholder")),
    }
}
