//! Expressions that are conditions by their form.

use sqlparser::ast::{BinaryOperator, Expr, UnaryOperator};

use crate::build;

/// True when the expression can only be true or false. The sum of such values counts how often it is true.
pub fn is_condition(expr: &Expr) -> bool {
    match build::unnested(expr) {
        Expr::BinaryOp { left: _, op, right: _ } => {
            is_comparison(op) || matches!(op, BinaryOperator::And | BinaryOperator::Or)
        }
        Expr::UnaryOp { op, expr: _ } => *op == UnaryOperator::Not,
        Expr::IsNull(_)
        | Expr::IsNotNull(_)
        | Expr::IsTrue(_)
        | Expr::IsFalse(_)
        | Expr::InList { expr: _, list: _, negated: _ }
        | Expr::InSubquery { expr: _, subquery: _, negated: _ }
        | Expr::Between { expr: _, negated: _, low: _, high: _ }
        | Expr::Like { negated: _, any: _, expr: _, pattern: _, escape_char: _ }
        | Expr::ILike { negated: _, any: _, expr: _, pattern: _, escape_char: _ }
        | Expr::Exists { subquery: _, negated: _ } => true,
        _ => false,
    }
}

/// True for an operator that tells which of two values is greater, or whether they are equal.
pub fn is_comparison(op: &BinaryOperator) -> bool {
    matches!(
        op,
        BinaryOperator::Eq
            | BinaryOperator::NotEq
            | BinaryOperator::Lt
            | BinaryOperator::LtEq
            | BinaryOperator::Gt
            | BinaryOperator::GtEq
    )
}
