//! Reads and changes of the schema that run in a transaction.

use phantomdb_protocol::{AlterOperation, Result, TableName, TableSchema, ViewDefinition};

use crate::{alter, catalog, connection::Connection, run_error::RunError, transaction_work::TransactionWork};

pub(crate) struct ListTables;

impl TransactionWork for ListTables {
    type Output = Vec<TableName>;

    async fn run(&self, connection: &Connection) -> Result<Vec<TableName>, RunError> {
        Ok(catalog::tables(connection).await?)
    }
}

pub(crate) struct ListViews;

impl TransactionWork for ListViews {
    type Output = Vec<ViewDefinition>;

    async fn run(&self, connection: &Connection) -> Result<Vec<ViewDefinition>, RunError> {
        Ok(catalog::views(connection).await?)
    }
}

pub(crate) struct DescribeTable<'a>(pub(crate) &'a TableName);

impl TransactionWork for DescribeTable<'_> {
    type Output = TableSchema;

    async fn run(&self, connection: &Connection) -> Result<TableSchema, RunError> {
        Ok(catalog::describe(connection, self.0).await?)
    }
}

pub(crate) struct ApplyAlterations<'a>(pub(crate) &'a TableName, pub(crate) &'a [AlterOperation]);

impl TransactionWork for ApplyAlterations<'_> {
    type Output = ();

    async fn run(&self, connection: &Connection) -> Result<(), RunError> {
        Ok(alter::alter(connection, self.0, self.1).await?)
    }
}
