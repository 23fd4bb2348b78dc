//! A session in which each statement commits by itself.

use std::sync::Arc;
use std::sync::atomic::{AtomicU32, Ordering};
use std::time::Instant;

use async_trait::async_trait;
use phantomdb_protocol::{
    AlterOperation, Error, ErrorCode, Result, ResultSet, Statement, TableName, TableSchema,
};
use rusqlite::Connection;
use serde::{Serialize, de::DeserializeOwned};
use tokio::sync::OwnedSemaphorePermit;
use tokio_util::sync::CancellationToken;

use super::adapt::Kind;
use super::answers::Entry;
use super::database::{Database, Lease};
use super::run::{Prepared, Scene, empty};
use super::schema::Plan;
use super::state::setting;
use super::{blocking, catalog};
use phantomdb_engine::{IdempotentCall, Session};

/// What a statement may take on a thread that serves others as well. Handing it to another thread and back costs
/// some ten microseconds, so that most statements are done before.
pub(super) const QUICK_ROUNDS: u32 = 20;

/// Statements on a database, each in a transaction of its own.
pub struct SqliteSession {
    database: Arc<Database>,
    /// What the session is for, when that is one call with a key.
    call: Option<KeyedCall>,
}

struct KeyedCall {
    once: IdempotentCall,
    /// Writes of the call so far.
    writes: AtomicU32,
}

/// What came of a statement that was tried with the locks at hand.
pub(super) enum Attempt<T> {
    Done(Result<T>),
    /// It writes, and nothing of it has run.
    NeedsWriteLock,
}

/// What a statement holds while it runs; the locks are given back after the connection.
struct Running<S> {
    lease: Lease,
    work: S,
    _permit: OwnedSemaphorePermit,
}

impl SqliteSession {
    pub(super) fn new(database: Arc<Database>) -> Self {
        Self { database, call: None }
    }

    /// Where the answer of the next write is kept. Memory does not outlive the process, and has no need to.
    fn entry(&self) -> Option<Entry> {
        let call = self.keeping_call()?;
        Some(Entry { once: call.once.clone(), write: call.writes.fetch_add(1, Ordering::Relaxed) })
    }

    fn keeping_call(&self) -> Option<&KeyedCall> {
        self.call.as_ref().filter(|_| self.database.is_on_disk())
    }

    fn cancelled(&self) -> CancellationToken {
        self.call.as_ref().map(|call| call.once.cancelled.clone()).unwrap_or_default()
    }

    /// Runs the statement on the calling thread, if a connection and the locks it needs are free this instant and
    /// it is done soon. None means that nothing of it was kept and it is to be run on another.
    fn try_plan(&self, plan: &Plan, statement: &Statement) -> Option<Result<ResultSet>> {
        if !plan.is_quick() {
            return None;
        }
        let permit = if plan.writes() {
            self.database.try_lock_for_writing()?
        } else {
            self.database.try_slot_for_reading()?
        };
        let mut lease = match self.database.idle_connection() {
            Ok(lease) => lease?,
            Err(error) => return Some(Err(error)),
        };
        if !lease.limit(QUICK_ROUNDS) {
            return None;
        }
        let start = Instant::now();
        let attempt = attempt(&self.database, &mut lease, statement, None, plan.writes());
        let stopped = lease.lift();
        plan.took(start.elapsed(), stopped);
        drop(lease);
        drop(permit);
        match attempt {
            Attempt::NeedsWriteLock => None,
            // It was stopped, and with it the transaction that it is by itself.
            Attempt::Done(Err(_)) if stopped => None,
            Attempt::Done(Err(error)) if error.code == ErrorCode::LockTimeout => None,
            Attempt::Done(outcome) => Some(outcome),
        }
    }

    /// Reads the schema on the calling thread: in memory that is soon done. None when it has to wait.
    fn look<T>(&self, read: impl FnOnce(&Connection) -> Result<T>) -> Option<Result<T>> {
        if self.database.is_on_disk() {
            return None;
        }
        let _slot = self.database.try_slot_for_reading()?;
        let lease = self.database.idle_connection().transpose()?;
        Some(lease.and_then(|lease| read(&lease)))
    }

