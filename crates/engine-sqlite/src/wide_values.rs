//! Numbers that are bound where an integer stands that cannot hold them. Such a parameter has the type of its value, as on
//! PostgreSQL: `42 + $1` of 3,000,000,000 is a BIGINT, and of 2.5 a float.

use phantomdb_protocol::{Error, ErrorCode, Value};
use phantomdb_values::numbers::integer::Width;

use crate::bind::{Written, whole_number};

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
        Value::Float(float) => match whole_number(*float) {
            Some(integer) if fits(integer, width) => return None,
            _ => return Some(value.clone()),
        },
        Value::Decimal(_) => return Some(value.clone()),
        _ => return None,
    };
    (!fits(integer, width)).then_some(Value::Integer(integer))
}

fn fits(integer: i64, width: Width) -> bool {
    match width {
        Width::Small => i16::try_from(integer).is_ok(),
        Width::Regular => i32::try_from(integer).is_ok(),
        Width::Big => true,
    }
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

/// The error for such a value where only an integer of fewer bits can stand.
pub(super) fn refused(place: usize, value: &Value) -> Error {
    let number = place + 1;
    match value {
        Value::Integer(_) => {
            let message = format!("the value of parameter ${number} is out of range for its place");
            Error::new(ErrorCode::OutOfRange, message)
        }
        _ => {
            let message = format!("the value of parameter ${number} is not an integer");
            Error::new(ErrorCode::TypeMismatch, message)
        }
    }
}
