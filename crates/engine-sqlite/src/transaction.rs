//! A transaction on a connection of its own, as the engine's callers see it; [`State`] does the work.

use std::sync::Arc;
use std::time::Duration;

use async_trait::async_trait;
use phantomdb_protocol::{
    AlterOperation, BeginTransaction, Error, Result, ResultSet, Statement, TableName, TableSchema,
};
use tokio::runtime::Handle;
use tokio::sync::{Mutex, OwnedMutexGuard};
use tokio::time::Instant;
use tokio_util::sync::CancellationToken;

use super::answers::Entry;
use super::database::Database;
use super::schema::Plan;
use super::session::Attempt;
use super::state::State;
use super::{blocking, catalog};
use phantomdb_engine::{IdempotentCall, Session, Transaction};

/// One transaction; its statements run one after the other.
pub(super) type Cell = Mutex<State>;

/// A transaction. Dropped without an end, it is rolled back.
pub struct SqliteTransaction {
    database: Arc<Database>,
    cell: Arc<Cell>,
}

/// Why a transaction was rolled back that its owner did not end.
pub(super) const ENDED_BY_CLOSE: &str = "was rolled back when the database was closed";
pub(super) const ENDED_BY_RESTORE: &str = "was rolled back when the database was restored to a snapshot";

/// Rolls a transaction back that nobody will end.
pub(super) async fn abandon(cell: Arc<Cell>, why: &'static str) -> Result<()> {
    let mut state = cell.lock_owned().await;
    blocking::plain(move || state.end(why)).await
}

/// When the transaction must give way to others: once it has been idle for `limit`, from then on at once. One that
/// runs a statement, or has no lock, cannot be idle for so long before `limit` has passed.
pub(super) async fn make_way(cell: Option<Arc<Cell>>, limit: Duration) -> Result<Instant> {
    let later = Instant::now() + limit;
    let Some(mut state) = cell.and_then(|cell| cell.try_lock_owned().ok()) else { return Ok(later) };
    match state.idle_with_lock_since().map(|since| since + limit) {
        None => Ok(later),
        Some(end) if end > Instant::now() => Ok(end),
        Some(_) => {
            blocking::plain(move || state.evict(limit)).await?;
            Ok(later)
        }
    }
}

impl SqliteTransaction {
    pub(super) async fn begin(database: Arc<Database>, options: &BeginTransaction) -> Result<Self> {
        let permit = if options.immediate { Some(database.lock_for_writing().await?) } else { None };
        let lease = database.connection().await?;
        let cell = Arc::new(Mutex::new(State::new(Arc::clone(&database), lease, options)));
        database.register(&cell);
        let transaction = Self { database, cell };
        if let Some(permit) = permit {
            let mut state = transaction.state().await;
            transaction.database.note_holder(&transaction.cell);
            state.lend_lock(permit);
            transaction.run_on(state, |state| Attempt::Done(state.begin_writing())).await?;
        }
        Ok(transaction)
    }

    async fn state(&self) -> OwnedMutexGuard<State> {
        Arc::clone(&self.cell).lock_owned().await
    }

    /// Waits for the write lock and notes who has it.
    async fn take_lock(&self, state: &mut State) -> Result<()> {
        let permit = self.database.lock_for_writing().await?;
        self.database.note_holder(&self.cell);
        state.lend_lock(permit);
        Ok(())
    }

    /// Runs `attempt` with the write lock, if it needs it: `writes` says so where it is known before.
    async fn run<T: Send + 'static>(
        &self,
        writes: bool,
        attempt: impl Fn(&mut State) -> Attempt<T> + Send + Sync + 'static,
    ) -> Result<T> {
        let mut state = self.state().await;
        if writes && state.lacks_lock() {
            self.take_lock(&mut state).await?;
        }
        self.run_on(state, attempt).await
    }

    async fn run_on<T: Send + 'static>(
        &self,
        mut state: OwnedMutexGuard<State>,
        attempt: impl Fn(&mut State) -> Attempt<T> + Send + Sync + 'static,
    ) -> Result<T> {
        let attempt = Arc::new(attempt);
        loop {
            let handle = state.connection()?.get_interrupt_handle();
            let attempt = Arc::clone(&attempt);
            let (back, outcome) = blocking::run(state, handle, &CancellationToken::new(), move |state| {
                let outcome = attempt(state);
                state.settle();
                outcome
            })
            .await?;
            state = back;
            match outcome {
                Attempt::Done(outcome) => return outcome,
                Attempt::NeedsWriteLock if !state.lacks_lock() => {
                    return Err(Error::internal("the transaction asks for a lock that it has"));
                }
                Attempt::NeedsWriteLock => self.take_lock(&mut state).await?,
            }
        }
    }

    /// Runs the statement on the calling thread if it is its turn and it is done soon. None means that it is to be
    /// run on another.
    fn try_plan(&self, plan: &Plan, statement: &Statement) -> Option<Result<ResultSet>> {
        let mut state = self.cell.try_lock().ok()?;
        if state.may_be_quick(plan) { state.execute_quickly(plan, statement) } else { None }
    }
}

impl Drop for SqliteTransaction {
    fn drop(&mut self) {
        let cell = Arc::clone(&self.cell);
        // Without a runtime nothing runs on the connection any more; the rollback comes with the drop of the state.
        if let Ok(handle) = Handle::try_current() {
            handle.spawn_blocking(move || cell.blocking_lock().end("was dropped"));
        }
    }
}

#[async_trait]
impl Session for SqliteTransaction {
    async fn execute(&self, statement: Statement) -> Result<ResultSet> {
        let known = self.database.known(&statement);
        let plan = known.or_else(|| self.database.learned(&statement));
        if let Some(outcome) = plan.as_ref().and_then(|plan| self.try_plan(plan, &statement)) {
            return outcome;
        }
        let writes = plan
            .map_or_else(|| Database::seems_to_write(&statement), |plan| State::needs_lock(&plan.adapted));
        self.run(writes, move |state| state.execute(&statement)).await
    }

    async fn execute_batch(
        &self,
        statements: Vec<Statement>,
        atomic: bool,
    ) -> Result<Vec<Result<ResultSet>>> {
        if atomic {
            let only_reads = statements.iter().all(|statement| {
                self.database.known(statement).is_some_and(|plan| !State::needs_lock(&plan.adapted))
            });
            return self.run(!only_reads, move |state| state.execute_all(&statements, only_reads)).await;
        }
        let mut answers = Vec::with_capacity(statements.len());
        for statement in statements {
            answers.push(self.execute(statement).await);
        }
        Ok(answers)
    }

    async fn tables(&self) -> Result<Vec<TableName>> {
        self.run(false, |state| Attempt::Done(state.look(catalog::list_tables))).await
    }

    async fn describe(&self, table: &TableName) -> Result<TableSchema> {
        let table = table.clone();
        self.run(false, move |state| {
            Attempt::Done(state.look(|connection| catalog::read_table(connection, &table)))
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
        let mut state = self.state().await;
        blocking::plain(move || state.commit(None)).await?
    }

    async fn commit_keyed(&self, once: &IdempotentCall) -> Result<()> {
        let entry = self.database.is_on_disk().then(|| Entry { once: once.clone(), write: 0 });
        let mut state = self.state().await;
        blocking::plain(move || state.commit(entry.as_ref())).await?
    }

    async fn rollback(&self) -> Result<()> {
        let mut state = self.state().await;
        blocking::plain(move || state.rollback()).await?
    }

    fn as_session(self: Arc<Self>) -> Arc<dyn Session> {
        self
    }
}
