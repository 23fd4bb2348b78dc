//! Reads a pattern such as `FM9,999.00MI`.

use phantomdb_protocol::{Error, ErrorCode, Result};

/// A part of a pattern.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Part {
    Comma,
    Point,
    Zero,
    Nine,
    /// `B`, `C` and `SP`, which do nothing.
    Nothing,
    Exponent,
    Fill,
    Group,
    Currency,
    Minus,
    Plus,
    Brackets,
    Roman,
    LowerRoman,
    Sign,
    EitherSign,
    Ordinal,
    LowerOrdinal,
    Shift,
    /// A character that stands for itself.
    Literal(char),
}

/// The names of the parts. Of names with the same beginning the longer one comes first.
const NAMES: [(&str, Part); 20] = [
    (",", Part::Comma),
    (".", Part::Point),
    ("0", Part::Zero),
    ("9", Part::Nine),
    ("B", Part::Nothing),
    ("C", Part::Nothing),
    ("D", Part::Point),
    ("EEEE", Part::Exponent),
    ("FM", Part::Fill),
    ("G", Part::Group),
    ("L", Part::Currency),
    ("MI", Part::Minus),
    ("PL", Part::Plus),
    ("PR", Part::Brackets),
    ("RN", Part::Roman),
    ("SG", Part::EitherSign),
    ("SP", Part::Nothing),
    ("S", Part::Sign),
    ("TH", Part::Ordinal),
    ("V", Part::Shift),
];

/// Where the sign `S` stands.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum SignPlace {
    Before,
    After,
}

/// A pattern, and what it says about the number as a whole.
#[derive(Debug, Clone, Default)]
#[expect(clippy::struct_excessive_bools, reason = "each is a part that is there or not")]
pub(super) struct Pattern {
    pub(super) parts: Vec<Part>,
    /// The digits before the point.
    pub(super) whole: usize,
    /// The digits behind the point.
    pub(super) fraction: usize,
    /// The digits by which `V` shifts.
    pub(super) shift: usize,
    /// The position of the first `0`, counted from 0.
    pub(super) zero_start: usize,
    /// The digits up to the last `0`.
    pub(super) zero_end: usize,
    pub(super) sign: Option<SignPlace>,
    /// The digits before `S`.
    sign_at: usize,
    pub(super) zero: bool,
    pub(super) point: bool,
    pub(super) fill: bool,
    pub(super) shifted: bool,
    pub(super) brackets: bool,
    pub(super) minus: bool,
    pub(super) plus: bool,
    pub(super) roman: bool,
    pub(super) exponent: bool,
    blank: bool,
}

impl Pattern {
    /// Reads a pattern. `SYNTAX_ERROR` for parts that exclude each other.
    pub(super) fn parse(text: &str) -> Result<Self> {
        let mut pattern = Self::default();
        let mut rest = text;
        while let Some(first) = rest.chars().next() {
            if let Some((part, length)) = keyword(rest) {
                pattern.add(part)?;
                rest = &rest[length..];
            } else if first == '"' {
                rest = pattern.quoted(&rest[1..]);
            } else {
                // A backslash before a quotation mark takes its meaning away.
                if first == '\\' && rest[1..].starts_with('"') {
                    rest = &rest[1..];
                }
                let literal = rest.chars().next().unwrap_or(first);
                pattern.parts.push(Part::Literal(literal));
                rest = &rest[literal.len_utf8()..];
            }
        }
        Ok(pattern)
    }

