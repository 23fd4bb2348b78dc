//! Rows as objects, in the answers of finds and inserts.

use serde_json::value::RawValue;

use crate::{Error, Result, ResultSet};

/// Rows as objects: `{"records":[{…}]}`.
pub fn records(result: &ResultSet) -> Result<String> {
    let mut text = String::with_capacity(result.rows.get().len() * 2 + 16);
    text.push_str("{\"records\":[");
    push_records(&mut text, result)?;
    text.push_str("]}");
    Ok(text)
}

/// The answer of an insert, which has no result when there were no rows.
pub fn inserted(result: Option<&ResultSet>) -> Result<String> {
    let count = result.map_or(0, |result| result.affected_rows);
    let mut text = format!("{{\"inserted\":{count},\"rows\":[");
    if let Some(result) = result {
        push_records(&mut text, result)?;
    }
    text.push_str("]}");
    Ok(text)
}

/// Appends the rows as objects.
fn push_records(text: &mut String, result: &ResultSet) -> Result<()> {
    if result.columns.is_empty() {
        return Ok(());
    }
    let rows: Vec<Vec<&RawValue>> = serde_json::from_str(result.rows.get())
        .map_err(|_| Error::internal("the engine answered rows that are not JSON"))?;
    let keys = result
        .columns
        .iter()
        .map(|column| serde_json::to_string(&column.name).map(|name| name + ":"))
        .collect::<Result<Vec<_>, _>>()
        .map_err(|_| Error::internal("the names of the columns could not be written as JSON"))?;
    for (number, row) in rows.into_iter().enumerate() {
        text.push_str(if number == 0 { "{" } else { ",{" });
        for (index, (key, value)) in keys.iter().zip(row).enumerate() {
            if index > 0 {
                text.push(',');
            }
            text.push_str(key);
            text.push_str(value.get());
        }
        text.push('}');
    }
    Ok(())
}
