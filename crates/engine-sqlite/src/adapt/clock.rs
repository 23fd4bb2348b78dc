//! Refuses the current time where an expression must always have the same result.

use phantomdb_protocol::{Error, ErrorCode, Result};
use sqlparser::ast::Expr;

use crate::stored::{self, TODAY};

/// The refusal of an index or a generated column with the current time.
pub(crate) const CLOCK_IN_INDEX: (ErrorCode, &str) = (
    ErrorCode::SyntaxError,
    "an index or a generated column needs an expression that always has the same result, and the current time changes",
);

pub(crate) const CLOCK_IN_CHECK: (ErrorCode, &str) =
    (ErrorCode::Unsupported, "a check with the current time is not supported on SQLite");

/// Refuses an adapted expression with the current time. SQLite would refuse it only when it computes the time for a row.
pub(crate) fn refuse_clock(expr: &Expr, (code, message): (ErrorCode, &str)) -> Result<()> {
    let sql = stored::print(&mut expr.clone())?;
    let has_clock = [",'now')", ", 'now')", TODAY].iter().any(|clock| sql.contains(clock));
    if has_clock { Err(Error::new(code, message)) } else { Ok(()) }
}
