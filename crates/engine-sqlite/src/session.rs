//! A session in which each statement commits by itself.

use std::sync::Arc;
use std::sync::atomic::{AtomicU32, Ordering};
use std::time::Instant;

use async_trait::async_trait;
use phantomdb_engine::{Access, Deadline, IdempotentCall, Session};
use phantomdb_protocol::{
    AlterOperation, Column, Error, ErrorCode, Result, ResultSet, Statement, StatementDescription, TableName,
    TableSchema, ViewDefinition,
};
use phantomdb_sql::Kind;
use rusqlite::Connection;
use serde::{Serialize, de::DeserializeOwned};
use tokio::sync::OwnedSemaphorePermit;
use tokio_util::sync::CancellationToken;

use super::executor::Executor;
use crate::connection::{Mode, QUICK_ROUNDS, QUICK_ROWS};
use crate::database::{Database, Lease};
use crate::idempotency_store::KeyedWrite;
use crate::plan_cache::Plan;
use crate::run::{Attempt, Prepared, empty};
use crate::write_lock::WritePermit;
use crate::{blocking, catalog};

/// Runs statements on a database, each in a transaction of its own.
pub struct SqliteSession {
    database: Arc<Database>,
    access: Access,
    /// The call with an idempotency key that this session is for.
    call: Option<KeyedCall>,
}

struct KeyedCall {
    call: IdempotentCall,
    /// The number of writes in the call so far.
    writes: AtomicU32,
}

/// The connection and the lock that a statement holds while it runs. The lock is released after the connection.
struct RunningStatement<S> {
    lease: Lease,
    input: S,
    _permit: Permit,
}

/// The right to run a statement, until it is dropped.
enum Permit {
    Read { _slot: OwnedSemaphorePermit },
    Write { _lock: WritePermit },
}

impl SqliteSession {
    pub(super) fn new(database: Arc<Database>, access: Access) -> Self {
        Self { database, access, call: None }
    }

    const fn mode(&self) -> Mode {
        match self.access {
            Access::Read => Mode::ReadOnly,
            Access::Write | Access::Schema => Mode::ReadWrite,
        }
    }

    /// The next write of the call with an idempotency key.
    fn next_write(&self) -> Option<KeyedWrite> {
        let keyed = self.stored_call()?;
        Some(KeyedWrite { call: keyed.call.clone(), number: keyed.writes.fetch_add(1, Ordering::Relaxed) })
    }

    /// The call, if its answers are stored in the database. A database in memory does not outlive the answers that the
    /// service keeps, so it stores none; nor does a session that cannot write.
    fn stored_call(&self) -> Option<&KeyedCall> {
        self.call.as_ref().filter(|_| self.database.is_on_disk() && !self.access.only_reads())
    }

    fn cancelled(&self) -> CancellationToken {
        self.call.as_ref().map(|keyed| keyed.call.cancelled.clone()).unwrap_or_default()
    }

    /// Runs the statement on the calling thread if it is quick and its locks and a connection are free. Returns `None` when
    /// the statement had no effect and must run on a thread for blocking work.
    fn execute_quickly(&self, plan: &Plan, statement: &Statement) -> Option<Result<ResultSet>> {
        if !plan.is_quick() {
            return None;
        }
        let permit = if plan.writes() {
            Permit::Write { _lock: self.database.try_lock_for_writing()? }
        } else {
            Permit::Read { _slot: self.database.try_slot_for_reading()? }
        };
        let mut lease = match self.database.idle_connection(self.mode()) {
            Ok(lease) => lease?,
            Err(error) => return Some(Err(error)),
        };
        if !lease.limit(QUICK_ROUNDS) {
            return None;
        }
        let start = Instant::now();
        let attempt = attempt(&self.database, &mut lease, statement, None, (self.access, plan.writes()));
        let stopped = lease.lift_limit();
        plan.record_run(start.elapsed(), stopped);
        drop(lease);
        drop(permit);
        match attempt {
            Attempt::NeedsWriteLock => None,
            // SQLite has rolled back the statement that was stopped.
            Attempt::Done(Err(_)) if stopped => None,
            Attempt::Done(Err(error)) if error.code == ErrorCode::LockTimeout => None,
            Attempt::Done(outcome) => Some(outcome),
        }
    }

