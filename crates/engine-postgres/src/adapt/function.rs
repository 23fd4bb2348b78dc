//! The name and the arguments of a function call.

use sqlparser::ast::{Expr, Function, FunctionArg, FunctionArgExpr, FunctionArguments};

use phantomdb_sql::names::last_ident;

/// The arguments, when each is an expression and nothing else.
pub(crate) fn arguments<'a>(function: &'a mut Function) -> Option<Vec<&'a mut Expr>> {
    let FunctionArguments::List(list) = &mut function.args else { return None };
    list.args
        .iter_mut()
        .map(|argument| match argument {
            FunctionArg::Unnamed(FunctionArgExpr::Expr(expr)) => Some(expr),
            _ => None,
        })
        .collect::<Option<Vec<&'a mut Expr>>>()
}

pub(crate) fn function_name(function: &Function) -> Option<String> {
    last_ident(&function.name).map(|ident| ident.value.to_ascii_lowercase())
}
