//! A value of a result, as people and other programs read it.

use std::{borrow::Cow, fmt::Write as _};

use base64::{Engine as _, engine::general_purpose::STANDARD};
use phantomdb_protocol::ColumnType;
use serde_json::value::RawValue;

/// The most bytes of a blob that are shown to people.
const BLOB_SHOWN: usize = 32;

/// How NULL is shown to people.
pub(crate) const NULL: &str = "NULL";

/// A value of a result. It borrows the text of the answer.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) enum Cell<'a> {
    Null,
    Text(Cow<'a, str>),
    Blob(Vec<u8>),
}

impl<'a> Cell<'a> {
    /// Reads a value as it travels.
    pub(crate) fn read(raw: &'a RawValue, column_type: ColumnType) -> Self {
        let json = raw.get();
        if json == "null" {
            return Self::Null;
        }
        match column_type {
            ColumnType::Json => Self::Text(Cow::Borrowed(json)),
            ColumnType::Blob => Self::blob(&text_of(json)),
            ColumnType::Any if json.starts_with('{') => Self::of_any(json),
            _ => Self::Text(text_of(json)),
        }
    }

    fn blob(base64: &str) -> Self {
        // What is no base64 was not written by an engine, and is shown as it is.
        STANDARD.decode(base64).map_or_else(|_| Self::Text(Cow::Owned(base64.to_owned())), Self::Blob)
    }

    /// A blob of a column without a type, or a document.
    fn of_any(json: &'a str) -> Self {
        #[derive(serde::Deserialize)]
        #[serde(deny_unknown_fields)]
        struct Tagged<'t> {
            #[serde(rename = "type")]
            kind: &'t str,
            #[serde(borrow)]
            value: Cow<'t, str>,
        }
        match serde_json::from_str::<Tagged<'_>>(json) {
            Ok(Tagged { kind: "blob", value }) => Self::blob(&value),
            _ => Self::Text(Cow::Borrowed(json)),
        }
    }

    /// The value for a person: on one line, without characters that a terminal takes for a command.
    pub(crate) fn shown(&self) -> Cow<'_, str> {
        match self {
            Self::Null => Cow::Borrowed(NULL),
            Self::Text(text) => harmless(text),
            Self::Blob(bytes) if bytes.len() > BLOB_SHOWN => {
                Cow::Owned(format!("{}… ({} bytes)", hex(&bytes[..BLOB_SHOWN]), bytes.len()))
            }
            Self::Blob(bytes) => Cow::Owned(hex(bytes)),
        }
    }

    /// The whole value for a program. None for NULL.
    pub(crate) fn whole(&self) -> Option<Cow<'_, str>> {
        match self {
            Self::Null => None,
            Self::Text(text) => Some(Cow::Borrowed(text)),
            Self::Blob(bytes) => Some(Cow::Owned(hex(bytes))),
        }
    }
}

fn text_of(json: &str) -> Cow<'_, str> {
    if !json.starts_with('"') {
        return Cow::Borrowed(json);
    }
    let plain = json.strip_prefix('"').and_then(|text| text.strip_suffix('"'));
    match plain {
        Some(text) if !text.contains('\\') => Cow::Borrowed(text),
        // The answer was parsed once, so this is a string.
        _ => serde_json::from_str::<String>(json).map_or(Cow::Borrowed(json), Cow::Owned),
    }
}

/// Bytes as PostgreSQL writes them.
fn hex(bytes: &[u8]) -> String {
    bytes.iter().fold(String::from("\\x"), |mut text, byte| {
        // Writing to a string does not fail.
        let _ = write!(text, "{byte:02x}");
        text
    })
}

/// True for a character that moves the cursor, begins a command of a terminal, or turns the direction of what follows.
fn is_harmful(c: char) -> bool {
    c.is_control()
        || matches!(c, '\u{2028}' | '\u{2029}' | '\u{202a}'..='\u{202e}' | '\u{2066}'..='\u{2069}' | '\u{feff}' | '\u{200b}')
}

/// A text on one line, in which such characters are written as escapes.
pub(crate) fn harmless(text: &str) -> Cow<'_, str> {
    escaped(text, is_harmful)
}

/// A text that keeps its lines, in which other such characters are written as escapes.
pub(crate) fn harmless_lines(text: &str) -> Cow<'_, str> {
    escaped(text, |c| is_harmful(c) && c != '\n')
}

fn escaped(text: &str, is_wanted: impl Fn(char) -> bool) -> Cow<'_, str> {
    if !text.contains(&is_wanted) {
        return Cow::Borrowed(text);
    }
    let mut safe = String::with_capacity(text.len() + 8);
    for c in text.chars() {
        match c {
            c if !is_wanted(c) => safe.push(c),
            '\n' => safe.push_str("\\n"),
            '\r' => safe.push_str("\\r"),
            '\t' => safe.push_str("\\t"),
            c => safe.extend(c.escape_unicode()),
        }
    }
    Cow::Owned(safe)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn shown(json: &str, column_type: ColumnType) -> String {
        let raw: &RawValue = serde_json::from_str(json).unwrap();
        Cell::read(raw, column_type).shown().into_owned()
    }

    #[test]
    fn values_are_shown_as_they_travel() {
        assert_eq!(shown("12", ColumnType::Integer), "12");
        assert_eq!(shown("\"9007199254740993\"", ColumnType::Integer), "9007199254740993");
        assert_eq!(shown("1.0", ColumnType::Float), "1.0");
        assert_eq!(shown("\"a\\\"b\"", ColumnType::String), "a\"b");
        assert_eq!(shown("null", ColumnType::String), "NULL");
        assert_eq!(shown("{\"a\":[1,\"x\"]}", ColumnType::Json), "{\"a\":[1,\"x\"]}");
        assert_eq!(shown("\"text\"", ColumnType::Json), "\"text\"");
    }

    #[test]
    fn bytes_are_shown_as_hexadecimal_digits() {
        assert_eq!(shown("\"AP8=\"", ColumnType::Blob), "\\x00ff");
        assert_eq!(shown("{\"type\":\"blob\",\"value\":\"AP8=\"}", ColumnType::Any), "\\x00ff");
        assert_eq!(shown("{\"type\":\"x\"}", ColumnType::Any), "{\"type\":\"x\"}");
        let long = serde_json::to_string(&STANDARD.encode([7; 100])).unwrap();
        assert!(shown(&long, ColumnType::Blob).ends_with("07… (100 bytes)"));
    }

    #[test]
    fn characters_that_command_a_terminal_are_written_as_escapes() {
        for (text, expected) in [
            ("a\u{1b}[31mred", "a\\u{1b}[31mred"),
            ("a\nb\r\tc", "a\\nb\\r\\tc"),
            ("\u{9b}2J\u{7f}", "\\u{9b}2J\\u{7f}"),
            ("user\u{202e}txt.exe", "user\\u{202e}txt.exe"),
            ("👩\u{200d}💻 日本 שלום", "👩\u{200d}💻 日本 שלום"),
        ] {
            assert_eq!(harmless(text), expected);
        }
        assert_eq!(harmless_lines("a\n\u{1b}b"), "a\n\\u{1b}b");
    }
}
