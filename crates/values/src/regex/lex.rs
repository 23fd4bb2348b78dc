//! The characters of a pattern, and escapes.

use phantomdb_protocol::Result;

use super::error::malformed;

/// Where a pattern is read.
pub(super) struct Cursor<'p> {
    pub(super) characters: &'p [char],
    pub(super) at: usize,
}

impl Cursor<'_> {
    pub(super) fn peek(&self) -> Option<char> {
        self.characters.get(self.at).copied()
    }

    pub(super) fn peek_after(&self, distance: usize) -> Option<char> {
        self.characters.get(self.at + distance).copied()
    }

    pub(super) fn next(&mut self) -> Option<char> {
        let next = self.peek();
        self.at += usize::from(next.is_some());
        next
    }

    /// Goes on when the text stands here.
    pub(super) fn eat(&mut self, text: &str) -> bool {
        let found = text.chars().enumerate().all(|(index, c)| self.peek_after(index) == Some(c));
        if found {
            self.at += text.chars().count();
        }
        found
    }

    /// Digits of a base, at least and at most that many.
    fn digits(&mut self, base: u32, least: usize, most: usize) -> Result<u32> {
        let mut value = 0_u32;
        let mut count = 0;
        while count < most
            && let Some(digit) = self.peek().and_then(|c| c.to_digit(base))
        {
            value = value.saturating_mul(base).saturating_add(digit);
            count += 1;
            self.at += 1;
        }
        if count < least { Err(bad_escape()) } else { Ok(value) }
    }
}

/// What an escape means.
pub(super) enum Escape {
    Character(char),
    /// The class of that name, or its complement.
    Class {
        name: &'static str,
        negated: bool,
    },
    /// `\A`, `\m`, `\M`, `\y`, `\Y`, `\Z`.
    Constraint(char),
    BackReference(usize),
}

pub(super) fn bad_escape() -> phantomdb_protocol::Error {
    malformed("it has an escape (\\) that means nothing")
}

/// Reads an escape, of which the backslash is read. `groups` is the number of groups that were opened so far.
pub(super) fn escape(cursor: &mut Cursor<'_>, groups: usize) -> Result<Escape> {
    let c = cursor.next().ok_or_else(bad_escape)?;
    let class = |name, negated| Ok(Escape::Class { name, negated });
    let code = match c {
        'a' => 7,
        'b' => 8,
        'B' => u32::from('\\'),
        'c' => u32::from(cursor.next().ok_or_else(bad_escape)?) & 31,
        'd' => return class("digit", false),
        'D' => return class("digit", true),
        's' => return class("space", false),
        'S' => return class("space", true),
        'w' => return class("word", false),
        'W' => return class("word", true),
        'e' => 27,
        'f' => 12,
        'n' => 10,
        'r' => 13,
        't' => 9,
        'v' => 11,
        'A' | 'm' | 'M' | 'y' | 'Y' | 'Z' => return Ok(Escape::Constraint(c)),
        'u' => cursor.digits(16, 4, 4)?,
        'U' => cursor.digits(16, 8, 8)?,
        'x' => cursor.digits(16, 1, 255)?,
        '0'..='9' => return number(cursor, c, groups),
        'g'..='z' | 'C'..='X' => return Err(bad_escape()),
        _ => u32::from(c),
    };
    character(code)
}

fn character(code: u32) -> Result<Escape> {
    char::from_u32(code).map(Escape::Character).ok_or_else(bad_escape)
}

/// A back reference, or an octal number when there is no such group.
fn number(cursor: &mut Cursor<'_>, first: char, groups: usize) -> Result<Escape> {
    let start = cursor.at - 1;
    if first != '0' {
        let after_first = cursor.at;
        cursor.at = start;
        let group = usize::try_from(cursor.digits(10, 1, 255)?).unwrap_or(usize::MAX);
        if cursor.at == after_first || group <= groups {
            return Ok(Escape::BackReference(group));
        }
    }
    cursor.at = start;
    let mut code = cursor.digits(8, 1, 3)?;
    if code > 255 {
        cursor.at -= 1;
        code >>= 3;
    }
    character(code)
}
