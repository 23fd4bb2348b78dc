//! Arrays as JSON arrays: reading and writing their stored form.

use phantomdb_protocol::{Error, ErrorCode, Result};

use base64::{Engine as _, engine::general_purpose::STANDARD};

use super::kind::{Kind, Value};
use crate::{
    documents::{self, beginning, elements_of, quoted, write_string},
    numbers::float::{float4_text, float8_text},
    times::{TimeOfDay, Timestamp, wire_of_stored},
};

/// An element of an array, or an array in an array of several dimensions.
#[derive(Debug, Clone, PartialEq)]
pub enum Item {
    Null,
    Boolean(bool),
    Integer(i64),
    Float(f64),
    Text(String),
    /// The text of a document.
    Document(String),
    Array(Vec<Self>),
}

/// The largest integer up to which a float holds every integer exactly.
const LARGEST_EXACT: u64 = (1 << 53) - 1;

/// The elements of an array in its stored form.
pub fn parse(array: &str, kind: Kind) -> Result<Vec<Item>> {
    let refused = || Error::new(ErrorCode::TypeMismatch, format!("'{}' is not an array", beginning(array)));
    let elements = elements_of(array)?.ok_or_else(refused)?;
    elements.into_iter().map(|element| item(element, kind)).collect()
}

fn item(element: &str, kind: Kind) -> Result<Item> {
    if element == "null" {
        return Ok(Item::Null);
    }
    if kind.document().is_some() {
        return Ok(Item::Document(element.to_owned()));
    }
    Ok(match element.as_bytes().first() {
        Some(b'"') => {
            let text = documents::text_of(documents::Kind::Json, element)?.unwrap_or_default();
            match (kind, text.parse()) {
                (Kind::Integer(_), Ok(integer)) => Item::Integer(integer),
                _ => Item::Text(text),
            }
        }
        Some(b'[') => Item::Array(parse(element, kind)?),
        Some(b'{') => Item::Document(element.to_owned()),
        Some(b't') => Item::Boolean(true),
        Some(b'f') => Item::Boolean(false),
        _ => number(element, kind),
    })
}

fn number(element: &str, kind: Kind) -> Item {
    if kind == Kind::Numeric {
        return Item::Text(documents::plain_number(element).unwrap_or_else(|| element.to_owned()));
    }
    match element.parse::<i64>() {
        Ok(integer) if !matches!(kind, Kind::Real | Kind::Double) => Item::Integer(integer),
        _ => Item::Float(element.parse().unwrap_or(f64::NAN)),
    }
}

/// The stored form of an array.
pub fn write(items: &[Item]) -> String {
    let mut out = String::new();
    write_items(&mut out, items);
    out
}

fn write_items(out: &mut String, items: &[Item]) {
    out.push('[');
    for (index, item) in items.iter().enumerate() {
        out.push_str(if index == 0 { "" } else { "," });
        match item {
            Item::Null => out.push_str("null"),
            Item::Boolean(true) => out.push_str("true"),
            Item::Boolean(false) => out.push_str("false"),
            // JavaScript would round a larger integer.
            Item::Integer(integer) if integer.unsigned_abs() > LARGEST_EXACT => {
                write_string(out, &integer.to_string());
            }
            Item::Integer(integer) => out.push_str(&integer.to_string()),
            Item::Float(float) if float.is_finite() => out.push_str(&float8_text(*float)),
            Item::Float(float) => write_string(out, &float8_text(*float)),
            Item::Text(text) => write_string(out, text),
            Item::Document(text) => out.push_str(text),
            Item::Array(items) => write_items(out, items),
        }
    }
    out.push(']');
}

impl Item {
    /// The element as a value of SQLite.
    pub fn value(self, kind: Kind) -> Value {
        match self {
            Self::Null => Value::Null,
            Self::Boolean(boolean) => Value::Integer(i64::from(boolean)),
            Self::Integer(integer) => Value::Integer(integer),
            // SQLite takes a NaN for NULL, so it is kept as text.
            Self::Float(float) if float.is_nan() => Value::Text("NaN".to_owned()),
            Self::Float(float) => Value::Real(float),
            Self::Text(text) => match (kind, text.as_str()) {
                (Kind::Real | Kind::Double, "Infinity") => Value::Real(f64::INFINITY),
                (Kind::Real | Kind::Double, "-Infinity") => Value::Real(f64::NEG_INFINITY),
                (Kind::Bytea, _) => match bytes(&text) {
                    Some(bytes) => Value::Blob(bytes),
                    None => Value::Text(text),
                },
                _ => Value::Text(text),
            },
            Self::Document(text) => Value::Text(text),
            Self::Array(items) => Value::Text(write(&items)),
        }
    }

    /// The element as PostgreSQL prints it; None for NULL.
    pub fn text(&self, kind: Kind) -> Option<String> {
        Some(match self {
            Self::Null => return None,
            Self::Boolean(true) => "t".to_owned(),
            Self::Boolean(false) => "f".to_owned(),
            Self::Integer(integer) => integer.to_string(),
            #[expect(clippy::cast_possible_truncation, reason = "the value is one of 32 bits")]
            Self::Float(float) if kind == Kind::Real => float4_text(*float as f32),
            Self::Float(float) => float8_text(*float),
            Self::Text(text) => match kind {
                Kind::Timestamp => printed(text, Timestamp::text),
                Kind::TimestampTz => printed(text, Timestamp::text_with_zone),
                Kind::Time => TimeOfDay::from_stored(text).map_or_else(|| text.clone(), |t| t.to_string()),
                _ => text.clone(),
            },
            Self::Document(text) => text.clone(),
            Self::Array(items) => output(items, kind),
        })
    }

