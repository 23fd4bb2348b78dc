//! `to_number(text, pattern)`.

use phantomdb_protocol::{Error, ErrorCode, Result};

use super::{
    pattern::{Part, Pattern, SignPlace},
    roman,
};
use crate::numbers::Numeric;

/// Reads the number that the text shows in that pattern. None when the pattern is empty.
pub fn to_number(text: &str, pattern: &str) -> Result<Option<Numeric>> {
    if pattern.is_empty() {
        return Ok(None);
    }
    let pattern = Pattern::parse(pattern)?;
    if pattern.exponent {
        return Err(Error::new(ErrorCode::Unsupported, "to_number does not read \"EEEE\""));
    }
    if pattern.roman {
        return roman_number(text, &pattern).map(Some);
    }
    let mut reader =
        Reader { pattern: &pattern, rest: text, sign: None, digits: String::new(), whole: 0, fraction: None };
    for part in &pattern.parts {
        if reader.rest.is_empty() {
            break;
        }
        reader.part(*part);
    }
    let sign = if reader.sign == Some('-') { "-" } else { "" };
    let number = Numeric::parse(&format!("{sign}{}", reader.digits))?;
    let scale = reader.fraction.unwrap_or(0);
    let precision = i32::try_from(pattern.whole + pattern.shift + scale).unwrap_or(i32::MAX);
    let number = number.with_precision(precision, i32::try_from(scale).unwrap_or(i32::MAX))?;
    if !pattern.shifted {
        return Ok(Some(number));
    }
    let shift = i64::try_from(pattern.shift).unwrap_or(i64::MAX);
    number.multiply(&Numeric::from(10).power(&Numeric::from(-shift))?).map(Some)
}

fn roman_number(text: &str, pattern: &Pattern) -> Result<Numeric> {
    let mut rest = text;
    for part in &pattern.parts {
        match part {
            Part::Roman | Part::LowerRoman => return roman::read(rest).map(Numeric::from),
            Part::Literal(_) => {
                let mut characters = rest.chars();
                characters.next();
                rest = characters.as_str();
            }
            _ => {}
        }
    }
    roman::read(rest).map(Numeric::from)
}

struct Reader<'a> {
    pattern: &'a Pattern,
    rest: &'a str,
    sign: Option<char>,
    digits: String,
    /// The digits that were read before the point.
    whole: usize,
    /// The digits that were read behind the point; none before it was read.
    fraction: Option<usize>,
}

impl Reader<'_> {
    fn first(&self) -> Option<char> {
        self.rest.chars().next()
    }

    /// Skips a character.
    fn skip(&mut self) {
        let mut characters = self.rest.chars();
        characters.next();
        self.rest = characters.as_str();
    }

    /// Skips a character if it is that one.
    fn skip_if(&mut self, wanted: char) -> bool {
        let found = self.first() == Some(wanted);
        if found {
            self.skip();
        }
        found
    }

    /// Skips up to that many characters that belong to no number.
    fn skip_others(&mut self, count: usize) {
        for _ in 0..count {
            match self.first() {
                Some(other) if !"0123456789.,+-".contains(other) => self.skip(),
                _ => break,
            }
        }
    }

    fn part(&mut self, part: Part) {
        match part {
            Part::Nine | Part::Zero | Part::Point => self.digit(part),
            Part::Comma | Part::Group if self.pattern.fill => {}
            Part::Comma | Part::Group => {
                self.skip_if(',');
            }
            Part::Currency => self.skip_others(1),
            Part::Ordinal | Part::LowerOrdinal => {
                if self.sign != Some('-') && !self.pattern.point {
                    self.skip_others(2);
                }
            }
            Part::Minus => self.signed(&['-']),
            Part::Plus => self.signed(&['+']),
            Part::EitherSign => self.signed(&['-', '+']),
            Part::Literal(_) => self.skip(),
            Part::Nothing
            | Part::Exponent
            | Part::Fill
            | Part::Brackets
            | Part::Roman
            | Part::LowerRoman
            | Part::Sign
            | Part::Shift => {}
        }
    }

    fn signed(&mut self, wanted: &[char]) {
        match self.first() {
            Some(found) if wanted.contains(&found) => {
                self.sign = Some(found);
                self.skip();
            }
            _ => self.skip_others(1),
        }
    }

    fn digit(&mut self, part: Part) {
        self.skip_if(' ');
        if self.sign.is_none() && part != Part::Point && self.digits_read() == 0 {
            self.leading_sign();
        }
        let Some(found) = self.first() else { return };
        let mut read = false;
        if found.is_ascii_digit() {
            if self.fraction == Some(self.pattern.fraction) {
                // A digit too many is skipped like any other character.
                self.skip();
                return;
            }
            self.digits.push(found);
            match &mut self.fraction {
                Some(fraction) => *fraction += 1,
                None => self.whole += 1,
            }
            read = true;
        } else if self.pattern.point && self.fraction.is_none() && found == '.' {
            self.digits.push('.');
            self.fraction = Some(0);
            read = true;
        }
        if self.sign.is_none() && self.digits_read() > 0 {
            self.trailing_sign(read, found);
        }
        self.skip();
    }

    fn digits_read(&self) -> usize {
        self.whole + self.fraction.unwrap_or(0)
    }

    fn leading_sign(&mut self) {
        let found = match (self.first(), self.pattern.sign) {
            (Some(sign @ ('-' | '+')), None | Some(SignPlace::Before)) => sign,
            (Some('<'), None) if self.pattern.brackets => '-',
            _ => return,
        };
        self.sign = Some(found);
        self.skip();
    }

    /// Reads a sign behind the last digit. The current character, which is skipped afterwards, is still there.
    fn trailing_sign(&mut self, read: bool, found: char) {
        if self.pattern.sign.is_some() {
            let mut after = self.rest.chars();
            after.next();
            if read && let Some(sign @ ('-' | '+')) = after.clone().next() {
                self.sign = Some(sign);
                self.rest = after.as_str();
            }
        } else if !read && (self.pattern.plus || self.pattern.minus) && matches!(found, '-' | '+') {
            self.sign = Some(found);
        }
    }
}
