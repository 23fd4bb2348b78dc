//! Arguments that a call names: `make_interval(days => 10)`.

use phantomdb_sql::printer;
use sqlparser::ast::{
    Expr, Function, FunctionArg, FunctionArgExpr, FunctionArgOperator, FunctionArgumentList,
    FunctionArguments,
};

/// The functions whose arguments are mostly named, with the names in their order. An argument that is left out is 0.
const NAMES: [(&str, &[&str]); 1] =
    [("make_interval", &["years", "months", "weeks", "days", "hours", "mins", "secs"])];

/// Puts named arguments in their places. A call with a name that the function does not have stays as it is, and is refused
/// with its other named arguments.
pub(super) fn place(function_name: &str, function: &mut Function) {
    let Some((_, names)) = NAMES.iter().find(|(name, _)| *name == function_name) else { return };
    let FunctionArguments::List(FunctionArgumentList { duplicate_treatment: _, args, clauses: _ }) =
        &mut function.args
    else {
        return;
    };
    let is_named = |argument: &FunctionArg| !matches!(argument, FunctionArg::Unnamed(_));
    if args.iter().any(is_named)
        && let Some(placed) = placed(args, names)
    {
        *args = placed
            .into_iter()
            .map(|value| value.unwrap_or_else(|| printer::verbatim_expr("0")))
            .map(|value| FunctionArg::Unnamed(FunctionArgExpr::Expr(value)))
            .collect();
    }
}

/// The arguments in their places, as far as the last one that is given.
fn placed(arguments: &[FunctionArg], names: &[&str]) -> Option<Vec<Option<Expr>>> {
    let mut placed: Vec<Option<Expr>> = Vec::new();
    for argument in arguments {
        let (place, value) = match argument {
            FunctionArg::Unnamed(FunctionArgExpr::Expr(value)) => (placed.len(), value),
            FunctionArg::Named {
                name,
                arg: FunctionArgExpr::Expr(value),
                operator: FunctionArgOperator::RightArrow | FunctionArgOperator::Assignment,
            }
            | FunctionArg::ExprNamed {
                name: Expr::Identifier(name),
                arg: FunctionArgExpr::Expr(value),
                operator: FunctionArgOperator::RightArrow | FunctionArgOperator::Assignment,
            } => (names.iter().position(|known| known.eq_ignore_ascii_case(&name.value))?, value),
            _ => return None,
        };
        if placed.len() <= place {
            placed.resize(place + 1, None);
        }
        let slot = placed.get_mut(place).filter(|slot| slot.is_none())?;
        *slot = Some(value.clone());
    }
    Some(placed)
}
