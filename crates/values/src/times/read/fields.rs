//! The fields of a text, one by one.

use phantomdb_protocol::{Error, ErrorCode};

use super::{
    super::{
        calendar::{Civil, JULIAN_2000},
        value::MICROS_PER_DAY,
        zone::Zone,
    },
    parts::Parts,
    reading::{Reading, Refusal},
    words::{Prefix, Word, word},
};

impl Parts {
    /// `04:05`, `04:05:06`, `04:05:06.789`.
    pub(super) fn clock(&mut self, text: &str) -> Reading<()> {
        match self.prefix.take() {
            None | Some(Prefix::Time) => {}
            Some(_) => return Err(Refusal::Form),
        }
        let (whole, micros) = fraction(text)?;
        let numbers: Vec<i64> = whole.split(':').map(number).collect::<Reading<_>>()?;
        let (hour, minute, second) = match numbers.as_slice() {
            // Minutes and seconds, when there are decimals.
            [minute, second] if text.contains('.') => (0, *minute, *second),
            [hour, minute] => (*hour, *minute, 0),
            [hour, minute, second] => (*hour, *minute, *second),
            _ => return Err(Refusal::Form),
        };
        if minute > 59 || second > 60 || hour > 24 {
            return Err(Refusal::Range);
        }
        self.set_clock(0)?;
        (self.hour, self.minute, self.second, self.micros) = (Some(hour), Some(minute), Some(second), micros);
        Ok(())
    }

    pub(super) fn number(&mut self, text: &str) -> Reading<()> {
        if let Some(prefix) = self.prefix.take() {
            return self.number_of(prefix, text);
        }
        let digits = text.find('.').unwrap_or(text.len());
        if digits < text.len() {
            // `01.02` are numbers of a date, as long as there is none; `040506.789` is a time.
            let no_date = self.year.is_none() && self.month.is_none() && self.day.is_none();
            return match digits {
                _ if no_date => self.date_parts(text),
                0..=2 => Err(Refusal::Form),
                _ => self.run_together(text),
            };
        }
        if (digits >= 6 && !(self.has_date() && self.has_time())) || self.has_date() {
            return self.run_together(text);
        }
        self.date_number(text)
    }

    pub(super) fn number_of(&mut self, prefix: Prefix, text: &str) -> Reading<()> {
        if prefix == Prefix::Time {
            return self.time_run_together(text);
        }
        let (day, fraction) = text.split_once('.').unwrap_or((text, ""));
        let day: i64 = day.parse().map_err(|_| Refusal::Form)?;
        let days = i32::try_from(day - i64::from(JULIAN_2000)).map_err(|_| Refusal::Range)?;
        self.set_day(Civil::from_days(days))?;
        if fraction.is_empty() {
            return Ok(());
        }
        let share: f64 = format!("0.{fraction}").parse().map_err(|_| Refusal::Form)?;
        #[expect(clippy::cast_precision_loss, reason = "the microseconds of a day")]
        let micros = (share * MICROS_PER_DAY as f64).trunc();
        #[expect(clippy::cast_possible_truncation, reason = "less than a day")]
        self.set_clock(micros as i64)
    }

    /// Digits without anything between them: `19990108`, `990108`, `040506.789`, and `0405` when only a time is missing.
    pub(super) fn run_together(&mut self, text: &str) -> Reading<()> {
        if !text.contains('.') && !self.has_date() && text.len() >= 6 && self.day.is_none() {
            let (year, rest) = text.split_at(text.len() - 4);
            let part = |range: std::ops::Range<usize>| -> Reading<i32> {
                rest.get(range).and_then(|part| part.parse().ok()).ok_or(Refusal::Form)
            };
            if self.year.is_some() || self.month.is_some() {
                return Err(Refusal::Form);
            }
            self.short_year = year.len() == 2;
            self.year = Some(year.parse().map_err(|_| Refusal::Range)?);
            self.month = Some(part(0..2)?);
            self.day = Some(part(2..4)?);
            return Ok(());
        }
        self.time_run_together(text)
    }

    /// `040506`, `040506.789` and `0405`.
    pub(super) fn time_run_together(&mut self, text: &str) -> Reading<()> {
        let (whole, micros) = fraction(text)?;
        let pair = |at: usize| -> Reading<i64> { number(whole.get(at..at + 2).ok_or(Refusal::Form)?) };
        let (hour, minute, second) = match whole.len() {
            6 => (pair(0)?, pair(2)?, pair(4)?),
            4 => (pair(0)?, pair(2)?, 0),
            _ => return Err(Refusal::Form),
        };
        self.set_clock(0)?;
        (self.hour, self.minute, self.second, self.micros) = (Some(hour), Some(minute), Some(second), micros);
        Ok(())
    }

    /// `1999-01-08`, `jan/08/1999`, `Europe/Berlin`, `040506-08`.
    pub(super) fn compound(&mut self, text: &str) -> Reading<()> {
        let begins_with_digit = text.as_bytes().first().is_some_and(u8::is_ascii_digit);
        let prefix = self.prefix.take();
        if self.has_date() || self.label || (prefix.is_some() && begins_with_digit) {
            if !begins_with_digit {
                return if prefix.is_some() { Err(Refusal::Form) } else { self.named_zone(text) };
            }
            // A time with its offset: `t040506-08`.
            if !matches!(prefix, None | Some(Prefix::Time)) {
                return Err(Refusal::Form);
            }
            return self.time_with_offset(text);
        }
        if prefix.is_some() {
            return Err(Refusal::Form);
        }
        let first = text.split(|c: char| !c.is_ascii_alphabetic()).next().unwrap_or_default();
        if !begins_with_digit && !matches!(word(first), Some(Word::Month(_))) {
            return self.named_zone(text);
        }
        self.date_parts(text)
    }

