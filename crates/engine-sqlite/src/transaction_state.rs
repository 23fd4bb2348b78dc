//! The state of a transaction, and the steps that change it. The steps run on a thread for blocking work, or on the calling
//! thread when they are quick.

mod cursors;
mod quick;
mod savepoint_sql;
mod savepoints;

use std::borrow::Cow;
use std::collections::HashMap;
use std::sync::Arc;
use std::time::Duration;

use phantomdb_engine::{Access, Deadline, ENDED_BY_CONFLICT, ended, ends_transaction};
use phantomdb_protocol::{
    AlterOperation, BeginTransaction, Column, Error, ErrorCode, IsolationLevel, Result, ResultSet, Statement,
    StatementDescription, TableName,
};
use phantomdb_sql::Kind;
use rusqlite::Connection;
use tokio::time::Instant;

use super::executor::Executor;
use crate::connection::Mode;
use crate::constraint_error::check_deferred_keys;
use crate::cursor::Cursor;
use crate::database::{Database, Lease};
use crate::error;
use crate::idempotency_store::KeyedWrite;
use crate::open_transaction::WAITS_FOR_ITSELF;
use crate::plan_cache::PlanCache;
use crate::run::{Attempt, Prepared, empty};
use crate::write_lock::WritePermit;

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
    /// The open cursors. Declared before the connection, on which they may be, so that they are dropped before it.
    cursors: HashMap<String, Cursor>,
    /// The connection of the cursor that is declared now.
    cursor_lease: Option<Lease>,
    /// `None` before the first statement, and once the transaction has ended.
    lease: Option<Lease>,
    /// The write lock. Declared after the connection, so that it is released after it.
    write_permit: Option<WritePermit>,
    opened: OpenedInSqlite,
    /// How many rows the connection had changed when the transaction was opened in SQLite.
    changes_before: u64,
    /// True when all reads must see one snapshot.
    one_snapshot: bool,
    /// True when the transaction cannot write, at the caller's wish or because of the access.
    read_only: bool,
    access: Access,
    /// Savepoints that were set before a transaction was opened in SQLite.
    savepoints: Vec<String>,
    /// The pragma of a setting that was made before a transaction was opened in SQLite.
    setting: Option<String>,
    changed_schema: bool,
    /// The plans for a schema that only this transaction sees, because it has changed it.
    private_plans: Option<Arc<PlanCache>>,
    /// When the last statement ended.
    last_statement_end: Instant,
    /// How the transaction ended, for the error of later calls. `None` while it is open.
    ended: Option<Cow<'static, str>>,
    /// A statement ended the transaction, and its caller has got the error but not rolled back yet.
    failed: bool,
}

impl TransactionState {
    pub(super) fn new(database: Arc<Database>, options: &BeginTransaction, access: Access) -> Self {
        let isolation = options.isolation_level.unwrap_or_default();
        Self {
            database,
            cursors: HashMap::new(),
            cursor_lease: None,
            lease: None,
            write_permit: None,
            opened: OpenedInSqlite::Nothing,
            changes_before: 0,
            one_snapshot: matches!(isolation, IsolationLevel::RepeatableRead | IsolationLevel::Serializable),
            read_only: options.read_only || access.only_reads(),
            access,
            savepoints: Vec::new(),
            setting: None,
            changed_schema: false,
            private_plans: None,
            last_statement_end: Instant::now(),
            ended: None,
            failed: false,
        }
    }

    pub(super) fn connection(&self) -> Result<&Connection> {
        match (&self.lease, &self.ended) {
            (Some(lease), _) => Ok(lease),
            (None, Some(how)) => Err(ended(how)),
            (None, None) => Err(Error::internal("the transaction has no connection yet")),
        }
    }

    /// True until the first statement, which opens the connection. A transaction that does nothing takes none.
    pub(super) fn needs_connection(&self) -> bool {
        self.lease.is_none() && self.ended.is_none()
    }

    /// The connections that the transaction can use.
    pub(super) fn mode(&self) -> Mode {
        if self.read_only { Mode::ReadOnly } else { Mode::ReadWrite }
    }

