//! Writes rows of SQLite as JSON text.

use phantomdb_engine::ResultLimits;
use phantomdb_engine::json_rows::{
    JsonRows, LARGEST_EXACT, non_finite, write_base64, write_boolean, write_json, write_null, write_text,
};
use phantomdb_protocol::{Column, ColumnType, Result};
use phantomdb_values::{
    arrays::{self, Kind},
    times::wire_of_stored,
};
use rusqlite::Row;
use rusqlite::types::ValueRef;
use serde::de::IgnoredAny;
use serde_json::value::RawValue;

use crate::error;

/// A stored form that is not the one in which the value travels.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Stored {
    /// A float of 32 bits, in one of 64.
    Real,
    /// An array with such elements.
    Array(Kind),
}

/// Collects rows as a JSON array of arrays.
pub(super) struct RowWriter {
    rows: JsonRows,
    /// How the values of each column are stored, where they travel in another form.
    stored: Vec<Option<Stored>>,
}

impl RowWriter {
    pub(super) fn new(stored: &[Option<Stored>], limits: &ResultLimits) -> Self {
        Self { rows: JsonRows::new(limits), stored: stored.to_vec() }
    }

    pub(super) fn rows(&self) -> u64 {
        self.rows.rows()
    }

    pub(super) fn push(&mut self, row: &Row<'_>, columns: &[Column]) -> Result<()> {
        self.push_values(columns, |index| row.get_ref(index).map_err(error::from_sqlite))
    }

    /// Adds a row whose values `value` gives by their places.
    pub(super) fn push_values<'a>(
        &mut self,
        columns: &[Column],
        value: impl Fn(usize) -> Result<ValueRef<'a>>,
    ) -> Result<()> {
        let stored = &self.stored;
        self.rows.push(columns.len(), |out, index| {
            let value = value(index)?;
            match (value, stored.get(index).copied().flatten()) {
                (ValueRef::Text(bytes), Some(Stored::Array(kind))) => write_array(out, bytes, kind),
                (ValueRef::Real(float), Some(Stored::Real)) => write_real(out, float),
                #[expect(clippy::cast_precision_loss, reason = "the value is a float of 32 bits")]
                (ValueRef::Integer(integer), Some(Stored::Real)) => write_real(out, integer as f64),
                _ => write_value(out, value, columns[index].column_type),
            }
            Ok(())
        })
    }

    pub(super) fn finish(self) -> Result<Box<RawValue>> {
        self.rows.finish()
    }
}

fn write_value(out: &mut Vec<u8>, value: ValueRef<'_>, column_type: ColumnType) {
    match value {
        ValueRef::Null => write_null(out),
        ValueRef::Integer(i) => write_integer(out, i, column_type),
        ValueRef::Real(f) => write_float(out, f, column_type),
        ValueRef::Text(bytes) => match column_type {
            ColumnType::Blob => write_base64(out, bytes),
            ColumnType::Json => write_document(out, bytes),
            ColumnType::Timestamp | ColumnType::Date => write_time(out, bytes),
            ColumnType::Float | ColumnType::Integer => write_decimal(out, bytes, column_type),
            _ => write_text(out, bytes),
        },
        ValueRef::Blob(bytes) if column_type == ColumnType::Blob => write_base64(out, bytes),
        ValueRef::Blob(bytes) => {
            out.extend_from_slice(br#"{"type":"blob","value":"#);
            write_base64(out, bytes);
            out.push(b'}');
        }
    }
}

fn write_integer(out: &mut Vec<u8>, i: i64, column_type: ColumnType) {
    match column_type {
        ColumnType::Boolean => write_boolean(out, i != 0),
        ColumnType::Integer | ColumnType::Float | ColumnType::Any | ColumnType::Json
            if i.unsigned_abs() <= LARGEST_EXACT =>
        {
            write_json(out, &i);
        }
        ColumnType::Json => write_json(out, &i),
        ColumnType::Blob => write_base64(out, i.to_string().as_bytes()),
        _ => {
            out.push(b'"');
            write_json(out, &i);
            out.push(b'"');
        }
    }
}

fn write_float(out: &mut Vec<u8>, f: f64, column_type: ColumnType) {
    if let Some(text) = non_finite(f) {
        return write_json(out, text);
    }
    match column_type {
        ColumnType::Boolean => write_boolean(out, f != 0.0),
        ColumnType::Integer | ColumnType::Float | ColumnType::Any | ColumnType::Json => write_json(out, &f),
        ColumnType::Blob => write_base64(out, f.to_string().as_bytes()),
        _ => write_json(out, &f.to_string()),
    }
}

/// Writes a decimal, which is stored as text, where it travels as a number.
fn write_decimal(out: &mut Vec<u8>, bytes: &[u8], column_type: ColumnType) {
    let text = std::str::from_utf8(bytes).unwrap_or_default();
    match (column_type, text.parse::<i64>(), text.parse::<f64>()) {
        (ColumnType::Integer, Ok(integer), _) => write_integer(out, integer, column_type),
        // A decimal that no float holds is infinite as one.
        (ColumnType::Float, _, Ok(float)) => write_float(out, float, column_type),
        _ => write_text(out, bytes),
    }
}

/// Writes a float of 32 bits with its own digits.
fn write_real(out: &mut Vec<u8>, float: f64) {
    #[expect(clippy::cast_possible_truncation, reason = "the value is one of 32 bits")]
    let real = float as f32;
    match non_finite(float) {
        Some(text) => write_json(out, text),
        None => write_json(out, &real),
    }
}

/// Writes a stored timestamp or date as it travels.
fn write_time(out: &mut Vec<u8>, bytes: &[u8]) {
    match std::str::from_utf8(bytes) {
        Ok("infinity") => write_text(out, b"Infinity"),
        Ok("-infinity") => write_text(out, b"-Infinity"),
        Ok(stored) => write_text(out, wire_of_stored(stored).as_bytes()),
        Err(_) => write_text(out, bytes),
    }
}

/// Writes a stored array as it travels.
fn write_array(out: &mut Vec<u8>, bytes: &[u8], kind: Kind) {
    let array = std::str::from_utf8(bytes).ok().and_then(|stored| arrays::wire(stored, kind).ok());
    match array {
        Some(array) => out.extend_from_slice(array.as_bytes()),
        None => write_document(out, bytes),
    }
}

fn write_document(out: &mut Vec<u8>, bytes: &[u8]) {
    let bytes = bytes.trim_ascii();
    if serde_json::from_slice::<IgnoredAny>(bytes).is_ok() {
        out.extend_from_slice(bytes);
    } else {
        write_text(out, bytes);
    }
}
