//! A transaction on a connection of its own, as the engine's callers see it. [`TransactionState`] does the work.

use std::sync::{Arc, Weak};
use std::time::Duration;

use async_trait::async_trait;
use phantomdb_engine::{IdempotentCall, Session, Transaction};
use phantomdb_protocol::{
    AlterOperation, BeginTransaction, Error, Result, ResultSet, Statement, TableName, TableSchema,
};
use tokio::runtime::Handle;
use tokio::sync::{Mutex, OwnedMutexGuard};
use tokio::time::Instant;
use tokio_util::sync::CancellationToken;

use crate::connection::QUICK_ROWS;
use crate::database::Database;
use crate::idempotency_store::KeyedWrite;
use crate::open_transaction::OpenTransaction;
use crate::plan_cache::Plan;
use crate::run::Attempt;
use crate::transaction_state::TransactionState;
use crate::{blocking, catalog};

/// A transaction. Its statements run one after the other. It is rolled back when it is dropped before its end.
pub struct SqliteTransaction {
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
    pub(super) async fn begin(database: Arc<Database>, options: &BeginTransaction) -> Result<Self> {
        let permit = if options.immediate { Some(database.lock_for_writing().await?) } else { None };
        let lease = database.connection().await?;
        let state = Arc::new(Mutex::new(TransactionState::new(Arc::clone(&database), lease, options)));
        let transaction = Self { database, state };
        transaction.database.add_transaction(transaction.as_open());
        if let Some(permit) = permit {
            let mut state = transaction.lock_state().await;
            transaction.database.set_lock_holder(transaction.as_open());
            state.set_lock(permit);
            transaction.run_on(state, |state| Attempt::Done(state.begin_writing())).await?;
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
        let permit = self.database.lock_for_writing().await?;
        self.database.set_lock_holder(self.as_open());
        state.set_lock(permit);
        Ok(())
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
        self.run_on(state, attempt).await
    }

    async fn run_on<T: Send + 'static>(
        &self,
        mut state: OwnedMutexGuard<TransactionState>,
        attempt: impl Fn(&mut TransactionState) -> Attempt<T> + Send + Sync + 'static,
    ) -> Result<T> {
        let attempt = Arc::new(attempt);
        loop {
            let handle = state.connection()?.get_interrupt_handle();
            let attempt = Arc::clone(&attempt);
            let (returned, outcome) = blocking::run(state, handle, &CancellationToken::new(), move |state| {
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

    /// Runs the statement on the calling thread if it is quick and no other statement of the transaction runs. Returns
    /// `None` when the statement had no effect and must run on a thread for blocking work.
    fn execute_quickly(&self, plan: &Plan, statement: &Statement) -> Option<Result<ResultSet>> {
        let mut state = self.state.try_lock().ok()?;
        if state.may_be_quick(plan) { state.execute_quickly(plan, statement) } else { None }
    }
}

impl Drop for SqliteTransaction {
    fn drop(&mut self) {
        let state = Arc::clone(&self.state);
        // Without a runtime no statement can be running, and dropping the state rolls back.
        if let Ok(handle) = Handle::try_current() {
            handle.spawn_blocking(move || state.blocking_lock().end("was dropped"));
        }
    }
}

#[async_trait]
impl Session for SqliteTransaction {
    async fn execute(&self, statement: Statement) -> Result<ResultSet> {
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

    async fn tables(&self) -> Result<Vec<TableName>> {
        self.run(false, |state| Attempt::Done(state.read_schema(catalog::list_tables))).await
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
        blocking::run_to_end(move || state.commit(None)).await?
    }

    async fn commit_keyed(&self, call: &IdempotentCall) -> Result<()> {
        let write = self.database.is_on_disk().then(|| KeyedWrite { call: call.clone(), number: 0 });
        let mut state = self.lock_state().await;
        blocking::run_to_end(move || state.commit(write.as_ref())).await?
    }

    async fn rollback(&self) -> Result<()> {
        let mut state = self.lock_state().await;
        blocking::run_to_end(move || state.rollback()).await?
    }

    fn as_session(self: Arc<Self>) -> Arc<dyn Session> {
        self
    }
}
