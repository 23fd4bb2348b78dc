//! What goes, and what still points to it.

use phantomdb_protocol::{Error, ErrorCode, Result, TableName};
use tokio_postgres::types::Type;

use super::{qualified, run, schema_exists};
use crate::{
    catalog::{self, schema_of},
    connection::Connection,
    error,
};
use phantomdb_sql::printer::quote_identifier;

/// A foreign key that points to a table.
struct IncomingForeignKey {
    constraint: String,
    table: TableName,
    /// The columns that it points to.
    columns: Vec<String>,
}

/// The foreign keys of other tables to this one.
async fn incoming_foreign_keys(
    connection: &Connection,
    table: &TableName,
) -> Result<Vec<IncomingForeignKey>> {
    const INCOMING_FOREIGN_KEYS: &str = "SELECT k.conname::text, n.nspname::text, c.relname::text, \
        ARRAY(SELECT a.attname::text FROM pg_catalog.pg_attribute a \
            WHERE a.attrelid = k.confrelid AND a.attnum = ANY (k.confkey)) \
        FROM pg_catalog.pg_constraint k \
        JOIN pg_catalog.pg_class c ON c.oid = k.conrelid JOIN pg_catalog.pg_namespace n ON n.oid = c.relnamespace \
        JOIN pg_catalog.pg_class r ON r.oid = k.confrelid JOIN pg_catalog.pg_namespace rn ON rn.oid = r.relnamespace \
        WHERE k.contype = 'f' AND k.conrelid <> k.confrelid AND rn.nspname = $1 AND r.relname = $2 \
        ORDER BY n.nspname::text, c.relname::text, k.conname::text";
    let parameters = [(&schema_of(table) as _, Type::TEXT), (&table.name as _, Type::TEXT)];
    let rows = connection.client().query_typed(INCOMING_FOREIGN_KEYS, &parameters).await;
    let rows = rows.map_err(|error| error::explain(&error))?;
    Ok(rows
        .iter()
        .map(|row| IncomingForeignKey {
            constraint: row.get(0),
            table: catalog::named(row.get(1), row.get(2)),
            columns: row.get(3),
        })
        .collect())
}

/// Refuses to drop a column that a foreign key of another table points to.
pub(super) async fn refuse_referenced_column(
    connection: &Connection,
    table: &TableName,
    column: &str,
) -> Result<()> {
    let incoming_foreign_keys = incoming_foreign_keys(connection, table).await?;
    match incoming_foreign_keys.iter().find(|key| key.columns.iter().any(|name| name == column)) {
        Some(IncomingForeignKey { table: other, .. }) => {
            let message = format!("column \"{column}\" cannot be dropped: \"{other}\" references it");
            Err(Error::new(ErrorCode::ForeignKeyViolation, message)
                .with_table(table.to_string())
                .with_columns([column]))
        }
        None => Ok(()),
    }
}

/// Refuses to drop a key that a foreign key of another table needs.
pub(super) async fn refuse_referenced_key(
    connection: &Connection,
    table: &TableName,
    columns: &[String],
    constraint: &str,
) -> Result<()> {
    let same = |key: &&IncomingForeignKey| {
        key.columns.len() == columns.len() && columns.iter().all(|column| key.columns.contains(column))
    };
    match incoming_foreign_keys(connection, table).await?.iter().find(same) {
        Some(IncomingForeignKey { table: other, .. }) => {
            let message =
                format!("constraint \"{constraint}\" cannot be dropped: \"{other}\" references its columns");
            Err(Error::new(ErrorCode::ForeignKeyViolation, message)
                .with_table(table.to_string())
                .with_constraint(constraint))
        }
        None => Ok(()),
    }
}

/// Drops tables. Others that reference them are an error, or, with `cascade`, lose those foreign keys and keep their rows.
pub(super) async fn tables(
    connection: &Connection,
    tables: &[TableName],
    if_exists: bool,
    cascade: bool,
) -> Result<()> {
    let mut found = Vec::new();
    for table in tables {
        match catalog::find(connection, table).await? {
            Some(table) => found.push(table),
            None if if_exists => {}
            None => return Err(catalog::unknown_table(table)),
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

/// A foreign key to one of the tables of a table that is not among them.
async fn foreign_key_from_outside<'a>(
    connection: &Connection,
    tables: &'a [TableName],
) -> Result<Option<(&'a TableName, IncomingForeignKey)>> {
    for table in tables {
        let incoming_foreign_keys = incoming_foreign_keys(connection, table).await?;
        if let Some(key) = incoming_foreign_keys.into_iter().find(|key| !tables.contains(&key.table)) {
            return Ok(Some((table, key)));
        }
    }
    Ok(None)
}

/// Drops indexes. That of a constraint is none: it goes with the constraint.
pub(super) async fn indexes(connection: &Connection, indexes: &[TableName], if_exists: bool) -> Result<()> {
    const INDEX: &str = "SELECT 1 FROM pg_catalog.pg_index i JOIN pg_catalog.pg_class c ON c.oid = i.indexrelid \
        JOIN pg_catalog.pg_namespace n ON n.oid = c.relnamespace \
        WHERE n.nspname = $1 AND c.relname = $2 AND NOT EXISTS (SELECT 1 FROM pg_catalog.pg_constraint k \
            WHERE k.conindid = i.indexrelid AND k.conrelid = i.indrelid)";
    for index in indexes {
        let parameters = [(&schema_of(index) as _, Type::TEXT), (&index.name as _, Type::TEXT)];
        let found = connection.client().query_typed_opt(INDEX, &parameters).await;
        if found.map_err(|error| error::explain(&error))?.is_some() {
            run(connection, &format!("DROP INDEX {}", qualified(index))).await?;
        } else if !if_exists {
            return Err(Error::new(ErrorCode::NotFound, format!("there is no index \"{index}\"")));
        }
    }
    Ok(())
}

/// Drops schemas; with `cascade` their tables too.
pub(super) async fn schemas(
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

/// Empties tables; with `cascade` those too whose rows point to them.
pub(super) async fn truncate(
    connection: &Connection,
    tables: &[TableName],
    restart_identity: bool,
    cascade: bool,
) -> Result<()> {
    let mut found = Vec::new();
    for table in tables {
        found.push(catalog::find(connection, table).await?.ok_or_else(|| catalog::unknown_table(table))?);
    }
    if !cascade
        && let Some((table, IncomingForeignKey { table: other, .. })) =
            foreign_key_from_outside(connection, &found).await?
    {
        let message =
            format!("cannot truncate \"{table}\": \"{other}\" references it; truncate both, or use CASCADE");
        return Err(Error::new(ErrorCode::ForeignKeyViolation, message).with_table(table.to_string()));
    }
    let names: Vec<String> = found.iter().map(qualified).collect();
    let restart = if restart_identity { " RESTART IDENTITY" } else { "" };
    let end = if cascade { " CASCADE" } else { "" };
    run(connection, &format!("TRUNCATE TABLE {}{restart}{end}", names.join(", "))).await
}
