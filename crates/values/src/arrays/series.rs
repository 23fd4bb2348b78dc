//! Series of numbers, as JSON arrays.

use bigdecimal::{BigDecimal, Signed as _, Zero as _};
use phantomdb_protocol::{Error, ErrorCode, Result};

use super::shape::{check_length, refused};

/// `generate_series` of integers. `limit` is the greatest integer of the type.
pub fn integers(start: i64, stop: i64, step: i64, limit: i64) -> Result<String> {
    if step == 0 {
        return Err(refused("the step of a series must not be zero"));
    }
    let is_within = |number: i64| if step > 0 { number <= stop } else { number >= stop };
    let mut out = String::from("[");
    let mut next = Some(start);
    let mut count = 0;
    while let Some(number) = next.filter(|number| is_within(*number)) {
        count += 1;
        check_length(count)?;
        out.push_str(if count == 1 { "" } else { "," });
        out.push_str(&number.to_string());
        next = number.checked_add(step).filter(|number| (-limit - 1..=limit).contains(number));
    }
    out.push(']');
    Ok(out)
}

/// `generate_series` of decimals, as texts.
pub fn decimals(start: &str, stop: &str, step: &str) -> Result<String> {
    let read = |text: &str| -> Result<BigDecimal> {
        text.parse().map_err(|_| {
            Error::new(ErrorCode::TypeMismatch, format!("a series cannot have '{text}' as a bound or a step"))
        })
    };
    let (start, stop, step) = (read(start)?, read(stop)?, read(step)?);
    if step.is_zero() {
        return Err(refused("the step of a series must not be zero"));
    }
    let mut out = String::from("[");
    let mut number = start;
    let mut count = 0;
    while if step.is_negative() { number >= stop } else { number <= stop } {
        count += 1;
        check_length(count)?;
        out.push_str(if count == 1 { "\"" } else { ",\"" });
        out.push_str(&number.to_plain_string());
        out.push('"');
        number += &step;
    }
    out.push(']');
    Ok(out)
}

/// `generate_subscripts`.
pub fn subscripts(length: Option<i64>, reverse: bool) -> Result<String> {
    match length {
        None => Ok("[]".to_owned()),
        Some(length) if reverse => integers(length, 1, -1, i64::MAX),
        Some(length) => integers(1, length, 1, i64::MAX),
    }
}
