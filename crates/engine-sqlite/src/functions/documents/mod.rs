//! Functions on documents. [`phantomdb_values::documents`] says what they compute.

mod aggregates;
mod build;
mod casts;
mod expand;
mod operators;
#[cfg(test)]
mod tests;

use phantomdb_protocol::Result;
use phantomdb_values::documents::{self, Document, Kind};
use rusqlite::{Connection, types::Value};

use super::{Arguments, FunctionResult, arrays, decimal, times::compare_intervals};

pub(super) fn register(conn: &Connection) -> rusqlite::Result<()> {
    conn.create_collation("jsonb", documents::compare_texts)?;
    // Values that are JSON already, in the order of what they were before. NaN and intervals have quotes.
    conn.create_collation("json_number", |a, b| decimal::compare(unquoted(a), unquoted(b)))?;
    conn.create_collation("json_interval", |a, b| compare_intervals(unquoted(a), unquoted(b)))?;
    casts::register(conn)?;
    operators::register(conn)?;
    build::register(conn)?;
    expand::register(conn)?;
    aggregates::register(conn)
}

/// The functions of both kinds of documents, with the beginning of their names.
const KINDS: [(&str, Kind); 2] = [("phantomdb_json", Kind::Json), ("phantomdb_jsonb", Kind::Jsonb)];

/// The document that an argument holds.
fn document(arguments: &Arguments<'_>, index: usize) -> Result<Document> {
    Document::parse(&arguments.text(index))
}

fn optional_text(text: Option<String>) -> Value {
    text.map_or(Value::Null, Value::Text)
}

#[expect(clippy::unnecessary_wraps, reason = "it ends a function of SQL")]
fn boolean(value: bool) -> FunctionResult {
    Ok(Value::Integer(i64::from(value)))
}

/// The texts of an argument that is an array of texts.
fn texts(arguments: &Arguments<'_>, index: usize) -> Result<Vec<Option<String>>> {
    arrays::texts(&arguments.text(index))
}

fn borrowed(texts: &[Option<String>]) -> Vec<Option<&str>> {
    texts.iter().map(Option::as_deref).collect()
}

fn unquoted(text: &str) -> &str {
    text.strip_prefix('"').and_then(|rest| rest.strip_suffix('"')).unwrap_or(text)
}
