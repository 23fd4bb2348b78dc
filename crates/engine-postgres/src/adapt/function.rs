//! The name and the arguments of a function call.

use phantomdb_sql::names::last_ident;
use sqlparser::ast::{
    Expr, Function, FunctionArg, FunctionArgExpr, FunctionArgumentList, FunctionArguments, ObjectName,
};

/// The name of a function and its arguments. The other fields are printed as they were written.
pub(crate) const fn name_and_arguments(function: &mut Function) -> (&mut ObjectName, &mut FunctionArguments) {
    let Function {
        name,
        uses_odbc_syntax: _,
        parameters: _,
        args,
        within_group: _,
        filter: _,
        null_treatment: _,
        over: _,
    } = function;
    (name, args)
}

/// The arguments, when each of them is a plain expression.
pub(crate) fn expressions(arguments: &mut FunctionArguments) -> Option<Vec<&mut Expr>> {
    // DISTINCT and ORDER BY within the call are printed as they were written.
    let FunctionArguments::List(FunctionArgumentList { duplicate_treatment: _, args, clauses: _ }) =
        arguments
    else {
        return None;
    };
    args.iter_mut()
        .map(|argument| match argument {
            FunctionArg::Unnamed(FunctionArgExpr::Expr(expr)) => Some(expr),
            _ => None,
        })
        .collect()
}

/// The name in lower case, without the schema.
pub(crate) fn function_name(function: &Function) -> Option<String> {
    last_ident(&function.name).map(|ident| ident.value.to_ascii_lowercase())
}
