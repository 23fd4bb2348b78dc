//! Parameters to what SQLite stores.

use std::borrow::Cow;

use jiff::civil::DateTime;
use phantomdb_protocol::{Error, ErrorCode, Result, Value};
use rusqlite::Statement;
use rusqlite::types::{ToSql, ToSqlOutput, Value as Owned, ValueRef};

use super::{error, functions};

/// Binds `parameters` from the first on; a statement that uses only some of them gets no more than it has.
pub(super) fn bind(statement: &mut Statement<'_>, parameters: &[Value]) -> Result<()> {
    let expected = statement.parameter_count();
    for (index, value) in parameters.iter().enumerate().take(expected) {
        let bound = to_sqlite(value, index + 1)?;
        statement.raw_bind_parameter(index + 1, Bound(bound)).map_err(error::plain)?;
    }
    Ok(())
}

/// `BAD_REQUEST` unless there are as many parameters as the statement has.
pub(super) fn check_count(expected: usize, parameters: &[Value]) -> Result<()> {
    let given = parameters.len();
    if expected == given {
        return Ok(());
    }
    Err(Error::new(
        ErrorCode::BadRequest,
        format!("the statement has {expected} parameters, but {given} values were given"),
    ))
}

struct Bound<'a>(ToSqlOutput<'a>);

impl ToSql for Bound<'_> {
    fn to_sql(&self) -> rusqlite::Result<ToSqlOutput<'_>> {
        Ok(match &self.0 {
            ToSqlOutput::Owned(value) => ToSqlOutput::Borrowed(value.into()),
            ToSqlOutput::Borrowed(value) => ToSqlOutput::Borrowed(*value),
            _ => ToSqlOutput::Borrowed(ValueRef::Null),
        })
    }
}

fn to_sqlite(value: &Value, number: usize) -> Result<ToSqlOutput<'_>> {
    Ok(match value {
        Value::Null => ToSqlOutput::Borrowed(ValueRef::Null),
        Value::Boolean(b) => ToSqlOutput::Borrowed(ValueRef::Integer(i64::from(*b))),
        Value::Integer(i) => ToSqlOutput::Borrowed(ValueRef::Integer(*i)),
        // SQLite would store NULL.
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
        Value::Timestamp(s) => match stored_timestamp(s) {
            Some(Cow::Borrowed(s)) => text(s, number)?,
            Some(Cow::Owned(s)) => ToSqlOutput::Owned(Owned::Text(s)),
            None => {
                return Err(Error::new(
                    ErrorCode::TypeMismatch,
                    format!("parameter ${number} is not a timestamp; send one like 2026-01-01T00:00:00.000Z"),
                ));
            }
        },
        Value::Blob(bytes) => ToSqlOutput::Borrowed(ValueRef::Blob(bytes)),
    })
}

fn text(s: &str, number: usize) -> Result<ToSqlOutput<'_>> {
    if s.as_bytes().contains(&0) {
        return Err(Error::new(
            ErrorCode::TypeMismatch,
            format!("parameter ${number} has a NUL character, which no text can hold; store it as a blob"),
        ));
    }
    Ok(ToSqlOutput::Borrowed(ValueRef::Text(s.as_bytes())))
}

/// A timestamp in the one form that is stored, so that comparing the text compares the time.
fn stored_timestamp(text: &str) -> Option<Cow<'_, str>> {
    const SHAPE: &[u8] = b"dddd-dd-ddTdd:dd:dd.dddZ";
    let stored = text.len() == SHAPE.len()
        && text
            .bytes()
            .zip(SHAPE)
            .all(|(b, shape)| if *shape == b'd' { b.is_ascii_digit() } else { b == *shape });
    // Not as jiff's `Timestamp`, which ends a day before the last one of the year 9999.
    if stored && text.trim_end_matches('Z').parse::<DateTime>().is_ok() {
        return Some(Cow::Borrowed(text));
    }
    functions::stored_timestamp(text).map(Cow::Owned)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn it_brings_timestamps_to_the_one_form_that_is_stored() {
        for (given, stored) in [
            ("2026-01-01T00:00:00.000Z", "2026-01-01T00:00:00.000Z"),
            ("2026-01-01T02:00:00+02:00", "2026-01-01T00:00:00.000Z"),
            ("2026-01-01 10:11:12", "2026-01-01T10:11:12.000Z"),
            ("2026-01-01T10:11:12.3456Z", "2026-01-01T10:11:12.345Z"),
            ("9999-12-31T23:59:59.999Z", "9999-12-31T23:59:59.999Z"),
            ("9999-12-31 23:59:59", "9999-12-31T23:59:59.000Z"),
            ("0001-01-01T00:00:00.000Z", "0001-01-01T00:00:00.000Z"),
        ] {
            assert_eq!(stored_timestamp(given).as_deref(), Some(stored));
        }
        assert_eq!(stored_timestamp("2026-13-01T00:00:00.000Z"), None);
        assert_eq!(stored_timestamp("soon"), None);
    }
}
