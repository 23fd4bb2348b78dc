//! The flags of a regular expression.

use phantomdb_protocol::{Error, ErrorCode, Result};

use super::error::malformed;

/// How a pattern is read and matched.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Default)]
pub struct Options {
    pub ignores_case: bool,
    /// `.` and `[^…]` do not match a line break.
    pub stops_at_lines: bool,
    /// `^` and `$` match at the ends of lines.
    pub anchors_at_lines: bool,
    /// Blanks and comments in the pattern are skipped.
    pub expanded: bool,
    /// The pattern is a text without special characters.
    pub literal: bool,
    /// All matches are meant, not the first one only.
    pub global: bool,
}

impl Options {
    /// Reads the flags that a function takes.
    pub fn parse(flags: &str) -> Result<Self> {
        let mut options = Self::default();
        for flag in flags.chars() {
            if flag == 'g' {
                options.global = true;
            } else if !options.set(flag) {
                let message = format!("'{flag}' is not an option of a regular expression");
                return Err(Error::new(ErrorCode::TypeMismatch, message));
            }
        }
        supported(flags)?;
        Ok(options)
    }

    /// Reads the letters of `(?…)` at the beginning of a pattern.
    pub(super) fn embedded(&mut self, letters: &str) -> Result<()> {
        for letter in letters.chars() {
            if !self.set(letter) {
                return Err(malformed("it has an unknown option in (?…)"));
            }
        }
        supported(letters)
    }

    /// Returns false when there is no such option.
    fn set(&mut self, flag: char) -> bool {
        match flag {
            'c' => self.ignores_case = false,
            'i' => self.ignores_case = true,
            'm' | 'n' => (self.stops_at_lines, self.anchors_at_lines) = (true, true),
            'p' => (self.stops_at_lines, self.anchors_at_lines) = (true, false),
            'w' => (self.stops_at_lines, self.anchors_at_lines) = (false, true),
            's' => (self.stops_at_lines, self.anchors_at_lines) = (false, false),
            'q' => self.literal = true,
            't' => self.expanded = false,
            'x' => self.expanded = true,
            'b' | 'e' => {}
            _ => return false,
        }
        true
    }
}

/// Refuses the older kinds of expressions.
fn supported(flags: &str) -> Result<()> {
    match flags.chars().find(|flag| matches!(flag, 'b' | 'e')) {
        Some(flag) => Err(Error::unsupported(format!(
            "the option '{flag}' of regular expressions is not supported on SQLite; write the pattern without it"
        ))),
        None => Ok(()),
    }
}
