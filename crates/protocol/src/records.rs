//! Rows as objects, in the answers of finds and inserts.

use serde_json::value::RawValue;

use crate::{Error, Result, ResultSet};

/// Rows as objects: `{"records":[{…}]}`.
pub fn records(result: &ResultSet) -> Result<String> {
    let mut text = String::with_capacity(result.rows.get().len() * 2 + 16);
    text.push_str("{\"records\":[");
    push_records(&mut text, result, true)?;
    text.push_str("]}");
    Ok(text)
}

pub fn inserted(results: &[ResultSet]) -> Result<String> {
    let count: u64 = results.iter().map(|result| result.affected_rows).sum();
    let mut text = format!("{{\"inserted\":{count},\"rows\":[");
    let mut first = true;
    for result in results {
        first = push_records(&mut text, result, first)?;
    }
    text.push_str("]}");
    Ok(text)
}

/// Appends the rows as objects. `first` is true as long as no row has been written; the new value is returned.
fn push_records(text: &mut String, result: &ResultSet, mut first: bool) -> Result<bool> {
    if result.columns.is_empty() {
        return Ok(first);
    }
    let rows: Vec<Vec<&RawValue>> = serde_json::from_str(result.rows.get())
        .map_err(|_| Error::internal("the engine answered rows that are not JSON"))?;
    let keys = result
        .columns
        .iter()
        .map(|column| serde_json::to_string(&column.name).map(|name| name + ":"))
        .collect::<Result<Vec<_>, _>>()
        .map_err(|_| Error::internal("the names of the columns could not be written as JSON"))?;
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