    /// Reads the schema on the calling thread. Returns `None` when that could have to wait: for the disk, or because no slot
    /// or connection is free.
    fn read_schema_here<T>(&self, read: impl FnOnce(&Connection) -> Result<T>) -> Option<Result<T>> {
        if self.database.is_on_disk() {
            return None;
        }
        let _slot = self.database.try_slot_for_reading()?;
        let lease = self.database.idle_connection(self.mode()).transpose()?;
        Some(lease.and_then(|lease| read(&lease)))
    }

    /// Runs `attempt` on a thread for blocking work. It begins with the write lock when `writes` is set, and runs again with
    /// the lock when it turns out to need it.
    async fn run<S, T>(
        &self,
        mut input: S,
        mut writes: bool,
        attempt: impl Fn(&Arc<Database>, &mut Lease, &S, Permission) -> Attempt<T> + Copy + Send + 'static,
    ) -> Result<T>
    where
        S: Send + 'static,
        T: Send + 'static,
    {
        let (cancelled, access) = (self.cancelled(), self.access);
        loop {
            writes &= !access.only_reads();
            let locked = async {
                Ok(if writes {
                    Permit::Write { _lock: self.database.lock_for_writing(None).await? }
                } else {
                    Permit::Read { _slot: self.database.slot_for_reading().await? }
                })
            };
            let permit = cancelled.run_until_cancelled(locked).await.ok_or_else(blocking::stopped)??;
            let lease = self.database.connection(self.mode()).await?;
            let running = RunningStatement { lease, input, _permit: permit };
            let database = Arc::clone(&self.database);
            let stops = [&cancelled, self.database.interrupted()];
            let (running, outcome) = blocking::run(running, stops, move |running| {
                attempt(&database, &mut running.lease, &running.input, (access, writes))
            })
            .await?;
            match outcome {
                Attempt::Done(outcome) => return outcome,
                Attempt::NeedsWriteLock if access.only_reads() => return Err(access.forbids()),
                Attempt::NeedsWriteLock => writes = true,
            }
            input = running.input;
        }
    }
}

/// What the statement may do, and whether the write lock is held for it.
type Permission = (Access, bool);

fn attempt(
    database: &Arc<Database>,
    lease: &mut Lease,
    statement: &Statement,
    write: Option<&KeyedWrite>,
    permission: Permission,
) -> Attempt<ResultSet> {
    let (outcome, wrote_native) = attempt_on(database, lease, statement, write, permission);
    if wrote_native {
        lease.discard();
    }
    outcome
}

/// Returns the outcome, and true when native SQL ran that may have changed settings of the connection.
fn attempt_on(
    database: &Arc<Database>,
    connection: &Connection,
    statement: &Statement,
    write: Option<&KeyedWrite>,
    (access, locked): Permission,
) -> (Attempt<ResultSet>, bool) {
    // The stored answer comes before the plan: the table of the statement may be gone since the statement ran.
    match write.map(|write| write.stored_answer(connection)) {
        None | Some(Ok(None)) => {}
        Some(Ok(Some(answer))) => return (Attempt::Done(Ok(answer)), false),
        Some(Err(error)) => return (Attempt::Done(Err(error)), false),
    }
    let executor_and_statement = database.executor(connection, access).and_then(|executor| {
        let prepared = executor.prepare(statement)?;
        Ok((executor, prepared))
    });
    let (executor, prepared) = match executor_and_statement {
        Ok(prepared) => prepared,
        Err(error) => return (Attempt::Done(Err(error)), false),
    };
    if prepared.writes() && !locked {
        return (Attempt::NeedsWriteLock, false);
    }
    let outcome = match write.filter(|_| prepared.writes()) {
        Some(write) => run_and_store(&executor, write, || execute(&executor, statement, &prepared)),
        None => execute(&executor, statement, &prepared),
    };
    if prepared.changes_schema() {
        database.clear_plans();
    }
    (Attempt::Done(outcome), statement.native && prepared.writes())
}

