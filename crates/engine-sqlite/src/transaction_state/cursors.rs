//! The cursors of a transaction.

use phantomdb_engine::parameters::check_count;
use phantomdb_protocol::{Result, ResultSet, Statement, Value};
use phantomdb_sql::Kind;
use phantomdb_sql::cursor::{self, CursorStatement};

use super::{OpenedInSqlite, TransactionState};
use crate::bind;
use crate::cursor::Cursor;
use crate::database::Lease;
use crate::error;
use crate::run::{Prepared, empty};

impl TransactionState {
    /// Runs a statement about a cursor.
    pub(crate) fn run_cursor(&mut self, cursor: &CursorStatement, parameters: &[Value]) -> Result<ResultSet> {
        self.connection()?;
        match cursor {
            CursorStatement::Declare { name, query, offset } => {
                let declared = self.declare(name, query, parameters);
                declared.map_err(|error| error.moved_by(*offset)).map(|()| empty())
            }
            CursorStatement::Fetch { name, count } => {
                let cursor = self.cursors.get_mut(name).ok_or_else(|| cursor::no_cursor(name))?;
                cursor.fetch(*count, self.database.result_limits())
            }
            CursorStatement::Close { name } => match self.cursors.remove(name) {
                Some(_) => Ok(empty()),
                None => Err(cursor::no_cursor(name)),
            },
        }
    }

    fn declare(&mut self, name: &str, query: &str, parameters: &[Value]) -> Result<()> {
        let lease = self.cursor_lease.take();
        if self.cursors.contains_key(name) {
            return Err(cursor::is_open(name));
        }
        cursor::check_open(self.cursors.len())?;
        self.begin_reading()?;
        let statement = Statement { query: query.to_owned(), ..Statement::default() };
        let executor = self.executor()?;
        let Prepared::Plan(plan) = executor.prepare(&statement)? else { return Err(cursor::not_a_read()) };
        check_count(plan.adapted.parameter_count, parameters)?;
        let plan = executor.plan_for_values(&plan, query, parameters)?;
        let ([sql], []) = (plan.adapted.statements.as_slice(), plan.adapted.steps.as_slice()) else {
            return Err(cursor::not_a_read());
        };
        if plan.adapted.kind != Kind::Read {
            return Err(cursor::not_a_read());
        }
        let columns = {
            let prepared = executor.connection.prepare_cached(sql).map_err(error::from_sqlite)?;
            executor.columns_of(&prepared, Some(&plan)).map_err(error::from_sqlite)?
        };
        let stored = plan.adapted.stored.clone();
        let parameters = &bind::bound(parameters, &plan.adapted.written)?;
        let cursor = if let Some(lease) = lease {
            // SAFETY: the cursor keeps the lease, and drops it after its statement.
            let mut cursor = unsafe { Cursor::open(&lease, sql, parameters, columns, stored) }?;
            cursor.lease = Some(lease);
            cursor
        } else if self.read_only {
            // SAFETY: `end` drops the cursors before the connection, and so does dropping this state.
            unsafe { Cursor::open(self.connection()?, sql, parameters, columns, stored) }?
        } else {
            // What the transaction writes later must not show, so SQLite computes all rows now.
            let sql = format!("WITH phantomdb_rows AS MATERIALIZED ({sql}) SELECT * FROM phantomdb_rows");
            // SAFETY: as above.
            unsafe { Cursor::open(self.connection()?, &sql, parameters, columns, stored) }?
        };
        self.cursors.insert(name.to_owned(), cursor);
        Ok(())
    }

    /// True when a cursor gets a connection of its own: it keeps the state of now, while later statements see what is committed
    /// then.
    pub(crate) fn needs_cursor_lease(&self, cursor: &CursorStatement) -> bool {
        let is_apart = self.opened == OpenedInSqlite::Nothing && !self.one_snapshot;
        is_apart && matches!(cursor, CursorStatement::Declare { .. })
    }

    /// Sets the connection of the cursor that is declared next.
    pub(crate) fn set_cursor_lease(&mut self, lease: Lease) {
        self.cursor_lease = Some(lease);
    }
}
