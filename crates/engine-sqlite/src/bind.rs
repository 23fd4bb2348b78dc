//! Binds parameters in the form in which SQLite stores them.

use std::borrow::Cow;

use phantomdb_engine::parameters::{check_text, stored_timestamp};
use phantomdb_protocol::{Cell, Result, Value};
use rusqlite::Statement;
use rusqlite::types::{ToSql, ToSqlOutput, Value as Owned, ValueRef};

use crate::error;

/// Binds `parameters` from the first one on, up to the number that the statement has.
pub(super) fn bind(statement: &mut Statement<'_>, parameters: &[Value]) -> Result<()> {
    let expected = statement.parameter_count();
    for (index, value) in parameters.iter().enumerate().take(expected) {
        let bound = to_sqlite(value, index + 1)?;
        statement.raw_bind_parameter(index + 1, Bound(bound)).map_err(error::from_sqlite)?;
    }
    Ok(())
}

/// Binds the cells of a row. A parameter whose cell is the default of its column is not in the statement.
pub(super) fn bind_row(statement: &mut Statement<'_>, row: &[Cell]) -> Result<()> {
    let expected = statement.parameter_count();
    for (index, cell) in row.iter().enumerate().take(expected) {
        if let Cell::Value(value) = cell {
            let bound = to_sqlite(value, index + 1)?;
            statement.raw_bind_parameter(index + 1, Bound(bound)).map_err(error::from_sqlite)?;
        }
    }
    Ok(())
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

/// A value in the form in which SQLite stores it. `number` is that of its parameter, from 1, for errors.
pub(super) fn to_sqlite(value: &Value, number: usize) -> Result<ToSqlOutput<'_>> {
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
