//! Functions that make documents of values. Each argument is the text of a document, or NULL.

use std::borrow::Cow;

use phantomdb_protocol::{Error, ErrorCode, Result};
use phantomdb_values::{
    arrays::{self, Item},
    documents::{Document, array, object, object_of_texts},
};
use rusqlite::{Connection, types::Value};

use super::{Arguments, FunctionResult, values::borrowed};
use crate::functions::scalar::{pure, strict};

pub(super) fn register(conn: &Connection) -> rusqlite::Result<()> {
    pure(conn, "phantomdb_json_build_array", -1, |a| Ok(Value::Text(built_array(a))))?;
    pure(conn, "phantomdb_jsonb_build_array", -1, |a| canonical(&built_array(a)))?;
    pure(conn, "phantomdb_json_build_object", -1, |a| built_object(a).map(Value::Text))?;
    pure(conn, "phantomdb_jsonb_build_object", -1, |a| canonical(&built_object(a)?))?;
    strict(conn, "phantomdb_json_object", 1, |a| of_array(a).map(Value::Text))?;
    strict(conn, "phantomdb_jsonb_object", 1, |a| canonical(&of_array(a)?))?;
    strict(conn, "phantomdb_json_object", 2, |a| of_arrays(a).map(Value::Text))?;
    strict(conn, "phantomdb_jsonb_object", 2, |a| canonical(&of_arrays(a)?))
}

fn canonical(json: &str) -> FunctionResult {
    Document::parse(json).map(|document| Value::Text(document.text()))
}

fn values<'a>(arguments: &'a Arguments<'_>) -> Vec<Option<Cow<'a, str>>> {
    (0..arguments.len()).map(|index| (!arguments.is_null(index)).then(|| arguments.text(index))).collect()
}

fn built_array(arguments: &Arguments<'_>) -> String {
    let values = values(arguments);
    array(values.iter().map(Option::as_deref))
}

fn built_object(arguments: &Arguments<'_>) -> Result<String> {
    let values = values(arguments);
    object(&values.iter().map(Option::as_deref).collect::<Vec<_>>())
}

fn refused(message: &str) -> Error {
    Error::new(ErrorCode::TypeMismatch, message)
}

/// `json_object` of one array: keys and values in turn, or an array of pairs.
fn of_array(arguments: &Arguments<'_>) -> Result<String> {
    let items = arrays::read(&arguments.text(0), arrays::Kind::Text)?;
    if let [_, width, rest @ ..] = arrays::dimensions(&items).as_slice()
        && (*width != 2 || !rest.is_empty())
    {
        return Err(refused(
            "an object is made of an array of pairs; each array in it must have two elements",
        ));
    }
    let texts: Vec<Option<String>> = arrays::flat(items).iter().map(text).collect();
    if !texts.len().is_multiple_of(2) {
        return Err(refused("an object is made of an even number of elements: keys and values in turn"));
    }
    object_of_texts(texts.chunks_exact(2).map(|pair| (pair[0].as_deref(), pair[1].as_deref())))
}

fn text(item: &Item) -> Option<String> {
    item.text(arrays::Kind::Text)
}

/// `json_object` of an array of keys and one of values.
fn of_arrays(arguments: &Arguments<'_>) -> Result<String> {
    let one_dimension = |index| -> Result<Vec<Option<String>>> {
        let items = arrays::read(&arguments.text(index), arrays::Kind::Text)?;
        if arrays::dimensions(&items).len() > 1 {
            return Err(refused("an object is made of arrays of one dimension"));
        }
        Ok(items.iter().map(text).collect())
    };
    let (keys, values) = (one_dimension(0)?, one_dimension(1)?);
    if keys.len() != values.len() {
        return Err(refused("an object is made of as many keys as values"));
    }
    object_of_texts(borrowed(&keys).into_iter().zip(borrowed(&values)))
}
