//! A transaction on a connection of its own, as a session of the engine. [`TransactionState`] does the work.

use std::sync::{Arc, OnceLock};

use async_trait::async_trait;
use phantomdb_engine::{Access, IdempotentCall, Session, Transaction};
use phantomdb_protocol::{
    AlterOperation, BeginTransaction, Column, IsolationLevel, Result, ResultSet, Statement,
    StatementDescription, TableName, TableSchema, ViewDefinition,
};
use phantomdb_sql::{Kind, cursor::CursorStatement, unknown_function::located};
use tokio::{runtime::Handle, sync::Mutex};

use crate::{
    cursors::Cursors,
    database::Database,
    deadline::cancel_at_deadline,
    exact_types::{self, DescribeStatement, FindExactTypes},
    idempotency_store::{self, KeyedWrite},
    limited_access::{check_plan, explain},
    plan_cache::Plan,
    schema_work::{ApplyAlterations, DescribeTable, ListTables, ListViews},
    transaction_state::TransactionState,
    wal_position::WalPosition,
};

/// A transaction, whose statements run one after the other.
pub struct PostgresTransaction {
    number: u64,
    database: Arc<Database>,
    state: Arc<Mutex<TransactionState>>,
    cursors: Cursors,
    read_only: bool,
    access: Access,
    /// The position of the log after the commit.
    reached: OnceLock<WalPosition>,
}

/// Runs work on the state of the transaction, and cancels it when the deadline of its call passes.
macro_rules! in_time {
    ($transaction:ident, $state:ident => $work:expr) => {{
        let mut $state = $transaction.state.lock().await;
        match $state.canceller() {
            None => $work.await,
            Some(canceller) => cancel_at_deadline(|| canceller.clone(), $work).await.0,
        }
    }};
}

impl PostgresTransaction {
    /// Takes a connection. Nothing is sent yet: BEGIN travels with the first statement.
    pub(crate) async fn begin(
        database: Arc<Database>,
        options: &BeginTransaction,
        access: Access,
    ) -> Result<Self> {
        let lease = database.lease().await?;
        let read_only = options.read_only || access.only_reads();
        if !read_only {
            // The table of receipts is prepared once for each connection. Within the transaction a failure would abort
            // it.
            idempotency_store::prepare_insert(&lease, &database.idempotency_store).await?;
        }
        let number = lease.process;
        let begin = begin_statement(options.isolation_level.unwrap_or_default(), read_only);
        let state = Arc::new(Mutex::new(TransactionState::new(lease, begin)));
        let (cursors, reached) = Default::default();
        Ok(Self { number, database, state, cursors, read_only, access, reached })
    }

    /// The plan of a statement that the access allows.
    async fn plan(&self, statement: &Statement) -> Result<Arc<Plan>> {
        let plan = self.database.plan(statement).await?;
        check_plan(self.access, &plan, statement)?;
        Ok(plan)
    }

    /// Runs a statement in the open transaction.
    async fn run(
        &self,
        state: &mut TransactionState,
        plan: &Plan,
        statement: &Statement,
    ) -> Result<ResultSet> {
        if self.access.only_reads() {
            state.refuse_functions(plan).await?;
        }
        state.execute(plan, statement).await.map_err(|error| explain(self.access, error))
    }

