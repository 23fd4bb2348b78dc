//! Reads intervals in the forms that PostgreSQL reads: with units, as `1-2`, as a clock, and of ISO 8601.

use phantomdb_protocol::{Error, ErrorCode, Result};

use super::{
    errors::mismatch,
    field::{Unit, unit_of_length},
    interval_sum::{Reading, Refusal, Sum},
    iso_interval::by_iso,
    lexer::{Field, fields},
    read::is_word,
    value::{Interval, MICROS_PER_HOUR, MICROS_PER_MINUTE, MICROS_PER_SECOND},
};

/// The fields that a declaration of an interval allows: `DAY TO SECOND`.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Fields {
    first: Unit,
    last: Unit,
}

impl Fields {
    /// Reads `day`, `day to second` and the like, in lower case. Fails for any other text.
    pub fn parse(text: &str) -> Result<Self> {
        let words: Vec<String> = text.split_whitespace().map(str::to_ascii_lowercase).collect();
        let unit = |word: &str| match word {
            "year" => Some(Unit::Year),
            "month" => Some(Unit::Month),
            "day" => Some(Unit::Day),
            "hour" => Some(Unit::Hour),
            "minute" => Some(Unit::Minute),
            "second" => Some(Unit::Second),
            _ => None,
        };
        let words: Vec<&str> = words.iter().map(String::as_str).collect();
        let pair = match words.as_slice() {
            [only] => unit(only).map(|unit| (unit, unit)),
            [first, "to", last] => unit(first).zip(unit(last)),
            _ => None,
        };
        match pair {
            Some((first, last))
                if first == last
                    || (first == Unit::Year && last == Unit::Month)
                    || (first != Unit::Year
                        && first != Unit::Month
                        && first.micros().unwrap_or(0) > last.micros().unwrap_or(i64::MAX)) =>
            {
                Ok(Self { first, last })
            }
            _ => Err(mismatch(text, "a pair of fields of an interval")),
        }
    }
}

impl Interval {
    /// Reads an interval that was written by [`Self::fmt`].
    pub fn read(text: &str) -> Result<Self> {
        Self::read_with(text, None)
    }

    /// Reads an interval that a user wrote.
    pub fn input(text: &str) -> Result<Self> {
        Self::read(text)?.written_as(text)
    }

    /// Reads an interval of certain fields, as `INTERVAL '1' DAY` has it: a number without a unit is one of the last field.
    pub fn input_fields(text: &str, fields: Fields) -> Result<Self> {
        Self::read_with(text, Some(fields))?.written_as(text)?.with_fields(fields)
    }

    /// PostgreSQL reads a clock before its sign, so it does not read the smallest interval, which it writes.
    fn written_as(self, text: &str) -> Result<Self> {
        if self.micros == i64::MIN && self.is_finite() && text.contains(':') {
            return Err(mismatch(text.trim_ascii(), "an interval"));
        }
        Ok(self)
    }

    fn read_with(text: &str, range: Option<Fields>) -> Result<Self> {
        let trimmed = text.trim_ascii();
        let read = match by_units(trimmed, range) {
            Err(Refusal::Form) => by_iso(text),
            other => other,
        };
        read.map_err(|refusal| match refusal {
            Refusal::Form => mismatch(trimmed, "an interval"),
            Refusal::Range => {
                let shown: String = trimmed.chars().take(60).collect();
                Error::new(
                    ErrorCode::OutOfRange,
                    format!("a field of the interval '{shown}' is out of range"),
                )
            }
        })
    }

    /// The interval without what is smaller than the last field.
    pub fn with_fields(self, fields: Fields) -> Result<Self> {
        if !self.is_finite() {
            return Ok(self);
        }
        Ok(match fields.last {
            Unit::Year => Self { months: self.months / 12 * 12, days: 0, micros: 0 },
            Unit::Month => Self { months: self.months, days: 0, micros: 0 },
            Unit::Day => Self { micros: 0, ..self },
            Unit::Hour => Self { micros: self.micros / MICROS_PER_HOUR * MICROS_PER_HOUR, ..self },
            Unit::Minute => Self { micros: self.micros / MICROS_PER_MINUTE * MICROS_PER_MINUTE, ..self },
            _ => self,
        })
    }
}

/// The units of a clock.
const CLOCK_UNITS: u32 = Unit::Hour.bit() | Unit::Minute.bit() | SECONDS;
const SECONDS: u32 = Unit::Second.bit() | Unit::Milliseconds.bit() | Unit::Microseconds.bit();

