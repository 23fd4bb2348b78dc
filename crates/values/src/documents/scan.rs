//! Walks through the text of a document without building it.

use std::borrow::Cow;

use phantomdb_protocol::{Error, ErrorCode, Result};

/// How deep a document may be nested.
pub const MAX_DEPTH: usize = 1000;
/// The most values of a document that is built. Each takes several times as much memory as its text may.
pub(super) const MAX_VALUES: usize = 10_000_000;

/// What is wrong with a document.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Fault {
    Malformed,
    /// A string has the escape `\u0000`.
    Nul,
    TooDeep,
    /// The document has more than [`MAX_VALUES`].
    TooMany,
    /// A number has too many digits.
    Number,
}

impl Fault {
    pub(super) fn error(self, text: &str) -> Error {
        match self {
            Self::Malformed => {
                Error::new(ErrorCode::TypeMismatch, format!("'{}' is not JSON", beginning(text)))
            }
            Self::Nul => Error::new(
                ErrorCode::TypeMismatch,
                "a string in a document has a NUL character, which cannot be stored",
            ),
            Self::TooDeep => Error::new(
                ErrorCode::SyntaxError,
                format!("the document is nested too deeply; {MAX_DEPTH} levels are allowed"),
            ),
            Self::TooMany => Error::new(
                ErrorCode::TooLarge,
                format!("the document has too many values; {MAX_VALUES} can be read at a time"),
            ),
            Self::Number => {
                Error::new(ErrorCode::OutOfRange, "a number in a document has more digits than can be stored")
            }
        }
    }
}

/// The first characters of a value, for a message.
pub(crate) fn beginning(text: &str) -> Cow<'_, str> {
    match text.char_indices().nth(60) {
        Some((end, _)) => Cow::Owned(format!("{}…", &text[..end])),
        None => Cow::Borrowed(text),
    }
}

/// A position in the text of a document.
pub(super) struct Scanner<'a> {
    text: &'a str,
    at: usize,
    /// The number of values that were built.
    built: usize,
}

impl<'a> Scanner<'a> {
    pub(super) const fn new(text: &'a str) -> Self {
        Self { text, at: 0, built: 0 }
    }

    /// Counts a value that is built.
    pub(super) const fn build(&mut self) -> Result<(), Fault> {
        self.built += 1;
        if self.built > MAX_VALUES { Err(Fault::TooMany) } else { Ok(()) }
    }

    pub(super) fn peek(&mut self) -> Option<u8> {
        let bytes = self.text.as_bytes();
        while bytes.get(self.at).is_some_and(|byte| matches!(byte, b' ' | b'\t' | b'\n' | b'\r')) {
            self.at += 1;
        }
        bytes.get(self.at).copied()
    }

    /// Passes the character when it is the next one.
    pub(super) fn eat(&mut self, wanted: u8) -> bool {
        let found = self.peek() == Some(wanted);
        self.at += usize::from(found);
        found
    }

    pub(super) fn expect(&mut self, wanted: u8) -> Result<(), Fault> {
        if self.eat(wanted) { Ok(()) } else { Err(Fault::Malformed) }
    }

    pub(super) fn end(&mut self) -> Result<(), Fault> {
        if self.peek().is_none() { Ok(()) } else { Err(Fault::Malformed) }
    }

