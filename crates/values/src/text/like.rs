//! LIKE, in a time that grows with the length of the text.

use std::{borrow::Cow, collections::HashMap};

use phantomdb_protocol::{Error, ErrorCode, Result};

use super::{case, limit::invalid};

/// A pattern of LIKE: what stands between its `%`.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Pattern {
    /// There is a `%` between one segment and the next.
    segments: Vec<Segment>,
    /// The pattern ends with an escape character that escapes nothing.
    is_unfinished: bool,
}

/// Characters in a row; None is `_`, which stands for any character.
#[derive(Debug, Clone, PartialEq, Eq)]
enum Segment {
    Literal(String),
    Wild(Vec<Option<char>>),
}

/// The escape character of LIKE and SIMILAR TO: the backslash when none is named, no character when the text is empty.
pub fn escape_character(escape: Option<&str>) -> Result<Option<char>> {
    let Some(escape) = escape else { return Ok(Some('\\')) };
    let mut characters = escape.chars();
    match (characters.next(), characters.next()) {
        (first, None) => Ok(first),
        _ => Err(invalid(format!("'{escape}' is not one character, as ESCAPE takes it"))),
    }
}

/// `text LIKE pattern ESCAPE escape`.
pub fn like(text: &str, pattern: &str, escape: Option<&str>) -> Result<bool> {
    Pattern::new(pattern, escape_character(escape)?).matches(text)
}

/// `text ILIKE pattern ESCAPE escape`.
pub fn ilike(text: &str, pattern: &str, escape: Option<&str>) -> Result<bool> {
    Pattern::ignoring_case(pattern, escape_character(escape)?).matches(&case::lower(text))
}

impl Pattern {
    pub fn new(pattern: &str, escape: Option<char>) -> Self {
        let mut segments = Vec::new();
        let mut current = Vec::new();
        let mut is_unfinished = false;
        let mut characters = pattern.chars();
        while let Some(c) = characters.next() {
            match c {
                _ if Some(c) == escape => match characters.next() {
                    Some(escaped) => current.push(Some(escaped)),
                    None => is_unfinished = true,
                },
                '%' => segments.push(Segment::new(std::mem::take(&mut current))),
                '_' => current.push(None),
                _ => current.push(Some(c)),
            }
        }
        segments.push(Segment::new(current));
        Self { segments, is_unfinished }
    }

    /// A pattern for texts in lower case.
    pub fn ignoring_case(pattern: &str, escape: Option<char>) -> Self {
        // PostgreSQL writes the escape character as a backslash before it changes the case.
        let pattern: Cow<'_, str> = match escape {
            Some('\\') => Cow::Borrowed(pattern),
            _ => Cow::Owned(with_backslashes(pattern, escape)),
        };
        Self::new(&case::lower(&pattern), Some('\\'))
    }

    /// Fails when the pattern ends with the escape character and the text goes on there.
    pub fn matches(&self, text: &str) -> Result<bool> {
        if !self.is_unfinished {
            return self.matches_finished(text);
        }
        // What stands before the escape matches a part of the text, and at least one character follows it.
        let (mut segments, is_unfinished) = (self.segments.clone(), false);
        if let Some(last) = segments.last_mut() {
            let mut tokens = last.tokens();
            tokens.push(None);
            *last = Segment::new(tokens);
        }
        segments.push(Segment::Literal(String::new()));
        if (Self { segments, is_unfinished }).matches_finished(text)? {
            return Err(unfinished());
        }
        Ok(false)
    }

    fn matches_finished(&self, text: &str) -> Result<bool> {
        let [first, middle @ .., last] = self.segments.as_slice() else {
            return Ok(self.segments.first().is_some_and(|only| only.prefix(text) == Some(text.len())));
        };
        let Some(start) = first.prefix(text) else { return Ok(false) };
        let mut rest = &text[start..];
        for segment in middle {
            let Some(end) = segment.find(rest)? else { return Ok(false) };
            rest = &rest[end..];
        }
        Ok(last.is_suffix(rest))
    }
}

/// The same pattern with the backslash as its escape character.
fn with_backslashes(pattern: &str, escape: Option<char>) -> String {
    let mut result = String::with_capacity(pattern.len());
    let mut characters = pattern.chars();
    while let Some(c) = characters.next() {
        if Some(c) == escape {
            result.push('\\');
            result.extend(characters.next());
        } else {
            if c == '\\' {
                result.push('\\');
            }
            result.push(c);
        }
    }
    result
}

fn unfinished() -> Error {
    invalid("a pattern of LIKE must not end with its escape character")
}

impl Segment {
    fn new(tokens: Vec<Option<char>>) -> Self {
        match tokens.iter().copied().collect() {
            Some(text) => Self::Literal(text),
            None => Self::Wild(tokens),
        }
    }

    fn tokens(&self) -> Vec<Option<char>> {
        match self {
            Self::Literal(text) => text.chars().map(Some).collect(),
            Self::Wild(tokens) => tokens.clone(),
        }
    }

    /// Where the segment ends when the text starts with it.
    fn prefix(&self, text: &str) -> Option<usize> {
        match self {
            Self::Literal(literal) => text.starts_with(literal).then_some(literal.len()),
            Self::Wild(tokens) => {
                let mut characters = text.chars();
                let fits = tokens.iter().all(|token| characters.next().is_some_and(|c| fits(*token, c)));
                fits.then(|| text.len() - characters.as_str().len())
            }
        }
    }

    fn is_suffix(&self, text: &str) -> bool {
        match self {
            Self::Literal(literal) => text.ends_with(literal),
            Self::Wild(tokens) => {
                let mut characters = text.chars().rev();
                tokens.iter().rev().all(|token| characters.next().is_some_and(|c| fits(*token, c)))
            }
        }
    }

