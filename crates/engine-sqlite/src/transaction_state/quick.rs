//! The steps that may run on a thread that serves others, because they are quick or can be stopped.

use phantomdb_protocol::{ErrorCode, Result, ResultSet, Statement};
use phantomdb_sql::Kind;
use rusqlite::Connection;
use tokio::time::Instant;

use super::{OpenedInSqlite, TransactionState};
use crate::connection::{QUICK_CHANGES, QUICK_ROUNDS};
use crate::database::Lease;
use crate::plan_cache::Plan;
use crate::run::Attempt;

impl TransactionState {
    /// True when the statement may run on a thread that serves others: it can be stopped, or it writes little, and it does not
    /// wait for another process. Stopping a write undoes everything since the transaction was opened in SQLite, so only the
    /// first write can be stopped.
    pub(crate) fn may_be_quick(&self, plan: &Plan) -> bool {
        let fits = match plan.adapted.kind {
            Kind::Read | Kind::LockingRead | Kind::Savepoint(_) | Kind::Release(_) => true,
            Kind::RollbackTo(_) => self.wrote_little(),
            Kind::Write => {
                self.opened == OpenedInSqlite::Nothing
                    || plan.inserts_values()
                    || self.connection().is_ok_and(|connection| plan.runs_straight(connection))
            }
            _ => false,
        };
        fits && plan.is_quick() && !(self.upgrades(plan) && self.database.is_on_disk())
    }

    /// True when the statement makes SQLite take the write lock in a snapshot that is open.
    fn upgrades(&self, plan: &Plan) -> bool {
        self.opened == OpenedInSqlite::Snapshot && plan.locks_in_transaction()
    }

    /// True when the transaction has changed so few rows that SQLite ends it in a moment.
    fn wrote_little(&self) -> bool {
        let changes = || self.connection().map(|connection| connection.total_changes() - self.changes_before);
        self.opened != OpenedInSqlite::Write
            || (!self.changed_schema && changes().is_ok_and(|changes| changes <= QUICK_CHANGES))
    }

    /// True when the transaction may be committed on a thread that serves others. A commit to a file waits for the disk.
    pub(crate) fn commits_quickly(&self) -> bool {
        self.rolls_back_quickly() && (self.opened != OpenedInSqlite::Write || !self.database.is_on_disk())
    }

    /// True when the transaction may be rolled back on a thread that serves others. To close a connection takes longer.
    pub(crate) fn rolls_back_quickly(&self) -> bool {
        self.wrote_little() && self.lease.as_ref().is_none_or(Lease::is_reusable)
    }

    /// Runs a statement for which [`Self::may_be_quick`] is true. Returns `None` when it was stopped and had no effect.
    pub(crate) fn execute_quickly(
        &mut self,
        plan: &Plan,
        statement: &Statement,
    ) -> Option<Result<ResultSet>> {
        let start = Instant::now();
        let can_be_stopped = match plan.adapted.kind {
            Kind::Read | Kind::LockingRead => true,
            Kind::Write => self.opened == OpenedInSqlite::Nothing,
            _ => false,
        };
        if can_be_stopped && !self.lease.as_ref()?.limit(QUICK_ROUNDS) {
            return None;
        }
        let attempt = self.execute(statement);
        let stopped = can_be_stopped && self.lease.as_mut().is_some_and(Lease::lift_limit);
        plan.record_run(start.elapsed(), stopped);
        if stopped && self.connection().is_ok_and(Connection::is_autocommit) {
            // SQLite has undone the statement, which was the first, and with it the beginning of the transaction.
            self.opened = OpenedInSqlite::Nothing;
        }
        self.settle();
        match attempt {
            Attempt::NeedsWriteLock => None,
            Attempt::Done(Err(_)) if stopped => None,
            Attempt::Done(Err(error)) if can_be_stopped && error.code == ErrorCode::LockTimeout => None,
            Attempt::Done(outcome) => Some(outcome),
        }
    }
}
