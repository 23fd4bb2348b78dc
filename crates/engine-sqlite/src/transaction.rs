//! A transaction on a connection of its own, as the engine's callers see it. [`TransactionState`] does the work.

use std::sync::atomic::{AtomicU64, Ordering};
use std::sync::{Arc, Weak};
use std::time::Duration;

use async_trait::async_trait;
use phantomdb_engine::{Access, IdempotentCall, Session, Transaction};
use phantomdb_protocol::{
    AlterOperation, BeginTransaction, Column, Error, Result, ResultSet, Statement, StatementDescription,
    TableName, TableSchema, ViewDefinition,
};
use phantomdb_sql::cursor::CursorStatement;
use tokio::runtime::Handle;
use tokio::sync::{Mutex, OwnedMutexGuard};
use tokio::time::Instant;

use crate::connection::{Mode, QUICK_ROWS};
use crate::database::Database;
use crate::idempotency_store::KeyedWrite;
use crate::open_transaction::OpenTransaction;
use crate::plan_cache::Plan;
use crate::run::Attempt;
use crate::transaction_state::TransactionState;
use crate::write_lock::WritePermit;
use crate::{blocking, catalog};

/// The number of a new transaction, from 1.
fn next_number() -> u64 {
    static LAST: AtomicU64 = AtomicU64::new(0);
    LAST.fetch_add(1, Ordering::Relaxed) + 1
}

const WAS_DROPPED: &str = "was dropped";

/// A transaction. Its statements run one after the other. It is rolled back when it is dropped before its end.
pub struct SqliteTransaction {
    number: u64,
    database: Arc<Database>,
    state: Arc<Mutex<TransactionState>>,
}

#[async_trait]
impl OpenTransaction for Mutex<TransactionState> {
    async fn abort(self: Arc<Self>, why: &'static str) -> Result<()> {
        let mut state = self.lock_owned().await;
        blocking::run_to_end(move || state.end(why)).await
    }

    async fn abort_if_idle(self: Arc<Self>, limit: Duration) -> Result<Instant> {
        // A transaction that runs a statement, or does not hold the lock, cannot have been idle for `limit` before `limit`
        // has passed from now on.
        let next_check = Instant::now() + limit;
        let Ok(mut state) = self.try_lock_owned() else { return Ok(next_check) };
        match state.idle_with_lock_since().map(|since| since + limit) {
            None => Ok(next_check),
            Some(end) if end > Instant::now() => Ok(end),
            Some(_) => {
                blocking::run_to_end(move || state.end_idle(limit)).await?;
                Ok(next_check)
            }
        }
    }
}

impl SqliteTransaction {
    /// Begins a transaction. One that cannot write takes no lock, also when it asks for the lock at once.
    pub(super) async fn begin(
        database: Arc<Database>,
        options: &BeginTransaction,
        access: Access,
    ) -> Result<Self> {
        let only_reads = options.read_only || access.only_reads();
        let locks_now = options.immediate && !only_reads;
        let number = next_number();
        let permit = if locks_now { Some(database.lock_for_writing(Some(number)).await?) } else { None };
        let state = TransactionState::new(Arc::clone(&database), options, access);
        let state = Arc::new(Mutex::new(state));
        let transaction = Self { number, database, state };
        transaction.database.add_transaction(transaction.as_open());
        if let Some(permit) = permit {
            let mut state = transaction.lock_state().await;
            transaction.hold(&mut state, permit);
            transaction.run_on(state, None, |state| Attempt::Done(state.begin_writing())).await?;
        }
        Ok(transaction)
    }

    /// This transaction as its database refers to it.
    fn as_open(&self) -> Weak<dyn OpenTransaction> {
        let open: Arc<dyn OpenTransaction> = self.state.clone();
        Arc::downgrade(&open)
    }

    async fn lock_state(&self) -> OwnedMutexGuard<TransactionState> {
        Arc::clone(&self.state).lock_owned().await
    }

    /// Waits for the write lock and records this transaction as its holder.
    async fn take_write_lock(&self, state: &mut TransactionState) -> Result<()> {
        self.hold(state, self.database.lock_for_writing(Some(self.number)).await?);
        Ok(())
    }

    fn hold(&self, state: &mut TransactionState, permit: WritePermit) {
        permit.hold_for(self.number, self.as_open());
        state.set_lock(permit);
    }

    /// Runs `attempt`. It begins with the write lock when `writes` is set, and runs again with the lock when it turns out to
    /// need it.
    async fn run<T: Send + 'static>(
        &self,
        writes: bool,
        attempt: impl Fn(&mut TransactionState) -> Attempt<T> + Send + Sync + 'static,
    ) -> Result<T> {
        let mut state = self.lock_state().await;
        if writes && state.lacks_lock() {
            self.take_write_lock(&mut state).await?;
        }
        self.run_on(state, None, attempt).await
    }

    /// Runs `attempt`, which is about this cursor if there is one.
    async fn run_on<T: Send + 'static>(
        &self,
        mut state: OwnedMutexGuard<TransactionState>,
        cursor: Option<&CursorStatement>,
        attempt: impl Fn(&mut TransactionState) -> Attempt<T> + Send + Sync + 'static,
    ) -> Result<T> {
        if state.needs_connection() {
            let lease = self.database.connection(state.mode()).await?;
            state.set_connection(lease);
        }
        if cursor.is_some_and(|cursor| state.needs_cursor_lease(cursor)) {
            let lease = self.database.connection(Mode::ReadOnly).await?;
            state.set_cursor_lease(lease);
        }
        let attempt = Arc::new(attempt);
        loop {
            let attempt = Arc::clone(&attempt);
            let (returned, outcome) = blocking::run(state, [self.database.interrupted(); 2], move |state| {
                let outcome = attempt(state);
                state.settle();
                outcome
            })
            .await?;
            state = returned;
            match outcome {
                Attempt::Done(outcome) => return outcome,
                Attempt::NeedsWriteLock if !state.lacks_lock() => {
                    return Err(Error::internal("the transaction asks for a lock that it has"));
                }
                Attempt::NeedsWriteLock => self.take_write_lock(&mut state).await?,
            }
        }
    }

    /// Runs the statement on the calling thread if it is quick, no other statement of the transaction runs, and the write
    /// lock is free if it needs that. Returns `None` when the statement had no effect and must run on a thread for blocking
    /// work.
    fn execute_quickly(&self, plan: &Plan, statement: &Statement) -> Option<Result<ResultSet>> {
        let mut state = self.state.try_lock().ok()?;
        if state.needs_connection() {
            let idle = self.database.idle_connection(state.mode());
            state.set_connection(idle.ok()??);
        }
        if !state.may_be_quick(plan) {
            return None;
        }
        if plan.locks_in_transaction() && state.lacks_lock() {
            self.hold(&mut state, self.database.try_lock_for_writing()?);
        }
        state.execute_quickly(plan, statement)
    }
}

