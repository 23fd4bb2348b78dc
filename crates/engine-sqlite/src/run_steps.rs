//! Runs the statements that WITH queries with changes have become, and keeps the rows that they return.

use phantomdb_engine::json_rows::{write_json, write_null};
use phantomdb_protocol::{Error, Result, Statement, Value};
use rusqlite::{fallible_streaming_iterator::FallibleStreamingIterator, types::ValueRef};

use crate::{adapt::Step, bind, constraint_error, run::Executor};

impl Executor<'_> {
    /// Runs a step. The result is its rows in their stored form, as a JSON array of arrays.
    pub(super) fn run_step(&self, step: &Step, statement: &Statement) -> Result<Value> {
        let explain = |e| constraint_error::explain(e, step.target.as_ref(), &self.schema());
        let mut prepared = self.connection.prepare_cached(&step.sql).map_err(explain)?;
        bind::bind(&mut prepared, &statement.parameters)?;
        let width = prepared.column_count();
        let mut text = vec![b'['];
        let mut rows = prepared.raw_query();
        loop {
            rows.advance().map_err(explain)?;
            let Some(row) = rows.get() else { break };
            text.extend_from_slice(if text.len() == 1 { b"[" } else { b",[" });
            for index in 0..width {
                if index > 0 {
                    text.push(b',');
                }
                write_stored(&mut text, row.get_ref(index).map_err(explain)?);
            }
            text.push(b']');
        }
        drop(rows);
        text.push(b']');
        let text = String::from_utf8(text).map_err(|_| Error::internal("the rows are no text"))?;
        Ok(Value::Json(text))
    }
}

/// Writes a value so that `json_extract` gives it back. JSON has no bytes, so these are hexadecimal digits.
fn write_stored(out: &mut Vec<u8>, value: ValueRef<'_>) {
    match value {
        ValueRef::Null => write_null(out),
        ValueRef::Integer(integer) => write_json(out, &integer),
        ValueRef::Real(float) if float.is_finite() => write_json(out, &float),
        ValueRef::Real(float) => out.extend_from_slice(if float > 0.0 { b"9e999" } else { b"-9e999" }),
        ValueRef::Text(text) => write_json(out, &String::from_utf8_lossy(text)),
        ValueRef::Blob(bytes) => {
            let digits: String = bytes.iter().map(|byte| format!("{byte:02x}")).collect();
            write_json(out, &digits);
        }
    }
}
