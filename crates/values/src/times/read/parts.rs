//! What a text says about a day and a time of day.

use phantomdb_protocol::{Error, ErrorCode};

use super::{
    super::{
        calendar::Civil,
        lexer::{Field, fields},
        value::{MICROS_PER_DAY, MICROS_PER_HOUR, MICROS_PER_MINUTE, MICROS_PER_SECOND, Timestamp},
        zone::Zone,
    },
    reading::{Reading, Refusal},
    words::{Prefix, Special, Word, is_word, word},
};

/// What a text says, field by field.
#[derive(Debug, Default)]
pub(super) struct Parts {
    pub(super) special: Option<Special>,
    pub(super) year: Option<i32>,
    pub(super) month: Option<i32>,
    pub(super) day: Option<i32>,
    pub(super) day_of_year: Option<i32>,
    /// True when the month was a word.
    pub(super) month_is_word: bool,
    /// True when the year has two digits.
    pub(super) short_year: bool,
    /// True when the day was given as a whole, by its Julian number or as today.
    pub(super) is_whole: bool,
    pub(super) before_christ: bool,
    /// True when a weekday or an era was there, behind which no date with delimiters may stand.
    pub(super) label: bool,
    pub(super) hour: Option<i64>,
    pub(super) minute: Option<i64>,
    pub(super) second: Option<i64>,
    pub(super) micros: i64,
    /// True in the second half of the day, false in the first.
    pub(super) afternoon: Option<bool>,
    pub(super) zone: Option<Zone>,
    pub(super) prefix: Option<Prefix>,
}

pub(super) fn parts(text: &str) -> Reading<Parts> {
    let fields = fields(text, is_word).ok_or(Refusal::Form)?;
    let mut parts = Parts::default();
    for (index, field) in fields.iter().enumerate() {
        if parts.special.is_some() {
            return Err(Refusal::Form);
        }
        match field {
            Field::Clock(clock) => parts.clock(clock)?,
            Field::Number(number) => parts.number(number)?,
            Field::Compound(compound) => parts.compound(compound)?,
            Field::Signed(offset) => parts.offset(offset)?,
            Field::SignedWord(text) => {
                let special = match text.as_str() {
                    "-infinity" => Special::NegativeInfinity,
                    "+infinity" => Special::Infinity,
                    _ => return Err(Refusal::Form),
                };
                parts.whole(special, fields.len())?;
            }
            Field::Word(text) => parts.word(text, fields.len(), index + 1 == fields.len())?,
        }
    }
    if fields.is_empty() || parts.prefix.is_some() {
        return Err(Refusal::Form);
    }
    Ok(parts)
}

/// The parts of a time of day. A day may stand before the clock, and has to when the zone has a name.
pub(super) fn parts_of_time(text: &str) -> Reading<Parts> {
    let fields = fields(text, is_word).ok_or(Refusal::Form)?;
    let mut parts = Parts::default();
    let day_first = matches!(fields.get(1), Some(Field::Clock(_)))
        || (fields.len() > 1 && matches!(fields.last(), Some(Field::Compound(_))));
    for (index, field) in fields.iter().enumerate() {
        match field {
            Field::Clock(clock) => parts.clock(clock)?,
            Field::Number(number) if index == 0 && day_first && number.contains('.') => {
                parts.date_parts(number)?;
            }
            Field::Number(number) => match parts.prefix.take() {
                Some(prefix) => parts.number_of(prefix, number)?,
                None => parts.time_run_together(number)?,
            },
            Field::Compound(compound) if index == 0 && day_first => parts.date_parts(compound)?,
            Field::Compound(compound) if compound.starts_with(|c: char| c.is_ascii_digit()) => {
                parts.prefix = None;
                parts.time_with_offset(compound)?;
            }
            Field::Compound(compound) => parts.named_zone(compound)?,
            Field::Signed(offset) => parts.offset(offset)?,
            Field::SignedWord(_) => return Err(Refusal::Form),
            Field::Word(text) => {
                let is_of_date = matches!(
                    word(text),
                    Some(Word::Special(_) | Word::Today(_) | Word::Month(_) | Word::Weekday)
                );
                if is_of_date {
                    return Err(Refusal::Form);
                }
                parts.word(text, fields.len(), index + 1 == fields.len())?;
            }
        }
    }
    if parts.prefix.is_some() {
        return Err(Refusal::Form);
    }
    Ok(parts)
}

impl Parts {
    pub(super) fn has_date(&self) -> bool {
        (self.year.is_some() && self.month.is_some() && self.day.is_some())
            || (self.year.is_some() && self.day_of_year.is_some())
    }

    pub(super) fn has_time(&self) -> bool {
        self.hour.is_some() && self.minute.is_some() && self.second.is_some()
    }

    /// The day, when the text has one that there is. Fails with `OUT_OF_RANGE` before the year 1.
    pub(super) fn date(&self) -> Reading<Civil> {
        let civil = self.civil()?;
        if civil.year < 1 && self.before_christ {
            let message = "years before Christ are not supported on SQLite; the first day is 0001-01-01";
            return Err(Refusal::Other(Error::new(ErrorCode::OutOfRange, message)));
        }
        Ok(civil)
    }

