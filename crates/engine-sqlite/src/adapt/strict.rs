//! Operators and functions that are NULL as soon as one of their operands is. PostgreSQL sees a constant NULL before a statement
//! runs, and never computes the other operands, which could fail.

use std::{collections::HashSet, ops::ControlFlow, sync::LazyLock};

use phantomdb_sql::{
    build,
    names::last_ident,
    typing::{Kind, all},
    walk::each_expression,
};
use sqlparser::ast::{Expr, Function, Value};

use super::{
    calls::contains_call,
    literal::{is_null, value_of},
};

/// The names in SQLite of the aggregates and of the functions whose result changes from call to call.
static KEPT: LazyLock<HashSet<&str>> = LazyLock::new(|| {
    let is_kept = |kind: Kind, volatile: bool| matches!(kind, Kind::Aggregate | Kind::Window) || volatile;
    let of_table = all().iter().filter(|row| is_kept(row.kind, row.volatile)).map(|row| row.sqlite);
    of_table.chain(["count", "min", "max", "phantomdb_distinct_texts"]).collect()
});

/// True when one of the operands, which are adapted, is a constant NULL, and the others need not be computed.
pub(super) fn is_null_of(operands: &[&Expr]) -> bool {
    operands.iter().any(|operand| is_constant_null(operand))
        && operands.iter().all(|operand| is_literal(operand) || can_be_left_out(operand))
}

fn is_constant_null(operand: &Expr) -> bool {
    match build::unnested(operand) {
        Expr::Collate { expr, collation: _ } => is_constant_null(expr),
        other => is_null(other),
    }
}

fn is_literal(operand: &Expr) -> bool {
    match build::unnested(operand) {
        Expr::Collate { expr, collation: _ } => is_literal(expr),
        other => matches!(value_of(other), Some(value) if !matches!(value, Value::Placeholder(_))),
    }
}

/// True for an operand that depends on rows. PostgreSQL computes every other one before it looks for NULL. An aggregate makes
/// one row of all, and it has to stay for SQLite to do so.
fn can_be_left_out(operand: &Expr) -> bool {
    let depends = each_expression(operand, &mut |inner| match inner {
        Expr::Identifier(_) | Expr::CompoundIdentifier(_) | Expr::Subquery(_) => ControlFlow::Break(()),
        _ => ControlFlow::Continue(()),
    });
    depends.is_break() && !contains_call(operand, is_kept)
}

fn is_kept(function: &Function) -> bool {
    function.over.is_some()
        || last_ident(&function.name).is_some_and(|name| KEPT.contains(name.value.as_str()))
}
