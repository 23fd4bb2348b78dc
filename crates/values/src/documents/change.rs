//! `||`, `-`, `#-`, `jsonb_set` and `jsonb_insert`.

use std::collections::HashSet;

use phantomdb_protocol::{Error, ErrorCode, Result};

use super::{
    access::{index_of, position},
    document::{Document, find_key},
};

fn refused(message: impl Into<String>) -> Error {
    Error::new(ErrorCode::TypeMismatch, message)
}

/// `left || right`.
pub fn concat(left: Document, right: Document) -> Document {
    match (left, right) {
        (Document::Object(mut left), Document::Object(right)) => {
            left.extend(right);
            Document::object(left)
        }
        (left, right) => {
            let mut elements = into_elements(left);
            elements.extend(into_elements(right));
            Document::Array(elements)
        }
    }
}

fn into_elements(document: Document) -> Vec<Document> {
    match document {
        Document::Array(elements) => elements,
        other => vec![other],
    }
}

/// `document - keys`: removes members of an object, and the equal strings of an array.
pub fn delete_keys(document: Document, keys: &HashSet<&str>) -> Result<Document> {
    match document {
        Document::Object(mut members) => {
            members.retain(|(key, _)| !keys.contains(key.as_str()));
            Ok(Document::Object(members))
        }
        Document::Array(mut elements) => {
            elements
                .retain(|element| !matches!(element, Document::String(text) if keys.contains(text.as_str())));
            Ok(Document::Array(elements))
        }
        _ => Err(refused("nothing can be taken from a scalar; use an object or an array")),
    }
}

/// `document - index`.
pub fn delete_index(document: Document, index: i64) -> Result<Document> {
    match document {
        Document::Array(mut elements) => {
            if let Some(at) = position(index, elements.len()) {
                elements.remove(at);
            }
            Ok(Document::Array(elements))
        }
        Document::Object(_) => Err(refused("an object has no elements with an index; give a key as text")),
        _ => Err(refused("nothing can be taken from a scalar; use an object or an array")),
    }
}

/// What to do at the end of a path.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Change {
    Delete,
    /// Puts a value in the place of one, or adds it when `create` is true.
    Set {
        value: Document,
        create: bool,
    },
    /// Adds a value beside one.
    Insert {
        value: Document,
        after: bool,
    },
}

impl Change {
    const fn adds(&self) -> bool {
        matches!(self, Self::Set { create: true, .. } | Self::Insert { .. })
    }
}

/// Changes the value at a path. A path that leads nowhere changes nothing.
pub fn change(mut document: Document, path: &[Option<&str>], change: Change) -> Result<Document> {
    if document.is_scalar() {
        let what = if change == Change::Delete { "deleted" } else { "set" };
        return Err(refused(format!("a path cannot be {what} in a scalar; use an object or an array")));
    }
    let is_empty = match &document {
        Document::Array(elements) => elements.is_empty(),
        Document::Object(members) => members.is_empty(),
        _ => false,
    };
    if path.is_empty() || (is_empty && !change.adds()) {
        return Ok(document);
    }
    walk(&mut document, path, 0, change)?;
    Ok(document)
}

fn walk(document: &mut Document, path: &[Option<&str>], level: usize, change: Change) -> Result<()> {
    let Some(Some(part)) = path.get(level) else {
        return Err(refused(format!("the element {} of the path is NULL", level + 1)));
    };
    let is_last = level + 1 == path.len();
    match document {
        Document::Object(members) if is_last => change_member(members, part, change),
        Document::Object(members) => match find_key(members, part) {
            Ok(at) => walk(&mut members[at].1, path, level + 1, change),
            Err(_) => Ok(()),
        },
        Document::Array(elements) => {
            let index = index_of(part).ok_or_else(|| {
                refused(format!(
                    "the element {} of the path is '{part}', and an array needs an integer",
                    level + 1
                ))
            })?;
            if is_last {
                change_element(elements, index, change);
                return Ok(());
            }
            match position(index, elements.len()) {
                Some(at) => walk(&mut elements[at], path, level + 1, change),
                None => Ok(()),
            }
        }
        _ => Ok(()),
    }
}

fn change_member(members: &mut Vec<(String, Document)>, key: &str, change: Change) -> Result<()> {
    match (find_key(members, key), change) {
        (Ok(at), Change::Delete) => drop(members.remove(at)),
        (Ok(at), Change::Set { value, create: _ }) => members[at].1 = value,
        (Ok(_), Change::Insert { .. }) => {
            return Err(refused(format!("the key '{key}' exists already; replace its value with jsonb_set")));
        }
        (Err(at), Change::Set { value, create: true } | Change::Insert { value, after: _ }) => {
            members.insert(at, (key.to_owned(), value));
        }
        (Err(_), Change::Delete | Change::Set { value: _, create: false }) => {}
    }
    Ok(())
}

fn change_element(elements: &mut Vec<Document>, index: i64, change: Change) {
    match (position(index, elements.len()), change) {
        (Some(at), Change::Delete) => drop(elements.remove(at)),
        (Some(at), Change::Set { value, create: _ }) => elements[at] = value,
        (Some(at), Change::Insert { value, after }) => elements.insert(at + usize::from(after), value),
        (None, Change::Set { value, create: true } | Change::Insert { value, after: _ }) => {
            let at = if index < 0 { 0 } else { elements.len() };
            elements.insert(at, value);
        }
        (None, Change::Delete | Change::Set { value: _, create: false }) => {}
    }
}

/// `jsonb_set_lax` for a new value that is NULL.
pub fn set_null(
    document: Document,
    path: &[Option<&str>],
    create: bool,
    treatment: &str,
) -> Result<Document> {
    match treatment {
        "use_json_null" => change(document, path, Change::Set { value: Document::Null, create }),
        "delete_key" => change(document, path, Change::Delete),
        "return_target" => Ok(document),
        "raise_exception" => Err(refused("the new value must not be NULL")),
        other => Err(refused(format!(
            "'{other}' does not say what to do with NULL; use raise_exception, use_json_null, return_target or delete_key"
        ))),
    }
}

/// `jsonb_strip_nulls`: leaves out the members that are null, and the elements too when `in_arrays` is true.
pub fn strip_nulls(document: Document, in_arrays: bool) -> Document {
    match document {
        Document::Object(members) => Document::Object(
            members
                .into_iter()
                .filter(|(_, value)| *value != Document::Null)
                .map(|(key, value)| (key, strip_nulls(value, in_arrays)))
                .collect(),
        ),
        Document::Array(elements) => Document::Array(
            elements
                .into_iter()
                .filter(|value| !in_arrays || *value != Document::Null)
                .map(|value| strip_nulls(value, in_arrays))
                .collect(),
        ),
        scalar => scalar,
    }
}
