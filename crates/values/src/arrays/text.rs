//! Arrays as text: `{1,"a b",NULL}`.

use phantomdb_protocol::{Error, ErrorCode, Result};

use super::{
    input,
    item::{Item, is_space},
    kind::Kind,
    shape,
};
use crate::documents::{beginning, elements_of};

/// Reads PostgreSQL's notation of an array, or a JSON array, as a parameter may be.
pub fn read(text: &str, kind: Kind) -> Result<Vec<Item>> {
    let trimmed = text.trim_matches(is_space);
    if trimmed.starts_with('[') && !trimmed.contains("]=") {
        shape::check(read_json(trimmed, kind)?)
    } else {
        read_notation(text, kind)
    }
}

/// Reads PostgreSQL's notation of an array.
pub fn read_notation(text: &str, kind: Kind) -> Result<Vec<Item>> {
    let trimmed = text.trim_matches(is_space);
    let literal = without_bounds(trimmed).ok_or_else(|| malformed(text))??;
    let mut reader = Reader { rest: literal, kind, text };
    let items = reader.array(1)?;
    if !reader.rest.trim_start_matches(is_space).is_empty() {
        return Err(malformed(text));
    }
    shape::check(items)
}

/// The refusal of a text that is no array.
pub fn malformed(text: &str) -> Error {
    let message = format!("'{}' is not an array; write it as {{1,2}} or [1,2]", beginning(text));
    Error::new(ErrorCode::TypeMismatch, message)
}

/// The literal behind bounds such as `[1:2]=`. None when they are malformed, an error when they do not begin at 1.
fn without_bounds(text: &str) -> Option<Result<&str>> {
    let Some((bounds, literal)) = text.split_once('=').filter(|_| text.starts_with('[')) else {
        return Some(Ok(text));
    };
    for bound in bounds.trim_end().strip_prefix('[')?.strip_suffix(']')?.split("][") {
        let lower = bound.split_once(':').map_or("1", |(lower, _)| lower);
        if lower.trim().parse::<i32>().ok()? != 1 {
            return Some(Err(Error::unsupported(
                "an array whose subscripts do not begin at 1 is not supported",
            )));
        }
    }
    Some(Ok(literal.trim_start_matches(is_space)))
}

struct Reader<'a> {
    rest: &'a str,
    kind: Kind,
    text: &'a str,
}

impl Reader<'_> {
    fn eat(&mut self, wanted: char) -> bool {
        self.rest = self.rest.trim_start_matches(is_space);
        match self.rest.strip_prefix(wanted) {
            Some(rest) => {
                self.rest = rest;
                true
            }
            None => false,
        }
    }

    fn array(&mut self, depth: usize) -> Result<Vec<Item>> {
        if !self.eat('{') {
            return Err(malformed(self.text));
        }
        shape::check_depth(depth)?;
        let mut items = Vec::new();
        if self.eat('}') {
            return Ok(items);
        }
        loop {
            self.rest = self.rest.trim_start_matches(is_space);
            items.push(if self.rest.starts_with('{') {
                Item::Array(self.array(depth + 1)?)
            } else {
                self.element()?
            });
            if self.eat('}') {
                return Ok(items);
            }
            if !self.eat(',') {
                return Err(malformed(self.text));
            }
        }
    }

    fn next(&mut self) -> Result<char> {
        let mut characters = self.rest.chars();
        let next = characters.next().ok_or_else(|| malformed(self.text))?;
        self.rest = characters.as_str();
        Ok(next)
    }

    fn element(&mut self) -> Result<Item> {
        let mut element = String::new();
        if self.eat('"') {
            loop {
                match self.next()? {
                    '"' => break,
                    '\\' => element.push(self.next()?),
                    other => element.push(other),
                }
            }
            return input::element(&element, self.kind);
        }
        // Spaces at the end do not count, unless a backslash stands before them.
        let mut kept = 0;
        let mut escaped = false;
        loop {
            match self.rest.chars().next() {
                Some(',' | '}') => break,
                Some('{' | '"') | None => return Err(malformed(self.text)),
                Some('\\') => {
                    self.next()?;
                    element.push(self.next()?);
                    kept = element.len();
                    escaped = true;
                }
                Some(other) => {
                    self.next()?;
                    element.push(other);
                    if !is_space(other) {
                        kept = element.len();
                    }
                }
            }
        }
        element.truncate(kept);
        if element.is_empty() {
            return Err(malformed(self.text));
        }
        if !escaped && element.eq_ignore_ascii_case("NULL") {
            return Ok(Item::Null);
        }
        input::element(&element, self.kind)
    }
}

/// Reads a JSON array, as parameters have it. Each element is converted to the type of the elements.
fn read_json(text: &str, kind: Kind) -> Result<Vec<Item>> {
    let elements = elements_of(text)?.ok_or_else(|| malformed(text))?;
    elements.into_iter().map(|element| input::json_element(element, kind, read_json)).collect()
}
