//! Arguments that a call names: `make_interval(days => 10)`.

use phantomdb_sql::printer;
use sqlparser::ast::{
    BinaryOperator, Expr, Function, FunctionArg, FunctionArgExpr, FunctionArgOperator, FunctionArgumentList,
    FunctionArguments, Ident,
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
    let is_named = |argument: &FunctionArg| read(argument).is_none_or(|(name, _)| name.is_some());
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
        let (name, value) = read(argument)?;
        let place = match name {
            Some(name) => names.iter().position(|known| known.eq_ignore_ascii_case(&name.value))?,
            None => placed.len(),
        };
        if placed.len() <= place {
            placed.resize(place + 1, None);
        }
        let slot = placed.get_mut(place).filter(|slot| slot.is_none())?;
        *slot = Some(value.clone());
    }
    Some(placed)
}

/// The name of an argument, if it has one, and its value. None for anything else, such as `*`.
fn read(argument: &FunctionArg) -> Option<(Option<&Ident>, &Expr)> {
    match argument {
        FunctionArg::Named {
            name,
            arg: FunctionArgExpr::Expr(value),
            operator: FunctionArgOperator::RightArrow | FunctionArgOperator::Assignment,
        }
        | FunctionArg::ExprNamed {
            name: Expr::Identifier(name),
            arg: FunctionArgExpr::Expr(value),
            operator: FunctionArgOperator::RightArrow | FunctionArgOperator::Assignment,
        } => Some((Some(name), value)),
        // The parser reads `name := value` as an operation.
        FunctionArg::Unnamed(FunctionArgExpr::Expr(Expr::BinaryOp {
            left,
            op: BinaryOperator::Assignment,
            right,
        })) => match left.as_ref() {
            Expr::Identifier(name) => Some((Some(name), right.as_ref())),
            _ => None,
        },
        FunctionArg::Unnamed(FunctionArgExpr::Expr(value)) => Some((None, value)),
        _ => None,
    }
}
