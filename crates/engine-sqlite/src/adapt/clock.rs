//! Refuses the current time where an expression must always have the same result.

use std::ops::ControlFlow;

use phantomdb_protocol::{Error, ErrorCode, Result};
use phantomdb_sql::{names::last_ident, walk::each_expression};
use sqlparser::ast::{Expr, Function, FunctionArg, FunctionArgExpr, FunctionArguments, Value, ValueWithSpan};

use super::literal::string_of;
use crate::stored::{NOW, TIME_OF_DAY, TODAY};

/// The refusal of an index or a generated column with the current time.
pub(crate) const CLOCK_IN_INDEX: (ErrorCode, &str) = (
    ErrorCode::SyntaxError,
    "an index or a generated column needs an expression that always has the same result, and the current time changes",
);
pub(crate) const CLOCK_IN_CHECK: (ErrorCode, &str) =
    (ErrorCode::Unsupported, "a check with the current time is not supported on SQLite");

/// Refuses an adapted expression with the current time. SQLite would refuse it only when it computes the time for a row.
pub(crate) fn refuse_clock(expr: &Expr, (code, message): (ErrorCode, &str)) -> Result<()> {
    let looked = each_expression(expr, &mut |inner| {
        if is_clock(inner) { ControlFlow::Break(()) } else { ControlFlow::Continue(()) }
    });
    if looked.is_break() { Err(Error::new(code, message)) } else { Ok(()) }
}

/// True for what the adapter writes in the place of the current time: one of its texts, or a call that a template has.
fn is_clock(expr: &Expr) -> bool {
    match expr {
        Expr::Value(ValueWithSpan { value: Value::Number(text, _), span: _ }) => {
            [NOW, TODAY, TIME_OF_DAY].contains(&text.as_str())
        }
        Expr::Function(function) => {
            let name = last_ident(&function.name).map(|ident| ident.value.to_ascii_lowercase());
            let is_of_time = name.is_some_and(|name| ["date", "strftime"].contains(&name.as_str()));
            is_of_time && arguments(function).last().and_then(string_of) == Some("now")
        }
        _ => false,
    }
}

/// The arguments of a call that are expressions.
fn arguments(function: &Function) -> impl DoubleEndedIterator<Item = &Expr> {
    let args = match &function.args {
        FunctionArguments::List(list) => list.args.as_slice(),
        FunctionArguments::None | FunctionArguments::Subquery(_) => &[],
    };
    args.iter().filter_map(|argument| match argument {
        FunctionArg::Unnamed(FunctionArgExpr::Expr(expr)) => Some(expr),
        _ => None,
    })
}
