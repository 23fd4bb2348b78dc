//! The walk through a tree. sqlparser compiles a walk over its hundreds of nodes anew for each type of visitor, and the
//! compiler does so again in each crate that walks. That was more code than the rest of the server. Here each kind of node has
//! one walk, which is compiled once, in this crate, for all visitors.

use std::ops::ControlFlow;

use phantomdb_protocol::{Error, Result};
use sqlparser::ast::{
    ColumnDef, CreateTable, Expr, Fetch, Ident, ObjectName, OrderByExpr, Query, Select, SelectItem,
    Statement, TableConstraint, TableFactor, ValueWithSpan, VisitMut as _, VisitorMut, visit_expressions,
};

/// A visitor of every node of a tree. Its first error ends the walk.
pub type Visitor<'a> = dyn VisitorMut<Break = Error> + 'a;

/// A node that can be the root of a walk.
pub trait Node {
    /// Shows every node below this one, and this one, to the visitor.
    fn walk(&mut self, visitor: &mut Visitor<'_>) -> Result<()>;

    /// Shows every expression to `look`, the outer before the inner, until it breaks.
    fn each_expression(&self, look: &mut dyn FnMut(&Expr) -> ControlFlow<()>) -> ControlFlow<()>;
}

macro_rules! nodes {
    ($($node:ty),* $(,)?) => {
        $(impl Node for $node {
            fn walk(&mut self, visitor: &mut Visitor<'_>) -> Result<()> {
                let mut walk = Walk { visitor, error: None };
                let _ = self.visit(&mut walk);
                walk.error.map_or(Ok(()), Err)
            }

            fn each_expression(&self, look: &mut dyn FnMut(&Expr) -> ControlFlow<()>) -> ControlFlow<()> {
                visit_expressions(self, look)
            }
        })*
    };
}

nodes! {
    ColumnDef, CreateTable, Expr, Fetch, Query, Statement, TableConstraint, TableFactor, Vec<OrderByExpr>, Vec<SelectItem>, OrderByExpr,
    SelectItem,
}

/// Shows every node to the visitor; its first error ends the walk.
pub fn walk(tree: &mut dyn Node, visitor: &mut Visitor<'_>) -> Result<()> {
    tree.walk(visitor)
}

/// Shows every expression to `look`, the outer before the inner, until it breaks.
pub fn each_expression(tree: &dyn Node, look: &mut dyn FnMut(&Expr) -> ControlFlow<()>) -> ControlFlow<()> {
    tree.each_expression(look)
}

/// Gives every expression to `change`, the inner before the outer.
pub fn change_expressions(tree: &mut dyn Node, change: &mut dyn FnMut(&mut Expr)) {
    let _ = walk(tree, &mut Change(change));
}

struct Change<'a>(&'a mut dyn FnMut(&mut Expr));

impl VisitorMut for Change<'_> {
    type Break = Error;

    fn post_visit_expr(&mut self, expr: &mut Expr) -> ControlFlow<Error> {
        (self.0)(expr);
        ControlFlow::Continue(())
    }
}

struct Walk<'a> {
    visitor: &'a mut Visitor<'a>,
    /// Kept here, so that the value that is returned through a deep tree is small.
    error: Option<Error>,
}

impl Walk<'_> {
    fn note(&mut self, seen: ControlFlow<Error>) -> ControlFlow<()> {
        match seen {
            ControlFlow::Continue(()) => ControlFlow::Continue(()),
            ControlFlow::Break(error) => {
                self.error = Some(error);
                ControlFlow::Break(())
            }
        }
    }
}

/// Passes the node on to the visitor, for the methods that visitors of this crate implement.
macro_rules! pass_on {
    ($($method:ident: $node:ty),* $(,)?) => {
        $(fn $method(&mut self, node: &mut $node) -> ControlFlow<()> {
            let seen = self.visitor.$method(node);
            self.note(seen)
        })*
    };
}

impl VisitorMut for Walk<'_> {
    type Break = ();

    pass_on! {
        pre_visit_statement: Statement,
        post_visit_statement: Statement,
        pre_visit_query: Query,
        post_visit_query: Query,
        pre_visit_select: Select,
        post_visit_select: Select,
        pre_visit_relation: ObjectName,
        post_visit_relation: ObjectName,
        pre_visit_table_factor: TableFactor,
        post_visit_table_factor: TableFactor,
        pre_visit_expr: Expr,
        post_visit_expr: Expr,
        pre_visit_ident: Ident,
        post_visit_ident: Ident,
        pre_visit_value: ValueWithSpan,
        post_visit_value: ValueWithSpan,
    }
}
