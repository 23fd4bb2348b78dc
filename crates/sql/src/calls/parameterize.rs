//! Turns the literals of a condition into parameters.

use std::ops::ControlFlow;

use phantomdb_protocol::{Error, Result, Value};
use sqlparser::{
    ast::{BinaryOperator, Expr, Query, UnaryOperator, Value as Literal, ValueWithSpan, VisitorMut},
    tokenizer::Span,
};

use crate::walk::walk;

/// Literals of one condition that become parameters; SQLite takes 32,766 and the rest of a statement needs some.
pub const LITERALS_MAX: usize = 30_000;

/// Digits that a 64-bit float holds exactly.
const FLOAT_DIGITS_MAX: usize = 15;

/// A literal that became a parameter.
#[derive(Debug)]
pub struct Lifted {
    pub value: Value,
    /// Where the literal stood, without a sign in front of it.
    pub span: Span,
    /// True when a minus sign in front of it is part of the value.
    pub negative: bool,
}

/// Puts `$1…$n` in the place of literals, and returns these in order.
pub fn lift_literals(condition: &mut Expr) -> Result<Vec<Lifted>> {
    let mut lifter = Lifter { kept: 0, literals: Vec::new() };
    walk(condition, &mut lifter)?;
    Ok(lifter.literals)
}

struct Lifter {
    /// How many expressions around the current one keep their literals.
    kept: usize,
    literals: Vec<Lifted>,
}

impl Lifter {
    fn lift(&mut self, expression: &mut Expr) {
        let (literal, negative) = match expression {
            Expr::Value(literal) => (literal, false),
            Expr::UnaryOp { op: UnaryOperator::Minus, expr } => match &mut **expr {
                Expr::Value(literal) if matches!(literal.value, Literal::Number(_, _)) => (literal, true),
                _ => return,
            },
            _ => return,
        };
        let Some(value) = parameter_value(&literal.value, negative) else { return };
        self.literals.push(Lifted { value, span: literal.span, negative });
        let placeholder = Literal::Placeholder(format!("${}", self.literals.len()));
        *expression = Expr::Value(ValueWithSpan { value: placeholder, span: literal.span });
    }
}

impl VisitorMut for Lifter {
    type Break = Error;

    /// A sub-query keeps its literals.
    fn pre_visit_query(&mut self, _: &mut Query) -> ControlFlow<Error> {
        self.kept += 1;
        ControlFlow::Continue(())
    }

    fn post_visit_query(&mut self, _: &mut Query) -> ControlFlow<Error> {
        self.kept -= 1;
        ControlFlow::Continue(())
    }

    fn pre_visit_expr(&mut self, expression: &mut Expr) -> ControlFlow<Error> {
        if self.kept == 0 {
            self.lift(expression);
        }
        if keeps_literals(expression) {
            self.kept += 1;
        }
        ControlFlow::Continue(())
    }

    fn post_visit_expr(&mut self, expression: &mut Expr) -> ControlFlow<Error> {
        if keeps_literals(expression) {
            self.kept -= 1;
        }
        ControlFlow::Continue(())
    }
}

/// The literal as a parameter, unless only its text says what it is.
fn parameter_value(literal: &Literal, negative: bool) -> Option<Value> {
    match literal {
        Literal::Number(digits, false) => {
            number(digits, negative).or_else(|| large_integer(digits, negative))
        }
        Literal::SingleQuotedString(text) | Literal::EscapedStringLiteral(text) => {
            Some(Value::String(text.clone()))
        }
        _ => None,
    }
}

/// The value of a number, unless it has more digits than an integer or a float holds exactly.
pub fn number(digits: &str, negative: bool) -> Option<Value> {
    if let Ok(integer) = digits.parse::<i64>() {
        return Some(Value::Integer(if negative { -integer } else { integer }));
    }
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

/// An integer beyond 64 bits, which compares as a decimal.
fn large_integer(digits: &str, negative: bool) -> Option<Value> {
    let sign = if negative { "-" } else { "" };
    digits.bytes().all(|byte| byte.is_ascii_digit()).then(|| Value::Decimal(format!("{sign}{digits}")))
}

/// True when the literals inside this expression stay where they are. Only in a comparison does the other side give a
/// parameter its type; in a call, a cast or arithmetic the literal's own text does.
fn keeps_literals(expression: &Expr) -> bool {
    match expression {
        Expr::Identifier(_)
        | Expr::CompoundIdentifier(_)
        | Expr::Value(_)
        | Expr::Nested(_)
        | Expr::Between { expr: _, negated: _, low: _, high: _ }
        | Expr::InList { expr: _, list: _, negated: _ }
        | Expr::IsDistinctFrom(_, _)
        | Expr::IsNotDistinctFrom(_, _)
        | Expr::UnaryOp { op: UnaryOperator::Not, expr: _ } => false,
        Expr::Like { escape_char, negated: _, any: _, expr: _, pattern: _ }
        | Expr::ILike { escape_char, negated: _, any: _, expr: _, pattern: _ } => escape_char.is_some(),
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

#[cfg(test)]
mod tests {
    use super::*;
    use crate::calls::fragment::{self, Condition};

    fn lifted_condition(text: &str) -> (String, Vec<Value>) {
        let Condition { sql, literals } = fragment::condition(text).unwrap().into();
        (sql.to_string(), literals)
    }

    #[test]
    fn it_lifts_the_literals_of_comparisons_so_that_the_text_is_the_same_for_each_value() {
        let (sql, literals) = lifted_condition("firstName='John' AND (age>18 OR age BETWEEN -1 AND 2.5)");
        assert_eq!(sql, r#""firstName" = $1 AND ("age" > $2 OR "age" BETWEEN $3 AND $4)"#);
        assert_eq!(
            literals,
            [Value::String("John".into()), Value::Integer(18), Value::Integer(-1), Value::Float(2.5)]
        );
        assert_eq!(sql, lifted_condition("firstName='O''Hara' AND (age>1 OR age BETWEEN -8 AND 2.0)").0);
    }

    #[test]
    fn it_lifts_each_value_of_in_and_the_pattern_of_like() {
        let (sql, literals) = lifted_condition(r#""a" IN (1, 'x', NULL, TRUE) AND b NOT LIKE 'J%'"#);
        assert_eq!(sql, r#""a" IN ($1, $2, NULL, true) AND "b" NOT LIKE $3"#);
        assert_eq!(literals, [Value::Integer(1), Value::String("x".into()), Value::String("J%".into())]);
    }

    #[test]
    fn an_integer_beyond_64_bits_is_a_decimal() {
        let (sql, literals) = lifted_condition("a < 12345678901234567890 AND b > -9223372036854775809");
        assert_eq!(sql, r#""a" < $1 AND "b" > $2"#);
        let decimals = ["12345678901234567890", "-9223372036854775809"];
        assert_eq!(literals, decimals.map(|text| Value::Decimal(text.into())));
    }

    #[test]
    fn it_leaves_literals_that_have_a_type_or_a_meaning_of_their_own() {
        for text in [
            "a = TIMESTAMP '2026-01-01'",
            "a = X'00ff'",
            "a = CAST('{}' AS JSON)",
            "a LIKE 'x!%' ESCAPE '!'",
            "date_trunc('day', a) = b",
            "a #>> '{b,c}' = d",
            "a = 0.1000000000000000055511151231257827",
            "1 = 1",
            "a IN (SELECT b FROM c WHERE d = 1 LIMIT 2)",
            "a IS NULL",
        ] {
            let (_, literals) = lifted_condition(text);
            assert_eq!(literals, [], "{text}");
        }
    }
}
