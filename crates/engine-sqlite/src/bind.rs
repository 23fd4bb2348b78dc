//! Binds parameters in the form in which SQLite stores them.

use std::borrow::Cow;

use phantomdb_engine::parameters::{check_text, stored_timestamp};
use phantomdb_protocol::{Cell, Error, ErrorCode, Result, Value};
use phantomdb_values::{
    numbers::{float::float8_text, integer::Width},
    times::{Timestamp, wire_of_stored},
};
use rusqlite::Statement;
use rusqlite::types::{ToSql, ToSqlOutput, Value as Owned, ValueRef};

use crate::error;

/// What a parameter is written into. A value of another type has a form of its own there, which PostgreSQL gives it when it
/// is assigned.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Written {
    Text,
    Document,
    Bytes,
    /// A text in which a boolean is a letter, as `concat` makes it.
    Output,
    /// An integer. A text is read as PostgreSQL reads one.
    Integer(Width),
    /// A boolean, which the numbers 0 and 1 are.
    Boolean,
}

/// Binds `parameters` from the first one on, up to the number that the statement has. `written` tells what they are written
/// into, as far as that matters.
pub(super) fn bind(
    statement: &mut Statement<'_>,
    parameters: &[Value],
    written: &[Option<Written>],
) -> Result<()> {
    let expected = statement.parameter_count();
    for (index, value) in parameters.iter().enumerate().take(expected) {
        let bound = assigned(value, written.get(index).copied().flatten(), index + 1)?;
        statement.raw_bind_parameter(index + 1, Bound(bound)).map_err(error::from_sqlite)?;
    }
    Ok(())
}

/// Binds the cells of a row. A parameter whose cell is the default of its column is not in the statement.
pub(super) fn bind_row(
    statement: &mut Statement<'_>,
    row: &[Cell],
    written: &[Option<Written>],
) -> Result<()> {
    let expected = statement.parameter_count();
    for (index, cell) in row.iter().enumerate().take(expected) {
        if let Cell::Value(value) = cell {
            let bound = assigned(value, written.get(index).copied().flatten(), index + 1)?;
            statement.raw_bind_parameter(index + 1, Bound(bound)).map_err(error::from_sqlite)?;
        }
    }
    Ok(())
}

/// Parameters in the form in which SQLite stores them. `written` is as for [`bind`].
pub(super) fn bound<'v>(
    parameters: &'v [Value],
    written: &[Option<Written>],
) -> Result<Vec<ToSqlOutput<'v>>> {
    let at = |(index, value)| assigned(value, written.get(index).copied().flatten(), index + 1);
    parameters.iter().enumerate().map(at).collect()
}

/// A value to bind.
pub(super) struct Bound<'a>(pub(super) ToSqlOutput<'a>);

impl ToSql for Bound<'_> {
    fn to_sql(&self) -> rusqlite::Result<ToSqlOutput<'_>> {
        Ok(match &self.0 {
            ToSqlOutput::Owned(value) => ToSqlOutput::Borrowed(value.into()),
            ToSqlOutput::Borrowed(value) => ToSqlOutput::Borrowed(*value),
            _ => ToSqlOutput::Borrowed(ValueRef::Null),
        })
    }
}