    /// Passes a string, and returns it with its quotes.
    pub(super) fn string(&mut self) -> Result<&'a str, Fault> {
        self.expect(b'"')?;
        let start = self.at - 1;
        let bytes = self.text.as_bytes();
        loop {
            match bytes.get(self.at).ok_or(Fault::Malformed)? {
                b'"' => break,
                b'\\' => {
                    let length = match bytes.get(self.at + 1) {
                        Some(b'"' | b'\\' | b'/' | b'b' | b'f' | b'n' | b'r' | b't') => 2,
                        Some(b'u') => {
                            let digits = bytes.get(self.at + 2..self.at + 6).ok_or(Fault::Malformed)?;
                            if !digits.iter().all(u8::is_ascii_hexdigit) {
                                return Err(Fault::Malformed);
                            }
                            6
                        }
                        _ => return Err(Fault::Malformed),
                    };
                    self.at += length;
                }
                0..0x20 => return Err(Fault::Malformed),
                _ => self.at += 1,
            }
        }
        self.at += 1;
        Ok(&self.text[start..self.at])
    }

    /// Passes a number, `true`, `false` or `null`.
    pub(super) fn word(&mut self) -> Result<&'a str, Fault> {
        self.peek();
        let start = self.at;
        let bytes = self.text.as_bytes();
        while bytes
            .get(self.at)
            .is_some_and(|byte| byte.is_ascii_alphanumeric() || matches!(byte, b'+' | b'-' | b'.'))
        {
            self.at += 1;
        }
        let word = &self.text[start..self.at];
        if matches!(word, "true" | "false" | "null") || is_number(word) {
            Ok(word)
        } else {
            Err(Fault::Malformed)
        }
    }

    /// Passes the key of a member and the colon behind it.
    pub(super) fn key(&mut self) -> Result<&'a str, Fault> {
        self.peek();
        let key = self.string()?;
        self.expect(b':')?;
        Ok(key)
    }

    /// Passes a value of any kind, and returns its text.
    pub(super) fn value(&mut self) -> Result<&'a str, Fault> {
        self.peek();
        let start = self.at;
        let mut open: Vec<u8> = Vec::new();
        loop {
            let opened = match self.peek().ok_or(Fault::Malformed)? {
                b'{' => {
                    self.at += 1;
                    let opened = !self.eat(b'}');
                    if opened {
                        self.key()?;
                        open.push(b'}');
                    }
                    opened
                }
                b'[' => {
                    self.at += 1;
                    let opened = !self.eat(b']');
                    if opened {
                        open.push(b']');
                    }
                    opened
                }
                b'"' => {
                    self.string()?;
                    false
                }
                _ => {
                    self.word()?;
                    false
                }
            };
            if open.len() > MAX_DEPTH {
                return Err(Fault::TooDeep);
            }
            if opened {
                continue;
            }
            loop {
                let Some(closing) = open.last().copied() else { return Ok(&self.text[start..self.at]) };
                if self.eat(closing) {
                    open.pop();
                    continue;
                }
                self.expect(b',')?;
                if closing == b'}' {
                    self.key()?;
                }
                break;
            }
        }
    }
}

/// Returns whether the text is a number of JSON's grammar.
pub fn is_number(text: &str) -> bool {
    let digits = |text: &str| !text.is_empty() && text.bytes().all(|byte| byte.is_ascii_digit());
    let unsigned = text.strip_prefix('-').unwrap_or(text);
    let (mantissa, exponent) = match unsigned.split_once(['e', 'E']) {
        Some((mantissa, exponent)) => (mantissa, Some(exponent)),
        None => (unsigned, None),
    };
    let (whole, fraction) = match mantissa.split_once('.') {
        Some((whole, fraction)) => (whole, Some(fraction)),
        None => (mantissa, None),
    };
    digits(whole)
        && (whole.len() == 1 || !whole.starts_with('0'))
        && fraction.is_none_or(digits)
        && exponent.is_none_or(|exponent| digits(exponent.strip_prefix(['+', '-']).unwrap_or(exponent)))
}

/// The members of an object in their order, with their keys as they are written; None for another value.
pub(super) fn members(text: &str) -> Result<Option<Vec<(&str, &str)>>, Fault> {
    let mut scanner = Scanner::new(text);
    if !scanner.eat(b'{') {
        return Ok(None);
    }
    let mut members = Vec::new();
    if !scanner.eat(b'}') {
        loop {
            scanner.build()?;
            members.push((scanner.key()?, scanner.value()?));
            if scanner.eat(b'}') {
                break;
            }
            scanner.expect(b',')?;
        }
    }
    scanner.end()?;
    Ok(Some(members))
}

/// The elements of an array; None for another value.
pub(crate) fn elements_of(text: &str) -> Result<Option<Vec<&str>>> {
    elements(text).map_err(|fault| fault.error(text))
}

pub(super) fn elements(text: &str) -> Result<Option<Vec<&str>>, Fault> {
    let mut scanner = Scanner::new(text);
    if !scanner.eat(b'[') {
        return Ok(None);
    }
    let mut elements = Vec::new();
    if !scanner.eat(b']') {
        loop {
            scanner.build()?;
            elements.push(scanner.value()?);
            if scanner.eat(b']') {
                break;
            }
            scanner.expect(b',')?;
        }
    }
    scanner.end()?;
    Ok(Some(elements))
}

/// Checks that a text is a document.
pub(super) fn check(text: &str) -> Result<(), Fault> {
    let mut scanner = Scanner::new(text);
    scanner.value()?;
    scanner.end()
}
