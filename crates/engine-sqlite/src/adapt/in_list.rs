//! IN of a list, before which stands a value without a type.

use std::ops::ControlFlow;

use phantomdb_sql::{build, walk::each_expression};
use sqlparser::ast::{BinaryOperator, Expr};

use super::literal::{is_null, string_of};

/// True for a string in quotes or NULL before a list in which a column stands.
pub(super) fn is_open_beside_columns(left: &Expr, list: &[Expr]) -> bool {
    let left = build::unnested(left);
    let is_open = string_of(left).is_some() || is_null(left);
    is_open && list.len() > 1 && list.iter().any(has_column)
}

fn has_column(expr: &Expr) -> bool {
    let found = each_expression(expr, &mut |inner| match inner {
        Expr::Identifier(_) | Expr::CompoundIdentifier(_) => ControlFlow::Break(()),
        _ => ControlFlow::Continue(()),
    });
    found.is_break()
}

/// IN as PostgreSQL reads it: the values without a column have one type together, and what has a column is compared alone.
pub(super) fn apart(left: &Expr, list: &mut Vec<Expr>, negated: bool) -> Expr {
    let (op, both) = if negated {
        (BinaryOperator::NotEq, BinaryOperator::And)
    } else {
        (BinaryOperator::Eq, BinaryOperator::Or)
    };
    let (with_columns, mut values): (Vec<Expr>, Vec<Expr>) =
        std::mem::take(list).into_iter().partition(has_column);
    let mut terms = Vec::with_capacity(with_columns.len() + 1);
    if values.len() > 1 {
        let list = std::mem::take(&mut values);
        terms.push(Expr::InList { expr: Box::new(left.clone()), list, negated });
    }
    let single = values.into_iter().chain(with_columns);
    terms.extend(single.map(|value| build::binary(left.clone(), op.clone(), value)));
    Expr::Nested(Box::new(build::join(terms, &both)))
}
