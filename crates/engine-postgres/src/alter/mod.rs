//! Changes the schema. A change consists of statements that run one after the other in the transaction or behind the
//! savepoint that the caller has opened, so that all of it takes effect or nothing does.
//!
//! Conditions are looked up before a statement is sent: an error from PostgreSQL would abort the transaction or go back
//! to its savepoint, and says less.

mod alteration;
mod column;
mod constraint;
mod conversion;
mod create_table;
mod drop;
mod incoming_key;
mod later_key;
mod rename;
mod run;
mod schema;

use std::sync::Arc;

use phantomdb_protocol::{AlterOperation, Result, TableName, TableSchema};
use phantomdb_sql::{Catalog, alter_table::AlterTableReader, definition::SchemaChange};
use sqlparser::ast::AlterTableOperation;

use crate::{
    adapt::{self, CatalogChange},
    catalog,
    connection::Connection,
};
use alteration::{Alteration, find_column, set_comment};
use create_table::create_table;
use schema::create_schema;

/// Makes the change that a statement asks for.
pub(crate) async fn apply(connection: &Connection, change: &CatalogChange) -> Result<()> {
    match change {
        CatalogChange::AlterTable { table, if_exists, operations } => {
            if *if_exists && !catalog::exists(connection, table).await? {
                return Ok(());
            }
            alter_by_statement(connection, table, operations).await
        }
        CatalogChange::CreateTable(table) => create_table(connection, table).await,
        CatalogChange::RenameIndex { from, to, if_exists } => {
            rename::rename_index(connection, from, to, *if_exists).await
        }
        CatalogChange::DropIndexes { indexes, if_exists, cascade } => {
            drop::drop_indexes(connection, indexes, *if_exists, *cascade).await
        }
        CatalogChange::Truncate { tables, restart_identity, cascade } => {
            drop::truncate(connection, tables, *restart_identity, *cascade).await
        }
        CatalogChange::Schema(change) => apply_to_schema(connection, change).await,
    }
}

async fn apply_to_schema(connection: &Connection, change: &SchemaChange) -> Result<()> {
    match change {
        SchemaChange::DropTables { tables, if_exists, cascade } => {
            drop::drop_tables(connection, tables, *if_exists, *cascade).await
        }
        SchemaChange::CreateSchema { name, if_not_exists } => {
            create_schema(connection, name, *if_not_exists).await
        }
        SchemaChange::DropSchemas { names, if_exists, cascade } => {
            drop::drop_schemas(connection, names, *if_exists, *cascade).await
        }
        SchemaChange::Comment { table, column, comment } => {
            let schema = catalog::describe(connection, table).await?;
            let column = column.as_deref().map(|column| find_column(&schema, column)).transpose()?;
            set_comment(connection, &schema.table, column.map(|column| &*column.name), comment.as_deref())
                .await
        }
    }
}

/// Applies the operations in order. After an error the caller rolls back all of them.
pub(crate) async fn alter(
    connection: &Connection,
    table: &TableName,
    operations: &[AlterOperation],
) -> Result<()> {
    let mut table = table.clone();
    for operation in operations {
        let mut alteration = Alteration { connection, schema: catalog::describe(connection, &table).await? };
        apply_operation(&mut alteration, operation).await?;
        table = alteration.schema.table;
    }
    Ok(())
}

/// Applies the operations of an `ALTER TABLE`. Each is read after the ones before it have been applied, because it changes
/// a column from what it is by then.
async fn alter_by_statement(
    connection: &Connection,
    table: &TableName,
    changes: &[AlterTableOperation],
) -> Result<()> {
    let mut table = table.clone();
    for change in changes {
        let mut alteration = Alteration { connection, schema: catalog::describe(connection, &table).await? };
        for (index, operation) in operations(&alteration.schema, change)?.iter().enumerate() {
            if index > 0 {
                alteration.schema = catalog::describe(connection, &alteration.schema.table).await?;
            }
            apply_operation(&mut alteration, operation).await?;
        }
        table = alteration.schema.table;
    }
    Ok(())
}

async fn apply_operation(alteration: &mut Alteration<'_>, operation: &AlterOperation) -> Result<()> {
    alteration.connection.note(&adapt::session_effect(operation));
    match operation {
        AlterOperation::RenameTable { to } => alteration.rename_table(to).await,
        AlterOperation::RenameColumn { from, to } => alteration.rename_column(from, to).await,
        AlterOperation::AddColumn { column } => alteration.add_column(column).await,
        AlterOperation::ChangeColumn { column, using } => {
            alteration.change_column(column, using.as_deref()).await
        }
        AlterOperation::DropColumn { name, cascade } => alteration.drop_column(name, *cascade).await,
        AlterOperation::AddConstraint { constraint } => alteration.add_constraint(constraint).await,
        AlterOperation::DropConstraint { name, cascade } => alteration.drop_constraint(name, *cascade).await,
        AlterOperation::RenameConstraint { from, to } => alteration.rename_constraint(from, to).await,
    }
}

/// An operation of an `ALTER TABLE` as operations of the contract.
fn operations(schema: &TableSchema, operation: &AlterTableOperation) -> Result<Vec<AlterOperation>> {
    let catalog = SingleTableCatalog(Arc::new(schema.clone()));
    let reader = AlterTableReader { source: adapt::source(""), catalog: &catalog };
    reader.alter_operation(&schema.table, Some(schema), &mut operation.clone())
}

/// A catalog that has one table only.
struct SingleTableCatalog(Arc<TableSchema>);

impl Catalog for SingleTableCatalog {
    fn table(&self, _: &TableName) -> Option<Arc<TableSchema>> {
        Some(Arc::clone(&self.0))
    }
}
