//! A long OR of comparisons of the same columns, `a = 1 AND b = 2 OR a = 3 AND b = 4 …`. SQLite looks at each pair of its
//! terms, which takes seconds for some thousands, so it becomes `(a, b) IN (VALUES (1, 2), (3, 4) …)`.

use std::ops::ControlFlow;

use phantomdb_protocol::Result;
use phantomdb_sql::{build, walk::each_expression};
use sqlparser::ast::{BinaryOperator, Expr, SetExpr};

use super::template::empty_query;

/// Shorter chains stay as they are, so that SQLite finds their rows by an index.
const LONG: usize = 200;

/// The IN that means the same as an OR of these adapted terms. None when they are few, or differ in more than their values.
pub(super) fn membership(terms: &[Expr]) -> Result<Option<Expr>> {
    if terms.len() < LONG {
        return Ok(None);
    }
    let mut columns: Vec<&Expr> = Vec::new();
    let mut rows = Vec::with_capacity(terms.len());
    for (index, term) in terms.iter().enumerate() {
        let mut row = Vec::with_capacity(columns.len());
        let mut place = 0;
        let fits = each_comparison(term, &mut |column, value| {
            if index == 0 {
                columns.push(column);
            }
            let is_same = columns.get(place).is_some_and(|known| *known == column);
            place += 1;
            row.push(value.clone());
            is_same
        });
        if !fits || place != columns.len() {
            return Ok(None);
        }
        rows.push(row);
    }
    let mut query = empty_query()?;
    let SetExpr::Values(values) = query.body.as_mut() else { return Ok(None) };
    let Some(first) = values.rows.first().cloned() else { return Ok(None) };
    values.rows = rows
        .into_iter()
        .map(|content| {
            let mut row = first.clone();
            row.content = content;
            row
        })
        .collect();
    let left = match columns.as_slice() {
        [column] => (*column).clone(),
        columns => Expr::Tuple(columns.iter().map(|column| (*column).clone()).collect()),
    };
    Ok(Some(Expr::InSubquery { expr: Box::new(left), subquery: query, negated: false }))
}

/// Shows each comparison of a column with a constant to `look`. False when the term has anything else, or `look` says so.
fn each_comparison<'a>(term: &'a Expr, look: &mut dyn FnMut(&'a Expr, &'a Expr) -> bool) -> bool {
    match build::unnested(term) {
        Expr::BinaryOp { left, op: BinaryOperator::And, right } => {
            each_comparison(left, look) && each_comparison(right, look)
        }
        Expr::BinaryOp { left, op: BinaryOperator::Eq, right } => {
            matches!(left.as_ref(), Expr::Identifier(_) | Expr::CompoundIdentifier(_))
                && is_constant(right)
                && look(left, right)
        }
        _ => false,
    }
}

/// True for literals and parameters, converted or not.
fn is_constant(value: &Expr) -> bool {
    each_expression(value, &mut |expr| match expr {
        Expr::Value(_) | Expr::Nested(_) | Expr::UnaryOp { op: _, expr: _ } => ControlFlow::Continue(()),
        Expr::Function(function) if function.name.to_string().contains("phantomdb_") => {
            ControlFlow::Continue(())
        }
        _ => ControlFlow::Break(()),
    })
    .is_continue()
}