/// Runs `work` and stores its answer in the same transaction.
fn run_and_store<T: Serialize>(
    executor: &Executor<'_>,
    write: &KeyedWrite,
    work: impl FnOnce() -> Result<T>,
) -> Result<T> {
    executor.all_or_nothing(true, || {
        let answer = work()?;
        write.store(executor.connection, &answer)?;
        Ok(answer)
    })
}

/// Returns the stored answer of the write, or runs `work` and stores its answer. Without a write it only runs `work`.
fn run_once<T: Serialize + DeserializeOwned>(
    executor: &Executor<'_>,
    write: Option<&KeyedWrite>,
    work: impl FnOnce() -> Result<T>,
) -> Result<T> {
    let Some(write) = write else { return work() };
    match write.stored_answer(executor.connection)? {
        Some(answer) => Ok(answer),
        None => run_and_store(executor, write, work),
    }
}

fn execute(executor: &Executor<'_>, statement: &Statement, prepared: &Prepared) -> Result<ResultSet> {
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
        // The setting would end with the statement, which is a transaction of its own.
        if plan.transaction_setting().is_some() {
            return Ok(empty());
        }
    }
    executor.run(statement, prepared)
}

/// Runs all statements in one transaction.
fn attempt_batch(
    database: &Arc<Database>,
    connection: &Connection,
    statements: &[Statement],
    write: Option<&KeyedWrite>,
    (access, locked): Permission,
) -> Attempt<Vec<ResultSet>> {
    let mut needs_lock = false;
    let mut changed_schema = false;
    let outcome = database.executor(connection, access).and_then(|executor| {
        let run_all = || {
            executor.all_or_nothing(locked, || {
                let mut executor = Executor { plans: Arc::clone(&executor.plans), ..executor };
                let mut results = Vec::with_capacity(statements.len());
                for (index, statement) in statements.iter().enumerate() {
                    Deadline::check()?;
                    let prepared = executor.prepare(statement).map_err(|error| error.in_statement(index))?;
                    if prepared.writes() && !locked {
                        needs_lock = true;
                        return Err(Error::internal("the batch writes"));
                    }
                    let outcome = execute(&executor, statement, &prepared);
                    results.push(outcome.map_err(|error| error.in_statement(index))?);
                    if prepared.changes_schema() {
                        changed_schema = true;
                        executor.use_private_plans()?;
                    }
                }
                Ok(results)
            })
        };
        run_once(&executor, write.filter(|_| locked), run_all)
    });
    if changed_schema {
        database.clear_plans();
    }
    if needs_lock { Attempt::NeedsWriteLock } else { Attempt::Done(outcome) }
}

#[async_trait]
impl Session for SqliteSession {
    async fn execute(&self, statement: Statement) -> Result<ResultSet> {
        // Every statement is numbered, even if it turns out to be a read, so that a repeated call numbers its writes alike.
        let write = self.next_write();
        let plan = self.database.plan_without_waiting(&statement);
        let writes = plan.as_ref().map_or_else(|| Database::seems_to_write(&statement), |plan| plan.writes());
        // The calling thread serves others and must not wait for a disk.
        if let Some(plan) =
            plan.filter(|_| statement.rows.len() <= QUICK_ROWS && (!writes || !self.database.is_on_disk()))
            && let Some(outcome) = self.execute_quickly(&plan, &statement)
        {
            return outcome;
        }
        self.run((statement, write), writes, |database, lease, (statement, write), permission| {
            attempt(database, lease, statement, write.as_ref(), permission)
        })
        .await
    }