    /// Adds text in quotation marks, and returns what follows.
    fn quoted<'a>(&mut self, text: &'a str) -> &'a str {
        let mut characters = text.char_indices();
        while let Some((at, character)) = characters.next() {
            match character {
                '"' => return &text[at + 1..],
                '\\' => {
                    let next = characters.next().map_or('\\', |(_, next)| next);
                    self.parts.push(Part::Literal(next));
                }
                other => self.parts.push(Part::Literal(other)),
            }
        }
        ""
    }

    /// Reads a pattern to write a number with. An `S` behind all digits before the point then stands behind the number.
    pub(super) fn to_write(text: &str) -> Result<Self> {
        let mut pattern = Self::parse(text)?;
        if pattern.sign == Some(SignPlace::Before) && pattern.whole == pattern.sign_at {
            pattern.sign = Some(SignPlace::After);
        }
        Ok(pattern)
    }

    fn add(&mut self, part: Part) -> Result<()> {
        if self.exponent && part != Part::Exponent {
            return Err(refused("\"EEEE\" must be the last part of a pattern"));
        }
        match part {
            Part::Nine | Part::Zero => self.digit(part)?,
            Part::Point => {
                if self.point {
                    return Err(refused("a pattern has one decimal point"));
                }
                if self.shifted {
                    return Err(refused("a pattern has no \"V\" beside a decimal point"));
                }
                self.point = true;
            }
            Part::Shift => {
                if self.point {
                    return Err(refused("a pattern has no \"V\" beside a decimal point"));
                }
                self.shifted = true;
            }
            Part::Fill => self.fill = true,
            Part::Sign | Part::Minus | Part::Plus | Part::EitherSign | Part::Brackets => self.signed(part)?,
            Part::Roman | Part::LowerRoman => {
                if self.roman {
                    return Err(refused("a pattern has one \"RN\""));
                }
                self.roman = true;
            }
            Part::Exponent => {
                if self.exponent {
                    return Err(refused("a pattern has one \"EEEE\""));
                }
                let signs = self.sign.is_some() || self.minus || self.plus || self.brackets;
                if self.blank || self.fill || signs || self.roman || self.shifted {
                    return Err(refused("\"EEEE\" stands with digits and a decimal point only"));
                }
                self.exponent = true;
            }
            Part::Nothing => self.blank |= self.whole == 0 && self.fraction == 0 && !self.zero,
            Part::Comma
            | Part::Group
            | Part::Currency
            | Part::Ordinal
            | Part::LowerOrdinal
            | Part::Literal(_) => {}
        }
        let signs = self.sign.is_some() || self.minus || self.plus || self.brackets;
        if self.roman && (signs || self.zero || self.point || self.shifted || self.exponent || self.blank) {
            return Err(refused("\"RN\" stands alone or with \"FM\""));
        }
        self.parts.push(part);
        Ok(())
    }

    fn digit(&mut self, part: Part) -> Result<()> {
        if self.brackets {
            return Err(refused("digits stand before \"PR\""));
        }
        if part == Part::Nine && self.shifted {
            self.shift += 1;
            return Ok(());
        }
        if part == Part::Zero && !self.zero && !self.point {
            self.zero = true;
            self.zero_start = self.whole;
        }
        if self.point {
            self.fraction += 1;
        } else {
            self.whole += 1;
        }
        if part == Part::Zero {
            self.zero_end = self.whole + self.fraction;
        }
        Ok(())
    }

    fn signed(&mut self, part: Part) -> Result<()> {
        let excluded = || refused("a pattern has \"S\", \"PR\", or \"PL\", \"MI\" and \"SG\"");
        if self.sign.is_some() {
            return Err(excluded());
        }
        match part {
            Part::Sign | Part::Brackets if self.plus || self.minus => return Err(excluded()),
            Part::Sign if self.brackets => return Err(excluded()),
            Part::Sign if self.point => self.sign = Some(SignPlace::After),
            Part::Sign => {
                self.sign = Some(SignPlace::Before);
                self.sign_at = self.whole;
            }
            Part::Brackets => self.brackets = true,
            Part::Minus => self.minus = true,
            Part::Plus => self.plus = true,
            _ => (self.minus, self.plus) = (true, true),
        }
        Ok(())
    }
}

/// The part that the text begins with, in upper or lower case, and its length.
fn keyword(text: &str) -> Option<(Part, usize)> {
    NAMES.iter().find_map(|(name, part)| {
        if text.starts_with(name) {
            return Some((*part, name.len()));
        }
        let lower = text.get(..name.len()).filter(|head| *head == name.to_ascii_lowercase())?;
        let part = match part {
            Part::Roman => Part::LowerRoman,
            Part::Ordinal => Part::LowerOrdinal,
            other => *other,
        };
        Some((part, lower.len()))
    })
}

fn refused(message: &str) -> Error {
    Error::new(ErrorCode::SyntaxError, message)
}
