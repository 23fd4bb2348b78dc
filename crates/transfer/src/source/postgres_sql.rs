//! Text of PostgreSQL's SQL, and its errors.

use phantomdb_protocol::Error;

use super::reading::unreadable;
use crate::{ddl, model::Table};

/// The error of a query, with PostgreSQL's own message and without the statement.
pub(super) fn read_error(error: tokio_postgres::Error) -> Error {
    match error.as_db_error() {
        Some(error) => unreadable(error.message()),
        None => unreadable(error),
    }
}

/// The quoted name of a table with its schema.
pub(super) fn qualified_name(table: &Table) -> String {
    let schema = table.name().schema.as_deref().unwrap_or("public");
    let name = phantomdb_protocol::TableName { name: table.name().name.clone(), schema: Some(schema.into()) };
    ddl::table_name(&name)
}
