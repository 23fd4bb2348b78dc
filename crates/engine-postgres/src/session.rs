//! A session in which each statement commits by itself.

use std::sync::Arc;

use async_trait::async_trait;
use phantomdb_engine::{IdempotentCall, Session};
use phantomdb_protocol::{AlterOperation, Result, ResultSet, Statement, TableName, TableSchema};
use phantomdb_sql::unknown_function::located;

use crate::{
    autocommit::{refuse_savepoints, run_each},
    autocommit_write::{AutocommitWriter, KeyedCall},
    batch::{self, StatementList},
    catalog,
    database::Database,
    foreign_key_error::name_columns,
    idempotency_store::KeyedWrite,
    read_routing::{self, SeenPosition},
    schema_work::ApplyAlterations,
    wal_position::WalPosition,
};

/// Statements on a database, each in a transaction of its own.
pub struct PostgresSession {
    writer: AutocommitWriter,
    seen: SeenPosition,
}

impl PostgresSession {
    pub(crate) fn new(database: Arc<Database>) -> Self {
        Self { writer: AutocommitWriter::new(database, None), seen: SeenPosition::Nothing }
    }

    async fn execute_each(&self, statements: &[Statement]) -> Result<Vec<Result<ResultSet>>> {
        let mut plans = Vec::with_capacity(statements.len());
        for statement in statements {
            plans.push(
                self.writer
                    .database
                    .plan(statement)
                    .await
                    .and_then(|plan| refuse_savepoints(&plan).map(|()| plan)),
            );
        }
        let lease = self.writer.database.lease().await?;
        let mut answers = run_each(&lease, &plans, statements).await;
        for error in answers.iter_mut().filter_map(|answer| answer.as_mut().err()) {
            name_columns(&lease, error).await;
        }
        self.writer.track(&lease).await;
        lease.give_back();
        Ok(answers)
    }
}

#[async_trait]
impl Session for PostgresSession {
    async fn execute(&self, statement: Statement) -> Result<ResultSet> {
        let plan = self.writer.database.plan(&statement).await?;
        refuse_savepoints(&plan)?;
        let outcome = if plan.adapted.pure {
            let read = read_routing::read(&self.writer.database, self.seen, &plan, &statement);
            if self.writer.call.is_none() {
                read.await
            } else {
                Box::pin(self.writer.unless_cancelled(read)).await
            }
        } else {
            Box::pin(async {
                let outcome = self.writer.write(&plan, &statement).await;
                self.writer.database.with_key_columns(outcome).await
            })
            .await
        };
        outcome.map_err(|error| located(error, &statement.query))
    }

    async fn execute_batch(
        &self,
        statements: Vec<Statement>,
        atomic: bool,
    ) -> Result<Vec<Result<ResultSet>>> {
        if !atomic && self.writer.call.is_none() {
            return self.execute_each(&statements).await;
        }
        if !atomic {
            let mut answers = Vec::with_capacity(statements.len());
            for statement in statements {
                answers.push(self.execute(statement).await);
            }
            return Ok(answers);
        }
        let mut plans = Vec::with_capacity(statements.len());
        for (index, statement) in statements.iter().enumerate() {
            let plan =
                self.writer.database.plan(statement).await.map_err(|error| error.in_statement(index))?;
            refuse_savepoints(&plan).map_err(|error| error.in_statement(index))?;
            plans.push(plan);
        }
        let whole = self.writer.run_work(&StatementList(&plans, &statements)).await;
        if let Some(answers) = self.writer.database.with_key_columns(whole).await? {
            return Ok(answers.into_iter().map(Ok).collect());
        }
        let lease = self.writer.database.lease().await?;
        let answers = batch::run_and_commit(&lease, &plans, &statements).await;
        self.writer.track(&lease).await;
        lease.give_back();
        Ok(self.writer.database.with_key_columns(answers).await?.into_iter().map(Ok).collect())
    }

    async fn tables(&self) -> Result<Vec<TableName>> {
        let lease = self.writer.database.lease().await?;
        let tables = catalog::tables(&lease).await;
        lease.give_back();
        tables
    }

    async fn describe(&self, table: &TableName) -> Result<TableSchema> {
        let lease = self.writer.database.lease().await?;
        let schema = catalog::describe(&lease, table).await;
        lease.give_back();
        schema
    }

    async fn alter(&self, table: &TableName, operations: Vec<AlterOperation>) -> Result<()> {
        if let Some(()) = self.writer.run_work(&ApplyAlterations(table, &operations)).await? {
            return Ok(());
        }
        let lease = self.writer.database.lease().await?;
        let outcome = batch::in_transaction(&lease, &ApplyAlterations(table, &operations)).await;
        self.writer.track(&lease).await;
        lease.give_back();
        outcome
    }

    fn keyed(self: Arc<Self>, call: &IdempotentCall) -> Option<Arc<dyn Session>> {
        let call = KeyedCall::new(call);
        let database = Arc::clone(&self.writer.database);
        Some(Arc::new(Self { writer: AutocommitWriter::new(database, Some(call)), seen: self.seen }))
    }

    async fn has_run(&self) -> Result<bool> {
        let Some(call) = &self.writer.call else { return Ok(false) };
        let first = KeyedWrite { call: call.call.clone(), write: 0 };
        let lease = self.writer.database.lease().await?;
        let kept = first.is_stored(&lease).await;
        lease.give_back();
        kept
    }

    fn seen(self: Arc<Self>, position: &str) -> Option<Arc<dyn Session>> {
        let seen = WalPosition::from_token(position).map_or(SeenPosition::Unknown, SeenPosition::UpTo);
        Some(Arc::new(Self { seen, ..Self::new(Arc::clone(&self.writer.database)) }))
    }

    fn position(&self) -> Option<String> {
        self.writer.position().map(WalPosition::token)
    }
}
