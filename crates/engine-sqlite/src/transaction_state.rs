//! What a transaction has done so far, and its next step. Everything here runs on a thread for blocking work.

use std::borrow::Cow;
use std::sync::Arc;
use std::time::Duration;

use phantomdb_protocol::{
    AlterOperation, BeginTransaction, Error, ErrorCode, IsolationLevel, Result, ResultSet, Statement,
    TableName,
};
use rusqlite::Connection;
use tokio::sync::OwnedSemaphorePermit;
use tokio::time::Instant;

use super::adapt::{Adapted, Kind};
use super::answers::Entry;
use super::database::{Database, Lease};
use super::run::{Prepared, Scene, empty};
use super::schema::{Plan, SchemaCache};
use super::session::{Attempt, QUICK_ROUNDS};
use phantomdb_engine::{ENDED_BY_CONFLICT, ended, ends_transaction};

/// How far a transaction has come.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Phase {
    /// Nothing is open in SQLite: each statement sees what is committed when it runs.
    Idle,
    /// It reads from one snapshot.
    Snapshot,
    /// It holds the write lock.
    Writing,
}

pub(super) struct State {
    database: Arc<Database>,
    /// None once the transaction has ended.
    lease: Option<Lease>,
    /// Declared after the connection, and so given back after it.
    permit: Option<OwnedSemaphorePermit>,
    phase: Phase,
    one_snapshot: bool,
    read_only: bool,
    /// Savepoints made before there was a transaction in SQLite to make them in.
    savepoints: Vec<String>,
    /// A setting that lasts until the end of the transaction, given before there was one in SQLite.
    setting: Option<String>,
    changed_schema: bool,
    own_schema: Option<Arc<SchemaCache>>,
    /// When its last statement came to its end.
    last_step: Instant,
    /// Why it ended, for those who still use it.
    ended: Cow<'static, str>,
    /// It ended with a statement, whose caller was told so and has yet to roll back.
    failed: bool,
}

impl State {
    pub(super) fn new(database: Arc<Database>, lease: Lease, options: &BeginTransaction) -> Self {
        let isolation = options.isolation_level.unwrap_or_default();
        Self {
            database,
            lease: Some(lease),
            permit: None,
            phase: Phase::Idle,
            one_snapshot: matches!(isolation, IsolationLevel::RepeatableRead | IsolationLevel::Serializable),
            read_only: options.read_only,
            savepoints: Vec::new(),
            setting: None,
            changed_schema: false,
            own_schema: None,
            last_step: Instant::now(),
            ended: Cow::Borrowed(""),
            failed: false,
        }
    }

    /// Whether a statement must have the write lock in a transaction.
    pub(super) fn needs_lock(adapted: &Adapted) -> bool {
        matches!(adapted.kind, Kind::Write | Kind::Schema | Kind::LockingRead) && setting(adapted).is_none()
    }

    pub(super) fn connection(&self) -> Result<&Connection> {
        self.lease.as_deref().ok_or_else(|| ended(&self.ended))
    }

    pub(super) fn lacks_lock(&self) -> bool {
        self.permit.is_none() && self.lease.is_some()
    }

    pub(super) fn lend_lock(&mut self, permit: OwnedSemaphorePermit) {
        self.permit = Some(permit);
    }

    /// After a step: gives back a lock that was not needed, and notices that SQLite has rolled back by itself, as it
    /// does when a write is interrupted or the disk is full.
    pub(super) fn settle(&mut self) {
        if self.phase != Phase::Idle && self.lease.as_ref().is_some_and(|lease| lease.is_autocommit()) {
            self.fail("was rolled back by a failure");
        }
        if self.phase != Phase::Writing {
            self.permit = None;
        }
        self.last_step = Instant::now();
    }

    /// When it stopped running statements, if it keeps others from writing.
    pub(super) fn idle_with_lock_since(&self) -> Option<Instant> {
        self.permit.as_ref().map(|_| self.last_step)
    }

