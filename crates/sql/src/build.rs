//! Helpers that build and take apart expressions.

use std::mem;

use sqlparser::ast::{
    BinaryOperator, Expr, Function, FunctionArg, FunctionArgExpr, FunctionArgumentList, FunctionArguments,
    ObjectName, UnaryOperator, Value, ValueWithSpan,
};

use super::printer;

/// `name(arguments)`, the name printed as it is.
pub fn call(name: &str, arguments: Vec<Expr>) -> Expr {
    Expr::Function(Function {
        name: ObjectName::from(vec![printer::verbatim_ident(name)]),
        uses_odbc_syntax: false,
        parameters: FunctionArguments::None,
        args: FunctionArguments::List(FunctionArgumentList {
            duplicate_treatment: None,
            args: arguments.into_iter().map(|e| FunctionArg::Unnamed(FunctionArgExpr::Expr(e))).collect(),
            clauses: Vec::new(),
        }),
        filter: None,
        null_treatment: None,
        over: None,
        within_group: Vec::new(),
    })
}

/// Takes an expression out of the tree, and leaves NULL.
pub fn take(expr: &mut Expr) -> Expr {
    mem::replace(expr, Expr::Value(Value::Null.into()))
}

pub fn null() -> Expr {
    Expr::Value(Value::Null.into())
}

pub fn binary(left: Expr, op: BinaryOperator, right: Expr) -> Expr {
    Expr::BinaryOp { left: Box::new(left), op, right: Box::new(right) }
}

/// Joins terms with AND or OR as a balanced tree: SQLite refuses an expression more than 1,000 deep.
pub fn join(mut terms: Vec<Expr>, op: &BinaryOperator) -> Expr {
    const FLAT: usize = 64;
    if terms.len() <= FLAT {
        let mut terms = terms.into_iter();
        let first = terms.next().unwrap_or_else(null);
        return terms.fold(first, |left, right| binary(left, op.clone(), right));
    }
    let right = terms.split_off(terms.len() / 2);
    let nested = |terms| Expr::Nested(Box::new(join(terms, op)));
    binary(nested(terms), op.clone(), nested(right))
}

/// Returns whether the expression binds tighter than any operator.
fn is_atom(expr: &Expr) -> bool {
    matches!(
        expr,
        Expr::Identifier(_)
            | Expr::CompoundIdentifier(_)
            | Expr::Value(_)
            | Expr::Nested(_)
            | Expr::Function(_)
            | Expr::Subquery(_)
            | Expr::Tuple(_)
            | Expr::Case { operand: _, conditions: _, else_result: _, case_token: _, end_token: _ }
            | Expr::Cast { kind: _, expr: _, data_type: _, format: _ }
            | Expr::Exists { negated: false, subquery: _ }
    )
}

/// Puts parentheses around an operand that has operators of its own. The tree was made by PostgreSQL's precedence, which is
/// not SQLite's.
pub fn parenthesize(expr: &mut Expr) {
    if !is_atom(expr) {
        *expr = Expr::Nested(Box::new(take(expr)));
    }
}

/// The expression without parentheses around it.
pub fn unnested(expr: &Expr) -> &Expr {
    let mut inner = expr;
    while let Expr::Nested(nested) = inner {
        inner = nested;
    }
    inner
}

/// The expression without parentheses around it, to change it.
pub fn unnested_mut(expr: &mut Expr) -> &mut Expr {
    match expr {
        Expr::Nested(nested) => unnested_mut(nested),
        other => other,
    }
}

/// The text of a number literal with its sign, `-1.50`.
pub fn number_of(expr: &Expr) -> Option<String> {
    match unnested(expr) {
        Expr::Value(ValueWithSpan { value: Value::Number(text, _), span: _ })
            if text.starts_with(|first: char| first.is_ascii_digit() || first == '.') =>
        {
            Some(text.clone())
        }
        Expr::UnaryOp { op: UnaryOperator::Minus, expr } => number_of(expr).map(|text| format!("-{text}")),
        _ => None,
    }
}