    /// Runs `work` with the lock it turns out to need: `writes` says so where it is known before.
    async fn run<S, T>(
        &self,
        mut work: S,
        mut writes: bool,
        attempt: impl Fn(&Arc<Database>, &mut Lease, &S, bool) -> Attempt<T> + Copy + Send + 'static,
    ) -> Result<T>
    where
        S: Send + 'static,
        T: Send + 'static,
    {
        let cancelled = self.cancelled();
        loop {
            let locked = async {
                if writes {
                    self.database.lock_for_writing().await
                } else {
                    self.database.slot_for_reading().await
                }
            };
            let permit = cancelled.run_until_cancelled(locked).await.ok_or_else(blocking::stopped)??;
            let lease = self.database.connection().await?;
            let handle = lease.get_interrupt_handle();
            let running = Running { lease, work, _permit: permit };
            let database = Arc::clone(&self.database);
            let (running, outcome) = blocking::run(running, handle, &cancelled, move |running| {
                attempt(&database, &mut running.lease, &running.work, writes)
            })
            .await?;
            match outcome {
                Attempt::Done(outcome) => return outcome,
                Attempt::NeedsWriteLock => writes = true,
            }
            work = running.work;
        }
    }
}

fn attempt(
    database: &Arc<Database>,
    lease: &mut Lease,
    statement: &Statement,
    entry: Option<&Entry>,
    locked: bool,
) -> Attempt<ResultSet> {
    let (outcome, wrote_native) = attempt_on(database, lease, statement, entry, locked);
    if wrote_native {
        lease.discard();
    }
    outcome
}

/// The answer, and whether native SQL was run that may have left something on the connection.
fn attempt_on(
    database: &Arc<Database>,
    connection: &Connection,
    statement: &Statement,
    entry: Option<&Entry>,
    locked: bool,
) -> (Attempt<ResultSet>, bool) {
    // Before the statement is looked at: what it is about may be gone since it ran.
    match entry.map(|entry| entry.find(connection)) {
        None | Some(Ok(None)) => {}
        Some(Ok(Some(kept))) => return (Attempt::Done(Ok(kept)), false),
        Some(Err(error)) => return (Attempt::Done(Err(error)), false),
    }
    let scene_and_plan = database.scene(connection).and_then(|scene| {
        let prepared = scene.prepare(statement)?;
        Ok((scene, prepared))
    });
    let (scene, prepared) = match scene_and_plan {
        Ok(both) => both,
        Err(error) => return (Attempt::Done(Err(error)), false),
    };
    if prepared.writes() && !locked {
        return (Attempt::NeedsWriteLock, false);
    }
    let outcome = match entry.filter(|_| prepared.writes()) {
        Some(entry) => keeping(&scene, entry, || execute(&scene, statement, &prepared)),
        None => execute(&scene, statement, &prepared),
    };
    if prepared.changes_schema() {
        database.forget_schema();
    }
    (Attempt::Done(outcome), statement.native && prepared.writes())
}

/// Does the work and keeps its answer, in one transaction.
fn keeping<T: Serialize>(scene: &Scene<'_>, entry: &Entry, work: impl FnOnce() -> Result<T>) -> Result<T> {
    scene.all_or_nothing(true, || {
        let answer = work()?;
        entry.keep(scene.connection, &answer)?;
        Ok(answer)
    })
}

/// The kept answer, or else that of the work, which is kept.
fn once<T: Serialize + DeserializeOwned>(
    scene: &Scene<'_>,
    entry: Option<&Entry>,
    work: impl FnOnce() -> Result<T>,
) -> Result<T> {
    let Some(entry) = entry else { return work() };
    match entry.find(scene.connection)? {
        Some(kept) => Ok(kept),
        None => keeping(scene, entry, work),
    }
}

fn execute(scene: &Scene<'_>, statement: &Statement, prepared: &Prepared) -> Result<ResultSet> {
    if let Prepared::Plan(plan) = prepared {
        match &plan.adapted.kind {
            Kind::Nothing => return Ok(empty()),
            Kind::Savepoint(_) | Kind::RollbackTo(_) | Kind::Release(_) => {
                return Err(Error::new(
                    ErrorCode::BadRequest,
                    "a savepoint can be used in a transaction only; begin one first",
                ));
            }
            kind => kind.refuse_control()?,
        }
        // It would end with the statement, which is a transaction of its own.
        if setting(&plan.adapted).is_some() {
            return Ok(empty());
        }
    }
    scene.run(statement, prepared)
}