/// `1 year 2 days 04:05:06 ago`, from the end, because a unit stands behind its number.
fn by_units(text: &str, range: Option<Fields>) -> Reading<Interval> {
    let mut fields = fields(text, is_word).ok_or(Refusal::Form)?;
    if let [only] = fields.as_slice() {
        match only {
            Field::Word(word) if word == "infinity" => return Ok(Interval::INFINITY),
            Field::SignedWord(word) if word == "+infinity" => return Ok(Interval::INFINITY),
            Field::SignedWord(word) if word == "-infinity" => return Ok(Interval::NEGATIVE_INFINITY),
            _ => {}
        }
    }
    let ago = fields.last() == Some(&Field::Word("ago".to_owned()));
    if ago {
        fields.pop();
    }
    let mut sum = Sum::default();
    // The unit of the next number to the left, and whether its word still waits for one.
    let mut unit = None;
    let mut waiting = false;
    for field in fields.iter().rev() {
        match field {
            Field::Word(word) => {
                let known = unit_of_length(word).ok_or(Refusal::Form)?;
                if waiting {
                    return Err(Refusal::Form);
                }
                (unit, waiting) = (Some(known), true);
            }
            Field::Clock(clock) => {
                if waiting {
                    return Err(Refusal::Form);
                }
                sum.see(CLOCK_UNITS)?;
                sum.micros += clock_micros(clock, range)?;
                unit = Some(Unit::Day);
            }
            Field::Signed(text) if text.contains(':') => {
                if waiting {
                    return Err(Refusal::Form);
                }
                sum.see(CLOCK_UNITS)?;
                sum.micros += signed_clock_micros(text, range)?;
                unit = Some(Unit::Day);
            }
            Field::Number(text) | Field::Signed(text) | Field::Compound(text) => {
                let default = range.map_or(Unit::Second, |range| range.last);
                let of = unit.unwrap_or(default);
                number(&mut sum, text, of)?;
                // Before hours come days: `1 2` of the fields DAY TO HOUR.
                if of == Unit::Hour {
                    unit = Some(Unit::Day);
                }
                waiting = false;
            }
            Field::SignedWord(_) => return Err(Refusal::Form),
        }
    }
    if sum.seen == 0 || waiting {
        return Err(Refusal::Form);
    }
    sum.finish(ago)
}

/// A number of a unit, or years and months: `1.5`, `-7`, `+1-2`.
fn number(sum: &mut Sum, text: &str, unit: Unit) -> Reading<()> {
    let negative = text.starts_with('-');
    let digits = text.trim_start_matches(['+', '-']);
    let signed = |text: &str| -> Reading<i64> {
        if text.is_empty() || !text.bytes().all(|byte| byte.is_ascii_digit()) {
            return Err(Refusal::Form);
        }
        let sign = if negative { "-" } else { "" };
        format!("{sign}{text}").parse().map_err(|_| Refusal::Range)
    };
    if let Some((years, months)) = digits.split_once('-') {
        let (years, months) = (signed(years)?, signed(months)?);
        if months.abs() >= 12 {
            return Err(Refusal::Range);
        }
        sum.see(Unit::Month.bit())?;
        let total =
            years.checked_mul(12).and_then(|years| years.checked_add(months)).ok_or(Refusal::Range)?;
        return sum.add(Unit::Month, total, 0.0);
    }
    let (whole, fraction) = match digits.split_once('.') {
        None => (signed(digits)?, 0.0),
        Some((whole, decimals)) => {
            if !decimals.bytes().all(|byte| byte.is_ascii_digit()) {
                return Err(Refusal::Form);
            }
            let fraction: f64 = format!("0.{decimals}0").parse().map_err(|_| Refusal::Form)?;
            let whole = if whole.is_empty() { 0 } else { signed(whole)? };
            (whole, if negative { -fraction } else { fraction })
        }
    };
    let units = if unit == Unit::Second && fraction != 0.0 { SECONDS } else { unit.bit() };
    sum.see(units)?;
    sum.add(unit, whole, fraction)
}

/// A clock behind a sign. As in PostgreSQL, one that does not fit is no number with a sign either, so its form is refused.
fn signed_clock_micros(text: &str, range: Option<Fields>) -> Reading<i128> {
    let micros = clock_micros(&text[1..], range).map_err(|_| Refusal::Form)?;
    let signed = if text.starts_with('-') { -micros } else { micros };
    i64::try_from(signed).map(i128::from).map_err(|_| Refusal::Form)
}

/// `04:05`, `04:05:06.7`; hours are not limited.
fn clock_micros(text: &str, range: Option<Fields>) -> Reading<i128> {
    let (whole, decimals) = text.split_once('.').unwrap_or((text, ""));
    let numbers = whole
        .split(':')
        .map(|part| {
            if part.is_empty() || !part.bytes().all(|byte| byte.is_ascii_digit()) {
                return Err(Refusal::Form);
            }
            part.parse::<i64>().map_err(|_| Refusal::Range)
        })
        .collect::<Reading<Vec<i64>>>()?;
    let of_minutes = range.is_some_and(|range| range.first == Unit::Minute && range.last == Unit::Second);
    let (hours, minutes, seconds) = match numbers.as_slice() {
        [minutes, seconds] if text.contains('.') || of_minutes => (0, *minutes, *seconds),
        [hours, minutes] => (*hours, *minutes, 0),
        [hours, minutes, seconds] => (*hours, *minutes, *seconds),
        _ => return Err(Refusal::Form),
    };
    if minutes > 59 || seconds > 60 {
        return Err(Refusal::Range);
    }
    let fraction: f64 = format!("0.{decimals}0").parse().map_err(|_| Refusal::Form)?;
    #[expect(clippy::cast_possible_truncation, reason = "less than a second")]
    let micros = (fraction * 1e6).round_ties_even() as i128;
    let seconds = i128::from(hours) * 3600 + i128::from(minutes * 60 + seconds);
    Ok(seconds * i128::from(MICROS_PER_SECOND) + micros)
}
