//! Finds tables whose names differ in case alone.

use phantomdb_protocol::{Result, TableName};

use crate::{
    connection::Connection,
    schemas::{schema_of, table_in},
};

/// The only table whose name differs from this one in case alone.
pub(crate) async fn similar(connection: &Connection, table: &TableName) -> Result<Option<TableName>> {
    let relation = super::rows::find_similar(connection.client(), schema_of(table), &table.name).await?;
    Ok(relation.map(|relation| table_in(relation.schema, relation.name)))
}