/// All statements in one transaction of this call's own.
fn attempt_batch(
    database: &Arc<Database>,
    connection: &Connection,
    statements: &[Statement],
    entry: Option<&Entry>,
    locked: bool,
) -> Attempt<Vec<ResultSet>> {
    let mut needs_lock = false;
    let mut changed_schema = false;
    let outcome = database.scene(connection).and_then(|scene| {
        let run_all = || {
            scene.all_or_nothing(locked, || {
                let mut scene = Scene { connection, schema: Arc::clone(&scene.schema) };
                let mut answers = Vec::with_capacity(statements.len());
                for statement in statements {
                    let prepared = scene.prepare(statement)?;
                    if prepared.writes() && !locked {
                        needs_lock = true;
                        return Err(Error::internal("the batch writes"));
                    }
                    answers.push(execute(&scene, statement, &prepared)?);
                    if prepared.changes_schema() {
                        changed_schema = true;
                        scene.see_own_schema()?;
                    }
                }
                Ok(answers)
            })
        };
        once(&scene, entry.filter(|_| locked), run_all)
    });
    if changed_schema {
        database.forget_schema();
    }
    if needs_lock { Attempt::NeedsWriteLock } else { Attempt::Done(outcome) }
}

#[async_trait]
impl Session for SqliteSession {
    async fn execute(&self, statement: Statement) -> Result<ResultSet> {
        // Counted before it is known whether it writes, so that a repeated call counts alike.
        let entry = self.entry();
        let known = self.database.known(&statement);
        let plan = known.or_else(|| self.database.learned(&statement));
        let writes = plan.as_ref().map_or_else(|| Database::seems_to_write(&statement), |plan| plan.writes());
        // A thread that serves others must not wait for a disk.
        if let Some(plan) = plan.filter(|_| !writes || !self.database.is_on_disk())
            && let Some(outcome) = self.try_plan(&plan, &statement)
        {
            return outcome;
        }
        self.run((statement, entry), writes, |database, lease, (statement, entry), locked| {
            attempt(database, lease, statement, entry.as_ref(), locked)
        })
        .await
    }

    async fn execute_batch(
        &self,
        statements: Vec<Statement>,
        atomic: bool,
    ) -> Result<Vec<Result<ResultSet>>> {
        if atomic {
            // With a key, a batch that was run once may have become one that cannot be run: its answer is looked for
            // where it would be kept.
            let entry = self.entry();
            let writes = entry.is_some()
                || statements
                    .iter()
                    .any(|statement| self.database.known(statement).is_some_and(|plan| plan.writes()));
            let answers = self
                .run((statements, entry), writes, |database, lease, (statements, entry), locked| {
                    let answer = attempt_batch(database, lease, statements, entry.as_ref(), locked);
                    if locked && statements.iter().any(|statement| statement.native) {
                        lease.discard();
                    }
                    answer
                })
                .await?;
            return Ok(answers.into_iter().map(Ok).collect());
        }
        let mut answers = Vec::with_capacity(statements.len());
        for statement in statements {
            answers.push(self.execute(statement).await);
        }
        Ok(answers)
    }

    async fn tables(&self) -> Result<Vec<TableName>> {
        if let Some(tables) = self.look(catalog::list_tables) {
            return tables;
        }
        self.run((), false, |_, lease, (), _| Attempt::Done(catalog::list_tables(lease))).await
    }

    async fn describe(&self, table: &TableName) -> Result<TableSchema> {
        if let Some(schema) = self.look(|connection| catalog::read_table(connection, table)) {
            return schema;
        }
        self.run(table.clone(), false, |_, lease, table, _| Attempt::Done(catalog::read_table(lease, table)))
            .await
    }

    async fn alter(&self, table: &TableName, operations: Vec<AlterOperation>) -> Result<()> {
        let work = (table.clone(), operations, self.entry());
        self.run(work, true, |database, lease, (table, operations, entry), _| {
            let outcome = database
                .scene(lease)
                .and_then(|scene| once(&scene, entry.as_ref(), || scene.alter(table, operations)));
            database.forget_schema();
            Attempt::Done(outcome)
        })
        .await
    }

    fn keyed(self: Arc<Self>, once: &IdempotentCall) -> Option<Arc<dyn Session>> {
        let call = KeyedCall { once: once.clone(), writes: AtomicU32::new(0) };
        Some(Arc::new(Self { database: Arc::clone(&self.database), call: Some(call) }))
    }

    async fn has_run(&self) -> Result<bool> {
        let Some(call) = self.keeping_call() else { return Ok(false) };
        let first = Entry { once: call.once.clone(), write: 0 };
        self.run(first, false, |_, lease, first, _| Attempt::Done(first.is_kept(lease))).await
    }
}
