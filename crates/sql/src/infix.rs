//! Operators of PostgreSQL's grammar that the parser does not read: BETWEEN SYMMETRIC, and LIKE with ALL or SOME.

use std::ops::ControlFlow;

use sqlparser::{
    ast::{BinaryOperator, Expr},
    dialect::{Dialect, Precedence},
    keywords::Keyword,
    parser::{Parser, ParserError},
    tokenizer::Token,
};

use super::{build, walk::each_expression};

/// BETWEEN SYMMETRIC stands for comparisons that repeat its operands. Nested in each other, they would grow without end.
const REPEATED_MAX: usize = 10_000;

/// The expression with the operator that follows it; None when the parser reads that operator itself.
pub(crate) fn parse(
    dialect: &dyn Dialect,
    parser: &mut Parser,
    left: &Expr,
) -> Option<Result<Expr, ParserError>> {
    let is = |at: usize, keywords: &[Keyword]| {
        matches!(&parser.peek_nth_token_ref(at).token,
            Token::Word(word) if word.quote_style.is_none() && keywords.contains(&word.keyword))
    };
    let is_word = |at: usize, name: &str| {
        matches!(&parser.peek_nth_token_ref(at).token,
            Token::Word(word) if word.quote_style.is_none() && word.value.eq_ignore_ascii_case(name))
    };
    let negated = is(0, &[Keyword::NOT]);
    let first = usize::from(negated);
    if is(first, &[Keyword::BETWEEN]) {
        let is_symmetric = is_word(first + 1, "SYMMETRIC");
        if !is_symmetric && !is_word(first + 1, "ASYMMETRIC") {
            return None;
        }
        skip(parser, first + 2);
        let between = parser.parse_between(left.clone(), negated);
        return Some(if is_symmetric { between.and_then(symmetric) } else { between });
    }
    let is_like = is(first, &[Keyword::LIKE, Keyword::ILIKE]);
    if !is_like || !is(first + 1, &[Keyword::ALL, Keyword::SOME]) {
        return None;
    }
    let op = match (is(first, &[Keyword::ILIKE]), negated) {
        (false, false) => BinaryOperator::PGLikeMatch,
        (false, true) => BinaryOperator::PGNotLikeMatch,
        (true, false) => BinaryOperator::PGILikeMatch,
        (true, true) => BinaryOperator::PGNotILikeMatch,
    };
    let all = is(first + 1, &[Keyword::ALL]);
    skip(parser, first + 2);
    Some(parser.parse_subexpr(dialect.prec_value(Precedence::Like)).map(|right| {
        // The operators print parentheses of their own.
        let right = Box::new(if let Expr::Nested(inner) = right { *inner } else { right });
        let left = Box::new(left.clone());
        if all {
            Expr::AllOp { left, compare_op: op, right }
        } else {
            Expr::AnyOp { left, compare_op: op, right, is_some: true }
        }
    }))
}

fn skip(parser: &mut Parser, count: usize) {
    for _ in 0..count {
        parser.advance_token();
    }
}

/// BETWEEN whose bounds may stand in either order, as PostgreSQL reads it: one order holds, or the other.
fn symmetric(between: Expr) -> Result<Expr, ParserError> {
    let mut size = 0;
    let is_small = each_expression(&between, &mut |_| {
        size += 1;
        if size > REPEATED_MAX { ControlFlow::Break(()) } else { ControlFlow::Continue(()) }
    });
    if is_small.is_break() {
        let message = "the operands of BETWEEN SYMMETRIC are too large; compute them in a sub-query";
        return Err(ParserError::ParserError(message.to_owned()));
    }
    let Expr::Between { expr, negated, low, high } = between else { return Ok(between) };
    let turned = Expr::Between { expr: expr.clone(), negated, low: high.clone(), high: low.clone() };
    let both = if negated { BinaryOperator::And } else { BinaryOperator::Or };
    Ok(Expr::Nested(Box::new(build::binary(Expr::Between { expr, negated, low, high }, both, turned))))
}

#[cfg(test)]
mod tests {
    use crate::parse::parse_expression;

    #[test]
    fn between_symmetric_and_like_all_are_read_as_what_they_stand_for() {
        for (sql, read) in [
            ("a BETWEEN SYMMETRIC 2 AND 1", "(a BETWEEN 2 AND 1 OR a BETWEEN 1 AND 2)"),
            ("NOT a NOT BETWEEN SYMMETRIC b AND c", "NOT (a NOT BETWEEN b AND c AND a NOT BETWEEN c AND b)"),
            ("a BETWEEN ASYMMETRIC 2 AND 1 AND b", "a BETWEEN 2 AND 1 AND b"),
            ("a || b LIKE ALL (ARRAY['x', 'y']) AND c", "a || b ~~ ALL(ARRAY['x', 'y']) AND c"),
            ("a NOT ILIKE SOME ('{x}')", "a !~~* SOME('{x}')"),
            ("a LIKE ALL (SELECT b)", "a ~~ ALL(SELECT b)"),
        ] {
            assert_eq!(parse_expression(sql).unwrap().to_string(), read, "{sql}");
        }
    }

    #[test]
    fn between_symmetric_within_itself_does_not_grow_without_end() {
        let nested = |depth| {
            (0..depth).fold("1".to_owned(), |inner, _| format!("({inner} BETWEEN SYMMETRIC 1 AND 2)"))
        };
        assert!(parse_expression(&nested(3)).is_ok());
        let error = parse_expression(&nested(40)).unwrap_err();
        assert!(error.message.contains("BETWEEN SYMMETRIC are too large"), "{}", error.message);
    }
}
