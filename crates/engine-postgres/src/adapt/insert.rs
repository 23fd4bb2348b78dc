//! INSERT.

use phantomdb_protocol::Result;
use sqlparser::ast::{Assignment, DoUpdate, Insert, OnConflict, OnConflictAction, OnInsert};

use super::adapter::Adapter;

impl Adapter<'_> {
    /// Refuses the forms of INSERT that PostgreSQL lacks, although the parser reads them. The fields without a name are
    /// printed as they were written, or adapted on their own, and PostgreSQL reads them itself.
    pub(crate) fn refuse_insert(&self, insert: &Insert) -> Result<()> {
        let Insert {
            insert_token,
            optimizer_hints: _,
            or,
            ignore,
            into: _,
            table: _,
            table_alias: _,
            columns: _,
            overwrite: _,
            source: _,
            assignments,
            partitioned: _,
            after_columns: _,
            has_table_keyword: _,
            on: _,
            returning: _,
            output: _,
            replace_into,
            priority: _,
            insert_alias: _,
            settings: _,
            format_clause: _,
            multi_table_insert_type: _,
            multi_table_into_clauses: _,
            multi_table_when_clauses: _,
            multi_table_else_clause: _,
        } = insert;
        if or.is_some() || *ignore || *replace_into || !assignments.is_empty() {
            let span = insert_token.0.span;
            return self.unsupported("INSERT OR IGNORE and the like (write INSERT INTO … ON CONFLICT)", span);
        }
        Ok(())
    }
}

/// The assignments of `ON CONFLICT … DO UPDATE`. PostgreSQL has no other clause with assignments, and refuses them.
pub(crate) fn conflict_assignments(insert: &mut Insert) -> &mut [Assignment] {
    match &mut insert.on {
        Some(OnInsert::OnConflict(OnConflict { conflict_target: _, action })) => match action {
            OnConflictAction::DoUpdate(DoUpdate { assignments, selection: _ }) => assignments,
            OnConflictAction::DoNothing => &mut [],
        },
        _ => &mut [],
    }
}
