//! INSERT.

use phantomdb_protocol::Result;
use sqlparser::ast::{Assignment, Insert, OnConflictAction, OnInsert};

use super::adapter::Adapter;

impl Adapter<'_> {
    /// Refuses the forms of INSERT that PostgreSQL lacks, although the parser reads them.
    pub(crate) fn refuse_insert(&self, insert: &Insert) -> Result<()> {
        if insert.or.is_some() || insert.ignore || insert.replace_into || !insert.assignments.is_empty() {
            let span = insert.insert_token.0.span;
            return self.unsupported("this form of INSERT; write INSERT INTO … ON CONFLICT: it", span);
        }
        Ok(())
    }
}

pub(crate) fn conflict_assignments(insert: &mut Insert) -> &mut [Assignment] {
    match &mut insert.on {
        Some(OnInsert::OnConflict(on)) => match &mut on.action {
            OnConflictAction::DoUpdate(update) => &mut update.assignments,
            OnConflictAction::DoNothing => &mut [],
        },
        _ => &mut [],
    }
}