    async fn execute_batch(
        &self,
        statements: Vec<Statement>,
        atomic: bool,
    ) -> Result<Vec<Result<ResultSet>>> {
        if atomic {
            // A batch with a key that has run before may not be runnable any more. It takes the write lock, so that its
            // stored answer is looked up first.
            let write = self.next_write();
            let writes = write.is_some()
                || statements
                    .iter()
                    .any(|statement| self.database.cached_plan(statement).is_some_and(|plan| plan.writes()));
            let results = self
                .run((statements, write), writes, |database, lease, (statements, write), permission| {
                    let outcome = attempt_batch(database, lease, statements, write.as_ref(), permission);
                    if permission.1 && statements.iter().any(|statement| statement.native) {
                        lease.discard();
                    }
                    outcome
                })
                .await?;
            return Ok(results.into_iter().map(Ok).collect());
        }
        let mut results = Vec::with_capacity(statements.len());
        for statement in statements {
            results.push(self.execute(statement).await);
        }
        Ok(results)
    }

    async fn add_exact_types(&self, statement: &Statement, columns: &mut [Column]) -> Result<()> {
        let input = (statement.clone(), columns.to_vec());
        let types = self.run(input, false, |database, lease, (statement, columns), (access, _)| {
            let mut columns = columns.clone();
            let executor = database.executor(lease, access);
            let added = executor.and_then(|executor| executor.add_exact_types(statement, &mut columns));
            Attempt::Done(added.map(|()| columns))
        });
        columns.clone_from_slice(&types.await?);
        Ok(())
    }

    async fn describe_statement(&self, query: &str) -> Result<StatementDescription> {
        self.run(query.to_owned(), false, |database, lease, query, (access, _)| {
            let executor = database.executor(lease, access);
            Attempt::Done(executor.and_then(|executor| executor.describe_statement(query)))
        })
        .await
    }

    async fn tables(&self) -> Result<Vec<TableName>> {
        if let Some(tables) = self.read_schema_here(catalog::list_tables) {
            return tables;
        }
        self.run((), false, |_, lease, (), _| Attempt::Done(catalog::list_tables(lease))).await
    }

    async fn views(&self) -> Result<Vec<ViewDefinition>> {
        if let Some(views) = self.read_schema_here(catalog::list_views) {
            return views;
        }
        self.run((), false, |_, lease, (), _| Attempt::Done(catalog::list_views(lease))).await
    }

    async fn describe(&self, table: &TableName) -> Result<TableSchema> {
        if let Some(schema) = self.read_schema_here(|connection| catalog::read_table(connection, table)) {
            return schema;
        }
        self.run(table.clone(), false, |_, lease, table, _| Attempt::Done(catalog::read_table(lease, table)))
            .await
    }

    async fn alter(&self, table: &TableName, operations: Vec<AlterOperation>) -> Result<()> {
        let input = (table.clone(), operations, self.next_write());
        self.run(input, true, |database, lease, (table, operations, write), (access, _)| {
            let outcome = database.executor(lease, access).and_then(|executor| {
                run_once(&executor, write.as_ref(), || executor.alter(table, operations))
            });
            database.clear_plans();
            Attempt::Done(outcome)
        })
        .await
    }

    fn keyed(self: Arc<Self>, call: &IdempotentCall) -> Option<Arc<dyn Session>> {
        let call = KeyedCall { call: call.clone(), writes: AtomicU32::new(0) };
        Some(Arc::new(Self { database: Arc::clone(&self.database), access: self.access, call: Some(call) }))
    }

    async fn has_run(&self) -> Result<bool> {
        let Some(keyed) = self.stored_call() else { return Ok(false) };
        let first = KeyedWrite { call: keyed.call.clone(), number: 0 };
        self.run(first, false, |_, lease, first, _| Attempt::Done(first.is_committed(lease))).await
    }
}
