//! An INSERT of one row that stands for many, see [`phantomdb_protocol::Statement::rows`].

use std::{collections::HashSet, ops::ControlFlow};

use sqlparser::ast::{
    Expr, OnConflict, OnConflictAction, OnInsert, Query, SelectItem, SetExpr, Statement, Value, ValueWithSpan,
};

use crate::{
    printer::parameter_number,
    walk::{Node, each_expression},
};

/// The one row of an `INSERT … VALUES` that has every parameter of the statement. None for any other statement.
pub fn row_of(statement: &mut Statement) -> Option<&mut Vec<Expr>> {
    let in_statement = match &*statement {
        Statement::Insert(insert) if insert.source.as_deref().is_some_and(is_one_row) => {
            count_parameters(statement)
        }
        _ => return None,
    };
    let Statement::Insert(insert) = statement else { return None };
    let SetExpr::Values(values) = insert.source.as_deref_mut()?.body.as_mut() else { return None };
    let row = &mut values.rows.first_mut()?.content;
    let in_row: usize = row.iter().map(|cell| count_parameters(cell)).sum();
    (in_row == in_statement).then_some(row)
}

/// True for `VALUES` of one row and no other clause.
fn is_one_row(query: &Query) -> bool {
    let alone = query.with.is_none()
        && query.order_by.is_none()
        && query.limit_clause.is_none()
        && query.fetch.is_none()
        && query.locks.is_empty();
    alone && matches!(query.body.as_ref(), SetExpr::Values(values) if values.rows.len() == 1)
}

fn count_parameters(tree: &dyn Node) -> usize {
    let mut count = 0;
    let _ = each_expression(tree, &mut |expr| {
        count += usize::from(parameter_of(expr).is_some());
        ControlFlow::Continue(())
    });
    count
}

/// The number of the parameter that the expression is, from 1.
pub fn parameter_of(expr: &Expr) -> Option<usize> {
    match expr {
        Expr::Value(ValueWithSpan { value: Value::Placeholder(name), span: _ }) => {
            parameter_number(name).ok()
        }
        _ => None,
    }
}

/// True for an INSERT of one row of values that returns nothing but columns of this row. Its result is hardly larger than
/// the statement; a row that was there before, which `DO UPDATE` returns, may be of any size.
pub fn returns_given_row(statement: &Statement) -> bool {
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
    use crate::parse::parse_stored;

    fn width(sql: &str) -> Option<usize> {
        row_of(&mut parse_stored(sql).unwrap()).map(|row| row.len())
    }

    #[test]
    fn an_insert_of_one_row_that_has_every_parameter_stands_for_many() {
        assert_eq!(width("INSERT INTO t (a, b) VALUES ($1, lower($2))"), Some(2));
        assert_eq!(
            width("INSERT INTO t VALUES ($1) ON CONFLICT (a) DO UPDATE SET a = EXCLUDED.a RETURNING *"),
            Some(1)
        );
    }

    #[test]
    fn any_other_statement_stands_for_itself() {
        for sql in [
            "INSERT INTO t (a) VALUES ($1), ($2)",
            "INSERT INTO t (a) SELECT $1",
            "INSERT INTO t (a) VALUES ($1) ON CONFLICT (a) DO UPDATE SET a = $2",
            "INSERT INTO t (a) VALUES ($1) RETURNING a + $2",
            "UPDATE t SET a = $1",
        ] {
            assert_eq!(width(sql), None, "{sql}");
        }
    }

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
