//! What the functions of regular expressions do with matches.

use std::ops::ControlFlow;

use phantomdb_protocol::Result;

use super::find::{Match, Matches, Regex};
use crate::{arrays::check_length, text::limit::check};

/// A text that is searched by a function.
pub struct Subject<'t> {
    text: &'t str,
    characters: Vec<char>,
}

/// What replaces a match.
enum Piece {
    Text(String),
    Whole,
    Group(usize),
}

impl<'t> Subject<'t> {
    pub fn new(text: &'t str) -> Self {
        Self { text, characters: text.chars().collect() }
    }

    /// The characters from one position to another.
    pub fn cut(&self, (from, to): (usize, usize)) -> String {
        self.characters.get(from..to).unwrap_or_default().iter().collect()
    }

    /// Gives each match from a position on to a function, until that breaks off.
    ///
    /// The next search begins where a match ends, or one character behind it when the match is empty.
    pub fn each(
        &self,
        regex: &Regex,
        from: usize,
        mut visit: impl FnMut(Match) -> Result<ControlFlow<()>>,
    ) -> Result<()> {
        let mut matches = Matches::new(regex, self.text, &self.characters);
        let mut from = from;
        while from <= self.characters.len() {
            let Some(found) = matches.find(from)? else { break };
            let (begin, end) = found.span;
            from = if begin == end { end + 1 } else { end };
            if visit(found)?.is_break() {
                break;
            }
        }
        Ok(())
    }

    /// The match with a number, counted from 1.
    pub fn nth(&self, regex: &Regex, from: usize, number: usize) -> Result<Option<Match>> {
        let (mut seen, mut wanted) = (0, None);
        self.each(regex, from, |found| {
            seen += 1;
            if seen < number {
                return Ok(ControlFlow::Continue(()));
            }
            wanted = Some(found);
            Ok(ControlFlow::Break(()))
        })?;
        Ok(wanted)
    }

    /// How many matches there are.
    pub fn count(&self, regex: &Regex, from: usize) -> Result<usize> {
        let mut count = 0;
        self.each(regex, from, |_| {
            count += 1;
            Ok(ControlFlow::Continue(()))
        })?;
        Ok(count)
    }

    /// Replaces the match with a number, or all of them when the number is 0.
    pub fn replace(&self, regex: &Regex, replacement: &str, from: usize, number: usize) -> Result<String> {
        let pieces = pieces(replacement);
        let (mut result, mut copied, mut seen) = (String::new(), 0, 0);
        self.each(regex, from, |found| {
            seen += 1;
            if number > 0 && seen < number {
                return Ok(ControlFlow::Continue(()));
            }
            result.push_str(&self.cut((copied, found.span.0)));
            for piece in &pieces {
                match piece {
                    Piece::Text(text) => result.push_str(text),
                    Piece::Whole => result.push_str(&self.cut(found.span)),
                    Piece::Group(group) => {
                        let span = found.groups.get(group - 1).copied().flatten();
                        result.push_str(&span.map(|span| self.cut(span)).unwrap_or_default());
                    }
                }
            }
            check(result.len())?;
            copied = found.span.1;
            Ok(if number > 0 { ControlFlow::Break(()) } else { ControlFlow::Continue(()) })
        })?;
        if seen < number.max(1) {
            return Ok(self.text.to_owned());
        }
        result.push_str(&self.cut((copied, self.characters.len())));
        Ok(result)
    }

    /// The parts between matches. Empty matches at the ends and behind another match do not divide.
    pub fn split(&self, regex: &Regex) -> Result<Vec<String>> {
        let (mut parts, mut copied) = (Vec::new(), 0);
        self.each(regex, 0, |found| {
            let (begin, end) = found.span;
            if begin < self.characters.len() && end > copied {
                check_length(parts.len() + 2)?;
                parts.push(self.cut((copied, begin)));
                copied = end;
            }
            Ok(ControlFlow::Continue(()))
        })?;
        parts.push(self.cut((copied, self.characters.len())));
        Ok(parts)
    }

    /// What a match is for `regexp_match`: its groups, or all of it when the pattern has none.
    pub fn groups(&self, found: &Match) -> Vec<Option<String>> {
        if found.groups.is_empty() {
            return vec![Some(self.cut(found.span))];
        }
        found.groups.iter().map(|span| span.map(|span| self.cut(span))).collect()
    }
}

/// Reads a replacement: `\1` to `\9` are groups, `\&` is the match, and `\\` a backslash.
fn pieces(replacement: &str) -> Vec<Piece> {
    let mut pieces = Vec::new();
    let mut text = String::new();
    let mut characters = replacement.chars().peekable();
    while let Some(c) = characters.next() {
        let special = match characters.peek() {
            Some('&') if c == '\\' => Some(Piece::Whole),
            Some(digit @ '1'..='9') if c == '\\' => {
                digit.to_digit(10).map(|group| Piece::Group(group as usize))
            }
            Some('\\') if c == '\\' => {
                characters.next();
                None
            }
            _ => None,
        };
        match special {
            Some(piece) => {
                characters.next();
                pieces.extend([Piece::Text(std::mem::take(&mut text)), piece]);
            }
            None => text.push(c),
        }
    }
    pieces.push(Piece::Text(text));
    pieces
}

#[cfg(test)]
mod tests {
    use super::{super::Options, *};

    fn regex(pattern: &str) -> Regex {
        Regex::new(pattern, Options::default()).unwrap()
    }

    #[test]
    fn it_replaces_groups_and_chosen_matches() {
        let replaced = |text: &str, pattern: &str, by: &str, number| {
            Subject::new(text).replace(&regex(pattern), by, 0, number).unwrap()
        };
        assert_eq!(replaced("hello", "l", "L", 1), "heLlo");
        assert_eq!(replaced("hello", "l", "L", 0), "heLLo");
        assert_eq!(replaced("hello", "l", "L", 2), "helLo");
        assert_eq!(replaced("hello", "l", "L", 3), "hello");
        assert_eq!(replaced("ab", "(a)(b)", r"\2\1\&\\\x\3", 1), r"baab\\x");
        assert_eq!(replaced("abc", "x*", "-", 0), "-a-b-c-");
        assert_eq!(replaced("aé€", "é", r"[\&]", 0), "a[é]€");
    }

    #[test]
    fn it_splits_and_counts() {
        let split = |text: &str, pattern: &str| Subject::new(text).split(&regex(pattern)).unwrap();
        assert_eq!(split("a, b,c", r",\s*"), ["a", "b", "c"]);
        assert_eq!(split("abc", ""), ["a", "b", "c"]);
        assert_eq!(split(",a,", ","), ["", "a", ""]);
        assert_eq!(split("", ","), [""]);
        assert_eq!(Subject::new("aXbX").count(&regex("X"), 2).unwrap(), 1);
        assert_eq!(
            Subject::new("abab").nth(&regex("b"), 0, 2).unwrap().map(|found| found.span),
            Some((3, 4))
        );
    }
}
