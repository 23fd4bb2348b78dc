//! Reads numbers from the arguments of a function, and writes them as they are stored.

use phantomdb_protocol::{Error, ErrorCode, Result};
use phantomdb_values::numbers::{Numeric, float, integer::Width};
use rusqlite::{
    Connection,
    functions::{Context, FunctionFlags},
    types::{Value, ValueRef},
};

use crate::functions::{
    convert,
    result::{FunctionResult, user_error},
    scalar::raw,
};

pub(crate) const FLAGS: FunctionFlags = FunctionFlags::SQLITE_UTF8
    .union(FunctionFlags::SQLITE_DETERMINISTIC)
    .union(FunctionFlags::SQLITE_INNOCUOUS);

/// Registers a function of one value, which is not NULL.
pub(crate) fn unary<F>(conn: &Connection, name: &str, function: F) -> rusqlite::Result<()>
where
    F: Fn(ValueRef<'_>) -> FunctionResult + Send + 'static,
{
    conn.create_scalar_function(name, 1, FLAGS, move |context: &mut Context<'_>| match raw(context, 0) {
        ValueRef::Null => Ok(Value::Null),
        value => function(value).map_err(|error| user_error(&error)),
    })
}

/// Registers a function of two values, neither of which is NULL.
pub(crate) fn binary<F>(conn: &Connection, name: &str, function: F) -> rusqlite::Result<()>
where
    F: Fn(ValueRef<'_>, ValueRef<'_>) -> FunctionResult + Send + 'static,
{
    conn.create_scalar_function(name, 2, FLAGS, move |context: &mut Context<'_>| {
        match (raw(context, 0), raw(context, 1)) {
            (ValueRef::Null, _) | (_, ValueRef::Null) => Ok(Value::Null),
            (a, b) => function(a, b).map_err(|error| user_error(&error)),
        }
    })
}

/// The value as an exact number.
pub(crate) fn numeric(value: ValueRef<'_>) -> Result<Numeric> {
    match value {
        ValueRef::Integer(integer) => Ok(Numeric::from(integer)),
        ValueRef::Real(number) => Numeric::from_written_float(number),
        ValueRef::Text(text) => Numeric::parse(&String::from_utf8_lossy(text)),
        ValueRef::Null | ValueRef::Blob(_) => Err(no_number(value)),
    }
}

/// The value as a double precision.
pub(crate) fn float8(value: ValueRef<'_>) -> Result<f64> {
    match value {
        #[expect(clippy::cast_precision_loss, reason = "the nearest float is wanted")]
        ValueRef::Integer(integer) => Ok(integer as f64),
        ValueRef::Real(number) => Ok(number),
        ValueRef::Text(text) => float::parse_f64(&String::from_utf8_lossy(text)),
        ValueRef::Null | ValueRef::Blob(_) => Err(no_number(value)),
    }
}

/// The value as a real.
pub(crate) fn float4(value: ValueRef<'_>) -> Result<f32> {
    match value {
        ValueRef::Text(text) => float::parse_f32(&String::from_utf8_lossy(text)),
        value => float::to_f32(float8(value)?),
    }
}

/// The value as an integer of that width; a float is rounded.
pub(crate) fn integer(value: ValueRef<'_>, width: Width) -> Result<i64> {
    match value {
        ValueRef::Integer(integer) => width.check(integer),
        ValueRef::Real(number) => width.from_f64(number),
        ValueRef::Text(text) => width.parse(&String::from_utf8_lossy(text)),
        ValueRef::Null | ValueRef::Blob(_) => Err(no_number(value)),
    }
}

pub(crate) fn no_number(value: ValueRef<'_>) -> Error {
    match value {
        ValueRef::Blob(_) => Error::new(ErrorCode::TypeMismatch, "bytes are not a number"),
        value => convert::mismatch(value, "a number"),
    }
}

/// A double precision as it is stored. SQLite takes a NaN for NULL, so it is text.
pub(crate) fn stored_float8(number: f64) -> Value {
    if number.is_nan() { Value::Text("NaN".into()) } else { Value::Real(number) }
}

pub(crate) fn stored_float4(number: f32) -> Value {
    stored_float8(f64::from(number))
}

pub(crate) fn stored_numeric(number: &Numeric) -> Value {
    Value::Text(number.to_string())
}
