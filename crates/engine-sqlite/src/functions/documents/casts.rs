//! Casts of documents, and the documents that values of other types make.

use phantomdb_values::{
    arrays::{Item, Kind, hex},
    documents::{self, boolean_of, float_of, integer_of, json_input, number_of, quoted},
    numbers::float::{float4_text, float8_text},
};
use rusqlite::{
    Connection,
    types::{Value, ValueRef},
};

use super::{Arguments, FunctionResult, values::document};
use crate::functions::{convert, scalar::strict};

pub(super) fn register(conn: &Connection) -> rusqlite::Result<()> {
    strict(conn, "phantomdb_json_input", 1, |a| {
        let text = text(a)?;
        json_input(&text)?;
        Ok(Value::Text(text))
    })?;
    strict(conn, "phantomdb_jsonb_input", 1, |a| {
        Ok(Value::Text(documents::Document::parse(&text(a)?)?.text()))
    })?;
    strict(conn, "phantomdb_jsonb_boolean", 1, |a| {
        let found = boolean_of(&document(a, 0)?)?;
        Ok(found.map_or(Value::Null, |boolean| Value::Integer(i64::from(boolean))))
    })?;
    strict(conn, "phantomdb_jsonb_integer", 2, |a| {
        let bits = u32::try_from(a.integer(1)).unwrap_or(64);
        Ok(integer_of(&document(a, 0)?, bits)?.map_or(Value::Null, Value::Integer))
    })?;
    strict(conn, "phantomdb_jsonb_numeric", 1, |a| {
        let document = document(a, 0)?;
        Ok(number_of(&document, "a numeric")?.map_or(Value::Null, |number| Value::Text(number.to_owned())))
    })?;
    strict(conn, "phantomdb_jsonb_double", 1, |a| Ok(float(float_of(&document(a, 0)?, false)?)))?;
    strict(conn, "phantomdb_jsonb_real", 1, |a| Ok(float(float_of(&document(a, 0)?, true)?)))?;
    of_values(conn)
}

/// The text of a document, as a parameter or a literal has it: a number may come as one.
fn text(arguments: &Arguments<'_>) -> phantomdb_protocol::Result<String> {
    Ok(match arguments.value(0) {
        ValueRef::Real(real) => float8_text(real),
        ValueRef::Blob(_) => return Err(convert::mismatch(ValueRef::Text(b"a blob"), "JSON")),
        _ => arguments.text(0).into_owned(),
    })
}

fn float(found: Option<f64>) -> Value {
    found.map_or(Value::Null, Value::Real)
}

/// `phantomdb_json_of_TYPE`: what `to_json` makes of a value.
fn of_values(conn: &Connection) -> rusqlite::Result<()> {
    type Write = fn(&Arguments<'_>) -> String;
    let functions: [(&str, Write); 9] = [
        ("phantomdb_json_of_boolean", |a| (a.integer(0) != 0).to_string()),
        ("phantomdb_json_of_integer", |a| a.text(0).into_owned()),
        ("phantomdb_json_of_double", |a| number(a, float8_text)),
        #[expect(clippy::cast_possible_truncation, reason = "the value is one of 32 bits")]
        ("phantomdb_json_of_real", |a| number(a, |real| float4_text(real as f32))),
        ("phantomdb_json_of_text", |a| quoted(&a.text(0))),
        ("phantomdb_json_of_timestamp", |a| time(a, Kind::Timestamp)),
        ("phantomdb_json_of_timestamptz", |a| time(a, Kind::TimestampTz)),
        ("phantomdb_json_of_time", |a| time(a, Kind::Time)),
        ("phantomdb_json_of_bytea", |a| match a.value(0) {
            ValueRef::Blob(bytes) | ValueRef::Text(bytes) => quoted(&hex(bytes)),
            _ => quoted(&a.text(0)),
        }),
    ];
    for (name, write) in functions {
        strict(conn, name, 1, move |a| Ok(Value::Text(write(a))))?;
    }
    strict(conn, "phantomdb_json_of_numeric", 1, |a| -> FunctionResult {
        Ok(Value::Text(number(a, float8_text)))
    })
}

/// A time as it is written in a document.
fn time(arguments: &Arguments<'_>, kind: Kind) -> String {
    Item::Text(arguments.text(0).into_owned()).json(kind)
}

/// A number as JSON has it; in quotes when JSON has no such number.
fn number(arguments: &Arguments<'_>, write: fn(f64) -> String) -> String {
    let text = match arguments.value(0) {
        ValueRef::Real(real) => write(real),
        _ => arguments.text(0).into_owned(),
    };
    if documents::is_number(&text) { text } else { quoted(&text) }
}
