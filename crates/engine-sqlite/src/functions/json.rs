//! JSON operators with PostgreSQL's meaning.

use rusqlite::{
    Connection,
    types::{Value, ValueRef},
};
use serde_json::{Value as Json, value::RawValue};

use super::{Arguments, FunctionResult, convert, pure};

pub(super) fn register(conn: &Connection) -> rusqlite::Result<()> {
    pure(conn, "phantomdb_json_get", 2, |a| Ok(document(step(a).as_deref())))?;
    pure(conn, "phantomdb_json_get_text", 2, |a| Ok(text(step(a).as_deref())))?;
    pure(conn, "phantomdb_json_path", 2, |a| Ok(document(walk(a).as_deref())))?;
    pure(conn, "phantomdb_json_path_text", 2, |a| Ok(text(walk(a).as_deref())))?;
    pure(conn, "phantomdb_json_contains", 2, |a| {
        both(a, |left, right| Value::Integer(i64::from(contains(left, right, true))))
    })?;
    pure(conn, "phantomdb_json_concat", 2, |a| both(a, concat))?;
    pure(conn, "phantomdb_json_has_key", 2, |a| has_keys(a, vec![Some(a.text(1).into_owned())], true))?;
    pure(conn, "phantomdb_json_has_any_key", 2, |a| has_keys(a, keys(a), false))?;
    pure(conn, "phantomdb_json_has_all_keys", 2, |a| has_keys(a, keys(a), true))?;
    pure(conn, "phantomdb_json_typeof", 1, |a| Ok(type_of(a)))?;
    pure(conn, "phantomdb_json_boolean", 1, |a| {
        Ok(match convert::boolean(a.value(0))? {
            Value::Integer(0) => Value::Text("false".into()),
            Value::Integer(_) => Value::Text("true".into()),
            other => other,
        })
    })?;
    pure(conn, "phantomdb_json_delete_path", 2, |a| change(a, None))?;
    pure(conn, "phantomdb_json_delete", 2, delete)?;
    pure(conn, "phantomdb_json_set", -1, |a| {
        if a.any_null() {
            return Ok(Value::Null);
        }
        let new = serde_json::from_str(&a.text(2)).map_err(|_| convert::mismatch(a.value(2), "JSON"))?;
        change(a, Some(new))
    })
}

fn parse(arguments: &Arguments<'_>, index: usize) -> Result<Json, phantomdb_protocol::Error> {
    let value = arguments.value(index);
    serde_json::from_str(&convert::text_of(value)).map_err(|_| convert::mismatch(value, "JSON"))
}

fn both(arguments: &Arguments<'_>, function: fn(&Json, &Json) -> Value) -> FunctionResult {
    if arguments.any_null() {
        return Ok(Value::Null);
    }
    Ok(function(&parse(arguments, 0)?, &parse(arguments, 1)?))
}

/// `-` removes a key of an object, the equal strings of an array, or the element with that index.
fn delete(arguments: &Arguments<'_>) -> FunctionResult {
    if arguments.any_null() {
        return Ok(Value::Null);
    }
    let mut document = parse(arguments, 0)?;
    match (&mut document, arguments.value(1)) {
        (Json::Array(elements), ValueRef::Integer(index)) => {
            let length = i64::try_from(elements.len()).unwrap_or(i64::MAX);
            let at = if index < 0 { length + index } else { index };
            if let Some(at) = usize::try_from(at).ok().filter(|at| *at < elements.len()) {
                elements.remove(at);
            }
        }
        (Json::Object(members), _) => {
            members.remove(arguments.text(1).as_ref());
        }
        (Json::Array(elements), _) => elements.retain(|element| element.as_str() != Some(&arguments.text(1))),
        _ => {
            let message = "a key can be taken from a JSON object or an array only";
            return Err(phantomdb_protocol::Error::new(phantomdb_protocol::ErrorCode::TypeMismatch, message));
        }
    }
    Ok(Value::Text(document.to_string()))
}

/// Takes a member of an object or an element of an array, and leaves the rest of the document unparsed.
fn member(document: &RawValue, key: &str, index: Option<i64>) -> Option<Box<RawValue>> {
    let text = document.get();
    match text.as_bytes().first()? {
        b'{' => {
            let mut raw: std::collections::HashMap<String, Box<RawValue>> =
                serde_json::from_str(text).ok()?;
            raw.remove(key)
        }
        b'[' => {
            let elements: Vec<Box<RawValue>> = serde_json::from_str(text).ok()?;
            let index = index?;
            let length = i64::try_from(elements.len()).ok()?;
            let index = usize::try_from(if index < 0 { length + index } else { index }).ok()?;
            elements.into_iter().nth(index)
        }
        _ => None,
    }
}

fn raw(arguments: &Arguments<'_>) -> Option<Box<RawValue>> {
    if arguments.any_null() {
        return None;
    }
    serde_json::from_str(&arguments.text(0)).ok()
}

/// `->`: a number is an index of an array, text is a key of an object.
fn step(arguments: &Arguments<'_>) -> Option<Box<RawValue>> {
    let document = raw(arguments)?;
    match arguments.value(1) {
        ValueRef::Integer(index) if document.get().starts_with('[') => member(&document, "", Some(index)),
        ValueRef::Integer(_) => None,
        _ if document.get().starts_with('{') => member(&document, &arguments.text(1), None),
        _ => None,
    }
}

