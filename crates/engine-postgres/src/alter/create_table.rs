//! Creates tables, and what they need: schemas, and the extension of CITEXT.

use phantomdb_protocol::{Error, ErrorCode, Result, TableName};
use phantomdb_sql::{names::same_table, types::SqlType};

use super::{
    run::{run, run_if_not_exists},
    schema::create_missing_schema,
};
use crate::{adapt::NewTable, catalog, connection::Connection, error};

pub(crate) async fn create_table(connection: &Connection, create: &NewTable) -> Result<()> {
    create_missing_schema(connection, &create.table).await?;
    for table in create.references.iter().filter(|table| !same_table(table, &create.table)) {
        find_referenced(connection, table).await?;
    }
    for data_type in &create.types {
        ensure_type(connection, data_type).await?;
    }
    if create.if_not_exists {
        return run_if_not_exists(connection, &create.sql).await;
    }
    run(connection, &create.sql).await
}

/// The exact name of the table that a foreign key references; `UNKNOWN_TABLE` when it does not exist.
pub(crate) async fn find_referenced(connection: &Connection, table: &TableName) -> Result<TableName> {
    catalog::find(connection, table).await?.ok_or_else(|| {
        let message = format!("there is no table \"{table}\" for a foreign key to point to; create it first");
        Error::new(ErrorCode::UnknownTable, message).with_table(table.to_string())
    })
}

/// Creates the extension of `CITEXT` when it is missing and the role may.
pub(crate) async fn ensure_type(connection: &Connection, data_type: &SqlType) -> Result<()> {
    if *data_type != SqlType::CiText {
        return Ok(());
    }
    let client = connection.client();
    let known =
        client.query_typed_opt("SELECT 1 FROM pg_catalog.pg_type WHERE typname = 'citext'", &[]).await;
    if known.map_err(|error| error::explain(&error))?.is_some() {
        return Ok(());
    }
    let made =
        run_if_not_exists(connection, "CREATE EXTENSION IF NOT EXISTS citext WITH SCHEMA public").await;
    made.map_err(|_| {
        Error::unsupported(
            "CITEXT needs the extension citext of PostgreSQL, which this server has not or this role may not make; \
             have it made with CREATE EXTENSION citext, or use TEXT with an index on lower()",
        )
    })
}
