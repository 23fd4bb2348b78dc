//! A session that runs each call under an idempotency key of its own, and each write twice: the second run must have the same
//! result as the first and change nothing.

use std::sync::Arc;

use async_trait::async_trait;
use phantomdb_engine::{IdempotentCall, Session};
use phantomdb_protocol::{
    AlterOperation, Column, Result, ResultSet, Statement, StatementDescription, TableName, TableSchema,
    ViewDefinition,
};
use tokio_util::sync::CancellationToken;

use super::session::assert_same;

pub(super) struct Keyed(pub(super) Arc<dyn Session>);

impl Keyed {
    /// Begins a call. The returned function makes a session for the same call each time.
    fn call(&self) -> impl Fn() -> Arc<dyn Session> {
        let mut key = [0; 32];
        key[..16].copy_from_slice(uuid::Uuid::new_v4().as_bytes());
        let call = IdempotentCall { key, call: [1; 32], cancelled: CancellationToken::new() };
        let session = Arc::clone(&self.0);
        move || Arc::clone(&session).keyed(&call).unwrap()
    }
}

#[async_trait]
impl Session for Keyed {
    async fn execute(&self, statement: Statement) -> Result<ResultSet> {
        let call = self.call();
        let first = call().execute(statement.clone()).await?;
        let changes = ["INSERT", "UPDATE", "DELETE"].iter().any(|word| statement.query.starts_with(word));
        let is_kept = call().has_run().await?;
        assert!(is_kept || !changes, "nothing is kept of {}", statement.query);
        if is_kept {
            let again = call().execute(statement.clone()).await?;
            assert_same(&first, &again, &statement.query);
        }
        Ok(first)
    }

    async fn execute_batch(
        &self,
        statements: Vec<Statement>,
        atomic: bool,
    ) -> Result<Vec<Result<ResultSet>>> {
        let call = self.call();
        let first = call().execute_batch(statements.clone(), atomic).await?;
        if atomic {
            let again = call().execute_batch(statements, atomic).await?;
            assert_eq!(first.len(), again.len());
            for (first, again) in first.iter().zip(again) {
                assert_same(first.as_ref().unwrap(), &again.unwrap(), "a statement of a batch");
            }
        }
        Ok(first)
    }

    async fn add_exact_types(&self, statement: &Statement, columns: &mut [Column]) -> Result<()> {
        self.0.add_exact_types(statement, columns).await
    }

    async fn describe_statement(&self, query: &str) -> Result<StatementDescription> {
        self.0.describe_statement(query).await
    }

    async fn tables(&self) -> Result<Vec<TableName>> {
        self.0.tables().await
    }

    async fn views(&self) -> Result<Vec<ViewDefinition>> {
        self.0.views().await
    }

    async fn describe(&self, table: &TableName) -> Result<TableSchema> {
        self.0.describe(table).await
    }

    async fn alter(&self, table: &TableName, operations: Vec<AlterOperation>) -> Result<()> {
        let call = self.call();
        call().alter(table, operations.clone()).await?;
        call().alter(table, operations).await
    }
}
