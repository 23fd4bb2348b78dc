//! Functions that return a changed array.

use phantomdb_protocol::{Error, Result};
use phantomdb_values::arrays::{Item, Kind, append, concat, fill, prepend, remove, replace, sort, trim};
use rusqlite::{Connection, types::Value};

use super::{
    Arguments, FunctionResult,
    elements::{item, items, kind, written},
};
use crate::functions::scalar::{pure, strict};

pub(super) fn register(conn: &Connection) -> rusqlite::Result<()> {
    pure(conn, "phantomdb_array_append", 3, |a| {
        let kind = kind(a, 2);
        written(append(or_empty(a, 0, kind)?, item(a, 1, kind)?))
    })?;
    pure(conn, "phantomdb_array_prepend", 3, |a| {
        let kind = kind(a, 2);
        written(prepend(item(a, 0, kind)?, or_empty(a, 1, kind)?))
    })?;
    pure(conn, "phantomdb_array_concat", 3, |a| match (a.is_null(0), a.is_null(1)) {
        (true, true) => Ok(Value::Null),
        _ => {
            let kind = kind(a, 2);
            written(concat(or_empty(a, 0, kind)?, or_empty(a, 1, kind)?))
        }
    })?;
    pure(conn, "phantomdb_array_remove", 3, |a| {
        nullable(a, 2, |items, kind| remove(items, &item(a, 1, kind)?, kind))
    })?;
    pure(conn, "phantomdb_array_replace", 4, |a| {
        nullable(a, 3, |items, kind| Ok(replace(items, &item(a, 1, kind)?, &item(a, 2, kind)?, kind)))
    })?;
    strict(conn, "phantomdb_array_trim", 3, |a| written(trim(items(a, 0, kind(a, 2))?, a.integer(1))))?;
    strict(conn, "phantomdb_array_reverse", 2, |a| {
        nullable(a, 1, |mut items, _| {
            items.reverse();
            Ok(items)
        })
    })?;
    strict(conn, "phantomdb_array_sort", 4, |a| {
        nullable(a, 3, |items, kind| Ok(sort(items, a.integer(1) != 0, a.integer(2) != 0, kind)))
    })?;
    pure(conn, "phantomdb_array_fill", 3, |a| {
        if a.is_null(1) {
            let message = "the lengths of the dimensions must not be NULL";
            return Err(Error::new(phantomdb_protocol::ErrorCode::TypeMismatch, message));
        }
        let lengths = items(a, 1, Kind::Integer(32))?;
        let kind = kind(a, 2);
        let filled = fill(&item(a, 0, kind)?, &lengths)?;
        // An array within an array would be a document that is an array.
        if matches!(kind, Kind::Json | Kind::Jsonb) && lengths.len() > 1 {
            return Err(Error::unsupported(
                "an array of documents has one dimension on SQLite; array_fill() takes one length for it",
            ));
        }
        written(Ok(filled))
    })
}

/// The elements of an argument; none for NULL.
fn or_empty(arguments: &Arguments<'_>, index: usize, kind: Kind) -> Result<Vec<Item>> {
    if arguments.is_null(index) { Ok(Vec::new()) } else { items(arguments, index, kind) }
}

/// NULL when the array, the first argument, is NULL. The argument at that index names the type of the elements.
fn nullable(
    arguments: &Arguments<'_>,
    kind_at: usize,
    change: impl Fn(Vec<Item>, Kind) -> Result<Vec<Item>>,
) -> FunctionResult {
    if arguments.is_null(0) {
        return Ok(Value::Null);
    }
    let kind = kind(arguments, kind_at);
    written(change(items(arguments, 0, kind)?, kind))
}
