//! Savepoints. Those that are set before a transaction is open in SQLite are kept in a list, and made when it is opened.

use phantomdb_protocol::{Error, ErrorCode, Result, ResultSet};

use super::{OpenedInSqlite, TransactionState, savepoint_sql::savepoint_sql};
use crate::run::empty;

impl TransactionState {
    pub(super) fn savepoint(&mut self, name: &str) -> Result<ResultSet> {
        if self.opened == OpenedInSqlite::Nothing {
            self.savepoints.push(name.to_owned());
        } else {
            self.control(&savepoint_sql("SAVEPOINT", name))?;
        }
        Ok(empty())
    }

    pub(super) fn rollback_to(&mut self, name: &str) -> Result<ResultSet> {
        if self.opened == OpenedInSqlite::Nothing {
            let position = self.position(name)?;
            self.savepoints.truncate(position + 1);
        } else {
            self.control(&savepoint_sql("ROLLBACK TO", name))?;
            self.private_plans = None;
        }
        Ok(empty())
    }

    pub(super) fn release(&mut self, name: &str) -> Result<ResultSet> {
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
}
