//! Writes the digits of a number into a pattern, as PostgreSQL does with all its special cases.

use super::pattern::{Part, Pattern, SignPlace};

/// A number as text, before it goes into a pattern.
pub(super) struct Digits {
    /// The digits, with a point before the fraction.
    pub(super) text: String,
    pub(super) negative: bool,
    /// The places before the first digit.
    pub(super) spaces: usize,
}

impl Digits {
    /// The digits for a pattern; `#` when there are too many before the point.
    pub(super) fn new(text: &str, pattern: &Pattern) -> Self {
        let (negative, digits) = match text.strip_prefix('-') {
            Some(digits) => (true, digits),
            None => (false, text),
        };
        let whole = digits.find('.').unwrap_or(digits.len());
        if whole > pattern.whole {
            let text = format!("{}.{}", "#".repeat(pattern.whole), "#".repeat(pattern.fraction));
            return Self { text, negative, spaces: 0 };
        }
        Self { text: digits.to_owned(), negative, spaces: pattern.whole - whole }
    }
}

struct Writer<'a> {
    pattern: &'a Pattern,
    number: &'a [u8],
    negative: bool,
    spaces: usize,
    /// The next character of the number.
    at: usize,
    /// The last character that is shown where no space is filled.
    last_relevant: Option<usize>,
    sign_written: bool,
    count: usize,
    current: usize,
    /// True after a digit.
    inside: bool,
    brackets: bool,
    output: String,
}

/// Writes the number into the pattern.
pub(super) fn write(pattern: &Pattern, digits: &Digits) -> String {
    let mut writer = Writer::new(pattern, digits);
    for part in &pattern.parts {
        writer.part(*part);
    }
    // PostgreSQL writes the end of the number's text too, and its result ends there.
    let end = writer.output.find('\0').unwrap_or(writer.output.len());
    writer.output.truncate(end);
    writer.output
}

impl<'a> Writer<'a> {
    fn new(pattern: &'a Pattern, digits: &'a Digits) -> Self {
        let own_sign = pattern.plus || pattern.minus;
        let sign_written =
            if own_sign { pattern.minus } else { !digits.negative && pattern.fill && pattern.sign.is_none() };
        let number = digits.text.as_bytes();
        let mut count = pattern.fraction + pattern.whole;
        // The sign takes a place of its own.
        if sign_written || digits.spaces > 0 {
            count = count.saturating_sub(1);
        }
        Self {
            pattern,
            number,
            negative: digits.negative,
            spaces: digits.spaces,
            at: 0,
            last_relevant: last_relevant(pattern, number, digits.spaces),
            sign_written,
            count,
            current: 0,
            inside: false,
            brackets: pattern.brackets && (own_sign || digits.negative || !pattern.fill),
            output: String::new(),
        }
    }

    fn part(&mut self, part: Part) {
        match part {
            Part::Nine | Part::Zero | Part::Point => self.digit(part),
            Part::Comma | Part::Group if self.inside => self.output.push(','),
            Part::Comma | Part::Group if self.pattern.fill => {}
            Part::Comma | Part::Group | Part::Currency => self.output.push(' '),
            Part::Minus if self.negative => self.output.push('-'),
            Part::Plus if !self.negative => self.output.push('+'),
            Part::Minus | Part::Plus if self.pattern.fill => {}
            Part::Minus | Part::Plus => self.output.push(' '),
            Part::EitherSign => self.output.push(if self.negative { '-' } else { '+' }),
            Part::Ordinal => self.ordinal(str::to_ascii_uppercase),
            Part::LowerOrdinal => self.ordinal(str::to_owned),
            Part::Literal(character) => self.output.push(character),
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

    /// True at the 0 of `0.5`, for which no digit is written.
    fn is_bare_zero(&self) -> bool {
        !self.pattern.zero && self.at == 0 && self.number.first() == Some(&b'0') && self.pattern.fraction != 0
    }

    fn ends_at_point(&self) -> bool {
        self.last_relevant.is_some_and(|last| self.number.get(last) == Some(&b'.'))
    }

    fn digit(&mut self, part: Part) {
        self.inside = false;
        let zero_here = self.pattern.zero && self.pattern.zero_start == self.current;
        let begins = self.current >= self.spaces || zero_here;
        if !self.sign_written && begins && (!self.is_bare_zero() || self.ends_at_point()) {
            self.sign();
        }
        let before = self.current < self.spaces;
        if before && !(self.pattern.zero && self.pattern.zero_start <= self.current) {
            if !self.pattern.fill {
                self.output.push(' ');
            }
        } else if before {
            self.output.push('0');
            self.inside = true;
        } else {
            self.character(part);
            if self.at < self.number.len() {
                self.at += 1;
            }
        }
        self.end();
        self.current += 1;
    }

    /// Writes the next character of the number.
    fn character(&mut self, part: Part) {
        match self.number.get(self.at) {
            Some(b'.') => {
                if !self.ends_at_point() || self.pattern.fill {
                    self.output.push('.');
                }
            }
            _ if self.last_relevant.is_some_and(|last| self.at > last) && part != Part::Zero => {}
            _ if self.is_bare_zero() => {
                if !self.pattern.fill {
                    self.output.push(' ');
                } else if self.ends_at_point() {
                    self.output.push('0');
                }
            }
            found => {
                self.output.push(found.map_or('\0', |digit| char::from(*digit)));
                self.inside = true;
            }
        }
    }

    /// Writes the sign before the first digit.
    fn sign(&mut self) {
        match (self.pattern.sign, self.brackets, self.negative) {
            (Some(SignPlace::After), _, _) => return,
            (Some(SignPlace::Before), _, negative) => self.output.push(if negative { '-' } else { '+' }),
            (None, true, negative) => self.output.push(if negative { '<' } else { ' ' }),
            (None, false, true) => self.output.push('-'),
            (None, false, false) if self.pattern.fill => {}
            (None, false, false) => self.output.push(' '),
        }
        self.sign_written = true;
    }

    /// Writes what stands behind the last digit.
    fn end(&mut self) {
        let mut end = self.count + usize::from(self.spaces > 0) + usize::from(self.pattern.point);
        if self.last_relevant == Some(self.at) {
            end = self.current;
        }
        if self.current + 1 != end {
            return;
        }
        if self.sign_written && self.brackets {
            self.output.push(if self.negative { '>' } else { ' ' });
        } else if self.pattern.sign == Some(SignPlace::After) {
            self.output.push(if self.negative { '-' } else { '+' });
        }
    }

    fn ordinal(&mut self, case: fn(&str) -> String) {
        if self.negative || self.pattern.point || self.number.first() == Some(&b'#') {
            return;
        }
        let tens = self.number.len().checked_sub(2).and_then(|at| self.number.get(at));
        let ending = match (tens, self.number.last()) {
            (Some(b'1'), _) => "th",
            (_, Some(b'1')) => "st",
            (_, Some(b'2')) => "nd",
            (_, Some(b'3')) => "rd",
            _ => "th",
        };
        self.output.push_str(&case(ending));
    }
}

/// The last character that is shown: the last digit of the fraction that is not zero, or that a `0` asks for.
fn last_relevant(pattern: &Pattern, number: &[u8], spaces: usize) -> Option<usize> {
    if !pattern.fill || !pattern.point {
        return None;
    }
    let point = number.iter().position(|byte| *byte == b'.')?;
    let mut last = number.iter().rposition(|byte| *byte != b'0').unwrap_or(point).max(point);
    if pattern.zero_end > spaces {
        last = last.max((pattern.zero_end - spaces).min(number.len().saturating_sub(1)));
    }
    Some(last)
}