    /// `040506-08`.
    pub(super) fn time_with_offset(&mut self, text: &str) -> Reading<()> {
        let (time, offset) = text.split_at(text.find('-').ok_or(Refusal::Form)?);
        self.offset(offset)?;
        self.time_run_together(time)
    }

    /// Numbers and a month with something between them.
    pub(super) fn date_parts(&mut self, text: &str) -> Reading<()> {
        let mut parts: Vec<&str> = Vec::new();
        let mut rest = text;
        while let Some(start) = rest.find(|c: char| c.is_ascii_alphanumeric()) {
            rest = &rest[start..];
            let is_digit = rest.as_bytes()[0].is_ascii_digit();
            let end = rest
                .find(|c: char| !c.is_ascii_alphanumeric() || c.is_ascii_digit() != is_digit)
                .unwrap_or(rest.len());
            parts.push(&rest[..end]);
            rest = &rest[end..];
        }
        if parts.len() > 3 {
            return Err(Refusal::Form);
        }
        // The month first, when it is a word: it decides what the numbers are.
        for part in &parts {
            if !part.as_bytes()[0].is_ascii_digit() {
                match word(part) {
                    Some(Word::Month(month)) if self.month.is_none() => {
                        self.month = Some(month);
                        self.month_is_word = true;
                    }
                    _ => return Err(Refusal::Form),
                }
            }
        }
        for part in parts {
            if part.as_bytes()[0].is_ascii_digit() {
                self.date_number(part)?;
            }
        }
        let complete = self.has_date();
        if complete { Ok(()) } else { Err(Refusal::Form) }
    }

    /// A number of a date, whose place follows from what is known already: month, day, year, unless the year comes first.
    pub(super) fn date_number(&mut self, text: &str) -> Reading<()> {
        let number: i32 = text.parse().map_err(|_| Refusal::Range)?;
        let is_year = text.len() >= 3;
        let (year, month, day) = (self.year.is_some(), self.month.is_some(), self.day.is_some());
        match (year, month, day) {
            (true, false, false) if text.len() == 3 && self.day_of_year.is_none() => {
                if !(1..=366).contains(&number) {
                    return Err(Refusal::Range);
                }
                self.day_of_year = Some(number);
            }
            (false, false, false) | (false, true, false) if is_year => self.set_year(number, text.len()),
            (false, false, false) => self.month = Some(number),
            (false, true, false) => self.day = Some(number),
            (true, false, false) => self.month = Some(number),
            // The year was taken for one, but is the day: `08-Jan-1999`.
            (true, true, false) if self.month_is_word && is_year && self.short_year => {
                self.day = self.year;
                self.set_year(number, text.len());
            }
            (true, true, false) => self.day = Some(number),
            (false, false, true) => self.month = Some(number),
            (false, true, true) => self.set_year(number, text.len()),
            (_, _, true) => return Err(Refusal::Form),
        }
        Ok(())
    }

    pub(super) fn set_year(&mut self, year: i32, digits: usize) {
        self.year = Some(year);
        self.short_year = digits <= 2;
    }

    /// `+3`, `-08:00`, `+0530`, `+05:30:15`.
    pub(super) fn offset(&mut self, text: &str) -> Reading<()> {
        // `t` and an offset is no time, and a second offset has no meaning.
        if self.prefix.is_some() || self.zone.is_some() {
            return Err(Refusal::Form);
        }
        let (sign, digits) = text.split_at(1);
        let parts: Vec<i64> = digits.split(':').map(number).collect::<Reading<_>>()?;
        let (hours, minutes, seconds) = match parts.as_slice() {
            [hours] if digits.len() > 4 => (hours / 10_000, hours / 100 % 100, hours % 100),
            [hours] if digits.len() > 2 => (hours / 100, hours % 100, 0),
            [hours] => (*hours, 0, 0),
            [hours, minutes] => (*hours, *minutes, 0),
            [hours, minutes, seconds] => (*hours, *minutes, *seconds),
            _ => return Err(Refusal::Form),
        };
        if hours > 15 || minutes > 59 || seconds > 59 {
            let message = format!("the time zone '{text}' is out of range");
            return Err(Refusal::Other(Error::new(ErrorCode::TypeMismatch, message)));
        }
        let seconds = hours * 3600 + minutes * 60 + seconds;
        let seconds = if sign == "-" { -seconds } else { seconds };
        self.zone = Some(Zone::Fixed(seconds));
        Ok(())
    }
}

fn number(text: &str) -> Reading<i64> {
    if text.is_empty() || !text.bytes().all(|byte| byte.is_ascii_digit()) {
        return Err(Refusal::Form);
    }
    text.parse().map_err(|_| Refusal::Range)
}

/// The text before the decimal point, and the decimals as microseconds, rounded.
fn fraction(text: &str) -> Reading<(&str, i64)> {
    let Some((whole, decimals)) = text.split_once('.') else { return Ok((text, 0)) };
    if !decimals.bytes().all(|byte| byte.is_ascii_digit()) {
        return Err(Refusal::Form);
    }
    let seconds: f64 = format!("0.{decimals}0").parse().map_err(|_| Refusal::Form)?;
    #[expect(clippy::cast_possible_truncation, reason = "less than a million")]
    let micros = (seconds * 1e6).round_ties_even() as i64;
    Ok((whole, micros))
}
