//! Literals in a tree.

use phantomdb_sql::{build, printer};
use sqlparser::ast::{Expr, Value, ValueWithSpan};

/// The literal or the parameter that an expression is, with or without parentheses.
pub(super) fn value_of(expr: &Expr) -> Option<&Value> {
    match build::unnested(expr) {
        Expr::Value(ValueWithSpan { value, span: _ }) => Some(value),
        _ => None,
    }
}

/// The characters of an expression that is a string literal.
pub(super) fn string_of(expr: &Expr) -> Option<&str> {
    value_of(expr).and_then(printer::string_of)
}

pub(super) fn is_null(expr: &Expr) -> bool {
    matches!(value_of(expr), Some(Value::Null))
}