/// A value in the form that it has where it is written. `number` is that of its parameter, from 1, for errors.
pub(super) fn assigned(value: &Value, written: Option<Written>, number: usize) -> Result<ToSqlOutput<'_>> {
    let own = |text: String| Ok(ToSqlOutput::Owned(Owned::Text(text)));
    match (value, written) {
        (Value::Boolean(boolean), Some(Written::Output)) => {
            let letter: &[u8] = if *boolean { b"t" } else { b"f" };
            Ok(ToSqlOutput::Borrowed(ValueRef::Text(letter)))
        }
        (Value::Boolean(boolean), Some(Written::Text | Written::Document | Written::Bytes)) => {
            let word: &[u8] = if *boolean { b"true" } else { b"false" };
            Ok(ToSqlOutput::Borrowed(ValueRef::Text(word)))
        }
        (Value::Integer(integer), Some(Written::Text | Written::Output | Written::Bytes)) => {
            own(integer.to_string())
        }
        (Value::Float(float), Some(Written::Text | Written::Output | Written::Bytes)) => {
            own(float8_text(*float))
        }
        (Value::Timestamp(text), Some(Written::Text | Written::Output)) => {
            let stored = stored_timestamp(text, number)?;
            own(Timestamp::read_with_zone(&wire_of_stored(&stored))?.text_with_zone())
        }
        (Value::Blob(bytes), Some(Written::Text | Written::Output)) => {
            own(bytes.iter().fold("\\x".to_owned(), |text, byte| text + &format!("{byte:02x}")))
        }
        (Value::Integer(integer), Some(Written::Boolean)) if !matches!(integer, 0 | 1) => {
            let message = format!("the value of parameter ${number}: {integer} is not a boolean");
            Err(Error::new(ErrorCode::TypeMismatch, message))
        }
        (Value::Float(float), Some(Written::Integer(_))) if whole_number(*float).is_some() => {
            Ok(ToSqlOutput::Owned(whole_number(*float).map_or(Owned::Null, Owned::Integer)))
        }
        (Value::String(text), Some(Written::Integer(width))) if !is_digits(text) => {
            let integer = width.parse(text).map_err(|error| {
                let message = format!("the value of parameter ${number}: {}", error.message);
                Error { message, ..error }
            })?;
            Ok(ToSqlOutput::Owned(Owned::Integer(integer)))
        }
        _ => to_sqlite(value, number),
    }
}

/// The integer with the value of the float; none when the float has a fraction or is too large to be exact.
pub(super) fn whole_number(float: f64) -> Option<i64> {
    const EXACT: f64 = 9_007_199_254_740_992.0;
    #[expect(clippy::cast_possible_truncation, reason = "it is a whole number within 2^53")]
    (float.fract() == 0.0 && float.abs() <= EXACT).then_some(float as i64)
}

/// True for a whole number of any length, which PostgreSQL takes for a number of a wider type.
fn is_digits(text: &str) -> bool {
    let text = text.trim();
    let digits = text.strip_prefix(['-', '+']).unwrap_or(text);
    !digits.is_empty() && digits.bytes().all(|byte| byte.is_ascii_digit())
}

/// A value in the form in which SQLite stores it. `number` is that of its parameter, from 1, for errors.
fn to_sqlite(value: &Value, number: usize) -> Result<ToSqlOutput<'_>> {
    Ok(match value {
        Value::Null => ToSqlOutput::Borrowed(ValueRef::Null),
        Value::Boolean(b) => ToSqlOutput::Borrowed(ValueRef::Integer(i64::from(*b))),
        Value::Integer(i) => ToSqlOutput::Borrowed(ValueRef::Integer(*i)),
        // SQLite would store NaN as NULL.
        Value::Float(f) if f.is_nan() => ToSqlOutput::Borrowed(ValueRef::Text(b"NaN")),
        Value::Float(f) => ToSqlOutput::Borrowed(ValueRef::Real(*f)),
        Value::String(s) | Value::Decimal(s) | Value::Date(s) | Value::Time(s) | Value::Json(s) => {
            text(s, number)?
        }
        Value::Uuid(s) if s.bytes().any(|b| b.is_ascii_uppercase()) => {
            text(s, number)?;
            ToSqlOutput::Owned(Owned::Text(s.to_ascii_lowercase()))
        }
        Value::Uuid(s) => text(s, number)?,
        Value::Timestamp(s) => match stored_timestamp(s, number)? {
            Cow::Borrowed(s) => text(s, number)?,
            Cow::Owned(s) => ToSqlOutput::Owned(Owned::Text(s)),
        },
        Value::Blob(bytes) => ToSqlOutput::Borrowed(ValueRef::Blob(bytes)),
    })
}

fn text(s: &str, number: usize) -> Result<ToSqlOutput<'_>> {
    check_text(s, number)?;
    Ok(ToSqlOutput::Borrowed(ValueRef::Text(s.as_bytes())))
}
