//! Reads PostgreSQL's catalog: which tables there are, and what they look like in PhantomDB's terms.

mod describe;
mod expression;
mod rows;

use phantomdb_protocol::{Error, ErrorCode, Result, TableName, TableSchema};

use crate::{
    connection::Connection,
    schemas::{schema_of, table_in},
    types::marker_of,
};

pub(crate) use rows::key_columns;

/// The user's tables, sorted by name.
pub(crate) async fn tables(connection: &Connection) -> Result<Vec<TableName>> {
    let mut tables: Vec<TableName> = rows::tables(connection.client())
        .await?
        .into_iter()
        .map(|(schema, name)| table_in(schema, name))
        .collect();
    tables.sort_by_cached_key(ToString::to_string);
    Ok(tables)
}

/// The table as it is now; `UNKNOWN_TABLE` when there is none.
pub(crate) async fn describe(connection: &Connection, table: &TableName) -> Result<TableSchema> {
    let client = connection.client();
    let Some(relation) = rows::find_relation(client, schema_of(table), &table.name).await? else {
        return Err(unknown_table(table));
    };
    let (columns, constraints, indexes) = rows::parts(client, relation.oid).await?;
    Ok(describe::table_schema(relation, &columns, &constraints, indexes))
}

/// Finds a table and gives its exact name. The case of the name may differ, as on SQLite.
pub(crate) async fn find(connection: &Connection, table: &TableName) -> Result<Option<TableName>> {
    let relation = rows::find_relation(connection.client(), schema_of(table), &table.name).await?;
    Ok(relation.map(|relation| table_in(relation.schema, relation.name)))
}

/// The names of the checks that carry the type of a column.
pub(crate) async fn markers(connection: &Connection, table: &TableName, column: &str) -> Result<Vec<String>> {
    let mut names = rows::checks(connection.client(), schema_of(table), &table.name, column).await?;
    names.retain(|name| marker_of(name).is_some());
    Ok(names)
}

pub(crate) fn unknown_table(table: &TableName) -> Error {
    Error::new(ErrorCode::UnknownTable, format!("there is no table \"{table}\""))
        .with_table(table.to_string())
}
