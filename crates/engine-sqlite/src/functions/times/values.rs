//! Reads dates, times and intervals from the arguments of a function, and writes them as they are stored.

use phantomdb_protocol::{Error, ErrorCode, Result};
use phantomdb_values::times::{Date, Interval, Part, TimeOfDay, Timestamp};
use rusqlite::types::{Value, ValueRef};

use crate::functions::{convert, result::FunctionResult, scalar::Arguments};

/// Orders intervals by their length, with months of 30 days, and other texts by their characters behind them.
pub(crate) fn compare_intervals(left: &str, right: &str) -> std::cmp::Ordering {
    match (Interval::read(left), Interval::read(right)) {
        (Ok(a), Ok(b)) => a.length().cmp(&b.length()),
        (a, b) => a.is_err().cmp(&b.is_err()).then_with(|| left.cmp(right)),
    }
}

/// The text of an argument. Fails with `TYPE_MISMATCH` for a value of another storage class.
pub(crate) fn text_of<'a>(value: ValueRef<'a>, what: &str) -> Result<&'a str> {
    let text = match value {
        ValueRef::Text(bytes) => std::str::from_utf8(bytes).ok(),
        _ => None,
    };
    text.ok_or_else(|| convert::mismatch(value, what))
}

pub(crate) fn timestamp(a: &Arguments<'_>, index: usize) -> Result<Timestamp> {
    Timestamp::read_with_zone(text_of(a.value(index), "a timestamp")?)
}

pub(crate) fn date(a: &Arguments<'_>, index: usize) -> Result<Date> {
    Date::read(text_of(a.value(index), "a date")?)
}

pub(crate) fn time(a: &Arguments<'_>, index: usize) -> Result<TimeOfDay> {
    TimeOfDay::read(text_of(a.value(index), "a time of day")?)
}

pub(crate) fn interval(a: &Arguments<'_>, index: usize) -> Result<Interval> {
    Interval::read(text_of(a.value(index), "an interval")?)
}

/// A number; fails with `TYPE_MISMATCH` for any other value.
pub(crate) fn float(a: &Arguments<'_>, index: usize) -> Result<f64> {
    let value = a.value(index);
    match value {
        #[expect(clippy::cast_precision_loss, reason = "a float is asked for")]
        ValueRef::Integer(number) => Ok(number as f64),
        ValueRef::Real(number) => Ok(number),
        ValueRef::Text(bytes) => std::str::from_utf8(bytes)
            .ok()
            .and_then(|text| text.trim().parse().ok())
            .ok_or_else(|| convert::mismatch(value, "a number")),
        _ => Err(convert::mismatch(value, "a number")),
    }
}

/// A whole number; fails with `TYPE_MISMATCH` for any other value.
pub(crate) fn integer(a: &Arguments<'_>, index: usize) -> Result<i64> {
    match a.value(index) {
        ValueRef::Integer(number) => Ok(number),
        value => {
            let number = float(a, index)?;
            let is_whole = number.fract() == 0.0 && number.abs() < 9e15;
            #[expect(clippy::cast_possible_truncation, reason = "checked in the line above")]
            if is_whole { Ok(number as i64) } else { Err(convert::mismatch(value, "a whole number")) }
        }
    }
}

pub(crate) fn from_timestamp(at: Timestamp) -> Value {
    Value::Text(at.stored())
}

pub(crate) fn from_text(text: impl std::fmt::Display) -> Value {
    Value::Text(text.to_string())
}

pub(crate) fn from_part(part: &Part) -> Value {
    part.numeric().map_or(Value::Null, Value::Text)
}

pub(crate) fn from_part_as_float(part: &Part) -> Value {
    part.float().map_or(Value::Null, Value::Real)
}

/// A JSON array of strings. Fails with `OUT_OF_RANGE` when it is too long for a value.
pub(crate) fn json_strings(texts: impl Iterator<Item = String>) -> FunctionResult {
    const LONGEST: usize = 256 << 20;
    let mut json = String::from("[");
    for text in texts {
        if json.len() > 1 {
            json.push(',');
        }
        // No date or time has a character that JSON escapes.
        json.push('"');
        json.push_str(&text);
        json.push('"');
        if json.len() > LONGEST {
            return Err(Error::new(ErrorCode::OutOfRange, "the series is too long"));
        }
    }
    json.push(']');
    Ok(Value::Text(json))
}
