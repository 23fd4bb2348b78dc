//! Documents made of values. Each value comes as the text of a JSON, or is None for NULL.

use phantomdb_protocol::{Error, ErrorCode, Result};

use super::{
    access::string_value,
    scan::{Fault, Scanner, elements, members},
    string::{quoted, unescaped, write_string},
};

fn refused(message: impl Into<String>) -> Error {
    Error::new(ErrorCode::TypeMismatch, message)
}

/// `json_build_array`, `json_agg`.
pub fn array<'a>(values: impl IntoIterator<Item = Option<&'a str>>) -> String {
    let mut out = String::from("[");
    for (index, value) in values.into_iter().enumerate() {
        out.push_str(if index == 0 { "" } else { ", " });
        out.push_str(value.unwrap_or("null"));
    }
    out.push(']');
    out
}

/// `json_build_object`: keys and values in turn.
pub fn object(arguments: &[Option<&str>]) -> Result<String> {
    if !arguments.len().is_multiple_of(2) {
        return Err(refused("an object needs an even number of arguments: keys and values in turn"));
    }
    let mut out = String::from("{");
    for (index, pair) in arguments.chunks_exact(2).enumerate() {
        out.push_str(if index == 0 { "" } else { ", " });
        write_member(&mut out, &key(pair[0])?, pair[1]);
    }
    out.push('}');
    Ok(out)
}

fn write_member(out: &mut String, key: &str, value: Option<&str>) {
    write_string(out, key);
    out.push_str(" : ");
    out.push_str(value.unwrap_or("null"));
}

/// The key that a value makes: the text of a scalar.
pub fn key(value: Option<&str>) -> Result<String> {
    let value = value.ok_or_else(|| refused("the key of an object must not be NULL"))?;
    match Scanner::new(value).peek() {
        Some(b'"') => string_value(value).map(|key| key.into_owned()),
        Some(b'{' | b'[') => {
            Err(refused("the key of an object must be a scalar, not an array or a document"))
        }
        _ => Ok(value.to_owned()),
    }
}

/// The members that `json_object_agg` has collected.
pub fn object_of_members<'a>(members: impl IntoIterator<Item = (&'a str, Option<&'a str>)>) -> String {
    let mut out = String::from("{ ");
    for (index, (key, value)) in members.into_iter().enumerate() {
        out.push_str(if index == 0 { "" } else { ", " });
        write_member(&mut out, key, value);
    }
    out.push_str(" }");
    out
}

/// `json_object` of pairs of texts.
pub fn object_of_texts<'a>(
    pairs: impl IntoIterator<Item = (Option<&'a str>, Option<&'a str>)>,
) -> Result<String> {
    let mut out = String::from("{");
    for (index, (key, value)) in pairs.into_iter().enumerate() {
        out.push_str(if index == 0 { "" } else { ", " });
        let key = key.ok_or_else(|| refused("the key of an object must not be NULL"))?;
        write_member(&mut out, key, value.map(quoted).as_deref());
    }
    out.push('}');
    Ok(out)
}

/// `json_strip_nulls`: the document without spaces and without the members that are null.
pub fn strip_nulls(document: &str, in_arrays: bool) -> Result<String> {
    let mut out = String::with_capacity(document.len());
    let checked = super::scan::check(document);
    checked
        .and_then(|()| write_stripped(&mut out, document, in_arrays))
        .map_err(|fault| fault.error(document))?;
    Ok(out)
}

fn write_stripped(out: &mut String, document: &str, in_arrays: bool) -> Result<(), Fault> {
    let mut is_first = true;
    let mut separate = |out: &mut String| {
        out.push_str(if is_first { "" } else { "," });
        is_first = false;
    };
    if let Some(members) = members(document)? {
        out.push('{');
        for (key, value) in members {
            if value != "null" {
                separate(out);
                write_string(out, &unescaped(key)?);
                out.push(':');
                write_stripped(out, value, in_arrays)?;
            }
        }
        out.push('}');
    } else if let Some(elements) = elements(document)? {
        out.push('[');
        for element in elements {
            if !in_arrays || element != "null" {
                separate(out);
                write_stripped(out, element, in_arrays)?;
            }
        }
        out.push(']');
    } else if document.trim_start().starts_with('"') {
        write_string(out, &unescaped(document.trim())?);
    } else {
        out.push_str(document.trim());
    }
    Ok(())
}
