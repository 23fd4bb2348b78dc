//! A search for calls in a tree.

use std::ops::ControlFlow;

use phantomdb_protocol::Error;
use phantomdb_sql::walk::{each_expression, walk};
use sqlparser::ast::{Expr, Function, Query, VisitorMut};

/// True when an expression has a call that is wanted, outside of sub-queries: the aggregate of a sub-query is its own.
pub(super) fn contains_call(expr: &Expr, is_wanted: fn(&Function) -> bool) -> bool {
    let is_call = |expr: &Expr| matches!(expr, Expr::Function(function) if is_wanted(function));
    let somewhere = each_expression(expr, &mut |inner| {
        if is_call(inner) { ControlFlow::Break(()) } else { ControlFlow::Continue(()) }
    });
    somewhere.is_break() && walk(&mut expr.clone(), &mut Search { is_wanted, queries: 0 }).is_err()
}

/// Stops at a call that is wanted and not in a sub-query.
struct Search {
    is_wanted: fn(&Function) -> bool,
    queries: usize,
}

impl VisitorMut for Search {
    type Break = Error;

    fn pre_visit_query(&mut self, _: &mut Query) -> ControlFlow<Error> {
        self.queries += 1;
        ControlFlow::Continue(())
    }

    fn post_visit_query(&mut self, _: &mut Query) -> ControlFlow<Error> {
        self.queries -= 1;
        ControlFlow::Continue(())
    }

    fn pre_visit_expr(&mut self, expr: &mut Expr) -> ControlFlow<Error> {
        match expr {
            Expr::Function(function) if self.queries == 0 && (self.is_wanted)(function) => {
                ControlFlow::Break(Error::internal("a call"))
            }
            _ => ControlFlow::Continue(()),
        }
    }
}