    pub(super) fn set_connection(&mut self, lease: Lease) {
        self.lease = Some(lease);
    }

    /// True while the transaction is open and could take the write lock, which it does not hold.
    pub(super) fn lacks_lock(&self) -> bool {
        self.write_permit.is_none() && self.ended.is_none() && !self.read_only
    }

    /// Gives the transaction the write lock, which it holds until its end.
    pub(super) fn set_lock(&mut self, permit: WritePermit) {
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
        let access = self.access;
        if !self.changed_schema {
            return self.database.executor(self.connection()?, access);
        }
        let plans = PlanCache::for_connection(self.private_plans.take(), self.connection()?)?;
        self.private_plans = Some(Arc::clone(&plans));
        Ok(Executor { connection: self.connection()?, plans, access, results: self.database.result_limits() })
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
            self.savepoints.iter().try_for_each(|name| {
                connection.execute_batch(&savepoint_sql::savepoint_sql("SAVEPOINT", name))
            })
        };
        if let Err(e) = open() {
            if !connection.is_autocommit() {
                connection.execute_batch("ROLLBACK").ok();
            }
            return Err(error::from_sqlite(e));
        }
        self.changes_before = connection.total_changes();
        self.opened = opened;
        Ok(())
    }

    /// Takes SQLite's own write lock. The database's write lock is held already. Fails in a transaction that only reads.
    pub(super) fn begin_writing(&mut self) -> Result<()> {
        self.refuse_when_read_only()?;
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

    fn refuse_when_read_only(&self) -> Result<()> {
        match (self.read_only, self.access) {
            (false, _) => Ok(()),
            (true, Access::Read) => Err(self.access.forbids()),
            (true, Access::Write | Access::Schema) => {
                Err(Error::new(ErrorCode::BadRequest, "the transaction only reads; begin one that may write"))
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

    /// Adds the exact types to the columns of a statement's result.
    pub(super) fn add_exact_types(&mut self, statement: &Statement, columns: &mut [Column]) -> Result<()> {
        self.begin_reading()?;
        self.executor()?.add_exact_types(statement, columns)
    }

    /// The parameters and the columns of a statement, as the transaction sees the schema.
    pub(super) fn describe_statement(&mut self, query: &str) -> Result<StatementDescription> {
        self.begin_reading()?;
        self.executor()?.describe_statement(query)
    }

    /// Reads the schema as the transaction sees it.
    pub(super) fn read_schema<T>(&mut self, work: impl FnOnce(&Connection) -> Result<T>) -> Result<T> {
        self.begin_reading()?;
        work(self.connection()?)
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
        if locks && let Err(refused) = self.refuse_when_read_only() {
            return Attempt::Done(Err(refused));
        }
        if locks && self.opened != OpenedInSqlite::Write {
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
                    if !plan.defers_checks() {
                        check_deferred_keys(&self.executor()?.schema())?;
                    }
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
            Deadline::check()?;
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
        self.begin_writing()?;
        let outcome = self.executor()?.alter(table, operations);
        self.changed_schema = true;
        self.private_plans = None;
        outcome
    }

    /// Commits. With `write`, the commit is also recorded under the idempotency key of the call, in the same transaction.
    /// When SQLite refuses to commit, because of a deferred foreign key, the transaction is rolled back.
    pub(super) fn commit(&mut self, write: Option<&KeyedWrite>) -> Result<()> {
        if let Some(how) = &self.ended {
            return Err(ended(how));
        }
        self.cursors.clear();
        let recorded = match write.filter(|_| self.opened == OpenedInSqlite::Write) {
            Some(write) => self.connection().and_then(|connection| write.store(connection, &())),
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
        if let Some(how) = &self.ended {
            return Err(ended(how));
        }
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
        if self.ended.is_some() {
            return;
        }
        self.ended = Some(why.into());
        self.cursors.clear();
        self.lease = None;
        self.write_permit = None;
        self.opened = OpenedInSqlite::Nothing;
    }
}
