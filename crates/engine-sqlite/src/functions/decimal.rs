//! Exact numbers, as PostgreSQL's NUMERIC has them.

use std::{cmp::Ordering, str::FromStr as _};

use bigdecimal::{BigDecimal, RoundingMode, Zero as _};
use phantomdb_protocol::{Error, ErrorCode, Result};
use phantomdb_values::numbers::numeric::compare_texts;

/// The most digits before or after the point. Without a limit, a short text such as `1e999999999` would fill the memory.
pub(super) const MAX_DIGITS: i64 = 1000;
/// The fewest digits that a quotient has after the point.
const QUOTIENT_SCALE: i64 = 16;

/// Parses a decimal number. None for any other text, and for a number of too many digits.
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

/// `left / right`, rounded as PostgreSQL does: to the longer of the two scales, and at least 16 digits.
pub(super) fn quotient(left: &BigDecimal, right: &BigDecimal) -> BigDecimal {
    let scale = left.fractional_digit_count().max(right.fractional_digit_count()).max(QUOTIENT_SCALE);
    (left / right).with_scale_round(scale, RoundingMode::HalfUp)
}

/// Refuses a number with more digits than the limit.
pub(super) fn check(number: &BigDecimal) -> Result<()> {
    if number.digits() > 2 * MAX_DIGITS.unsigned_abs() {
        return Err(Error::new(ErrorCode::OutOfRange, "the result has more digits than a DECIMAL can hold"));
    }
    Ok(())
}

/// Orders numbers by their value, then NaN, then other texts by their characters.
pub(super) fn compare(left: &str, right: &str) -> Ordering {
    compare_texts(left, right)
}
