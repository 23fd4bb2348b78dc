//! `->`, `->>`, `#>` and `#>>`.

use std::borrow::Cow;

use phantomdb_protocol::Result;

use super::{
    document::Document,
    scan::{Fault, Scanner, elements, members},
    string::unescaped,
};

/// What a document was declared as.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Kind {
    /// Text, kept as it was written.
    Json,
    /// One text for each value.
    Jsonb,
}

/// One step into a document.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Step<'a> {
    Key(&'a str),
    Index(i64),
    /// A part of a path: a key of an object, or the index of an array.
    Part(&'a str),
}

/// Goes those steps. The result is a document of the same kind; None when there is nothing.
pub fn get(kind: Kind, document: &str, steps: &[Step<'_>]) -> Result<Option<String>> {
    let found = find(kind, document, steps).map_err(|fault| fault.error(document))?;
    found.map(|found| own(kind, found)).transpose()
}

/// Goes those steps. The result is text: a string without quotes, None for JSON's null.
pub fn get_text(kind: Kind, document: &str, steps: &[Step<'_>]) -> Result<Option<String>> {
    let found = find(kind, document, steps).map_err(|fault| fault.error(document))?;
    found.map_or(Ok(None), |found| text_of(kind, found))
}

fn own(kind: Kind, found: &str) -> Result<String> {
    match kind {
        Kind::Json => Ok(found.to_owned()),
        Kind::Jsonb => Document::parse(found).map(|document| document.text()),
    }
}

/// The text of a document: a string without quotes, None for JSON's null, and the document itself otherwise.
pub fn text_of(kind: Kind, document: &str) -> Result<Option<String>> {
    match document.trim_start().bytes().next() {
        Some(b'"') => {
            let text = unescaped(document.trim()).map_err(|fault| fault.error(document))?;
            Ok(Some(text.into_owned()))
        }
        Some(b'n') => Ok(None),
        _ => own(kind, document).map(Some),
    }
}

fn find<'a>(kind: Kind, document: &'a str, steps: &[Step<'_>]) -> Result<Option<&'a str>, Fault> {
    let mut current = document.trim_matches([' ', '\t', '\n', '\r']);
    if steps.is_empty() {
        Scanner::new(current).value()?;
    }
    for (number, step) in steps.iter().enumerate() {
        let next = match (Scanner::new(current).peek().ok_or(Fault::Malformed)?, step) {
            (b'{', Step::Key(key) | Step::Part(key)) => member(current, key)?,
            (b'[', Step::Index(index)) => element(current, *index)?,
            (b'[', Step::Part(part)) => match index_of(part) {
                Some(index) => element(current, index)?,
                None => None,
            },
            (b'{' | b'[', _) => None,
            // JSONB keeps a scalar as an array of one element.
            (_, Step::Index(0 | -1)) if kind == Kind::Jsonb && number == 0 => Some(current),
            _ => None,
        };
        let Some(next) = next else { return Ok(None) };
        current = next;
    }
    Ok(Some(current))
}

/// The member with that key; of two the last one.
fn member<'a>(object: &'a str, key: &str) -> Result<Option<&'a str>, Fault> {
    let mut found = None;
    for (name, value) in members(object)?.unwrap_or_default() {
        if unescaped(name)? == key {
            found = Some(value);
        }
    }
    Ok(found)
}

fn element(array: &str, index: i64) -> Result<Option<&str>, Fault> {
    let elements = elements(array)?.unwrap_or_default();
    Ok(position(index, elements.len()).map(|at| elements[at]))
}

/// The position that an index means, where -1 is the last element; None beyond the ends.
pub(super) fn position(index: i64, length: usize) -> Option<usize> {
    let length = i64::try_from(length).ok()?;
    let at = if index < 0 { length.checked_add(index)? } else { index };
    (at < length).then(|| usize::try_from(at).ok()).flatten()
}

/// The integer that a part of a path is, if it is one of 32 bits.
pub(super) fn index_of(part: &str) -> Option<i64> {
    let digits = part.trim_start_matches([' ', '\t', '\n', '\r', '\u{b}', '\u{c}']);
    digits.parse::<i32>().ok().map(i64::from)
}

/// What `json_typeof` returns.
pub fn type_name(document: &str) -> Result<&'static str> {
    let first = Scanner::new(document).peek();
    Ok(match first {
        Some(b'{') => "object",
        Some(b'[') => "array",
        Some(b'"') => "string",
        Some(b't' | b'f') => "boolean",
        Some(b'n') => "null",
        Some(b'-' | b'0'..=b'9') => "number",
        _ => return Err(Fault::Malformed.error(document)),
    })
}

/// Checks the text of a JSON, and returns it as it is.
pub fn json_input(text: &str) -> Result<&str> {
    super::scan::check(text).map_err(|fault| fault.error(text))?;
    Ok(text)
}

/// A string without quotes and escapes.
pub(super) fn string_value(quoted: &str) -> Result<Cow<'_, str>> {
    unescaped(quoted).map_err(|fault| fault.error(quoted))
}
