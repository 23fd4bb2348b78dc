//! INSERT.

use std::collections::HashSet;

use phantomdb_protocol::Result;
use phantomdb_sql::insert_rows::is_one_row;
use sqlparser::ast::{
    Assignment, DoUpdate, Expr, Insert, OnConflict, OnConflictAction, OnInsert, SelectItem, SetExpr,
    Statement,
};

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
            return self.unsupported("this form of INSERT; write INSERT INTO … ON CONFLICT: it", span);
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

/// True for an INSERT of one row of values that returns nothing but columns of this row. Its result is hardly larger than
/// the statement; a row that was there before, which `DO UPDATE` returns, may be of any size.
pub(crate) fn returns_given_row(statement: &Statement) -> bool {
    let Statement::Insert(insert) = statement else { return false };
    let may_return_another = match &insert.on {
        None => false,
        Some(OnInsert::OnConflict(OnConflict { conflict_target: _, action })) => {
            *action != OnConflictAction::DoNothing
        }
        Some(_) => true,
    };
    let source = insert.source.as_deref().filter(|query| is_one_row(query)).map(|query| query.body.as_ref());
    let is_given = match source {
        Some(SetExpr::Values(values)) => values.rows.iter().all(|row| row.content.iter().all(is_given)),
        _ => false,
    };
    is_given && !may_return_another && insert.returning.as_deref().is_none_or(are_columns_once)
}

/// True for columns none of which is named twice.
fn are_columns_once(items: &[SelectItem]) -> bool {
    let mut names = HashSet::new();
    items.iter().all(|item| match item {
        SelectItem::Wildcard(_) => names.insert(None),
        SelectItem::UnnamedExpr(expr) | SelectItem::ExprWithAlias { expr, alias: _ } => match expr {
            Expr::Identifier(name) => names.insert(Some(&name.value)),
            Expr::CompoundIdentifier(parts) => {
                parts.last().is_some_and(|name| names.insert(Some(&name.value)))
            }
            _ => false,
        },
        _ => false,
    })
}

/// True for a value that stands in the statement or comes with it, and for DEFAULT, which the parser takes for a column.
fn is_given(cell: &Expr) -> bool {
    matches!(cell, Expr::Value(_) | Expr::Identifier(_))
}

#[cfg(test)]
mod tests {
    use super::*;
    use phantomdb_sql::parse::parse_stored;

    #[test]
    fn only_one_row_that_was_given_comes_back_small() {
        for (small, sql) in [
            (true, "INSERT INTO t (a, b) VALUES ($1, 'x') RETURNING a, t.b, c AS d"),
            (true, "INSERT INTO t VALUES (1, DEFAULT) ON CONFLICT DO NOTHING RETURNING *"),
            (false, "INSERT INTO t VALUES ($1), ($2) RETURNING a"),
            (false, "INSERT INTO t SELECT $1 RETURNING a"),
            (false, "INSERT INTO t VALUES (repeat($1, 9)) RETURNING a"),
            (false, "INSERT INTO t VALUES ((SELECT b FROM u)) RETURNING a"),
            (false, "INSERT INTO t VALUES ($1) RETURNING repeat(a, 9)"),
            (false, "INSERT INTO t VALUES ($1) RETURNING a, b, t.a AS c"),
            (false, "INSERT INTO t VALUES ($1) RETURNING (SELECT b FROM u)"),
            (false, "INSERT INTO t VALUES ($1) ON CONFLICT (a) DO UPDATE SET a = EXCLUDED.a RETURNING *"),
            (false, "UPDATE t SET a = 1 RETURNING a"),
            (false, "DELETE FROM t RETURNING a"),
        ] {
            assert_eq!(returns_given_row(&parse_stored(sql).unwrap()), small, "{sql}");
        }
    }
}
