//! Whole numbers that are bound where one of fewer bits stands. Such a parameter has the type of its value, as on PostgreSQL:
//! `42 + $1` of 3,000,000,000 is a BIGINT.

use phantomdb_protocol::{Error, ErrorCode, Value};
use phantomdb_values::numbers::integer::Width;

use crate::bind::Written;

/// The parameters, by their places from 0, whose values are too large for where they stand: each with its value as a number.
pub(super) fn wide_values(written: &[Option<Written>], parameters: &[Value]) -> Vec<(usize, Value)> {
    let places = written.iter().zip(parameters).enumerate();
    let wide = places.filter_map(|(place, (written, value))| match written {
        Some(Written::Integer(width)) => Some((place, wide_value(value, *width)?)),
        _ => None,
    });
    wide.collect()
}

/// The number that a value is; None for one that fits, and for what is no whole number.
fn wide_value(value: &Value, width: Width) -> Option<Value> {
    let integer = match value {
        Value::Integer(integer) => *integer,
        Value::String(text) => {
            let digits = text.trim();
            let unsigned = digits.strip_prefix(['-', '+']).unwrap_or(digits);
            if unsigned.is_empty() || !unsigned.bytes().all(|byte| byte.is_ascii_digit()) {
                return None;
            }
            match digits.parse() {
                Ok(integer) => integer,
                Err(_) => return Some(Value::Decimal(digits.trim_start_matches('+').to_owned())),
            }
        }
        _ => return None,
    };
    let fits = match width {
        Width::Small => i16::try_from(integer).is_ok(),
        Width::Regular => i32::try_from(integer).is_ok(),
        Width::Big => true,
    };
    (!fits).then_some(Value::Integer(integer))
}

/// The values of a statement, with such values as numbers.
pub(super) fn with_wide_values(parameters: &[Value], wide: &[(usize, Value)]) -> Vec<Value> {
    let mut parameters = parameters.to_vec();
    for (place, value) in wide {
        if let Some(slot) = parameters.get_mut(*place) {
            slot.clone_from(value);
        }
    }
    parameters
}

/// The error for such a value where only numbers of fewer bits can stand.
pub(super) fn out_of_range(place: usize) -> Error {
    let message = format!("the value of parameter ${} is out of range for its place", place + 1);
    Error::new(ErrorCode::OutOfRange, message)
}
