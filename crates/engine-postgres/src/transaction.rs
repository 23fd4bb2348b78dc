//! A transaction on a connection of its own, as a session of the engine. [`TransactionState`] does the work.

use std::sync::{Arc, OnceLock};

use async_trait::async_trait;
use phantomdb_engine::{IdempotentCall, Session, Transaction};
use phantomdb_protocol::{
    AlterOperation, BeginTransaction, IsolationLevel, Result, ResultSet, Statement, TableName, TableSchema,
};
use phantomdb_sql::unknown_function::located;
use tokio::{runtime::Handle, sync::Mutex};

use crate::{
    database::Database,
    idempotency_store::{self, KeyedWrite},
    schema_work::{ApplyAlterations, DescribeTable, ListTables},
    transaction_state::TransactionState,
    wal_position::WalPosition,
};

/// A transaction, whose statements run one after the other.
pub struct PostgresTransaction {
    database: Arc<Database>,
    state: Arc<Mutex<TransactionState>>,
    read_only: bool,
    /// The position of the log after the commit.
    reached: OnceLock<WalPosition>,
}

impl PostgresTransaction {
    /// Takes a connection. Nothing is sent yet: BEGIN travels with the first statement.
    pub(crate) async fn begin(database: Arc<Database>, options: &BeginTransaction) -> Result<Self> {
        let lease = database.lease().await?;
        let read_only = options.read_only;
        if !read_only {
            // The table of receipts is prepared once for each connection. Within the transaction a failure would abort
            // it.
            idempotency_store::prepare_insert(&lease, &database.idempotency_store).await?;
        }
        let state = Arc::new(Mutex::new(TransactionState::new(lease, begin_statement(options))));
        Ok(Self { database, state, read_only, reached: OnceLock::new() })
    }

    async fn commit_with(&self, key: Option<KeyedWrite>) -> Result<()> {
        let (state, tracked) = (Arc::clone(&self.state), self.database.is_tracked() && !self.read_only);
        // The caller may go away, but a commit that has begun is carried through.
        let committing = tokio::spawn(async move { state.lock().await.commit(key.as_ref(), tracked).await });
        let committed = finished(committing).await;
        if let Some(position) = self.database.with_key_columns(committed).await? {
            self.reached.get_or_init(|| position);
        }
        Ok(())
    }
}

fn begin_statement(options: &BeginTransaction) -> String {
    let level = match options.isolation_level.unwrap_or_default() {
        IsolationLevel::ReadUncommitted => "READ UNCOMMITTED",
        IsolationLevel::ReadCommitted => "READ COMMITTED",
        IsolationLevel::RepeatableRead => "REPEATABLE READ",
        IsolationLevel::Serializable => "SERIALIZABLE",
    };
    let mode = if options.read_only { "READ ONLY" } else { "READ WRITE" };
    format!("BEGIN ISOLATION LEVEL {level} {mode}")
}

impl Drop for PostgresTransaction {
    /// Rolls back a transaction that was not ended.
    fn drop(&mut self) {
        if self.state.try_lock().is_ok_and(|state| state.is_over()) {
            return;
        }
        let state = Arc::clone(&self.state);
        if let Ok(runtime) = Handle::try_current() {
            runtime.spawn(async move { state.lock().await.roll_back().await });
        }
    }
}

#[async_trait]
impl Session for PostgresTransaction {
    async fn execute(&self, statement: Statement) -> Result<ResultSet> {
        let plan = self.database.plan(&statement).await?;
        let outcome = self.state.lock().await.execute(&plan, &statement).await;
        outcome.map_err(|error| located(error, &statement.query))
    }

    async fn execute_batch(
        &self,
        statements: Vec<Statement>,
        atomic: bool,
    ) -> Result<Vec<Result<ResultSet>>> {
        let mut state = self.state.lock().await;
        if atomic {
            let mut plans = Vec::with_capacity(statements.len());
            for (index, statement) in statements.iter().enumerate() {
                let plan = self.database.plan(statement).await;
                plans.push(plan.map_err(|error| error.in_statement(index))?);
            }
            return Ok(state.execute_all(&plans, &statements).await?.into_iter().map(Ok).collect());
        }
        let mut answers = Vec::with_capacity(statements.len());
        for statement in &statements {
            answers.push(match self.database.plan(statement).await {
                Ok(plan) => state.execute(&plan, statement).await,
                Err(error) => Err(error),
            });
        }
        Ok(answers)
    }

    async fn tables(&self) -> Result<Vec<TableName>> {
        let mut state = self.state.lock().await;
        state.atomically(&ListTables).await
    }

    async fn describe(&self, table: &TableName) -> Result<TableSchema> {
        let mut state = self.state.lock().await;
        state.atomically(&DescribeTable(table)).await
    }

    async fn alter(&self, table: &TableName, operations: Vec<AlterOperation>) -> Result<()> {
        let mut state = self.state.lock().await;
        state.atomically(&ApplyAlterations(table, &operations)).await
    }

    fn position(&self) -> Option<String> {
        self.reached.get().map(|position| position.token())
    }
}

#[async_trait]
impl Transaction for PostgresTransaction {
    async fn commit(&self) -> Result<()> {
        self.commit_with(None).await
    }

    async fn commit_keyed(&self, call: &IdempotentCall) -> Result<()> {
        let key = KeyedWrite { call: call.clone(), write: 0 };
        self.commit_with(Some(key).filter(|_| !self.read_only)).await
    }

    async fn rollback(&self) -> Result<()> {
        let state = Arc::clone(&self.state);
        finished(tokio::spawn(async move { state.lock().await.end().await })).await
    }

    fn as_session(self: Arc<Self>) -> Arc<dyn Session> {
        self
    }
}

async fn finished<T>(task: tokio::task::JoinHandle<Result<T>>) -> Result<T> {
    task.await
        .unwrap_or_else(|_| Err(phantomdb_protocol::Error::internal("the transaction could not be ended")))
}
