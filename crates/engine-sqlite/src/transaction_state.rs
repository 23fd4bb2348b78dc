//! The state of a transaction, and the steps that change it. The steps run on a thread for blocking work, or on the calling
//! thread when they are quick.

use std::borrow::Cow;
use std::sync::Arc;
use std::time::Duration;

use phantomdb_engine::{ENDED_BY_CONFLICT, ended, ends_transaction};
use phantomdb_protocol::{
    AlterOperation, BeginTransaction, Error, ErrorCode, IsolationLevel, Result, ResultSet, Statement,
    TableName,
};
use phantomdb_sql::Kind;
use rusqlite::Connection;
use tokio::sync::OwnedSemaphorePermit;
use tokio::time::Instant;

use crate::connection::QUICK_ROUNDS;
use crate::database::{Database, Lease};
use crate::error;
use crate::idempotency_store::KeyedWrite;
use crate::open_transaction::WAITS_FOR_ITSELF;
use crate::plan_cache::{Plan, PlanCache};
use crate::run::{Attempt, Executor, Prepared, empty};

/// The transaction that is open in SQLite.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum OpenedInSqlite {
    /// No transaction: each statement sees what is committed when it runs.
    Nothing,
    /// A transaction that reads from one snapshot.
    Snapshot,
    /// A transaction that holds the write lock.
    Write,
}

/// The state of an open transaction, or how it ended.
pub(super) struct TransactionState {
    database: Arc<Database>,
    /// `None` once the transaction has ended.
    lease: Option<Lease>,
    /// The write lock. Declared after the connection, so that it is released after it.
    write_permit: Option<OwnedSemaphorePermit>,
    opened: OpenedInSqlite,
    /// True when all reads must see one snapshot.
    one_snapshot: bool,
    /// True when the caller has asked for a transaction that cannot write.
    read_only: bool,
    /// Savepoints that were set before a transaction was opened in SQLite.
    savepoints: Vec<String>,
    /// The pragma of a setting that was made before a transaction was opened in SQLite.
    setting: Option<String>,
    changed_schema: bool,
    /// The plans for a schema that only this transaction sees, because it has changed it.
    private_plans: Option<Arc<PlanCache>>,
    /// When the last statement ended.
    last_statement_end: Instant,
    /// How the transaction ended, for the error of later calls.
    ended: Cow<'static, str>,
    /// A statement ended the transaction, and its caller has got the error but not rolled back yet.
    failed: bool,
}

impl TransactionState {
    pub(super) fn new(database: Arc<Database>, lease: Lease, options: &BeginTransaction) -> Self {
        let isolation = options.isolation_level.unwrap_or_default();
        Self {
            database,
            lease: Some(lease),
            write_permit: None,
            opened: OpenedInSqlite::Nothing,
            one_snapshot: matches!(isolation, IsolationLevel::RepeatableRead | IsolationLevel::Serializable),
            read_only: options.read_only,
            savepoints: Vec::new(),
            setting: None,
            changed_schema: false,
            private_plans: None,
            last_statement_end: Instant::now(),
            ended: Cow::Borrowed(""),
            failed: false,
        }
    }

    pub(super) fn connection(&self) -> Result<&Connection> {
        self.lease.as_deref().ok_or_else(|| ended(&self.ended))
    }

    /// True while the transaction is open and does not hold the write lock.
    pub(super) fn lacks_lock(&self) -> bool {
        self.write_permit.is_none() && self.lease.is_some()
    }

    /// Gives the transaction the write lock, which it holds until its end.
    pub(super) fn set_lock(&mut self, permit: OwnedSemaphorePermit) {
        self.write_permit = Some(permit);
    }

    /// Brings the state up to date after a statement: releases a lock that was not needed, and detects that SQLite has
    /// rolled back by itself, which it does when a write is interrupted or the disk is full.
    pub(super) fn settle(&mut self) {
        if self.opened != OpenedInSqlite::Nothing
            && self.lease.as_ref().is_some_and(|lease| lease.is_autocommit())
        {
            self.fail("was rolled back by a failure");
        }
        if self.opened != OpenedInSqlite::Write {
            self.write_permit = None;
        }
        self.last_statement_end = Instant::now();
    }

    /// The end of the last statement, if the transaction holds the write lock.
    pub(super) fn idle_with_lock_since(&self) -> Option<Instant> {
        self.write_permit.as_ref().map(|_| self.last_statement_end)
    }