    /// The day, when the text has one that there is.
    pub(super) fn civil(&self) -> Reading<Civil> {
        // What is wrong is said before what is missing.
        if self.month.is_some_and(|month| !(1..=12).contains(&month))
            || self.day.is_some_and(|day| !(1..=31).contains(&day))
        {
            return Err(Refusal::Range);
        }
        let mut year = self.year.ok_or(Refusal::Form)?;
        if !self.is_whole {
            if self.before_christ {
                if year <= 0 {
                    return Err(Refusal::Range);
                }
                year = 1 - year;
            } else if self.short_year {
                year += if year < 70 { 2000 } else { 1900 };
            } else if year <= 0 {
                return Err(Refusal::Range);
            }
        }
        if let Some(day_of_year) = self.day_of_year {
            let days = Civil::new(year, 1, 1).days() + i64::from(day_of_year) - 1;
            return i32::try_from(days).map(Civil::from_days).map_err(|_| Refusal::Range);
        }
        let civil = Civil::new(year, self.month.ok_or(Refusal::Form)?, self.day.ok_or(Refusal::Form)?);
        if civil.exists() { Ok(civil) } else { Err(Refusal::Range) }
    }

    /// The time of day; none when the text has none. It may be the end of the day.
    pub(super) fn micros_of_day(&self) -> Reading<Option<i64>> {
        let (minute, second) = (self.minute.unwrap_or(0), self.second.unwrap_or(0));
        let Some(mut hour) = self.hour else {
            let none = self.minute.is_none() && self.second.is_none() && self.afternoon.is_none();
            return if none { Ok(None) } else { Err(Refusal::Form) };
        };
        if let Some(afternoon) = self.afternoon {
            if hour > 12 {
                return Err(Refusal::Range);
            }
            hour = hour % 12 + if afternoon { 12 } else { 0 };
        }
        let micros =
            hour * MICROS_PER_HOUR + minute * MICROS_PER_MINUTE + second * MICROS_PER_SECOND + self.micros;
        if minute > 59 || second > 60 || micros > MICROS_PER_DAY {
            return Err(Refusal::Range);
        }
        Ok(Some(micros))
    }

    /// A word that says all there is to say.
    pub(super) fn whole(&mut self, special: Special, fields: usize) -> Reading<()> {
        if fields > 1 {
            return Err(Refusal::Form);
        }
        self.special = Some(special);
        Ok(())
    }

    pub(super) fn word(&mut self, text: &str, fields: usize, is_last: bool) -> Reading<()> {
        let Some(known) = word(text) else { return self.named_zone(text) };
        if let Some(Prefix::Time) = self.prefix.take() {
            // `T` before a clock says nothing. Nothing else stands behind it.
            return Err(Refusal::Form);
        }
        match known {
            Word::Special(special) => self.whole(special, fields)?,
            Word::Now => {
                let now = Timestamp::now();
                self.set_day(now.civil())?;
                self.set_clock(now.micros_of_day())?;
                self.zone = Some(Zone::UTC);
            }
            Word::Today(distance) => {
                let days = i64::from(Timestamp::now().day()) + distance;
                self.set_day(i32::try_from(days).map(Civil::from_days).map_err(|_| Refusal::Range)?)?;
            }
            Word::AllBalls => {
                self.set_clock(0)?;
                self.zone = Some(Zone::UTC);
            }
            Word::Month(month) => self.month_word(month)?,
            Word::Ignored => {}
            Word::Weekday | Word::Ad => self.label = true,
            Word::Am | Word::Pm if self.afternoon.is_some() => return Err(Refusal::Form),
            Word::Am | Word::Pm => self.afternoon = Some(known == Word::Pm),
            Word::Bc => (self.before_christ, self.label) = (true, true),
            Word::DaylightSaving => match &mut self.zone {
                Some(Zone::Fixed(seconds)) => *seconds += 3600,
                _ => return Err(Refusal::Form),
            },
            Word::Prefix(_) if is_last => return Err(Refusal::Form),
            // A second `t`, as in a date that ends in a word, is refused with the number that is missing.
            Word::Prefix(prefix) => self.prefix = Some(prefix),
        }
        Ok(())
    }

    pub(super) fn named_zone(&mut self, name: &str) -> Reading<()> {
        if self.zone.is_some() {
            return Err(Refusal::Form);
        }
        self.zone = Some(Zone::by_name(name).ok_or(Refusal::Form)?);
        Ok(())
    }

    /// A month as a word. A number before it that was taken for the month is the day then: `8 January 1999`.
    pub(super) fn month_word(&mut self, month: i32) -> Reading<()> {
        if let Some(earlier) = self.month {
            let moves = !self.month_is_word && self.day.is_none() && (1..=31).contains(&earlier);
            if !moves {
                return Err(Refusal::Form);
            }
            self.day = Some(earlier);
        }
        self.month = Some(month);
        self.month_is_word = true;
        Ok(())
    }

    pub(super) fn set_day(&mut self, civil: Civil) -> Reading<()> {
        if self.year.is_some() || self.month.is_some() || self.day.is_some() {
            return Err(Refusal::Form);
        }
        (self.year, self.month, self.day) = (Some(civil.year), Some(civil.month), Some(civil.day));
        self.is_whole = true;
        Ok(())
    }

    pub(super) fn set_clock(&mut self, micros: i64) -> Reading<()> {
        if self.hour.is_some() || self.minute.is_some() || self.second.is_some() {
            return Err(Refusal::Form);
        }
        self.hour = Some(micros / MICROS_PER_HOUR);
        self.minute = Some(micros / MICROS_PER_MINUTE % 60);
        self.second = Some(micros / MICROS_PER_SECOND % 60);
        self.micros = micros % MICROS_PER_SECOND;
        Ok(())
    }
}
