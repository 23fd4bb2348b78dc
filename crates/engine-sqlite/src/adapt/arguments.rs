//! The arguments of a call in the tree.

use sqlparser::ast::{Expr, Function, FunctionArg, FunctionArgExpr, FunctionArguments};

use super::typed::{Origin, Typed};

/// The arguments of a call that are expressions.
pub(crate) fn expressions(function: &mut Function) -> Vec<&mut Expr> {
    let FunctionArguments::List(list) = &mut function.args else { return Vec::new() };
    list.args
        .iter_mut()
        .filter_map(|argument| match argument {
            FunctionArg::Unnamed(FunctionArgExpr::Expr(expr)) => Some(expr),
            _ => None,
        })
        .collect()
}

/// True for a string in quotes and NULL, which have no type. A parameter has the type of its value.
pub(crate) fn is_untyped_literal(typed: &Typed) -> bool {
    typed.is_unknown() && typed.origin == Origin::Literal
}
