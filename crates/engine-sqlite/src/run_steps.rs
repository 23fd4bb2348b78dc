//! Runs the statements that WITH queries with changes have become, and keeps the rows that they return.

use phantomdb_engine::{
    ResultLimits,
    json_rows::{JsonRows, write_json, write_null},
};
use phantomdb_protocol::{Result, Statement, Value};
use rusqlite::{fallible_streaming_iterator::FallibleStreamingIterator, types::ValueRef};

use super::executor::Executor;
use crate::{
    adapt::Step,
    bind::{self, Written},
    constraint_error,
};

impl Executor<'_> {
    /// Runs a step. The result is its rows in their stored form, as a JSON array of arrays.
    pub(super) fn run_step(
        &self,
        step: &Step,
        statement: &Statement,
        written: &[Option<Written>],
    ) -> Result<Value> {
        let explain = |e| constraint_error::explain(e, step.target.as_ref(), &self.schema());
        let mut prepared = self.connection.prepare_cached(&step.sql).map_err(explain)?;
        bind::bind(&mut prepared, &statement.parameters, written)?;
        let width = prepared.column_count();
        // They are in memory as those of a result are, but the caller does not get them.
        let limits = ResultLimits { rows: None, ..self.results.clone() };
        let mut kept = JsonRows::new(&limits);
        let mut rows = prepared.raw_query();
        loop {
            rows.advance().map_err(explain)?;
            let Some(row) = rows.get() else { break };
            kept.push(width, |out, index| {
                write_stored(out, row.get_ref(index).map_err(explain)?);
                Ok(())
            })?;
        }
        drop(rows);
        Ok(Value::Json(kept.finish()?.get().to_owned()))
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
