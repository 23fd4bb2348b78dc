//! Documents as rows. The rows are a JSON array; a row of several columns is a JSON array itself.

use std::borrow::Cow;

use phantomdb_protocol::{Error, ErrorCode, Result};

use super::{
    access::{Kind, json_input, text_of, type_name},
    document::Document,
    scan::{elements, members},
    string::{unescaped, write_string},
};

fn refused(what: &str, document: &str) -> Error {
    let name = type_name(document).unwrap_or("scalar");
    let article = if matches!(name, "object" | "array") { "an" } else { "a" };
    Error::new(ErrorCode::TypeMismatch, format!("{what}, and the value is {article} {name}"))
}

/// The document in the form in which its kind is read: JSONB's own order of members, or the text as it is.
fn normal(kind: Kind, document: &str) -> Result<Cow<'_, str>> {
    match kind {
        Kind::Json => json_input(document).map(Cow::Borrowed),
        Kind::Jsonb => Document::parse(document).map(|document| Cow::Owned(document.text())),
    }
}

fn write_text(out: &mut String, kind: Kind, value: &str) -> Result<()> {
    match text_of(kind, value)? {
        Some(text) => write_string(out, &text),
        None => out.push_str("null"),
    }
    Ok(())
}

/// `json_array_length`.
pub fn array_length(document: &str) -> Result<i64> {
    let elements = elements(document).map_err(|fault| fault.error(document))?;
    let elements = elements.ok_or_else(|| refused("only an array has a length", document))?;
    Ok(i64::try_from(elements.len()).unwrap_or(i64::MAX))
}

/// `json_array_elements`, and with `as_text` `json_array_elements_text`.
pub fn array_elements(kind: Kind, document: &str, as_text: bool) -> Result<String> {
    let document = normal(kind, document)?;
    let elements = elements(&document).map_err(|fault| fault.error(&document))?;
    let elements = elements.ok_or_else(|| refused("only an array has elements", &document))?;
    rows(elements, |out, element| {
        if as_text {
            return write_text(out, kind, element);
        }
        write_string(out, element);
        Ok(())
    })
}

fn rows<T>(items: Vec<T>, mut write: impl FnMut(&mut String, T) -> Result<()>) -> Result<String> {
    let mut out = String::from("[");
    for (index, item) in items.into_iter().enumerate() {
        out.push_str(if index == 0 { "" } else { "," });
        write(&mut out, item)?;
    }
    out.push(']');
    Ok(out)
}

/// `json_each`, and with `as_text` `json_each_text`.
pub fn each(kind: Kind, document: &str, as_text: bool) -> Result<String> {
    let document = normal(kind, document)?;
    let members = members(&document).map_err(|fault| fault.error(&document))?;
    let members = members.ok_or_else(|| refused("only an object has members", &document))?;
    rows(members, |out, (key, value)| {
        out.push('[');
        write_string(out, &unescaped(key).map_err(|fault| fault.error(key))?);
        out.push(',');
        if as_text {
            write_text(out, kind, value)?;
        } else {
            write_string(out, value);
        }
        out.push(']');
        Ok(())
    })
}

/// `json_object_keys`.
pub fn keys(kind: Kind, document: &str) -> Result<String> {
    let document = normal(kind, document)?;
    let members = members(&document).map_err(|fault| fault.error(&document))?;
    let members = members.ok_or_else(|| refused("only an object has keys", &document))?;
    rows(members, |out, (key, _)| {
        write_string(out, &unescaped(key).map_err(|fault| fault.error(key))?);
        Ok(())
    })
}

/// The columns of one object, for `json_to_record`: the text of each, and the JSON of those of type `json` or `jsonb`.
fn record(out: &mut String, object: &str, columns: &[(Cow<'_, str>, bool)]) -> Result<()> {
    let members = members(object).map_err(|fault| fault.error(object))?;
    let members = members.ok_or_else(|| refused("a record is made of an object", object))?;
    let mut values: Vec<(Cow<'_, str>, &str)> = Vec::with_capacity(members.len());
    for (key, value) in members {
        values.push((unescaped(key).map_err(|fault| fault.error(key))?, value));
    }
    out.push('[');
    for (index, (name, is_document)) in columns.iter().enumerate() {
        out.push_str(if index == 0 { "" } else { "," });
        match values.iter().rev().find(|(key, _)| key == name) {
            Some((_, "null")) | None => out.push_str("null"),
            Some((_, value)) if *is_document => write_string(out, value),
            Some((_, value)) => write_text(out, Kind::Json, value)?,
        }
    }
    out.push(']');
    Ok(())
}

/// The names of the columns, and whether each is a document. Both come as JSON arrays of texts.
fn columns<'a>(names: &'a str, types: &'a str) -> Result<Vec<(Cow<'a, str>, bool)>> {
    let list = |text: &'a str| -> Result<Vec<Cow<'a, str>>> {
        let items = elements(text).map_err(|fault| fault.error(text))?.unwrap_or_default();
        items.into_iter().map(|item| unescaped(item).map_err(|fault| fault.error(item))).collect()
    };
    let types = list(types)?;
    let is_document =
        |index: usize| types.get(index).is_some_and(|name| matches!(name.as_ref(), "json" | "jsonb"));
    Ok(list(names)?.into_iter().enumerate().map(|(index, name)| (name, is_document(index))).collect())
}

/// `json_to_record`: one row with the columns of those names.
pub fn to_record(document: &str, names: &str, types: &str) -> Result<String> {
    let columns = columns(names, types)?;
    rows(vec![json_input(document)?], |out, object| record(out, object, &columns))
}

/// `json_to_recordset`: one row for each object of an array.
pub fn to_recordset(document: &str, names: &str, types: &str) -> Result<String> {
    let columns = columns(names, types)?;
    let objects = elements(json_input(document)?).map_err(|fault| fault.error(document))?;
    let objects = objects.ok_or_else(|| refused("records are made of an array of objects", document))?;
    rows(objects, |out, object| record(out, object, &columns))
}

/// `jsonb_pretty`.
pub fn pretty(document: &Document) -> String {
    let mut out = String::new();
    write_pretty(&mut out, document, 0);
    out
}

fn write_pretty(out: &mut String, document: &Document, depth: usize) {
    let line = |out: &mut String, depth: usize| {
        out.push('\n');
        out.push_str(&"    ".repeat(depth));
    };
    match document {
        Document::Array(elements) => {
            out.push('[');
            for (index, element) in elements.iter().enumerate() {
                out.push_str(if index == 0 { "" } else { "," });
                line(out, depth + 1);
                write_pretty(out, element, depth + 1);
            }
            line(out, depth);
            out.push(']');
        }
        Document::Object(members) => {
            out.push('{');
            for (index, (key, value)) in members.iter().enumerate() {
                out.push_str(if index == 0 { "" } else { "," });
                line(out, depth + 1);
                write_string(out, key);
                out.push_str(": ");
                write_pretty(out, value, depth + 1);
            }
            line(out, depth);
            out.push('}');
        }
        scalar => scalar.write(out),
    }
}
