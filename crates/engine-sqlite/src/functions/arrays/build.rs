//! Arrays made of text, of elements and of other arrays, and series of numbers.

use phantomdb_protocol::Result;
use phantomdb_values::arrays::{
    self, Item, Kind, cast, check, check_length, decimals, integers, of_string, output, read, read_notation,
};
use rusqlite::{Connection, types::Value};

use super::{
    Arguments, FunctionResult,
    elements::{item, items, kind, written},
};
use crate::functions::scalar::{pure, strict};

pub(super) fn register(conn: &Connection) -> rusqlite::Result<()> {
    strict(conn, "phantomdb_array_input", 2, |a| written(read(&a.text(0), kind(a, 1))))?;
    strict(conn, "phantomdb_array_of_text", 2, |a| written(read_notation(&a.text(0), kind(a, 1))))?;
    // A list is a JSON array, or an array in PostgreSQL's notation.
    strict(conn, "phantomdb_list", 1, |a| {
        let text = a.text(0);
        if text.trim_start().starts_with('[') && !text.contains("]=") {
            return Ok(Value::Text(text.into_owned()));
        }
        written(read_notation(&text, Kind::Text))
    })?;
    strict(conn, "phantomdb_array_text", 2, |a| {
        let kind = kind(a, 1);
        Ok(Value::Text(output(&items(a, 0, kind)?, kind)))
    })?;
    strict(conn, "phantomdb_array_cast", 3, |a| {
        let (from, to) = (kind(a, 1), kind(a, 2));
        written(cast(items(a, 0, from)?, from, to))
    })?;
    pure(conn, "phantomdb_array", -1, |a| {
        let kind = kind(a, 0);
        written((1..a.len()).map(|index| item(a, index, kind)).collect())
    })?;
    pure(conn, "phantomdb_array_of_arrays", -1, of_arrays)?;
    strict(conn, "phantomdb_json_of_array", 2, |a| {
        let kind = kind(a, 1);
        Ok(Value::Text(arrays::json(&items(a, 0, kind)?, kind)))
    })?;
    for arguments in [2, 3] {
        for name in ["phantomdb_string_to_array", "phantomdb_string_to_table"] {
            pure(conn, name, arguments, |a| {
                if a.is_null(0) {
                    return Ok(Value::Null);
                }
                let (separator, null) = (optional_text(a, 1), optional_text(a, 2));
                let text = a.text(0);
                written(of_string(&text, separator.as_deref(), null.as_deref()))
            })?;
        }
    }
    series(conn)
}

fn optional_text(arguments: &Arguments<'_>, index: usize) -> Option<String> {
    (!arguments.is_null(index)).then(|| arguments.text(index).into_owned())
}

/// `ARRAY[a, b]` of arrays. NULL is taken for an empty one.
fn of_arrays(arguments: &Arguments<'_>) -> FunctionResult {
    let array = |index| -> Result<Item> {
        if arguments.is_null(index) {
            return Ok(Item::Array(Vec::new()));
        }
        items(arguments, index, Kind::Text).map(Item::Array)
    };
    written((0..arguments.len()).map(array).collect::<Result<Vec<Item>>>().and_then(check))
}

fn series(conn: &Connection) -> rusqlite::Result<()> {
    for (name, limit) in [("phantomdb_series_int4", i64::from(i32::MAX)), ("phantomdb_series_int8", i64::MAX)]
    {
        strict(conn, name, 3, move |a| {
            integers(a.integer(0), a.integer(1), a.integer(2), limit).map(Value::Text)
        })?;
    }
    strict(conn, "phantomdb_series_numeric", 3, |a| {
        decimals(&a.text(0), &a.text(1), &a.text(2)).map(Value::Text)
    })?;
    strict(conn, "phantomdb_subscripts", 4, |a| {
        let length = arrays::length(&a.text(0), kind(a, 3), a.integer(1))?;
        check_length(length.and_then(|length| usize::try_from(length).ok()).unwrap_or(0))?;
        arrays::subscripts(length, a.integer(2) != 0).map(Value::Text)
    })
}
