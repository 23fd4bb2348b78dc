//! Reads PostgreSQL's catalog: which tables there are, and what they look like in PhantomDB's terms.

mod describe;
mod expression;
mod rows;
pub(crate) mod similar;

use phantomdb_protocol::{
    ColumnDefinition, Error, ErrorCode, Result, TableName, TableSchema, ViewDefinition,
};

use crate::{
    connection::Connection,
    schemas::{schema_of, table_in},
    types::marker_of,
};

pub(crate) use rows::key_columns;
pub(crate) use similar::similar;

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

/// The user's views with their queries, sorted by name.
pub(crate) async fn views(connection: &Connection) -> Result<Vec<ViewDefinition>> {
    let view = |(schema, name, query): (String, String, String)| {
        let TableName { name, schema } = table_in(schema, name);
        ViewDefinition { name, schema, query: Some(query.trim().trim_end_matches(';').to_owned()) }
    };
    let mut views: Vec<_> = rows::views(connection.client()).await?.into_iter().map(view).collect();
    views.sort_by(|one, other| (&one.schema, &one.name).cmp(&(&other.schema, &other.name)));
    Ok(views)
}

/// The table as it is now; `UNKNOWN_TABLE` when there is none.
pub(crate) async fn describe(connection: &Connection, table: &TableName) -> Result<TableSchema> {
    let client = connection.client();
    let Some(relation) = rows::find_relation(client, schema_of(table), &table.name).await? else {
        return Err(unknown_table(connection, table).await);
    };
    let (columns, constraints, indexes) = rows::parts(client, relation.oid).await?;
    Ok(describe::table_schema(relation, &columns, &constraints, indexes))
}

/// The columns of the table or view with this number, each with its own number.
pub(crate) async fn columns_of(connection: &Connection, oid: u32) -> Result<Vec<(i16, ColumnDefinition)>> {
    let client = connection.client();
    let Some(relation) = rows::relation_of(client, oid).await? else { return Ok(Vec::new()) };
    let (columns, constraints, indexes) = rows::parts(client, oid).await?;
    let described = describe::table_schema(relation, &columns, &constraints, indexes);
    Ok(columns.iter().map(|column| column.number).zip(described.columns).collect())
}

/// Returns whether there is a table of exactly this name.
pub(crate) async fn exists(connection: &Connection, table: &TableName) -> Result<bool> {
    Ok(rows::find_relation(connection.client(), schema_of(table), &table.name).await?.is_some())
}

/// Returns whether there is a table of exactly this name, which the next statement finds by it.
pub(crate) async fn can_be_named(connection: &Connection, table: &TableName) -> Result<bool> {
    if !connection.traits.is_postgresql() {
        // Not every server that speaks the protocol has this function and these locks.
        return exists(connection, table).await;
    }
    rows::has_settled(connection.client(), schema_of(table), &table.name).await
}

/// The names of the checks that carry the type of a column.
pub(crate) async fn markers(connection: &Connection, table: &TableName, column: &str) -> Result<Vec<String>> {
    let mut names = rows::checks(connection.client(), schema_of(table), &table.name, column).await?;
    names.retain(|name| marker_of(name).is_some());
    Ok(names)
}

/// `UNKNOWN_TABLE`, with the name of a table whose name differs in case alone.
pub(crate) async fn unknown_table(connection: &Connection, table: &TableName) -> Error {
    let mut error = Error::new(ErrorCode::UnknownTable, format!("there is no table \"{table}\""))
        .with_table(table.to_string());
    crate::unknown_table::name_similar(connection, &mut error).await;
    error
}
