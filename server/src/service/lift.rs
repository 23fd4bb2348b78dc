//! Which literals of a condition become parameters.

use phantomdb_protocol::Value;
use sqlparser::ast::{BinaryOperator, Expr, UnaryOperator, Value as Literal};

/// Literals of one condition that become parameters; SQLite takes 32,766 and the rest of a statement needs some.
pub(super) const LITERALS_MAX: usize = 30_000;

/// Digits that a 64-bit float holds exactly.
const FLOAT_DIGITS_MAX: usize = 15;

/// The literal as a parameter, unless only its text says what it is.
pub(super) fn lifted(literal: &Literal, negative: bool) -> Option<Value> {
    match literal {
        Literal::Number(digits, false) => number(digits, negative),
        Literal::SingleQuotedString(text) | Literal::EscapedStringLiteral(text) => {
            Some(Value::String(text.clone()))
        }
        _ => None,
    }
}

fn number(digits: &str, negative: bool) -> Option<Value> {
    let text = if negative { format!("-{digits}") } else { digits.to_owned() };
    if let Ok(integer) = text.parse() {
        return Some(Value::Integer(integer));
    }
    let mantissa = digits.split(['e', 'E']).next().unwrap_or(digits);
    let significant = mantissa.chars().filter(char::is_ascii_digit).collect::<String>();
    if !mantissa.contains('.') && mantissa.len() == digits.len()
        || significant.trim_start_matches('0').len() > FLOAT_DIGITS_MAX
    {
        return None;
    }
    text.parse::<f64>().ok().filter(|float| float.is_finite()).map(Value::Float)
}

/// Whether the literals inside this expression stay where they are. Only in a comparison does the other side give
/// a parameter its type; in a call, a cast or arithmetic the literal's own text does.
pub(super) fn keeps_literals(expression: &Expr) -> bool {
    match expression {
        Expr::Identifier(_)
        | Expr::CompoundIdentifier(_)
        | Expr::Value(_)
        | Expr::Nested(_)
        | Expr::Between { .. }
        | Expr::InList { .. }
        | Expr::IsDistinctFrom(..)
        | Expr::IsNotDistinctFrom(..)
        | Expr::UnaryOp { op: UnaryOperator::Not, .. } => false,
        Expr::Like { escape_char, .. } | Expr::ILike { escape_char, .. } => escape_char.is_some(),
        Expr::BinaryOp { left, op, right } => !gives_a_type(op) || (is_literal(left) && is_literal(right)),
        _ => true,
    }
}

const fn gives_a_type(operator: &BinaryOperator) -> bool {
    use BinaryOperator as Op;
    matches!(
        operator,
        Op::And
            | Op::Or
            | Op::Eq
            | Op::NotEq
            | Op::Lt
            | Op::LtEq
            | Op::Gt
            | Op::GtEq
            | Op::PGRegexMatch
            | Op::PGRegexIMatch
            | Op::PGRegexNotMatch
            | Op::PGRegexNotIMatch
    )
}

fn is_literal(expression: &Expr) -> bool {
    match expression {
        Expr::Value(_) => true,
        Expr::UnaryOp { op: UnaryOperator::Minus, expr } => is_literal(expr),
        _ => false,
    }
}
