//! Answers as JSON text.

use phantomdb_protocol::{BatchAnswer, Error, Outcome, Result, ResultSet};
use serde::Serialize;
use serde_json::value::RawValue;

pub(super) fn json<T: Serialize + ?Sized>(value: &T) -> Result<String> {
    serde_json::to_string(value).map_err(|_| Error::internal("the answer could not be written as JSON"))
}

/// Rows as objects: `{"records":[{…}]}`.
pub(super) fn records(result: &ResultSet) -> Result<String> {
    let mut text = String::with_capacity(result.rows.get().len() * 2 + 16);
    text.push_str("{\"records\":[");
    push_records(&mut text, result, true)?;
    text.push_str("]}");
    Ok(text)
}

pub(super) fn inserted(results: &[ResultSet]) -> Result<String> {
    let count: u64 = results.iter().map(|result| result.affected_rows).sum();
    let mut text = format!("{{\"inserted\":{count},\"rows\":[");
    let mut first = true;
    for result in results {
        first = push_records(&mut text, result, first)?;
    }
    text.push_str("]}");
    Ok(text)
}

/// Appends the rows as objects; answers whether none has been written yet.
fn push_records(text: &mut String, result: &ResultSet, mut first: bool) -> Result<bool> {
    if result.columns.is_empty() {
        return Ok(first);
    }
    let rows: Vec<Vec<&RawValue>> = serde_json::from_str(result.rows.get())
        .map_err(|_| Error::internal("the engine answered rows that are not JSON"))?;
    let keys = result
        .columns
        .iter()
        .map(|column| json(&column.name).map(|name| name + ":"))
        .collect::<Result<Vec<_>>>()?;
    for row in rows {
        if !first {
            text.push(',');
        }
        first = false;
        text.push('{');
        for (index, (key, value)) in keys.iter().zip(row).enumerate() {
            if index > 0 {
                text.push(',');
            }
            text.push_str(key);
            text.push_str(value.get());
        }
        text.push('}');
    }
    Ok(first)
}

/// A result or an error for each statement of a batch.
pub(super) fn batch(results: Vec<Result<ResultSet>>) -> Result<String> {
    let outcome = |result| match result {
        Ok(result) => Outcome::Result(result),
        Err(error) => Outcome::Failure { error },
    };
    json(&BatchAnswer { results: results.into_iter().map(outcome).collect() })
}