    /// Runs a statement about a cursor.
    async fn run_cursor(&self, cursor: CursorStatement, statement: Statement) -> Result<ResultSet> {
        let (plan, declared) = match cursor {
            CursorStatement::Declare { name, query, offset } => {
                let query = Statement { query, ..Statement::default() };
                let plan = self.plan(&query).await.map_err(|error| error.moved_by(offset))?;
                (self.cursors.declare(&name, &plan)?, Some(name))
            }
            CursorStatement::Fetch { name, count } => (self.cursors.fetch(&name, count)?, None),
            CursorStatement::Close { name } => (self.cursors.close(&name)?, None),
        };
        let outcome = in_time!(self, state => self.run(&mut state, &plan, &statement));
        if let (Err(_), Some(name)) = (&outcome, declared) {
            self.cursors.forget(&name);
        }
        outcome.map_err(|error| located(error, &statement.query))
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

fn begin_statement(level: IsolationLevel, read_only: bool) -> String {
    let level = match level {
        IsolationLevel::ReadUncommitted => "READ UNCOMMITTED",
        IsolationLevel::ReadCommitted => "READ COMMITTED",
        IsolationLevel::RepeatableRead => "REPEATABLE READ",
        IsolationLevel::Serializable => "SERIALIZABLE",
    };
    let mode = if read_only { "READ ONLY" } else { "READ WRITE" };
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
        if !statement.native
            && let Some(cursor) = CursorStatement::read(&statement.query)?
        {
            return self.run_cursor(cursor, statement).await;
        }
        let plan = self.plan(&statement).await?;
        let outcome = in_time!(self, state => self.run(&mut state, &plan, &statement));
        outcome.map_err(|error| located(error, &statement.query))
    }

    async fn execute_batch(
        &self,
        statements: Vec<Statement>,
        atomic: bool,
    ) -> Result<Vec<Result<ResultSet>>> {
        if atomic {
            let mut plans = Vec::with_capacity(statements.len());
            for (index, statement) in statements.iter().enumerate() {
                let plan = self.plan(statement).await.map_err(|error| error.in_statement(index))?;
                if self.access.only_reads() {
                    let checked = self.state.lock().await.refuse_functions(&plan).await;
                    checked.map_err(|error| error.in_statement(index))?;
                }
                plans.push(plan);
            }
            let answers = in_time!(self, state => state.execute_all(&plans, &statements));
            return Ok(answers.map_err(|error| explain(self.access, error))?.into_iter().map(Ok).collect());
        }
        let mut answers = Vec::with_capacity(statements.len());
        for statement in &statements {
            answers.push(match self.plan(statement).await {
                Ok(plan) => in_time!(self, state => self.run(&mut state, &plan, statement)),
                Err(error) => Err(error),
            });
        }
        Ok(answers)
    }

    async fn add_exact_types(&self, statement: &Statement, columns: &mut [Column]) -> Result<()> {
        let plan = self.plan(statement).await?;
        let work = FindExactTypes(&plan);
        let found = in_time!(self, state => state.atomically(&work));
        exact_types::add(found, columns)
    }

    async fn describe_statement(&self, query: &str) -> Result<StatementDescription> {
        let plan = self.database.plan(&Statement { query: query.to_owned(), ..Statement::default() }).await?;
        let work = DescribeStatement(&plan);
        let described = in_time!(self, state => state.atomically(&work));
        described.map_err(|error| located(error, query))
    }

    async fn tables(&self) -> Result<Vec<TableName>> {
        in_time!(self, state => state.atomically(&ListTables))
    }

    async fn views(&self) -> Result<Vec<ViewDefinition>> {
        in_time!(self, state => state.atomically(&ListViews))
    }

    async fn describe(&self, table: &TableName) -> Result<TableSchema> {
        in_time!(self, state => state.atomically(&DescribeTable(table)))
    }

    async fn alter(&self, table: &TableName, operations: Vec<AlterOperation>) -> Result<()> {
        self.access.check(&Kind::Schema)?;
        self.database.foresee(&operations);
        in_time!(self, state => state.atomically(&ApplyAlterations(table, &operations)))
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

    fn number(&self) -> u64 {
        self.number
    }

    fn as_session(self: Arc<Self>) -> Arc<dyn Session> {
        self
    }
}

async fn finished<T>(task: tokio::task::JoinHandle<Result<T>>) -> Result<T> {
    task.await
        .unwrap_or_else(|_| Err(phantomdb_protocol::Error::internal("the transaction could not be ended")))
}