    /// Makes room for those who wait for the write lock.
    pub(super) fn evict(&mut self, limit: Duration) {
        self.end(format!(
            "was rolled back because it held the write lock for {} ms without running a statement while others \
             waited for it. Keep transactions short, or raise the option lock-idle-timeout",
            limit.as_millis()
        ));
    }

    fn scene(&mut self) -> Result<Scene<'_>> {
        if !self.changed_schema {
            return self.database.scene(self.connection()?);
        }
        let schema = SchemaCache::for_connection(self.own_schema.take(), self.connection()?)?;
        self.own_schema = Some(Arc::clone(&schema));
        Ok(Scene { connection: self.connection()?, schema })
    }

    fn control(&mut self, sql: &str) -> Result<()> {
        self.scene()?.control(sql)
    }

    /// Begins in SQLite, and does what was put off until then.
    fn begin(&mut self, sql: &str, phase: Phase) -> Result<()> {
        let connection = self.connection()?;
        let begun = || -> rusqlite::Result<()> {
            connection.execute_batch(sql)?;
            if let Some(setting) = &self.setting {
                connection.execute_batch(setting)?;
            }
            self.savepoints
                .iter()
                .try_for_each(|name| connection.execute_batch(&savepoint("SAVEPOINT", name)))
        };
        if let Err(e) = begun() {
            if !connection.is_autocommit() {
                connection.execute_batch("ROLLBACK").ok();
            }
            return Err(super::error::plain(e));
        }
        self.phase = phase;
        Ok(())
    }

    /// Takes SQLite's own write lock; the database's is held already.
    pub(super) fn begin_writing(&mut self) -> Result<()> {
        match self.phase {
            Phase::Writing => Ok(()),
            Phase::Idle => self.begin("BEGIN IMMEDIATE", Phase::Writing),
            Phase::Snapshot => {
                let upgraded = self.scene()?.upgrade();
                match &upgraded {
                    Ok(()) => self.phase = Phase::Writing,
                    // What it has read is out of date for good.
                    Err(error) if ends_transaction(error.code) => self.fail(ENDED_BY_CONFLICT),
                    Err(_) => {}
                }
                upgraded
            }
        }
    }

    /// Opens the snapshot of a transaction that has one; true when it is new.
    fn begin_reading(&mut self) -> Result<bool> {
        let new = self.one_snapshot && self.phase == Phase::Idle;
        if new {
            self.begin("BEGIN", Phase::Snapshot)?;
        }
        Ok(new)
    }

    pub(super) fn look<T>(&mut self, work: impl FnOnce(&Connection) -> Result<T>) -> Result<T> {
        self.begin_reading()?;
        work(self.connection()?)
    }

    /// Whether the statement may run on a thread that serves others: it can be stopped, or writes little. A write
    /// cannot be stopped without the loss of the whole transaction.
    pub(super) fn may_be_quick(&self, plan: &Plan) -> bool {
        let fits = match plan.adapted.kind {
            Kind::Read | Kind::Savepoint(_) | Kind::Release(_) => true,
            Kind::Write => self.phase == Phase::Writing && plan.inserts_values(),
            _ => false,
        };
        fits && plan.is_quick()
    }

    /// Runs a statement that [`Self::may_be_quick`]; None means that it was stopped and has changed nothing.
    pub(super) fn execute_quickly(
        &mut self,
        plan: &Plan,
        statement: &Statement,
    ) -> Option<Result<ResultSet>> {
        let (start, reads) = (Instant::now(), matches!(plan.adapted.kind, Kind::Read));
        if reads && !self.lease.as_ref()?.limit(QUICK_ROUNDS) {
            return None;
        }
        let attempt = self.execute(statement);
        let stopped = reads && self.lease.as_mut().is_some_and(Lease::lift);
        plan.took(start.elapsed(), stopped);
        self.settle();
        match attempt {
            Attempt::NeedsWriteLock => None,
            Attempt::Done(Err(_)) if stopped => None,
            Attempt::Done(Err(error)) if reads && error.code == ErrorCode::LockTimeout => None,
            Attempt::Done(outcome) => Some(outcome),
        }
    }

    pub(super) fn execute(&mut self, statement: &Statement) -> Attempt<ResultSet> {
        let ready = self.connection().map(drop).and_then(|()| {
            let new_snapshot = self.begin_reading()?;
            Ok((new_snapshot, self.scene()?.prepare(statement)?))
        });
        let (new_snapshot, prepared) = match ready {
            Ok(ready) => ready,
            Err(error) => return Attempt::Done(Err(error)),
        };
        let locks = match &prepared {
            Prepared::Plan(plan) => Self::needs_lock(&plan.adapted),
            Prepared::Native { writes } => *writes,
        };
        if locks && self.phase != Phase::Writing {
            if self.read_only {
                return Attempt::Done(Err(Error::new(
                    ErrorCode::BadRequest,
                    "the transaction only reads; begin one that may write",
                )));
            }
            if self.permit.is_none() {
                if new_snapshot {
                    // The snapshot is to be taken after the wait for the lock, not before.
                    let undone = self.control("ROLLBACK");
                    self.phase = Phase::Idle;
                    if let Err(error) = undone {
                        return Attempt::Done(Err(error));
                    }
                }
                return Attempt::NeedsWriteLock;
            }
            if let Err(error) = self.begin_writing() {
                return Attempt::Done(Err(error));
            }
        }
        Attempt::Done(self.run(statement, &prepared))
    }

    fn run(&mut self, statement: &Statement, prepared: &Prepared) -> Result<ResultSet> {
        if let Prepared::Plan(plan) = prepared {
            plan.adapted.kind.refuse_control()?;
            match &plan.adapted.kind {
                Kind::Nothing => return Ok(empty()),
                Kind::Savepoint(name) => return self.savepoint(name),
                Kind::RollbackTo(name) => return self.rollback_to(name),
                Kind::Release(name) => return self.release(name),
                _ => {}
            }
            if let Some(setting) = setting(&plan.adapted) {
                if self.phase == Phase::Idle {
                    self.setting = Some(setting.to_owned());
                } else {
                    self.connection()?.execute_batch(setting).map_err(super::error::plain)?;
                }
                return Ok(empty());
            }
        }
        let outcome = self.scene()?.run(statement, prepared);
        if prepared.changes_schema() {
            self.changed_schema = true;
            self.own_schema = None;
        }
        if statement.native
            && prepared.writes()
            && let Some(lease) = &mut self.lease
        {
            lease.discard();
        }
        outcome
    }

    fn savepoint(&mut self, name: &str) -> Result<ResultSet> {
        if self.phase == Phase::Idle {
            self.savepoints.push(name.to_owned());
        } else {
            self.control(&savepoint("SAVEPOINT", name))?;
        }
        Ok(empty())
    }

    fn rollback_to(&mut self, name: &str) -> Result<ResultSet> {
        if self.phase == Phase::Idle {
            let position = self.position(name)?;
            self.savepoints.truncate(position + 1);
        } else {
            self.control(&savepoint("ROLLBACK TO", name))?;
            self.own_schema = None;
        }
        Ok(empty())
    }

    fn release(&mut self, name: &str) -> Result<ResultSet> {
        if self.phase == Phase::Idle {
            let position = self.position(name)?;
            self.savepoints.truncate(position);
        } else {
            self.control(&savepoint("RELEASE", name))?;
        }
        Ok(empty())
    }

    fn position(&self, name: &str) -> Result<usize> {
        self.savepoints
            .iter()
            .rposition(|other| other.eq_ignore_ascii_case(name))
            .ok_or_else(|| Error::new(ErrorCode::BadRequest, format!("no such savepoint: {name}")))
    }

    /// Runs all statements or none.
    pub(super) fn execute_all(
        &mut self,
        statements: &[Statement],
        only_reads: bool,
    ) -> Attempt<Vec<Result<ResultSet>>> {
        const NAME: &str = "phantomdb_batch";
        let outcome = if only_reads {
            self.execute_each(statements)
        } else {
            self.begin_batch().and_then(|()| {
                self.savepoint(NAME)?;
                let outcome = self.execute_each(statements);
                if outcome.is_err() && self.connection().is_ok_and(|connection| !connection.is_autocommit()) {
                    self.rollback_to(NAME)?;
                }
                if self.connection().is_ok_and(|connection| !connection.is_autocommit()) {
                    self.release(NAME)?;
                }
                outcome
            })
        };
        Attempt::Done(outcome)
    }

    fn begin_batch(&mut self) -> Result<()> {
        if self.read_only {
            return self.begin_reading().map(drop);
        }
        self.begin_writing()
    }

    fn execute_each(&mut self, statements: &[Statement]) -> Result<Vec<Result<ResultSet>>> {
        let mut answers = Vec::with_capacity(statements.len());
        for statement in statements {
            match self.execute(statement) {
                Attempt::Done(outcome) => answers.push(Ok(outcome?)),
                Attempt::NeedsWriteLock => {
                    return Err(Error::internal("the batch has no lock to write with"));
                }
            }
        }
        Ok(answers)
    }

    pub(super) fn alter(&mut self, table: &TableName, operations: &[AlterOperation]) -> Result<()> {
        self.connection()?;
        if self.read_only {
            return Err(Error::new(
                ErrorCode::BadRequest,
                "the transaction only reads; begin one that may write",
            ));
        }
        self.begin_writing()?;
        let outcome = self.scene()?.alter(table, operations);
        self.changed_schema = true;
        self.own_schema = None;
        outcome
    }

    /// Makes it last, and with what it wrote that it does, under the key of the call. When SQLite refuses, because of a
    /// deferred foreign key, nothing of the transaction is left.
    pub(super) fn commit(&mut self, entry: Option<&Entry>) -> Result<()> {
        let connection = self.connection()?;
        let kept = match entry.filter(|_| self.phase == Phase::Writing) {
            Some(entry) => entry.keep(connection, &()),
            None => Ok(()),
        };
        let outcome = kept.and_then(|()| match self.phase {
            Phase::Idle => Ok(()),
            _ => self.control("COMMIT"),
        });
        let changed_schema = self.changed_schema;
        self.end(if outcome.is_ok() {
            "was committed"
        } else {
            "could not be committed and was rolled back"
        });
        if changed_schema {
            self.database.forget_schema();
        }
        outcome
    }

    pub(super) fn rollback(&mut self) -> Result<()> {
        if self.failed {
            return Ok(());
        }
        self.connection()?;
        self.end("was rolled back");
        Ok(())
    }

    fn fail(&mut self, why: &'static str) {
        self.failed = true;
        self.end(why);
    }

    /// Rolls back what is open, gives back the connection and then the lock.
    pub(super) fn end(&mut self, why: impl Into<Cow<'static, str>>) {
        if self.lease.is_none() {
            return;
        }
        self.ended = why.into();
        self.lease = None;
        self.permit = None;
        self.phase = Phase::Idle;
    }
}

/// A setting that SQLite forgets at the end of each transaction, also of one that a statement has for itself. It takes
/// effect when it is compiled, so it is not kept prepared.
pub(super) fn setting(adapted: &Adapted) -> Option<&str> {
    let only = adapted.statements.first().filter(|_| adapted.statements.len() == 1)?;
    only.starts_with("PRAGMA defer_foreign_keys").then_some(only.as_str())
}

fn savepoint(command: &str, name: &str) -> String {
    format!("{command} \"{}\"", name.replace('"', "\"\""))
}
