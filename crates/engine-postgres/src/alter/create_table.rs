//! Creates tables, and what they need: schemas, and the extension of CITEXT.

use phantomdb_protocol::{Constraint, Error, Result};
use phantomdb_sql::{names::same_table, types::SqlType};

use super::{
    alteration::Alteration,
    later_key,
    run::{run, run_if_not_exists},
    schema::create_missing_schema,
};
use crate::{adapt::NewTable, catalog, connection::Connection, error};

pub(crate) async fn create_table(connection: &Connection, create: &NewTable) -> Result<()> {
    let later = missing_parents(connection, create).await?;
    create_missing_schema(connection, &create.table).await?;
    for data_type in &create.types {
        ensure_type(connection, data_type).await?;
    }
    let is_there = create.if_not_exists && catalog::exists(connection, &create.table).await?;
    let sql = if later { &create.sql_without_keys } else { &create.sql };
    if create.if_not_exists {
        run_if_not_exists(connection, sql).await?;
    } else {
        run(connection, sql).await?;
    }
    if is_there {
        return Ok(());
    }
    if later {
        add_keys(connection, create).await?;
    }
    later_key::complete(connection, &create.table).await
}

/// Returns whether a foreign key references a table that is not there. From then on nobody else makes a table until the
/// end of the transaction, so that the key finds its table or the table finds the key.
async fn missing_parents(connection: &Connection, create: &NewTable) -> Result<bool> {
    for key in &create.keys {
        if let Constraint::ForeignKey { name: _, columns: _, references } = key
            && !same_table(&references.table, &create.table)
            && !later_key::is_there(connection, &references.table).await?
        {
            return Ok(true);
        }
    }
    later_key::announce_table(connection).await?;
    Ok(false)
}

/// Adds the foreign keys to other tables, which the statement was run without.
async fn add_keys(connection: &Connection, create: &NewTable) -> Result<()> {
    for key in &create.keys {
        if matches!(key, Constraint::ForeignKey { name: _, columns: _, references } if !same_table(&references.table, &create.table))
        {
            let schema = catalog::describe(connection, &create.table).await?;
            Alteration { connection, schema }.add_constraint(key).await?;
        }
    }
    Ok(())
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
