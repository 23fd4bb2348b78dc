//! UPDATE and DELETE.

use phantomdb_protocol::Result;
use sqlparser::ast::{
    Assignment, AssignmentTarget, Delete, ObjectName, ObjectNamePart, TableWithJoins, Update,
};

use super::adapter::Adapter;

impl Adapter<'_> {
    /// Refuses the forms of UPDATE that PostgreSQL lacks, although the parser reads them. The fields without a name are
    /// printed as they were written, or adapted on their own, and PostgreSQL reads them itself.
    pub(crate) fn refuse_update(&self, update: &Update) -> Result<()> {
        let Update {
            update_token,
            optimizer_hints: _,
            table: TableWithJoins { relation: _, joins },
            assignments: _,
            from: _,
            selection: _,
            returning: _,
            output: _,
            or,
            order_by,
            limit,
        } = update;
        let span = update_token.0.span;
        if limit.is_some() || !order_by.is_empty() || or.is_some() {
            return self.unsupported("UPDATE with ORDER BY, LIMIT or OR", span);
        }
        if !joins.is_empty() {
            return self.unsupported("UPDATE of a join; write UPDATE … FROM: it", span);
        }
        Ok(())
    }

    /// Refuses the forms of DELETE that PostgreSQL lacks, as [`Self::refuse_update`] does for UPDATE.
    pub(crate) fn refuse_delete(&self, delete: &Delete) -> Result<()> {
        let Delete {
            delete_token,
            optimizer_hints: _,
            tables: _,
            from: _,
            using: _,
            selection: _,
            returning: _,
            output: _,
            order_by,
            limit,
        } = delete;
        if limit.is_some() || !order_by.is_empty() {
            return self.unsupported("DELETE with ORDER BY or LIMIT", delete_token.0.span);
        }
        Ok(())
    }
}

/// Leaves the name of the table out of the columns that are set: PostgreSQL takes them without it only.
pub(crate) fn remove_table_names(assignments: &mut [Assignment]) {
    for Assignment { target, value: _ } in assignments {
        match target {
            AssignmentTarget::ColumnName(name) => keep_last_part(name),
            AssignmentTarget::Tuple(names) => names.iter_mut().for_each(keep_last_part),
        }
    }
}

fn keep_last_part(name: &mut ObjectName) {
    if let Some(ObjectNamePart::Identifier(ident)) = name.0.pop() {
        *name = ObjectName::from(vec![ident]);
    }
}
