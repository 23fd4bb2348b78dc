//! Exact numbers of any length PostgreSQL's NUMERIC would be used for.

use std::{cmp::Ordering, str::FromStr as _};

use bigdecimal::{BigDecimal, RoundingMode, Zero as _};
use phantomdb_protocol::{Error, ErrorCode, Result};

/// Digits before or after the point. Without a limit, a short text such as `1e999999999` would fill the memory.
pub(super) const MAX_DIGITS: i64 = 1000;
/// What a quotient keeps after the point at least.
const QUOTIENT_SCALE: i64 = 16;

/// The number a text is, if it is one.
pub(super) fn parse(text: &str) -> Option<BigDecimal> {
    let text = text.trim();
    let is_plain = text.bytes().all(|byte| byte.is_ascii_digit() || b"+-.eE".contains(&byte));
    if !is_plain || text.len() > 2 * 1000 + 16 {
        return None;
    }
    let number = BigDecimal::from_str(text).ok()?;
    (number.fractional_digit_count().abs() <= MAX_DIGITS).then_some(number)
}

/// `left operator right`, for `+ - * / %`.
pub(super) fn operation(operator: &str, left: &BigDecimal, right: &BigDecimal) -> Result<BigDecimal> {
    if matches!(operator, "/" | "%") && right.is_zero() {
        return Err(Error::new(ErrorCode::OutOfRange, "division by zero"));
    }
    let result = match operator {
        "+" => left + right,
        "-" => left - right,
        "*" => left * right,
        "/" => quotient(left, right),
        _ => left % right,
    };
    check(&result)?;
    Ok(result)
}

/// `left / right`, rounded as PostgreSQL does: to the longer of the two scales, and 16 at least.
pub(super) fn quotient(left: &BigDecimal, right: &BigDecimal) -> BigDecimal {
    let scale = left.fractional_digit_count().max(right.fractional_digit_count()).max(QUOTIENT_SCALE);
    (left / right).with_scale_round(scale, RoundingMode::HalfUp)
}

/// Refuses a number that has outgrown the limit.
pub(super) fn check(number: &BigDecimal) -> Result<()> {
    if number.digits() > 2 * MAX_DIGITS.unsigned_abs() {
        return Err(Error::new(ErrorCode::OutOfRange, "the result has more digits than a DECIMAL can hold"));
    }
    Ok(())
}

/// Numbers by their value, then NaN, then what is no number by its text.
pub(super) fn compare(left: &str, right: &str) -> Ordering {
    let rank = |number: &Option<BigDecimal>, text: &str| match (number, text) {
        (Some(_), _) => 0,
        (None, "NaN") => 1,
        (None, _) => 2,
    };
    let (a, b) = (parse(left), parse(right));
    match (&a, &b) {
        (Some(a), Some(b)) => a.cmp(b),
        _ => rank(&a, left).cmp(&rank(&b, right)).then_with(|| left.cmp(right)),
    }
}
