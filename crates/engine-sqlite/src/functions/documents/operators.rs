//! The operators on documents, and the functions that change them.

use std::collections::HashSet;

use phantomdb_protocol::{Error, ErrorCode};
use phantomdb_values::documents::{
    self, Change, Document, Kind, Step, array_length, change, concat, contains, delete_index, delete_keys,
    get, get_text, has_key, own_keys, pretty, set_null, type_name,
};
use rusqlite::{
    Connection,
    types::{Value, ValueRef},
};

use super::{
    Arguments, FunctionResult,
    values::{KINDS, boolean, borrowed, document, optional_text, texts},
};
use crate::functions::scalar::{pure, strict};

pub(super) fn register(conn: &Connection) -> rusqlite::Result<()> {
    for (prefix, kind) in KINDS {
        strict(conn, &format!("{prefix}_get"), 2, move |a| step(a, kind, get))?;
        strict(conn, &format!("{prefix}_get_text"), 2, move |a| step(a, kind, get_text))?;
        strict(conn, &format!("{prefix}_path"), 2, move |a| walk(a, kind, &texts(a, 1)?, get))?;
        strict(conn, &format!("{prefix}_path_text"), 2, move |a| walk(a, kind, &texts(a, 1)?, get_text))?;
        strict(conn, &format!("{prefix}_extract_path"), -1, move |a| walk(a, kind, &parts(a), get))?;
        strict(conn, &format!("{prefix}_extract_path_text"), -1, move |a| {
            walk(a, kind, &parts(a), get_text)
        })?;
        strict(conn, &format!("{prefix}_strip_nulls"), 2, move |a| strip_nulls(a, kind))?;
    }
    strict(conn, "phantomdb_json_typeof", 1, |a| Ok(Value::Text(type_name(&a.text(0))?.to_owned())))?;
    strict(conn, "phantomdb_json_length", 1, |a| array_length(&a.text(0)).map(Value::Integer))?;
    strict(conn, "phantomdb_json_contains", 2, |a| boolean(contains(&document(a, 0)?, &document(a, 1)?)?))?;
    strict(conn, "phantomdb_json_concat", 2, |a| text(Ok(concat(document(a, 0)?, document(a, 1)?))))?;
    strict(conn, "phantomdb_json_has_key", 2, |a| boolean(has_key(&document(a, 0)?, &a.text(1))))?;
    strict(conn, "phantomdb_json_has_any_key", 2, |a| {
        let document = document(a, 0)?;
        let own: HashSet<_> = own_keys(&document).collect();
        boolean(texts(a, 1)?.iter().flatten().any(|key| own.contains(key.as_str())))
    })?;
    strict(conn, "phantomdb_json_has_all_keys", 2, |a| {
        let document = document(a, 0)?;
        let own: HashSet<_> = own_keys(&document).collect();
        boolean(texts(a, 1)?.iter().flatten().all(|key| own.contains(key.as_str())))
    })?;
    strict(conn, "phantomdb_jsonb_pretty", 1, |a| Ok(Value::Text(pretty(&document(a, 0)?))))?;
    changes(conn)
}

fn text(document: phantomdb_protocol::Result<Document>) -> FunctionResult {
    document.map(|document| Value::Text(document.text()))
}

type Get = fn(Kind, &str, &[Step<'_>]) -> phantomdb_protocol::Result<Option<String>>;

/// `->` and `->>`: a number is the index of an array, and text the key of an object.
fn step(arguments: &Arguments<'_>, kind: Kind, get: Get) -> FunctionResult {
    let key = arguments.text(1);
    let step = match arguments.value(1) {
        ValueRef::Integer(index) => Step::Index(index),
        _ => Step::Key(&key),
    };
    get(kind, &arguments.text(0), &[step]).map(optional_text)
}

/// The arguments behind the first one.
fn parts(arguments: &Arguments<'_>) -> Vec<Option<String>> {
    (1..arguments.len()).map(|index| Some(arguments.text(index).into_owned())).collect()
}

/// `#>` and `#>>`. A NULL in the path leads to NULL.
fn walk(arguments: &Arguments<'_>, kind: Kind, path: &[Option<String>], get: Get) -> FunctionResult {
    let steps: Option<Vec<Step<'_>>> = path.iter().map(|part| part.as_deref().map(Step::Part)).collect();
    let Some(steps) = steps else { return Ok(Value::Null) };
    get(kind, &arguments.text(0), &steps).map(optional_text)
}

fn strip_nulls(arguments: &Arguments<'_>, kind: Kind) -> FunctionResult {
    let in_arrays = arguments.integer(1) != 0;
    match kind {
        Kind::Json => documents::strip_nulls(&arguments.text(0), in_arrays).map(Value::Text),
        Kind::Jsonb => text(document(arguments, 0).map(|d| documents::strip_nulls_of_jsonb(d, in_arrays))),
    }
}

fn changes(conn: &Connection) -> rusqlite::Result<()> {
    strict(conn, "phantomdb_json_delete", 2, |a| {
        text(match a.value(1) {
            ValueRef::Integer(index) => delete_index(document(a, 0)?, index),
            _ => delete_keys(document(a, 0)?, &HashSet::from([&*a.text(1)])),
        })
    })?;
    strict(conn, "phantomdb_jsonb_delete_keys", 2, |a| {
        let keys = texts(a, 1)?;
        let keys: HashSet<&str> = keys.iter().flatten().map(String::as_str).collect();
        text(delete_keys(document(a, 0)?, &keys))
    })?;
    strict(conn, "phantomdb_json_delete_path", 2, |a| {
        text(change(document(a, 0)?, &borrowed(&texts(a, 1)?), Change::Delete))
    })?;
    for arguments in [3, 4] {
        strict(conn, "phantomdb_json_set", arguments, |a| {
            let create = a.len() < 4 || a.integer(3) != 0;
            let set = Change::Set { value: document(a, 2)?, create };
            text(change(document(a, 0)?, &borrowed(&texts(a, 1)?), set))
        })?;
    }
    strict(conn, "phantomdb_jsonb_insert", 4, |a| {
        let insert = Change::Insert { value: document(a, 2)?, after: a.integer(3) != 0 };
        text(change(document(a, 0)?, &borrowed(&texts(a, 1)?), insert))
    })?;
    pure(conn, "phantomdb_jsonb_set_lax", 5, |a| {
        if [0, 1, 3].iter().any(|index| a.is_null(*index)) {
            return Ok(Value::Null);
        }
        if a.is_null(4) {
            let message = "the treatment of NULL must not be NULL";
            return Err(Error::new(ErrorCode::TypeMismatch, message));
        }
        let path = texts(a, 1)?;
        let create = a.integer(3) != 0;
        text(if a.is_null(2) {
            set_null(document(a, 0)?, &borrowed(&path), create, &a.text(4))
        } else {
            change(document(a, 0)?, &borrowed(&path), Change::Set { value: document(a, 2)?, create })
        })
    })
}
