//! Drops tables, indexes and schemas, and empties tables.

use phantomdb_protocol::{Error, ErrorCode, ForeignKeySide, Result, TableName};
use phantomdb_sql::printer::quote_identifier;
use tokio_postgres::types::Type;

use super::{
    incoming_key::{IncomingForeignKey, foreign_key_from_outside},
    run::run,
    schema::schema_exists,
};
use crate::{
    catalog,
    connection::Connection,
    error,
    schemas::{qualified, schema_of},
};

/// Drops tables. When other tables reference them, that is an error; with `cascade` the others lose those foreign keys and
/// keep their rows.
pub(crate) async fn drop_tables(
    connection: &Connection,
    tables: &[TableName],
    if_exists: bool,
    cascade: bool,
) -> Result<()> {
    let mut found = Vec::new();
    for table in tables {
        if catalog::can_be_named(connection, table).await? {
            found.push(table.clone());
        } else if !if_exists {
            return Err(catalog::unknown_table(connection, table).await);
        }
    }
    if found.is_empty() {
        return Ok(());
    }
    if !cascade && let Some((_, key)) = foreign_key_from_outside(connection, &found).await? {
        let other = &key.table;
        let message = format!("cannot drop a table that \"{other}\" references; drop both, or use CASCADE");
        return Err(Error::new(ErrorCode::ForeignKeyViolation, message)
            .with_table(other.to_string())
            .with_constraint(&key.constraint));
    }
    let names: Vec<String> = found.iter().map(qualified).collect();
    let end = if cascade { " CASCADE" } else { "" };
    run(connection, &format!("DROP TABLE {}{end}", names.join(", "))).await
}

/// True for an index that backs no constraint.
pub(super) async fn index_exists(connection: &Connection, index: &TableName) -> Result<bool> {
    const INDEX: &str = "SELECT 1 FROM pg_catalog.pg_index i JOIN pg_catalog.pg_class c ON c.oid = i.indexrelid \
        JOIN pg_catalog.pg_namespace n ON n.oid = c.relnamespace \
        WHERE n.nspname = $1 AND c.relname = $2 AND NOT EXISTS (SELECT 1 FROM pg_catalog.pg_constraint k \
            WHERE k.conindid = i.indexrelid AND k.conrelid = i.indrelid)";
    let parameters = [(&schema_of(index) as _, Type::TEXT), (&index.name as _, Type::TEXT)];
    let found = connection.client().query_typed_opt(INDEX, &parameters).await;
    Ok(found.map_err(|error| error::explain(&error))?.is_some())
}

/// The error for an index that is not there.
pub(super) fn unknown_index(index: &TableName) -> Error {
    Error::new(ErrorCode::NotFound, format!("there is no index \"{index}\""))
}

/// Drops indexes. An index that backs a constraint cannot be dropped by itself.
pub(crate) async fn drop_indexes(
    connection: &Connection,
    indexes: &[TableName],
    if_exists: bool,
    cascade: bool,
) -> Result<()> {
    for index in indexes {
        if index_exists(connection, index).await? {
            let end = if cascade { " CASCADE" } else { "" };
            run(connection, &format!("DROP INDEX {}{end}", qualified(index))).await?;
        } else if !if_exists {
            return Err(unknown_index(index));
        }
    }
    Ok(())
}

/// Drops schemas, with `cascade` also their tables.
pub(crate) async fn drop_schemas(
    connection: &Connection,
    names: &[String],
    if_exists: bool,
    cascade: bool,
) -> Result<()> {
    let mut found = Vec::new();
    for name in names {
        if schema_exists(connection, name).await? {
            found.push(name);
        } else if !if_exists {
            return Err(Error::new(ErrorCode::NotFound, format!("there is no schema \"{name}\"")));
        }
    }
    if !cascade {
        let tables = catalog::tables(connection).await?;
        if tables.iter().any(|table| found.iter().any(|name| name.as_str() == schema_of(table))) {
            let message = "the schema has tables; drop them first, or use CASCADE";
            return Err(Error::new(ErrorCode::BadRequest, message));
        }
    }
    let end = if cascade { " CASCADE" } else { "" };
    for name in found {
        run(connection, &format!("DROP SCHEMA {}{end}", quote_identifier(name))).await?;
    }
    Ok(())
}

/// Empties tables, with `cascade` also the tables that reference them.
pub(crate) async fn truncate(
    connection: &Connection,
    tables: &[TableName],
    restart_identity: bool,
    cascade: bool,
) -> Result<()> {
    for table in tables {
        if !catalog::exists(connection, table).await? {
            return Err(catalog::unknown_table(connection, table).await);
        }
    }
    if !cascade
        && let Some((table, IncomingForeignKey { table: other, .. })) =
            foreign_key_from_outside(connection, tables).await?
    {
        let message =
            format!("cannot truncate \"{table}\": \"{other}\" references it; truncate both, or use CASCADE");
        let mut error = Error::new(ErrorCode::ForeignKeyViolation, message).with_table(table.to_string());
        error.details.side = Some(ForeignKeySide::Parent);
        return Err(error);
    }
    let names: Vec<String> = tables.iter().map(qualified).collect();
    let restart = if restart_identity { " RESTART IDENTITY" } else { "" };
    let end = if cascade { " CASCADE" } else { "" };
    run(connection, &format!("TRUNCATE TABLE {}{restart}{end}", names.join(", "))).await
}
