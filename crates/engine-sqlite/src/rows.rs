//! Writes rows of SQLite as JSON text.

use phantomdb_engine::json_rows::{
    JsonRows, LARGEST_EXACT, non_finite, write_base64, write_boolean, write_json, write_null, write_text,
};
use phantomdb_protocol::{Column, ColumnType, Result};
use phantomdb_values::times::wire_of_stored;
use rusqlite::Row;
use rusqlite::types::ValueRef;
use serde::de::IgnoredAny;
use serde_json::value::RawValue;

/// Collects rows as a JSON array of arrays.
pub(super) struct RowWriter(JsonRows);

impl RowWriter {
    pub(super) fn new() -> Self {
        Self(JsonRows::default())
    }

    pub(super) fn rows(&self) -> u64 {
        self.0.rows()
    }

    pub(super) fn push(&mut self, row: &Row<'_>, columns: &[Column]) -> rusqlite::Result<()> {
        self.0.push(columns.len(), |out, index| {
            write_value(out, row.get_ref(index)?, columns[index].column_type);
            Ok(())
        })
    }

    pub(super) fn finish(self) -> Result<Box<RawValue>> {
        self.0.finish()
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

/// Writes a stored timestamp or date as it travels.
fn write_time(out: &mut Vec<u8>, bytes: &[u8]) {
    match std::str::from_utf8(bytes) {
        Ok("infinity") => write_text(out, b"Infinity"),
        Ok("-infinity") => write_text(out, b"-Infinity"),
        Ok(stored) => write_text(out, wire_of_stored(stored).as_bytes()),
        Err(_) => write_text(out, bytes),
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
