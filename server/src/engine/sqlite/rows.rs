//! Rows of SQLite to JSON text, without a value of its own for each cell.

use base64::{Engine as _, engine::general_purpose::STANDARD as BASE64};
use phantomdb_protocol::{Column, ColumnType, Error, Result};
use rusqlite::Row;
use rusqlite::types::ValueRef;
use serde::de::IgnoredAny;
use serde_json::value::RawValue;

/// The largest integer that JavaScript's numbers hold exactly.
const LARGEST_EXACT: u64 = (1 << 53) - 1;

/// An array of arrays that grows by a row at a time.
pub(super) struct RowWriter {
    text: Vec<u8>,
    rows: u64,
}

impl RowWriter {
    pub(super) fn new() -> Self {
        Self { text: vec![b'['], rows: 0 }
    }

    pub(super) fn rows(&self) -> u64 {
        self.rows
    }

    pub(super) fn push(&mut self, row: &Row<'_>, columns: &[Column]) -> rusqlite::Result<()> {
        self.text.extend_from_slice(if self.rows == 0 { b"[" } else { b",[" });
        for (index, column) in columns.iter().enumerate() {
            if index > 0 {
                self.text.push(b',');
            }
            write_value(&mut self.text, row.get_ref(index)?, column.column_type);
        }
        self.text.push(b']');
        self.rows += 1;
        Ok(())
    }

    pub(super) fn finish(mut self) -> Result<Box<RawValue>> {
        self.text.push(b']');
        let text = String::from_utf8(self.text)
            .map_err(|_| Error::internal("the rows could not be written as JSON text"))?;
        // SAFETY: `push` and this function write nothing but an array of arrays whose cells are written by
        // serde_json, are base64 in quotes, or were just parsed as one JSON value.
        Ok(unsafe { RawValue::from_string_unchecked(text) })
    }
}

fn write_value(out: &mut Vec<u8>, value: ValueRef<'_>, column_type: ColumnType) {
    match value {
        ValueRef::Null => out.extend_from_slice(b"null"),
        ValueRef::Integer(i) => write_integer(out, i, column_type),
        ValueRef::Real(f) => write_float(out, f, column_type),
        ValueRef::Text(bytes) => match column_type {
            ColumnType::Blob => write_base64(out, bytes),
            ColumnType::Json => write_document(out, bytes),
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
        ColumnType::Boolean => out.extend_from_slice(if i == 0 { b"false" } else { b"true" }),
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
    let text = if f.is_nan() {
        "NaN"
    } else if f == f64::INFINITY {
        "Infinity"
    } else if f == f64::NEG_INFINITY {
        "-Infinity"
    } else {
        match column_type {
            ColumnType::Boolean => out.extend_from_slice(if f == 0.0 { b"false" } else { b"true" }),
            ColumnType::Integer | ColumnType::Float | ColumnType::Any | ColumnType::Json => {
                write_json(out, &f)
            }
            ColumnType::Blob => write_base64(out, f.to_string().as_bytes()),
            _ => write_json(out, &f.to_string()),
        }
        return;
    };
    write_json(out, text);
}

/// Text that is not UTF-8, which only `native` statements can store, comes with replacement characters.
fn write_text(out: &mut Vec<u8>, bytes: &[u8]) {
    match std::str::from_utf8(bytes) {
        Ok(text) => write_json(out, text),
        Err(_) => write_json(out, String::from_utf8_lossy(bytes).as_ref()),
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

fn write_base64(out: &mut Vec<u8>, bytes: &[u8]) {
    write_json(out, &BASE64.encode(bytes));
}

/// Writing a scalar to memory cannot fail.
fn write_json<T: serde::Serialize + ?Sized>(out: &mut Vec<u8>, value: &T) {
    let written = serde_json::to_writer(out, value);
    debug_assert!(written.is_ok());
}
