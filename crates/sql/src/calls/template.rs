//! Conditions that differ only in their values: `id = 1` and `id = 2` share one parsed form.
//!
//! [`scan`] finds the literals of a condition by its characters alone. It is conservative: it gives up wherever the
//! tokenizer might see something else, and the condition is then parsed as a whole. The text without its literals is the
//! key of a [`Template`], which is made from one parsed condition of that form and checked against it.

use std::sync::Arc;

use phantomdb_protocol::Value;
use sqlparser::tokenizer::Location;

use crate::calls::{
    fragment::{Condition, ParsedCondition},
    parameterize::number,
};

/// Stands in a key for an integer, a float and a string. A text that holds these characters is not scanned.
const INTEGER: char = '\u{1}';
const FLOAT: char = '\u{2}';
const STRING: char = '\u{3}';

/// A condition whose literals were found.
#[derive(Debug)]
pub struct Scanned<'a> {
    /// The text with a mark in the place of each literal.
    pub key: String,
    literals: Vec<Literal<'a>>,
}

/// A literal as it is written: the digits of a number, or a string with its quotes.
#[derive(Debug)]
struct Literal<'a> {
    text: &'a str,
    /// Where it begins, in bytes.
    start: usize,
    /// Its value without a sign in front of it.
    value: Value,
}

impl<'a> Literal<'a> {
    /// Returns `None` for a number that cannot become a parameter.
    fn new(text: &'a str, start: usize) -> Option<Self> {
        let value = match text.strip_prefix('\'').and_then(|rest| rest.strip_suffix('\'')) {
            Some(inner) => Value::String(inner.replace("''", "'")),
            None => number(text, false)?,
        };
        Some(Self { text, start, value })
    }

    const fn mark(&self) -> char {
        match self.value {
            Value::Integer(_) => INTEGER,
            Value::Float(_) => FLOAT,
            _ => STRING,
        }
    }
}

fn signed(value: Value, negative: bool) -> Value {
    match value {
        Value::Integer(integer) if negative => Value::Integer(-integer),
        Value::Float(float) if negative => Value::Float(-float),
        value => value,
    }
}

/// The use of one literal of a template.
#[derive(Debug)]
enum Slot {
    Parameter {
        negative: bool,
    },
    /// It stays in the text, so only a condition with the same literal there has the same text.
    Fixed(Box<str>),
}

/// The parsed form of all conditions with one key.
#[derive(Debug)]
pub struct Template {
    sql: Arc<str>,
    slots: Vec<Slot>,
}

impl Template {
    /// Makes a template from a parsed condition. Fails when a literal of the tree is not one that the scan found, or has
    /// another value there.
    pub fn new(text: &str, scanned: &Scanned<'_>, parsed: &ParsedCondition) -> Option<Self> {
        let mut lifted = parsed.lifted.iter().peekable();
        let mut at = LocationCounter::new(text);
        let mut slots = Vec::with_capacity(scanned.literals.len());
        for literal in &scanned.literals {
            let location = at.advance_to(literal.start);
            slots.push(match lifted.next_if(|lifted| lifted.span.start == location) {
                Some(lifted) if signed(literal.value.clone(), lifted.negative) == lifted.value => {
                    Slot::Parameter { negative: lifted.negative }
                }
                Some(_) => return None,
                None => Slot::Fixed(literal.text.into()),
            });
        }
        lifted.next().is_none().then(|| Self { sql: Arc::clone(&parsed.sql), slots })
    }

    /// The condition with these literals. None when one differs that stays in the text.
    pub fn fill(&self, scanned: Scanned<'_>) -> Option<Condition> {
        if self.slots.len() != scanned.literals.len() {
            return None;
        }
        let mut literals = Vec::with_capacity(self.slots.len());
        for (slot, literal) in self.slots.iter().zip(scanned.literals) {
            match slot {
                Slot::Parameter { negative } => literals.push(signed(literal.value, *negative)),
                Slot::Fixed(text) if **text == *literal.text => {}
                Slot::Fixed(_) => return None,
            }
        }
        Some(Condition { sql: Arc::clone(&self.sql), literals })
    }
}

/// Byte offsets as the line and column that the tokenizer counts.
struct LocationCounter<'a> {
    rest: &'a str,
    offset: usize,
    location: Location,
}

impl<'a> LocationCounter<'a> {
    fn new(text: &'a str) -> Self {
        Self { rest: text, offset: 0, location: Location { line: 1, column: 1 } }
    }

    fn advance_to(&mut self, offset: usize) -> Location {
        let (passed, rest) = self.rest.split_at(offset - self.offset);
        for character in passed.chars() {
            if character == '\n' {
                self.location = Location { line: self.location.line + 1, column: 1 };
            } else {
                self.location.column += 1;
            }
        }
        (self.rest, self.offset) = (rest, offset);
        self.location
    }
}

