//! Reads documents from the arguments of a function, and writes what becomes of them.

use phantomdb_protocol::Result;
use phantomdb_values::documents::{Document, Kind};
use rusqlite::types::Value;

use crate::functions::{result::FunctionResult, scalar::Arguments};

/// The functions of both kinds of documents, with the beginning of their names.
pub(crate) const KINDS: [(&str, Kind); 2] =
    [("phantomdb_json", Kind::Json), ("phantomdb_jsonb", Kind::Jsonb)];

/// The document that an argument holds.
pub(crate) fn document(arguments: &Arguments<'_>, index: usize) -> Result<Document> {
    Document::parse(&arguments.text(index))
}

pub(crate) fn optional_text(text: Option<String>) -> Value {
    text.map_or(Value::Null, Value::Text)
}

#[expect(clippy::unnecessary_wraps, reason = "it ends a function of SQL")]
pub(crate) fn boolean(value: bool) -> FunctionResult {
    Ok(Value::Integer(i64::from(value)))
}

/// The texts of an argument that is an array of texts.
pub(crate) fn texts(arguments: &Arguments<'_>, index: usize) -> Result<Vec<Option<String>>> {
    crate::functions::arrays::elements::texts(&arguments.text(index))
}

pub(crate) fn borrowed(texts: &[Option<String>]) -> Vec<Option<&str>> {
    texts.iter().map(Option::as_deref).collect()
}
