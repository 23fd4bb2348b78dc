//! Splits what people write for a date, a time or an interval into fields.

/// A field of the text. Words are in lower case.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) enum Field {
    /// Digits, with a decimal point at most: `1999`, `.5`, `040506.789`.
    Number(String),
    /// Begins with digits and has colons: `04:05:06.789`.
    Clock(String),
    /// Numbers and words with `-`, `/` or `.` between them, or the name of a zone: `1999-01-08`, `jan-08-1999`.
    Compound(String),
    /// Letters: `january`, `infinity`, `pst`.
    Word(String),
    /// A sign with a number behind it: `+03:30`, `-1-2`.
    Signed(String),
    /// A sign with a word behind it: `-infinity`.
    SignedWord(String),
}

/// The longest text that is read.
const MAX_LENGTH: usize = 512;
/// The most fields of a text.
const MAX_FIELDS: usize = 25;

/// The fields of a text; none when a character has no place in it. `is_word` tells which words a date can have beside it
/// without a space: `j2451187` are two fields, `est5edt` is one.
pub(super) fn fields(text: &str, is_word: impl Fn(&str) -> bool) -> Option<Vec<Field>> {
    if text.len() > MAX_LENGTH || !text.is_ascii() {
        return None;
    }
    let mut reader = Reader { rest: text.as_bytes() };
    let mut found = Vec::new();
    while let Some(next) = reader.peek() {
        if next.is_ascii_whitespace() || next == 0x0b {
            reader.rest = &reader.rest[1..];
            continue;
        }
        found.push(match next {
            b'0'..=b'9' => reader.number(),
            b'.' => Field::Number(reader.take_while(|byte| byte == b'.' || byte.is_ascii_digit())),
            b'a'..=b'z' | b'A'..=b'Z' => reader.word(&is_word),
            b'+' | b'-' => reader.signed()?,
            byte if byte.is_ascii_punctuation() => {
                reader.rest = &reader.rest[1..];
                continue;
            }
            _ => return None,
        });
        if found.len() > MAX_FIELDS {
            return None;
        }
    }
    Some(found)
}

struct Reader<'a> {
    rest: &'a [u8],
}

impl Reader<'_> {
    fn peek(&self) -> Option<u8> {
        self.rest.first().copied()
    }

    fn take_while(&mut self, belongs: impl Fn(u8) -> bool) -> String {
        let end = self.rest.iter().position(|byte| !belongs(*byte)).unwrap_or(self.rest.len());
        let (taken, rest) = self.rest.split_at(end);
        self.rest = rest;
        taken.iter().map(|byte| char::from(byte.to_ascii_lowercase())).collect()
    }

    fn number(&mut self) -> Field {
        let mut text = self.take_while(|byte| byte.is_ascii_digit());
        match self.peek() {
            Some(b':') => {
                text += &self.take_while(|byte| byte.is_ascii_digit() || byte == b':' || byte == b'.');
                Field::Clock(text)
            }
            Some(delimiter @ (b'-' | b'/' | b'.')) => {
                text.push(char::from(delimiter));
                self.rest = &self.rest[1..];
                if self.peek().is_some_and(|byte| byte.is_ascii_digit()) {
                    text += &self.take_while(|byte| byte.is_ascii_digit());
                    if self.peek() == Some(delimiter) {
                        text += &self.take_while(|byte| byte.is_ascii_digit() || byte == delimiter);
                    } else if delimiter == b'.' {
                        return Field::Number(text);
                    }
                } else {
                    text += &self.take_while(|byte| byte.is_ascii_alphanumeric() || byte == delimiter);
                }
                Field::Compound(text)
            }
            _ => Field::Number(text),
        }
    }

    fn word(&mut self, is_word: impl Fn(&str) -> bool) -> Field {
        let mut text = self.take_while(|byte| byte.is_ascii_alphabetic());
        let is_compound = match self.peek() {
            Some(b'-' | b'/' | b'.') => true,
            Some(b'+' | b'_' | b'0'..=b'9') => !is_word(&text),
            _ => false,
        };
        if !is_compound {
            return Field::Word(text);
        }
        text += &self.take_while(|byte| {
            byte.is_ascii_alphanumeric() || matches!(byte, b'+' | b'-' | b'/' | b'_' | b'.' | b':' | b',')
        });
        Field::Compound(text)
    }

    fn signed(&mut self) -> Option<Field> {
        let mut text = String::from(char::from(self.peek()?));
        self.rest = &self.rest[1..];
        while self.peek().is_some_and(|byte| byte.is_ascii_whitespace()) {
            self.rest = &self.rest[1..];
        }
        match self.peek()? {
            b'0'..=b'9' => {
                text += &self.take_while(|byte| byte.is_ascii_digit() || matches!(byte, b':' | b'.' | b'-'));
                Some(Field::Signed(text))
            }
            byte if byte.is_ascii_alphabetic() => {
                text += &self.take_while(|byte| byte.is_ascii_alphabetic());
                Some(Field::SignedWord(text))
            }
            _ => None,
        }
    }
}