    /// Rolls back because the transaction was idle while others waited for its lock.
    pub(super) fn end_idle(&mut self, limit: Duration) {
        self.end(format!(
            "was rolled back because it held the write lock for {} ms without running a statement while others \
             waited for it. {WAITS_FOR_ITSELF}",
            limit.as_millis()
        ));
    }

    fn executor(&mut self) -> Result<Executor<'_>> {
        if !self.changed_schema {
            return self.database.executor(self.connection()?);
        }
        let plans = PlanCache::for_connection(self.private_plans.take(), self.connection()?)?;
        self.private_plans = Some(Arc::clone(&plans));
        Ok(Executor { connection: self.connection()?, plans })
    }

    fn control(&mut self, sql: &str) -> Result<()> {
        self.executor()?.control(sql)
    }

    /// Opens a transaction in SQLite, and makes the settings and savepoints that were asked for before.
    fn begin(&mut self, sql: &str, opened: OpenedInSqlite) -> Result<()> {
        let connection = self.connection()?;
        let open = || -> rusqlite::Result<()> {
            connection.execute_batch(sql)?;
            if let Some(setting) = &self.setting {
                connection.execute_batch(setting)?;
            }
            self.savepoints
                .iter()
                .try_for_each(|name| connection.execute_batch(&savepoint_sql("SAVEPOINT", name)))
        };
        if let Err(e) = open() {
            if !connection.is_autocommit() {
                connection.execute_batch("ROLLBACK").ok();
            }
            return Err(error::from_sqlite(e));
        }
        self.opened = opened;
        Ok(())
    }

    /// Takes SQLite's own write lock. The database's write lock is held already.
    pub(super) fn begin_writing(&mut self) -> Result<()> {
        match self.opened {
            OpenedInSqlite::Write => Ok(()),
            OpenedInSqlite::Nothing => self.begin("BEGIN IMMEDIATE", OpenedInSqlite::Write),
            OpenedInSqlite::Snapshot => {
                let upgraded = self.executor()?.upgrade();
                match &upgraded {
                    Ok(()) => self.opened = OpenedInSqlite::Write,
                    // The snapshot stays out of date, so the transaction can never write.
                    Err(error) if ends_transaction(error.code) => self.fail(ENDED_BY_CONFLICT),
                    Err(_) => {}
                }
                upgraded
            }
        }
    }

    /// Opens the snapshot of a transaction that reads from one. Returns true when it was opened now.
    fn begin_reading(&mut self) -> Result<bool> {
        let is_new = self.one_snapshot && self.opened == OpenedInSqlite::Nothing;
        if is_new {
            self.begin("BEGIN", OpenedInSqlite::Snapshot)?;
        }
        Ok(is_new)
    }

    /// Reads the schema as the transaction sees it.
    pub(super) fn read_schema<T>(&mut self, work: impl FnOnce(&Connection) -> Result<T>) -> Result<T> {
        self.begin_reading()?;
        work(self.connection()?)
    }

    /// True when the statement may run on a thread that serves others, because it can be stopped or writes little. A write
    /// cannot be stopped: SQLite would roll back the whole transaction.
    pub(super) fn may_be_quick(&self, plan: &Plan) -> bool {
        let fits = match plan.adapted.kind {
            Kind::Read | Kind::Savepoint(_) | Kind::Release(_) => true,
            Kind::Write => self.opened == OpenedInSqlite::Write && plan.inserts_values(),
            _ => false,
        };
        fits && plan.is_quick()
    }

    /// Runs a statement for which [`Self::may_be_quick`] is true. Returns `None` when it was stopped and had no effect.
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
        let stopped = reads && self.lease.as_mut().is_some_and(Lease::lift_limit);
        plan.record_run(start.elapsed(), stopped);
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
            Ok((new_snapshot, self.executor()?.prepare(statement)?))
        });
        let (new_snapshot, prepared) = match ready {
            Ok(ready) => ready,
            Err(error) => return Attempt::Done(Err(error)),
        };
        let locks = match &prepared {
            Prepared::Plan(plan) => plan.locks_in_transaction(),
            Prepared::Native { writes } => *writes,
        };
        if locks && self.opened != OpenedInSqlite::Write {
            if self.read_only {
                return Attempt::Done(Err(Error::new(
                    ErrorCode::BadRequest,
                    "the transaction only reads; begin one that may write",
                )));
            }
            if self.write_permit.is_none() {
                if new_snapshot {
                    // The snapshot must be taken after the wait for the lock, not before.
                    let undone = self.control("ROLLBACK");
                    self.opened = OpenedInSqlite::Nothing;
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
            if let Some(setting) = plan.transaction_setting() {
                if self.opened == OpenedInSqlite::Nothing {
                    self.setting = Some(setting.to_owned());
                } else {
                    self.connection()?.execute_batch(setting).map_err(error::from_sqlite)?;
                }
                return Ok(empty());
            }
        }
        let outcome = self.executor()?.run(statement, prepared);
        if prepared.changes_schema() {
            self.changed_schema = true;
            self.private_plans = None;
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
        if self.opened == OpenedInSqlite::Nothing {
            self.savepoints.push(name.to_owned());
        } else {
            self.control(&savepoint_sql("SAVEPOINT", name))?;
        }
        Ok(empty())
    }

    fn rollback_to(&mut self, name: &str) -> Result<ResultSet> {
        if self.opened == OpenedInSqlite::Nothing {
            let position = self.position(name)?;
            self.savepoints.truncate(position + 1);
        } else {
            self.control(&savepoint_sql("ROLLBACK TO", name))?;
            self.private_plans = None;
        }
        Ok(empty())
    }

    fn release(&mut self, name: &str) -> Result<ResultSet> {
        if self.opened == OpenedInSqlite::Nothing {
            let position = self.position(name)?;
            self.savepoints.truncate(position);
        } else {
            self.control(&savepoint_sql("RELEASE", name))?;
        }
        Ok(empty())
    }

    /// The position in `savepoints` of the last savepoint with this name.
    fn position(&self, name: &str) -> Result<usize> {
        self.savepoints
            .iter()
            .rposition(|other| other.eq_ignore_ascii_case(name))
            .ok_or_else(|| Error::new(ErrorCode::BadRequest, format!("no such savepoint: {name}")))
    }

    /// Runs all statements. After an error none of them has an effect.
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
        let mut results = Vec::with_capacity(statements.len());
        for (index, statement) in statements.iter().enumerate() {
            match self.execute(statement) {
                Attempt::Done(outcome) => {
                    results.push(Ok(outcome.map_err(|error| error.in_statement(index))?));
                }
                Attempt::NeedsWriteLock => {
                    return Err(Error::internal("the batch has no lock to write with"));
                }
            }
        }
        Ok(results)
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
        let outcome = self.executor()?.alter(table, operations);
        self.changed_schema = true;
        self.private_plans = None;
        outcome
    }

    /// Commits. With `write`, the commit is also recorded under the idempotency key of the call, in the same transaction.
    /// When SQLite refuses to commit, because of a deferred foreign key, the transaction is rolled back.
    pub(super) fn commit(&mut self, write: Option<&KeyedWrite>) -> Result<()> {
        let connection = self.connection()?;
        let recorded = match write.filter(|_| self.opened == OpenedInSqlite::Write) {
            Some(write) => write.store(connection, &()),
            None => Ok(()),
        };
        let outcome = recorded.and_then(|()| match self.opened {
            OpenedInSqlite::Nothing => Ok(()),
            _ => self.control("COMMIT"),
        });
        let changed_schema = self.changed_schema;
        self.end(if outcome.is_ok() {
            "was committed"
        } else {
            "could not be committed and was rolled back"
        });
        if changed_schema {
            self.database.clear_plans();
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

    /// Ends the transaction because of a failure of its statement.
    fn fail(&mut self, why: &'static str) {
        self.failed = true;
        self.end(why);
    }

    /// Ends the transaction: dropping the lease rolls back what is open in SQLite, and then the lock is released.
    pub(super) fn end(&mut self, why: impl Into<Cow<'static, str>>) {
        if self.lease.is_none() {
            return;
        }
        self.ended = why.into();
        self.lease = None;
        self.write_permit = None;
        self.opened = OpenedInSqlite::Nothing;
    }
}

/// The statement `command` with the quoted name of a savepoint.
fn savepoint_sql(command: &str, name: &str) -> String {
    format!("{command} \"{}\"", name.replace('"', "\"\""))
}
