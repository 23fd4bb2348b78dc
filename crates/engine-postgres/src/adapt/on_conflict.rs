//! ON CONFLICT, whose target may have any expressions.

use phantomdb_protocol::Result;
use phantomdb_sql::{parse::ConflictTarget, printer};
use sqlparser::ast::{ConflictTarget as AstTarget, Insert, OnInsert, SetExpr, Statement};

use super::{adapter::Adapter, print::print};

impl Adapter<'_> {
    /// Puts the target of a conflict back in its place. It was taken out before the statement was parsed, because the
    /// parser takes only columns there.
    pub(crate) fn conflict(
        &mut self,
        statement: &mut Statement,
        conflict: Option<ConflictTarget>,
    ) -> Result<()> {
        let Some(ConflictTarget { mut fields, condition }) = conflict else { return Ok(()) };
        let mut target = Vec::with_capacity(fields.len());
        for field in &mut fields {
            self.expression(field)?;
            target.push(print(field)?);
        }
        let mut target = target.join(", ");
        if let Some(mut condition) = condition {
            self.expression(&mut condition)?;
            // The target is printed between parentheses.
            target = format!("{target}) WHERE ({}", print(&mut condition)?);
        }
        if let Some(insert) = insert_of(statement)
            && let Some(OnInsert::OnConflict(on)) = &mut insert.on
        {
            on.conflict_target = Some(AstTarget::Columns(vec![printer::verbatim_ident(target)]));
        }
        Ok(())
    }
}

/// The INSERT that has the conflict: the statement itself, the one that it explains, or one in or after WITH.
fn insert_of(statement: &mut Statement) -> Option<&mut Insert> {
    match statement {
        Statement::Insert(insert) => Some(insert),
        Statement::Explain {
            describe_alias: _,
            analyze: _,
            verbose: _,
            query_plan: _,
            estimate: _,
            statement,
            format: _,
            options: _,
        } => insert_of(statement),
        Statement::Query(query) => match query.body.as_mut() {
            SetExpr::Insert(statement) => insert_of(statement),
            _ => query.with.iter_mut().flat_map(|with| &mut with.cte_tables).find_map(|cte| {
                match cte.query.body.as_mut() {
                    SetExpr::Insert(statement) => insert_of(statement),
                    _ => None,
                }
            }),
        },
        _ => None,
    }
}
