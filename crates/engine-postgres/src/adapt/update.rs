//! UPDATE and DELETE.

use phantomdb_protocol::Result;
use sqlparser::ast::{Assignment, AssignmentTarget, Delete, ObjectName, ObjectNamePart, Update};

use super::adapter::Adapter;

impl Adapter<'_> {
    /// Refuses the forms of UPDATE that PostgreSQL lacks, although the parser reads them.
    pub(crate) fn refuse_update(&self, update: &Update) -> Result<()> {
        let span = update.update_token.0.span;
        if update.limit.is_some() || !update.order_by.is_empty() || update.or.is_some() {
            return self.unsupported("UPDATE with ORDER BY, LIMIT or OR", span);
        }
        if !update.table.joins.is_empty() {
            return self.unsupported("UPDATE of a join; write UPDATE … FROM: it", span);
        }
        Ok(())
    }

    /// Refuses the forms of DELETE that PostgreSQL lacks, although the parser reads them.
    pub(crate) fn refuse_delete(&self, delete: &Delete) -> Result<()> {
        if delete.limit.is_some() || !delete.order_by.is_empty() {
            return self.unsupported("DELETE with ORDER BY or LIMIT", delete.delete_token.0.span);
        }
        Ok(())
    }
}

pub(crate) fn plain_targets(assignments: &mut [Assignment]) {
    assignments.iter_mut().for_each(|assignment| plain_target(&mut assignment.target));
}

/// A column is set by its own name, without that of its table.
fn plain_target(target: &mut AssignmentTarget) {
    let last = |name: &mut ObjectName| {
        if let Some(ObjectNamePart::Identifier(ident)) = name.0.pop() {
            *name = ObjectName::from(vec![ident]);
        }
    };
    match target {
        AssignmentTarget::ColumnName(name) => last(name),
        AssignmentTarget::Tuple(names) => names.iter_mut().for_each(last),
    }
}
