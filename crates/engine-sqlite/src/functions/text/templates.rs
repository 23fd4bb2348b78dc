//! Text made of several arguments.

use std::borrow::Cow;

use phantomdb_protocol::Error;
use phantomdb_values::text::{format::format, limit::check, quote};
use rusqlite::{Connection, types::Value};

use super::arguments::{register_all, text};
use crate::functions::{
    result::FunctionResult,
    scalar::{Arguments, pure},
};

pub(super) fn register(conn: &Connection) -> rusqlite::Result<()> {
    register_all(
        conn,
        &[
            ("phantomdb_quote_ident", 1, |a| text(quote::identifier(&a.text(0)))),
            ("phantomdb_quote_literal", 1, |a| text(quote::literal(&a.text(0)))),
            ("phantomdb_parse_ident", 2, |a| {
                let parts = quote::parse_identifier(&a.text(0), a.integer(1) != 0)?;
                text(serde_json::to_string(&parts).map_err(|error| Error::internal(error.to_string()))?)
            }),
        ],
    )?;
    pure(conn, "phantomdb_quote_nullable", 1, |a| {
        text(a.optional_text(0).map_or_else(|| "NULL".to_owned(), |text| quote::literal(&text)))
    })?;
    pure(conn, "phantomdb_concat", -1, |a| joined(a, 0, ""))?;
    pure(conn, "phantomdb_concat_ws", -1, |a| match a.optional_text(0) {
        None => Ok(Value::Null),
        Some(separator) => joined(a, 1, &separator),
    })?;
    pure(conn, "phantomdb_format", -1, |a| {
        let Some(template) = a.optional_text(0) else { return Ok(Value::Null) };
        let values: Vec<Option<Cow<'_, str>>> = (1..a.len()).map(|index| a.optional_text(index)).collect();
        let values: Vec<Option<&str>> = values.iter().map(Option::as_deref).collect();
        text(format(&template, &values)?)
    })
}

/// The arguments from that one on in a row, without the NULLs.
fn joined(arguments: &Arguments<'_>, from: usize, separator: &str) -> FunctionResult {
    let parts: Vec<Cow<'_, str>> =
        (from..arguments.len()).filter_map(|index| arguments.optional_text(index)).collect();
    let separators = separator.len().saturating_mul(parts.len());
    check(parts.iter().fold(separators, |length, part| length.saturating_add(part.len())))?;
    text(parts.join(separator))
}