    /// Where the first occurrence of the segment ends.
    fn find(&self, text: &str) -> Result<Option<usize>> {
        match self {
            Self::Literal(literal) => Ok(text.find(literal).map(|start| start + literal.len())),
            Self::Wild(tokens) if tokens.iter().all(Option::is_none) => Ok(self.prefix(text)),
            Self::Wild(tokens) => find_wild(tokens, text),
        }
    }
}

fn fits(token: Option<char>, c: char) -> bool {
    token.is_none_or(|token| token == c)
}

/// The most steps, of 64 tokens each, in which a segment with `_` is looked for. It is some seconds' work.
const MOST_STEPS: usize = 2_000_000_000;

/// Finds a segment with `_`: a bit for each token says whether the text so far ends with the tokens up to it. So 64 tokens
/// take one step a character, wherever they nearly occur.
fn find_wild(tokens: &[Option<char>], text: &str) -> Result<Option<usize>> {
    let words = tokens.len().div_ceil(64);
    if words.saturating_mul(text.len()) > MOST_STEPS {
        let message = "the pattern of LIKE takes too long on this text; make one of them shorter";
        return Err(Error::new(ErrorCode::TooLarge, message));
    }
    let bit = |index: usize| (index / 64, 1_u64 << (index % 64));
    let mut anything = vec![0_u64; words];
    let mut places: HashMap<char, Vec<(usize, u64)>> = HashMap::new();
    for (index, token) in tokens.iter().enumerate() {
        match token {
            Some(c) => places.entry(*c).or_default().push(bit(index)),
            None => anything[bit(index).0] |= bit(index).1,
        }
    }
    let mut allowed = anything.clone();
    let mut state = vec![0_u64; words];
    let (last_word, last_bit) = bit(tokens.len() - 1);
    for (start, c) in text.char_indices() {
        let places = places.get(&c).map(Vec::as_slice).unwrap_or_default();
        places.iter().for_each(|(word, bit)| allowed[*word] |= bit);
        let mut carry = 1;
        for (word, allowed) in state.iter_mut().zip(&allowed) {
            let next = *word >> 63;
            *word = (*word << 1 | carry) & allowed;
            carry = next;
        }
        places.iter().for_each(|(word, bit)| allowed[*word] &= !bit);
        if state[last_word] & last_bit != 0 {
            return Ok(Some(start + c.len_utf8()));
        }
    }
    Ok(None)
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    #[test]
    fn it_matches_as_postgresql_does() {
        let cases = [
            ("abc", "abc", true),
            ("abc", "a_c", true),
            ("abc", "a%", true),
            ("abc", "%b%", true),
            ("abc", "%b", false),
            ("a%c", r"a\%c", true),
            ("abc", r"a\%c", false),
            (r"a\c", r"a\\c", true),
            ("aéc", "a_c", true),
            ("", "%", true),
            ("", "", true),
            ("", "_", false),
            ("aXbXc", "%X_X%", true),
            ("ab", "%ab%ab%", false),
            ("aab", "%_b", true),
            ("ABC", "abc", false),
        ];
        for (text, pattern, expected) in cases {
            assert_eq!(like(text, pattern, None).unwrap(), expected, "{text} {pattern}");
        }
        assert!(ilike("ÀBC", "à%", None).unwrap());
        assert!(ilike("A%", "aX%", Some("X")).unwrap() && !ilike("Ab", "aX%", Some("X")).unwrap());
        assert!(like("a%", "a!%", Some("!")).unwrap() && like(r"a\b", r"a\_", Some("")).unwrap());
    }

    #[test]
    fn an_escape_at_the_end_fails_where_the_text_goes_on() {
        for (text, pattern) in [("abcd", r"abc\"), ("axb", r"%x\"), ("a", r"%\"), ("a", r"\")] {
            assert!(like(text, pattern, None).is_err(), "{text} {pattern}");
        }
        for (text, pattern) in [("abc", r"abc\"), ("xbcd", r"abc\"), ("", r"%\"), ("ax", r"%x\")] {
            assert!(!like(text, pattern, None).unwrap(), "{text} {pattern}");
        }
        assert!(like("a", "a", Some("xy")).is_err());
    }

    fn slow(text: &[char], pattern: &[char]) -> bool {
        match pattern {
            [] => text.is_empty(),
            ['%', rest @ ..] => (0..=text.len()).any(|skipped| slow(&text[skipped..], rest)),
            [first, rest @ ..] => {
                text.first().is_some_and(|c| *first == '_' || first == c) && slow(&text[1..], rest)
            }
        }
    }

    proptest! {
        #[test]
        fn it_agrees_with_the_definition(text in "[abé]{0,12}", pattern in "[ab%_é]{0,8}") {
            let characters = |text: &str| text.chars().collect::<Vec<_>>();
            let expected = slow(&characters(&text), &characters(&pattern));
            prop_assert_eq!(like(&text, &pattern, None).unwrap(), expected);
        }
    }

    #[test]
    fn a_hostile_pattern_takes_no_longer() {
        let text = "a".repeat(1 << 20);
        let pattern = "%a_".repeat(500) + "%b";
        assert!(!like(&text, &pattern, None).unwrap());
        let pattern = format!("%{}_b%", "a".repeat(500));
        assert!(!like(&text, &pattern, None).unwrap());
        let pattern = format!("%{}_b%", "a".repeat(1 << 20));
        assert_eq!(like(&text, &pattern, None).unwrap_err().code, ErrorCode::TooLarge);
    }
}