/// Finds the literals of a condition. Fails when its characters alone do not say where they are.
pub fn scan(text: &str) -> Option<Scanned<'_>> {
    let bytes = text.as_bytes();
    let mut scanned = Scanned { key: String::with_capacity(text.len()), literals: Vec::new() };
    let mut at = 0;
    // Everything before `copied` is in the key.
    let mut copied = 0;
    while let Some(&byte) = bytes.get(at) {
        let end = match byte {
            b'\'' => string_end(bytes, at)?,
            b'0'..=b'9' => number_end(bytes, at)?,
            b'"' | b'`' => {
                at = quoted_end(bytes, at)?;
                continue;
            }
            _ if is_word(byte) => {
                at = word_end(bytes, at);
                // A prefix such as that of `E'…'` belongs to the string.
                if matches!(bytes.get(at), Some(b'\'')) {
                    return None;
                }
                continue;
            }
            // Comments, parameters, dollar quotes, `U&'…'`, numbers without a digit in front, and the marks of the key.
            b'-' if bytes.get(at + 1) == Some(&b'-') => return None,
            b'/' if bytes.get(at + 1) == Some(&b'*') => return None,
            b'&' if bytes.get(at + 1) == Some(&b'\'') => return None,
            b'.' if bytes.get(at + 1).is_some_and(u8::is_ascii_digit) => return None,
            b'$' | b'\\' | b';' | b'\0'..=b'\x08' => return None,
            _ => {
                at += 1;
                continue;
            }
        };
        let before = at.checked_sub(1).and_then(|index| bytes.get(index));
        if !before.is_none_or(|byte| may_precede(*byte))
            || !bytes.get(end).is_none_or(|byte| may_follow(*byte))
        {
            return None;
        }
        // A number that is not lifted is part of the key.
        if let Some(literal) = Literal::new(&text[at..end], at) {
            scanned.key.push_str(&text[copied..at]);
            scanned.key.push(literal.mark());
            scanned.literals.push(literal);
            copied = end;
        }
        at = end;
    }
    scanned.key.push_str(&text[copied..]);
    Some(scanned)
}

const fn is_word(byte: u8) -> bool {
    byte.is_ascii_alphabetic() || byte == b'_' || byte >= 0x80
}

const fn may_precede(byte: u8) -> bool {
    matches!(
        byte,
        b' ' | b'\t'
            | b'\n'
            | b'\r'
            | b'('
            | b','
            | b'='
            | b'<'
            | b'>'
            | b'-'
            | b'+'
            | b'*'
            | b'/'
            | b'%'
            | b'|'
            | b'~'
            | b'['
    )
}

const fn may_follow(byte: u8) -> bool {
    matches!(
        byte,
        b' ' | b'\t'
            | b'\n'
            | b'\r'
            | b')'
            | b','
            | b'='
            | b'<'
            | b'>'
            | b'!'
            | b'-'
            | b'+'
            | b'*'
            | b'/'
            | b'%'
            | b'|'
            | b':'
            | b']'
    )
}

/// The end of a string literal, in which a quote is written twice.
fn string_end(bytes: &[u8], start: usize) -> Option<usize> {
    let mut at = start;
    loop {
        at = quoted_end(bytes, at)?;
        if bytes.get(at) != Some(&b'\'') {
            return Some(at);
        }
    }
}

/// The end of a quoted piece, which may go on at once with another one.
fn quoted_end(bytes: &[u8], start: usize) -> Option<usize> {
    let inner = bytes.get(start + 1..)?;
    let length = inner.iter().position(|byte| *byte == bytes[start])?;
    Some(start + 1 + length + 1)
}

fn word_end(bytes: &[u8], start: usize) -> usize {
    let is_part = |byte: &u8| is_word(*byte) || byte.is_ascii_digit();
    start + bytes[start..].iter().take_while(|byte| is_part(byte)).count()
}

/// `12`, `1.5`, `1e-3`. What may follow a number keeps out every other form, such as `1_000`, `0x1F` and `1.`.
fn number_end(bytes: &[u8], start: usize) -> Option<usize> {
    let digits = |from: usize| {
        from + bytes
            .get(from..)
            .map_or(0, |rest| rest.iter().take_while(|byte| byte.is_ascii_digit()).count())
    };
    let mut end = digits(start);
    if bytes.get(end) == Some(&b'.') {
        let fraction = digits(end + 1);
        if fraction == end + 1 {
            return None;
        }
        end = fraction;
    }
    if matches!(bytes.get(end), Some(b'e' | b'E')) {
        let sign = usize::from(matches!(bytes.get(end + 1), Some(b'+' | b'-')));
        let exponent = digits(end + 1 + sign);
        if exponent == end + 1 + sign {
            return None;
        }
        end = exponent;
    }
    Some(end)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn it_finds_the_literals_of_a_condition() {
        let scanned = scan(r#""a'1" = 'it''s' AND b2 IN (1, -2.5e3) OR `c` > 99999999999999999999"#).unwrap();
        let texts: Vec<&str> = scanned.literals.iter().map(|literal| literal.text).collect();
        assert_eq!(texts, ["'it''s'", "1", "2.5e3"]);
        assert_eq!(scanned.key, "\"a'1\" = \u{3} AND b2 IN (\u{1}, -\u{2}) OR `c` > 99999999999999999999");
    }

    #[test]
    fn it_gives_up_where_the_characters_do_not_say_what_is_a_literal() {
        for text in [
            "a = E'x'",
            "a = U&'x'",
            "a = X'00'",
            "a = $$x$$",
            "a = $1",
            "a = 1_000",
            "a = 0x1F",
            "a = 1.",
            "a = .5",
            "a = 1e",
            "a = 'x",
            "a = \"x",
            "a = 1 -- x",
            "a = 1 /* x */",
            "a = 1a",
            "a = 'x'b",
            "a = 'x'\"b\"",
            "a = \u{1}",
            "a = 1.2.3",
            "a = 1;",
            "\"a\"1",
            "a = 'x' ?1",
        ] {
            assert!(scan(text).is_none(), "{text}");
        }
    }
}
