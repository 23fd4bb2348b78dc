//! A document as JSONB holds it: keys sorted, duplicates dropped, numbers exact.

use std::cmp::Ordering;

use phantomdb_protocol::Result;

use super::{
    number,
    scan::{Fault, MAX_DEPTH, Scanner},
    string::{unescaped, write_string},
};

/// A value of JSONB.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Document {
    Null,
    Boolean(bool),
    /// A number in plain notation.
    Number(String),
    String(String),
    Array(Vec<Self>),
    /// The members, sorted by [`key_order`], each key once.
    Object(Vec<(String, Self)>),
}

/// Shorter keys first, then by their bytes.
pub fn key_order(left: &str, right: &str) -> Ordering {
    (left.len(), left).cmp(&(right.len(), right))
}

impl Document {
    /// Reads the text of a document. Fails when it is none, or when JSONB cannot hold it.
    pub fn parse(text: &str) -> Result<Self> {
        let mut scanner = Scanner::new(text);
        read(&mut scanner, 0)
            .and_then(|document| scanner.end().map(|()| document))
            .map_err(|fault| fault.error(text))
    }

    /// The text as PostgreSQL prints a JSONB.
    pub fn text(&self) -> String {
        let mut out = String::new();
        self.write(&mut out);
        out
    }

    pub(super) fn write(&self, out: &mut String) {
        match self {
            Self::Null => out.push_str("null"),
            Self::Boolean(true) => out.push_str("true"),
            Self::Boolean(false) => out.push_str("false"),
            Self::Number(number) => out.push_str(number),
            Self::String(text) => write_string(out, text),
            Self::Array(elements) => {
                out.push('[');
                for (index, element) in elements.iter().enumerate() {
                    out.push_str(if index == 0 { "" } else { ", " });
                    element.write(out);
                }
                out.push(']');
            }
            Self::Object(members) => {
                out.push('{');
                for (index, (key, value)) in members.iter().enumerate() {
                    out.push_str(if index == 0 { "" } else { ", " });
                    write_string(out, key);
                    out.push_str(": ");
                    value.write(out);
                }
                out.push('}');
            }
        }
    }

    /// An object of members in any order; of two with the same key the last one counts.
    pub fn object(mut members: Vec<(String, Self)>) -> Self {
        // The sort keeps the order of equal keys, so the last one of a run is the one to keep.
        members.sort_by(|(a, _), (b, _)| key_order(a, b));
        let mut kept: Vec<(String, Self)> = Vec::with_capacity(members.len());
        for member in members {
            match kept.last_mut() {
                Some(last) if last.0 == member.0 => *last = member,
                _ => kept.push(member),
            }
        }
        Self::Object(kept)
    }

    pub const fn is_scalar(&self) -> bool {
        !matches!(self, Self::Array(_) | Self::Object(_))
    }

    /// What `jsonb_typeof` returns.
    pub const fn type_name(&self) -> &'static str {
        match self {
            Self::Null => "null",
            Self::Boolean(_) => "boolean",
            Self::Number(_) => "number",
            Self::String(_) => "string",
            Self::Array(_) => "array",
            Self::Object(_) => "object",
        }
    }
}

/// The position of a key in the sorted members of an object, or where it belongs.
pub(super) fn find_key(members: &[(String, Document)], key: &str) -> std::result::Result<usize, usize> {
    members.binary_search_by(|(existing, _)| key_order(existing, key))
}

fn read(scanner: &mut Scanner<'_>, depth: usize) -> Result<Document, Fault> {
    if depth > MAX_DEPTH {
        return Err(Fault::TooDeep);
    }
    scanner.build()?;
    match scanner.peek().ok_or(Fault::Malformed)? {
        b'{' => read_object(scanner, depth),
        b'[' => read_array(scanner, depth),
        b'"' => Ok(Document::String(unescaped(scanner.string()?)?.into_owned())),
        _ => Ok(match scanner.word()? {
            "null" => Document::Null,
            "true" => Document::Boolean(true),
            "false" => Document::Boolean(false),
            number => Document::Number(number::plain(number).ok_or(Fault::Number)?),
        }),
    }
}

fn read_array(scanner: &mut Scanner<'_>, depth: usize) -> Result<Document, Fault> {
    scanner.expect(b'[')?;
    let mut elements = Vec::new();
    if scanner.eat(b']') {
        return Ok(Document::Array(elements));
    }
    loop {
        elements.push(read(scanner, depth + 1)?);
        if scanner.eat(b']') {
            return Ok(Document::Array(elements));
        }
        scanner.expect(b',')?;
    }
}

fn read_object(scanner: &mut Scanner<'_>, depth: usize) -> Result<Document, Fault> {
    scanner.expect(b'{')?;
    let mut members = Vec::new();
    if scanner.eat(b'}') {
        return Ok(Document::Object(members));
    }
    loop {
        let key = unescaped(scanner.key()?)?.into_owned();
        members.push((key, read(scanner, depth + 1)?));
        if scanner.eat(b'}') {
            return Ok(Document::object(members));
        }
        scanner.expect(b',')?;
    }
}

#[cfg(test)]
mod tests {
    use phantomdb_protocol::ErrorCode;

    use super::*;

    #[test]
    fn documents_are_printed_as_postgresql_prints_jsonb() {
        for (text, expected) in [
            (r#" {"bb":[1,2.50],"a":1, "bb" : {"x":null}} "#, r#"{"a": 1, "bb": {"x": null}}"#),
            ("[]", "[]"),
            ("{}", "{}"),
            (r#""a\u00e9\t\u0001\/""#, r#""aé\t\u0001/""#),
            (r#""\ud83d\ude00""#, "\"😀\""),
            ("[1e2, -0, true, false, null]", "[100, 0, true, false, null]"),
        ] {
            assert_eq!(Document::parse(text).unwrap().text(), expected);
        }
    }

    #[test]
    fn it_builds_no_more_values_than_memory_has_room_for() {
        let of_length = |length: usize| format!("[{}0]", "0,".repeat(length - 1));
        let parsed = Document::parse(&of_length(super::super::scan::MAX_VALUES));
        assert_eq!(parsed.unwrap_err().code, ErrorCode::TooLarge);
        assert!(Document::parse(&of_length(1000)).is_ok());
    }

    #[test]
    fn it_refuses_what_is_no_document() {
        for text in [
            "",
            " ",
            "{",
            "[1,]",
            "{\"a\"}",
            "{a:1}",
            "01",
            "1.",
            ".5",
            "+1",
            "nul",
            "'a'",
            "\"a",
            "\"\t\"",
            "1 2",
            "[1 2]",
            "\"\\x\"",
            "\"\\ud800\"",
            "\"\\udc00\"",
            "\"\\u12\"",
            "NaN",
            "[}",
        ] {
            assert_eq!(Document::parse(text).unwrap_err().code, ErrorCode::TypeMismatch, "{text}");
        }
        let code = |text: &str| Document::parse(text).unwrap_err().code;
        assert_eq!(code(r#""\u0000""#), ErrorCode::TypeMismatch);
        assert_eq!(code("1e200000"), ErrorCode::OutOfRange);
        assert_eq!(code(&"[".repeat(5000)), ErrorCode::SyntaxError);
    }
}
