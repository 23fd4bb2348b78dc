//! Schemas: whether they exist, and creating them.

use phantomdb_protocol::{Error, ErrorCode, Result, TableName};
use phantomdb_sql::printer::quote_identifier;
use tokio_postgres::types::Type;

use super::run::run_if_not_exists;
use crate::{connection::Connection, error, schemas::DEFAULT_SCHEMA, types::check_identifier};

pub(crate) async fn schema_exists(connection: &Connection, name: &str) -> Result<bool> {
    let sql = "SELECT 1 FROM pg_catalog.pg_namespace WHERE nspname = $1";
    let row = connection.client().query_typed_opt(sql, &[(&name, Type::TEXT)]).await;
    Ok(row.map_err(|error| error::explain(&error))?.is_some())
}

/// `ALREADY_EXISTS` when the schema exists, unless `if_not_exists`. A role that may not create schemas can use an
/// existing one.
pub(crate) async fn create_schema(connection: &Connection, name: &str, if_not_exists: bool) -> Result<()> {
    check_identifier(name)?;
    if schema_exists(connection, name).await? {
        if if_not_exists {
            return Ok(());
        }
        return Err(Error::new(ErrorCode::AlreadyExists, format!("there is a schema \"{name}\" already")));
    }
    if name.starts_with("pg_") {
        let message =
            format!("the schema \"{name}\" cannot be made: names that begin with pg_ are PostgreSQL's own");
        return Err(Error::new(ErrorCode::BadRequest, message));
    }
    run_if_not_exists(connection, &format!("CREATE SCHEMA IF NOT EXISTS {}", quote_identifier(name))).await
}

/// Creates the schema of a table when it is missing.
pub(crate) async fn create_missing_schema(connection: &Connection, table: &TableName) -> Result<()> {
    match &table.schema {
        Some(schema) if schema != DEFAULT_SCHEMA => create_schema(connection, schema, true).await,
        _ => Ok(()),
    }
}
