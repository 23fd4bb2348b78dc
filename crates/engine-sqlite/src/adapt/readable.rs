//! Texts that have to be values of a type, whether or not a row needs them: string literals, which PostgreSQL reads before a
//! statement runs, and values that are bound as texts.

use phantomdb_protocol::{Error, ErrorCode, Result, Value};
use phantomdb_sql::typing::Type;
use phantomdb_values::{
    arrays, boolean,
    bytes::written,
    identity,
    numbers::{Numeric, float::parse_f64, integer::Width},
    times::{Date, Interval, TimeOfDay, Timestamp},
};
use serde::de::IgnoredAny;

use super::adapted::Known;

/// Fails when a string is not read as a value of the type.
pub(super) fn check_text(text: &str, to: Type) -> Result<()> {
    match to {
        Type::SmallInt => Width::Small.parse(text).map(drop),
        Type::Integer => Width::Regular.parse(text).map(drop),
        Type::BigInt => Width::Big.parse(text).map(drop),
        Type::Real | Type::Double => parse_f64(text).map(drop),
        Type::Numeric => Numeric::parse(text).map(drop),
        Type::Boolean => boolean::parse(text).map(drop),
        Type::Date => Date::read(text).map(drop),
        Type::Time => TimeOfDay::read(text).map(drop),
        Type::Timestamp | Type::TimestampTz => Timestamp::read_with_zone(text).map(drop),
        Type::Interval => Interval::read(text).map(drop),
        Type::Uuid => identity::parse(text).map(drop),
        Type::Bytea => written::parse(text).map(drop),
        _ => Ok(()),
    }
}

/// Fails with `TYPE_MISMATCH` when a string is not read as a value of the type.
pub(super) fn check_string(text: &str, to: Type) -> Result<()> {
    check_text(text, to).map_err(|error| Error { code: ErrorCode::TypeMismatch, ..error })
}

/// Fails when a bound value is not read as the type that the statement gives its parameter. PostgreSQL reads it before the
/// statement runs.
pub(crate) fn check_value(values: &[Value], known: &Known) -> Result<()> {
    let Known { place, data_type: to, column } = known;
    let Some(value) = values.get(*place) else { return Ok(()) };
    let to = *to;
    let checked = match (value, to) {
        (Value::String(text), Type::SmallInt | Type::Integer | Type::BigInt) => {
            // A number that is too large has a type of its own.
            let digits = text.trim();
            let digits = digits.strip_prefix(['-', '+']).unwrap_or(digits);
            let is_whole = !digits.is_empty() && digits.bytes().all(|byte| byte.is_ascii_digit());
            if is_whole { Ok(()) } else { check_text(text, to) }
        }
        (
            Value::String(text)
            | Value::Json(text)
            | Value::Decimal(text)
            | Value::Date(text)
            | Value::Time(text)
            | Value::Uuid(text)
            | Value::Timestamp(text),
            Type::Array(_),
        ) => check_array(text),
        (Value::String(text) | Value::Json(text), Type::Json | Type::Jsonb) => check_document(text),
        (Value::Date(_), Type::Date | Type::Timestamp | Type::TimestampTz)
        | (Value::Time(_), Type::Time)
        | (Value::Uuid(_), Type::Uuid)
        | (Value::Timestamp(_), Type::Date | Type::Time | Type::Timestamp | Type::TimestampTz)
        | (Value::Decimal(_), Type::SmallInt | Type::Integer | Type::BigInt) => Ok(()),
        (
            Value::String(text)
            | Value::Decimal(text)
            | Value::Date(text)
            | Value::Time(text)
            | Value::Uuid(text)
            | Value::Timestamp(text)
            | Value::Json(text),
            to,
        ) => check_text(text, to),
        (Value::Integer(_) | Value::Float(_), Type::Array(_)) => check_array("0"),
        (
            Value::Integer(integer),
            Type::Date | Type::Time | Type::Timestamp | Type::TimestampTz | Type::Uuid,
        ) => check_text(&integer.to_string(), to),
        (Value::Float(float), Type::Date | Type::Time | Type::Timestamp | Type::TimestampTz | Type::Uuid) => {
            check_text(&float.to_string(), to)
        }
        (
            Value::Boolean(boolean),
            Type::Date | Type::Time | Type::Timestamp | Type::TimestampTz | Type::Interval | Type::Uuid,
        ) => check_text(if *boolean { "true" } else { "false" }, to),
        (Value::Boolean(_) | Value::Integer(_) | Value::Float(_) | Value::Null | Value::Blob(_), _) => Ok(()),
    };
    checked.map_err(|error| match column {
        Some([table, column]) => {
            let message = format!("column \"{column}\" of \"{table}\": {}", error.message);
            Error { message, ..error }.with_table(table.clone()).with_columns([column.clone()])
        }
        None => {
            let message = format!("the value of parameter ${}: {}", place + 1, error.message);
            Error { message, ..error }
        }
    })
}

/// The elements are read where they are used.
fn check_array(text: &str) -> Result<()> {
    let begins = text.trim_start().starts_with(['{', '[']);
    if begins { Ok(()) } else { Err(arrays::malformed(text)) }
}

fn check_document(text: &str) -> Result<()> {
    match serde_json::from_str::<IgnoredAny>(text) {
        Ok(_) => Ok(()),
        Err(_) => Err(Error::new(ErrorCode::TypeMismatch, "the value is not valid JSON")),
    }
}
