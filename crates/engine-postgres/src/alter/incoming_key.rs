//! Foreign keys of other tables that reference a table, which stand in the way when it is dropped or changed.

use phantomdb_protocol::{Error, ErrorCode, Result, TableName};
use tokio_postgres::types::Type;

use crate::{
    connection::Connection,
    error,
    schemas::{schema_of, table_in},
};

/// A foreign key that references the table.
pub(crate) struct IncomingForeignKey {
    pub(crate) constraint: String,
    pub(crate) table: TableName,
    /// The columns that it references.
    columns: Vec<String>,
}

/// The foreign keys of other tables that reference this one.
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
            table: table_in(row.get(1), row.get(2)),
            columns: row.get(3),
        })
        .collect())
}

/// Refuses to drop a column that another table references.
pub(crate) async fn refuse_referenced_column(
    connection: &Connection,
    table: &TableName,
    column: &str,
) -> Result<()> {
    let incoming_foreign_keys = incoming_foreign_keys(connection, table).await?;
    match incoming_foreign_keys.iter().find(|key| key.columns.iter().any(|name| name == column)) {
        Some(IncomingForeignKey { table: other, .. }) => {
            let message = format!(
                "column \"{column}\" cannot be dropped: \"{other}\" references it; drop the foreign key first, or use CASCADE"
            );
            Err(Error::new(ErrorCode::ForeignKeyViolation, message)
                .with_table(table.to_string())
                .with_columns([column]))
        }
        None => Ok(()),
    }
}

/// Refuses to drop a key that another table references.
pub(crate) async fn refuse_referenced_key(
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
            let message = format!(
                "constraint \"{constraint}\" cannot be dropped: \"{other}\" references its columns; drop the foreign key first, or use CASCADE"
            );
            Err(Error::new(ErrorCode::ForeignKeyViolation, message)
                .with_table(table.to_string())
                .with_constraint(constraint))
        }
        None => Ok(()),
    }
}

/// A foreign key that references one of the tables, from a table that is not among them.
pub(crate) async fn foreign_key_from_outside<'a>(
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