/// `#>`: each part of the path is the key of an object or the index of an array.
fn walk(arguments: &Arguments<'_>) -> Option<Box<RawValue>> {
    let mut current = raw(arguments)?;
    for key in convert::array_elements(&arguments.text(1))? {
        let key = key?;
        current = member(&current, &key, key.parse().ok())?;
    }
    Some(current)
}

fn document(found: Option<&RawValue>) -> Value {
    found.map_or(Value::Null, |raw| Value::Text(raw.get().to_owned()))
}

/// The text of a JSON value: a string without its quotes, NULL for JSON's null, and the JSON of any other value.
fn text(found: Option<&RawValue>) -> Value {
    let Some(raw) = found else { return Value::Null };
    match raw.get().as_bytes().first() {
        Some(b'"') => serde_json::from_str(raw.get()).map_or(Value::Null, Value::Text),
        Some(b'n') => Value::Null,
        _ => Value::Text(raw.get().to_owned()),
    }
}

/// `@>`. At the top, an array contains a scalar that is one of its elements.
fn contains(left: &Json, right: &Json, top: bool) -> bool {
    match (left, right) {
        (Json::Object(left), Json::Object(right)) => right
            .iter()
            .all(|(key, wanted)| left.get(key).is_some_and(|value| contains(value, wanted, false))),
        (Json::Array(left), Json::Array(right)) => {
            right.iter().all(|wanted| left.iter().any(|value| contains(value, wanted, false)))
        }
        (Json::Array(left), scalar) if top && !scalar.is_object() => left.contains(scalar),
        (Json::Number(left), Json::Number(right)) => left == right || left.as_f64() == right.as_f64(),
        (left, right) => left == right,
    }
}

fn concat(left: &Json, right: &Json) -> Value {
    let joined = match (left.clone(), right.clone()) {
        (Json::Object(mut left), Json::Object(right)) => {
            left.extend(right);
            Json::Object(left)
        }
        (Json::Array(mut left), Json::Array(right)) => {
            left.extend(right);
            Json::Array(left)
        }
        (Json::Array(mut left), right) => {
            left.push(right);
            Json::Array(left)
        }
        (left, Json::Array(right)) => Json::Array(std::iter::once(left).chain(right).collect()),
        (left, right) => Json::Array(vec![left, right]),
    };
    Value::Text(joined.to_string())
}

fn keys(arguments: &Arguments<'_>) -> Vec<Option<String>> {
    convert::array_elements(&arguments.text(1)).unwrap_or_default()
}

fn has_keys(arguments: &Arguments<'_>, keys: Vec<Option<String>>, all: bool) -> FunctionResult {
    if arguments.any_null() {
        return Ok(Value::Null);
    }
    let document = parse(arguments, 0)?;
    let has = |key: &String| match &document {
        Json::Object(members) => members.contains_key(key),
        Json::Array(elements) => elements.iter().any(|element| element.as_str() == Some(key)),
        Json::String(text) => text == key,
        _ => false,
    };
    let mut keys = keys.iter().flatten();
    Ok(Value::Integer(i64::from(if all { keys.all(has) } else { keys.any(has) })))
}

fn type_of(arguments: &Arguments<'_>) -> Value {
    let Some(raw) = raw(arguments) else { return Value::Null };
    let name = match raw.get().as_bytes().first() {
        Some(b'{') => "object",
        Some(b'[') => "array",
        Some(b'"') => "string",
        Some(b't' | b'f') => "boolean",
        Some(b'n') => "null",
        _ => "number",
    };
    Value::Text(name.into())
}

/// `jsonb_set` and `#-`.
fn change(arguments: &Arguments<'_>, new: Option<Json>) -> FunctionResult {
    if arguments.any_null() {
        return Ok(Value::Null);
    }
    let create = arguments.len() < 4 || arguments.integer(3) != 0;
    let mut document = parse(arguments, 0)?;
    let path = keys(arguments);
    let Some((last, parents)) = path.split_last() else { return Ok(Value::Text(document.to_string())) };
    let mut current = Some(&mut document);
    for key in parents.iter().flatten() {
        current = match current {
            Some(Json::Object(members)) => members.get_mut(key),
            Some(Json::Array(elements)) => {
                position(key, elements.len()).and_then(|index| elements.get_mut(index))
            }
            _ => None,
        };
    }
    match (current, last, new) {
        (Some(Json::Object(members)), Some(key), Some(new)) if create || members.contains_key(key) => {
            members.insert(key.clone(), new);
        }
        (Some(Json::Object(members)), Some(key), None) => {
            members.shift_remove(key);
        }
        (Some(Json::Array(elements)), Some(key), new) => {
            match (position(key, elements.len()).filter(|index| *index < elements.len()), new) {
                (Some(index), Some(new)) => elements[index] = new,
                (Some(index), None) => drop(elements.remove(index)),
                (None, Some(new)) if create => elements.push(new),
                (None, _) => {}
            }
        }
        _ => {}
    }
    Ok(Value::Text(document.to_string()))
}

fn position(key: &str, length: usize) -> Option<usize> {
    let index: i64 = key.parse().ok()?;
    let length = i64::try_from(length).ok()?;
    usize::try_from(if index < 0 { length + index } else { index }).ok()
}
