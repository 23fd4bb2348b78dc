//! What can run in a transaction, and be undone when it fails.

use std::{future::Future, sync::Arc};

use phantomdb_protocol::{AlterOperation, Result, ResultSet, Statement, TableName, TableSchema};

use super::{
    alter, catalog,
    connection::Connection,
    group,
    plan::Plan,
    run::{ReadyStatement, RunError},
};

pub(super) trait TransactionWork: Sync {
    type Answer: Send;

    /// Runs it in the transaction that is open; after an error the caller rolls back.
    fn run(&self, connection: &Connection) -> impl Future<Output = Result<Self::Answer, RunError>> + Send;
}

/// Sees that what it sends is received.
pub(super) struct NoWork;

impl TransactionWork for NoWork {
    type Answer = ();

    async fn run(&self, _: &Connection) -> Result<(), RunError> {
        Ok(())
    }
}

impl TransactionWork for ReadyStatement<'_> {
    type Answer = ResultSet;

    async fn run(&self, connection: &Connection) -> Result<ResultSet, RunError> {
        self.send(connection).await
    }
}

/// A statement that may have to be prepared.
pub(super) struct SingleStatement<'a>(pub(super) &'a Plan, pub(super) &'a Statement);

impl TransactionWork for SingleStatement<'_> {
    type Answer = ResultSet;

    async fn run(&self, connection: &Connection) -> Result<ResultSet, RunError> {
        group::in_open(connection, self.0, self.1).await
    }
}

/// Statements in order.
pub(super) struct StatementList<'a>(pub(super) &'a [Arc<Plan>], pub(super) &'a [Statement]);

impl TransactionWork for StatementList<'_> {
    type Answer = Vec<ResultSet>;

    async fn run(&self, connection: &Connection) -> Result<Vec<ResultSet>, RunError> {
        group::in_order(connection, self.0, self.1).await
    }
}

pub(super) struct ListTables;

impl TransactionWork for ListTables {
    type Answer = Vec<TableName>;

    async fn run(&self, connection: &Connection) -> Result<Vec<TableName>, RunError> {
        Ok(catalog::tables(connection).await?)
    }
}

pub(super) struct DescribeTable<'a>(pub(super) &'a TableName);

impl TransactionWork for DescribeTable<'_> {
    type Answer = TableSchema;

    async fn run(&self, connection: &Connection) -> Result<TableSchema, RunError> {
        Ok(catalog::describe(connection, self.0).await?)
    }
}

pub(super) struct ApplyAlterations<'a>(pub(super) &'a TableName, pub(super) &'a [AlterOperation]);

impl TransactionWork for ApplyAlterations<'_> {
    type Answer = ();

    async fn run(&self, connection: &Connection) -> Result<(), RunError> {
        Ok(alter::alter(connection, self.0, self.1).await?)
    }
}