    /// The element as `to_json` writes it.
    pub fn json(&self, kind: Kind) -> String {
        match self {
            Self::Null => "null".to_owned(),
            Self::Boolean(boolean) => boolean.to_string(),
            Self::Float(float) if !float.is_finite() => quoted(&float8_text(*float)),
            Self::Integer(_) | Self::Float(_) | Self::Document(_) => self.text(kind).unwrap_or_default(),
            Self::Text(text) => text_json(text, kind),
            Self::Array(items) => json(items, kind),
        }
    }
}

fn text_json(text: &str, kind: Kind) -> String {
    match kind {
        Kind::Numeric if documents::is_number(text) => text.to_owned(),
        Kind::Timestamp => quoted(&printed(text, Timestamp::document_text)),
        Kind::TimestampTz => quoted(&printed(text, Timestamp::document_text_with_zone)),
        Kind::Time => {
            quoted(&TimeOfDay::from_stored(text).map_or_else(|| text.to_owned(), |time| time.to_string()))
        }
        _ => quoted(text),
    }
}

/// A stored timestamp as it is printed.
fn printed(stored: &str, print: fn(Timestamp) -> String) -> String {
    Timestamp::from_stored(stored).map_or_else(|| stored.to_owned(), print)
}

/// `array_to_json`.
pub fn json(items: &[Item], kind: Kind) -> String {
    let items: Vec<String> = items.iter().map(|item| item.json(kind)).collect();
    format!("[{}]", items.join(","))
}

/// The array as it travels, from its stored form.
pub fn wire(array: &str, kind: Kind) -> Result<String> {
    fn change(items: &mut [Item], kind: Kind) {
        for item in items {
            match item {
                #[expect(clippy::cast_possible_truncation, reason = "the value is one of 32 bits")]
                Item::Float(float) if kind == Kind::Real && float.is_finite() => {
                    // With its own digits, as a single one travels.
                    *item = Item::Document(serde_json::to_string(&(*float as f32)).unwrap_or_default());
                }
                Item::Text(text) => *text = wire_text(text, kind),
                Item::Array(items) => change(items, kind),
                _ => {}
            }
        }
    }
    let mut items = parse(array, kind)?;
    change(&mut items, kind);
    Ok(write(&items))
}

fn wire_text(stored: &str, kind: Kind) -> String {
    match (kind, stored) {
        (Kind::Bytea, _) => bytes(stored).map_or_else(|| stored.to_owned(), |bytes| STANDARD.encode(bytes)),
        (_, "infinity") => "Infinity".to_owned(),
        (_, "-infinity") => "-Infinity".to_owned(),
        _ => wire_of_stored(stored).into_owned(),
    }
}

/// Bytes as PostgreSQL prints them: `\x0102`.
pub fn hex(bytes: &[u8]) -> String {
    use std::fmt::Write as _;

    let mut out = String::with_capacity(2 + 2 * bytes.len());
    out.push_str("\\x");
    for byte in bytes {
        // Writing to a string does not fail.
        let _ = write!(out, "{byte:02x}");
    }
    out
}

/// The bytes of `\x0102`; None for another text.
pub fn bytes(text: &str) -> Option<Vec<u8>> {
    let digits = text.strip_prefix("\\x")?.as_bytes();
    let digit = |byte: u8| char::from(byte).to_digit(16).and_then(|digit| u8::try_from(digit).ok());
    let (pairs, rest) = digits.as_chunks::<2>();
    if !rest.is_empty() {
        return None;
    }
    pairs.iter().map(|[high, low]| Some(digit(*high)? * 16 + digit(*low)?)).collect()
}

/// An array as PostgreSQL prints it.
pub fn output(items: &[Item], kind: Kind) -> String {
    let mut out = String::from("{");
    for (index, item) in items.iter().enumerate() {
        out.push_str(if index == 0 { "" } else { "," });
        match (item, item.text(kind)) {
            (_, None) => out.push_str("NULL"),
            (Item::Array(_), Some(text)) => out.push_str(&text),
            (_, Some(text)) if needs_quotes(&text) => {
                out.push('"');
                for c in text.chars() {
                    if matches!(c, '"' | '\\') {
                        out.push('\\');
                    }
                    out.push(c);
                }
                out.push('"');
            }
            (_, Some(text)) => out.push_str(&text),
        }
    }
    out.push('}');
    out
}

pub(crate) fn needs_quotes(text: &str) -> bool {
    text.is_empty()
        || text.eq_ignore_ascii_case("NULL")
        || text.contains(|c: char| is_space(c) || matches!(c, '"' | '\\' | '{' | '}' | ','))
}

pub(crate) const fn is_space(c: char) -> bool {
    matches!(c, ' ' | '\t' | '\n' | '\r' | '\u{b}' | '\u{c}')
}
