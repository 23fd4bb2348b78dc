//! The connection on which statements run, with what was prepared for it.

use std::sync::Arc;

use phantomdb_engine::{Access, ResultLimits};
use rusqlite::{Connection, StatementStatus};

use crate::plan_cache::PlanCache;

/// Runs statements on a connection, with the plans for the schema that it sees.
pub(crate) struct Executor<'a> {
    pub(crate) connection: &'a Connection,
    pub(crate) plans: Arc<PlanCache>,
    pub(crate) access: Access,
    /// How large a result may be.
    pub(crate) results: &'a ResultLimits,
}

/// Lets SQLite count the steps of a statement from its beginning. It goes on with the count of the run before, and asks the
/// progress handler at the end of a run as well: where the count is full then, a COMMIT, or a write of one row, would count as
/// stopped although it has taken effect, and would run again.
pub(crate) fn count_steps_anew(statement: &rusqlite::Statement<'_>) {
    statement.reset_status(StatementStatus::VmStep);
}