impl Drop for SqliteTransaction {
    fn drop(&mut self) {
        if let Ok(mut state) = self.state.try_lock()
            && state.rolls_back_quickly()
        {
            return state.end(WAS_DROPPED);
        }
        let state = Arc::clone(&self.state);
        // Without a runtime no statement can be running, and dropping the state rolls back.
        if let Ok(handle) = Handle::try_current() {
            handle.spawn_blocking(move || state.blocking_lock().end(WAS_DROPPED));
        }
    }
}

#[async_trait]
impl Session for SqliteTransaction {
    async fn execute(&self, statement: Statement) -> Result<ResultSet> {
        if !statement.native
            && let Some(cursor) = CursorStatement::read(&statement.query)?
        {
            let (state, of) = (self.lock_state().await, cursor.clone());
            let run = move |state: &mut TransactionState| {
                Attempt::Done(state.run_cursor(&cursor, &statement.parameters))
            };
            return self.run_on(state, Some(&of), run).await;
        }
        let plan = self.database.plan_without_waiting(&statement);
        if statement.rows.len() <= QUICK_ROWS
            && let Some(outcome) = plan.as_ref().and_then(|plan| self.execute_quickly(plan, &statement))
        {
            return outcome;
        }
        let writes =
            plan.map_or_else(|| Database::seems_to_write(&statement), |plan| plan.locks_in_transaction());
        self.run(writes, move |state| state.execute(&statement)).await
    }

    async fn execute_batch(
        &self,
        statements: Vec<Statement>,
        atomic: bool,
    ) -> Result<Vec<Result<ResultSet>>> {
        if atomic {
            let only_reads = statements.iter().all(|statement| {
                self.database.cached_plan(statement).is_some_and(|plan| !plan.locks_in_transaction())
            });
            return self.run(!only_reads, move |state| state.execute_all(&statements, only_reads)).await;
        }
        let mut results = Vec::with_capacity(statements.len());
        for statement in statements {
            results.push(self.execute(statement).await);
        }
        Ok(results)
    }

    async fn add_exact_types(&self, statement: &Statement, columns: &mut [Column]) -> Result<()> {
        let (statement, untyped) = (statement.clone(), columns.to_vec());
        let types = self.run(false, move |state| {
            let mut columns = untyped.clone();
            let added = state.add_exact_types(&statement, &mut columns);
            Attempt::Done(added.map(|()| columns))
        });
        columns.clone_from_slice(&types.await?);
        Ok(())
    }

    async fn describe_statement(&self, query: &str) -> Result<StatementDescription> {
        let query = query.to_owned();
        self.run(false, move |state| Attempt::Done(state.describe_statement(&query))).await
    }

    async fn tables(&self) -> Result<Vec<TableName>> {
        self.run(false, |state| Attempt::Done(state.read_schema(catalog::list_tables))).await
    }

    async fn views(&self) -> Result<Vec<ViewDefinition>> {
        self.run(false, |state| Attempt::Done(state.read_schema(catalog::list_views))).await
    }

    async fn describe(&self, table: &TableName) -> Result<TableSchema> {
        let table = table.clone();
        self.run(false, move |state| {
            Attempt::Done(state.read_schema(|connection| catalog::read_table(connection, &table)))
        })
        .await
    }

    async fn alter(&self, table: &TableName, operations: Vec<AlterOperation>) -> Result<()> {
        let table = table.clone();
        self.run(true, move |state| Attempt::Done(state.alter(&table, &operations))).await
    }
}

#[async_trait]
impl Transaction for SqliteTransaction {
    async fn commit(&self) -> Result<()> {
        let mut state = self.lock_state().await;
        if state.commits_quickly() {
            return state.commit(None);
        }
        blocking::run_to_end(move || state.commit(None)).await?
    }

    async fn commit_keyed(&self, call: &IdempotentCall) -> Result<()> {
        let write = self.database.is_on_disk().then(|| KeyedWrite { call: call.clone(), number: 0 });
        let mut state = self.lock_state().await;
        if state.commits_quickly() {
            return state.commit(write.as_ref());
        }
        blocking::run_to_end(move || state.commit(write.as_ref())).await?
    }

    async fn rollback(&self) -> Result<()> {
        let mut state = self.lock_state().await;
        if state.rolls_back_quickly() {
            return state.rollback();
        }
        blocking::run_to_end(move || state.rollback()).await?
    }

    fn number(&self) -> u64 {
        self.number
    }

    fn as_session(self: Arc<Self>) -> Arc<dyn Session> {
        self
    }
}
