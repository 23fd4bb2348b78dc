//! Bracket expressions: `[…]`.

use phantomdb_protocol::Result;

use super::{
    class,
    error::malformed,
    lex::{Escape, bad_escape, escape},
    parse::{Parser, set},
    syntax::{Assertion, Ast},
};
use crate::text::property::CharacterSet;

impl Parser<'_> {
    /// Reads `[…]`, of which `[` is read.
    pub(super) fn bracket(&mut self) -> Result<Ast> {
        if self.cursor.eat("[:<:]]") {
            return Ok(Ast::Assert(Assertion::WordStart));
        }
        if self.cursor.eat("[:>:]]") {
            return Ok(Ast::Assert(Assertion::WordEnd));
        }
        let negated = self.cursor.eat("^");
        let mut ranges = Vec::new();
        let mut is_first = true;
        loop {
            match self.cursor.peek() {
                None => return Err(malformed("a bracket is not closed")),
                Some(']') if !is_first => break,
                Some(_) => self.bracket_item(is_first, &mut ranges)?,
            }
            is_first = false;
        }
        self.cursor.at += 1;
        if negated && self.options.stops_at_lines {
            ranges.push(('\n', '\n'));
        }
        let included = CharacterSet::new(ranges);
        Ok(set(if negated { included.complement() } else { included }))
    }

    fn bracket_item(&mut self, is_first: bool, ranges: &mut Vec<(char, char)>) -> Result<()> {
        let ignores_case = self.options.ignores_case;
        let bad_range = || malformed("a range of characters is not valid");
        if self.cursor.eat("[:") {
            let name = self.named_until(":]")?;
            ranges.extend(self.class(&name, false)?.ranges());
            return Ok(());
        }
        if self.cursor.eat("[=") {
            let c = single(&self.named_until("=]")?)?;
            ranges.extend(class::character(c, ignores_case));
            return Ok(());
        }
        let from = match self.bracket_end(is_first)? {
            End::Character(from) => from,
            End::Class(class) => {
                ranges.extend(class.ranges());
                return Ok(());
            }
            End::Hyphen => return Err(bad_range()),
        };
        // A hyphen at the end stands for itself.
        if self.cursor.peek() != Some('-') || self.cursor.peek_after(1) == Some(']') {
            ranges.extend(class::character(from, ignores_case));
            return Ok(());
        }
        self.cursor.at += 1;
        let to = match self.bracket_end(false)? {
            End::Character(to) => to,
            End::Hyphen => '-',
            End::Class(_) => return Err(bad_range()),
        };
        if to < from {
            return Err(bad_range());
        }
        ranges.extend(class::range(from, to, ignores_case));
        Ok(())
    }

    /// Reads a character of a bracket that may begin or end a range, or a class that may not.
    fn bracket_end(&mut self, is_first: bool) -> Result<End> {
        if self.cursor.eat("[.") {
            return Ok(End::Character(single(&self.named_until(".]")?)?));
        }
        match self.cursor.next() {
            Some('-') if !is_first && self.cursor.peek() != Some(']') => Ok(End::Hyphen),
            Some('\\') => match escape(&mut self.cursor, self.groups)? {
                Escape::Character(c) => Ok(End::Character(c)),
                Escape::Class { name, negated } => Ok(End::Class(self.class(name, negated)?)),
                Escape::Constraint(_) | Escape::BackReference(_) => Err(bad_escape()),
            },
            Some('[') if matches!(self.cursor.peek(), Some(':' | '=')) => {
                Err(malformed("a range of characters is not valid"))
            }
            Some(c) => Ok(End::Character(c)),
            None => Err(malformed("a bracket is not closed")),
        }
    }

    fn named_until(&mut self, end: &str) -> Result<String> {
        let mut name = String::new();
        while !self.cursor.eat(end) {
            name.push(self.cursor.next().ok_or_else(|| malformed("a bracket is not closed"))?);
        }
        Ok(name)
    }
}

enum End {
    Character(char),
    /// A hyphen where it begins or ends a range.
    Hyphen,
    Class(CharacterSet),
}

/// The character of a collating element; names of several characters are none that we know.
fn single(name: &str) -> Result<char> {
    let mut characters = name.chars();
    match (characters.next(), characters.next()) {
        (Some(only), None) => Ok(only),
        _ => Err(malformed("it names a collating element that there is not")),
    }
}
