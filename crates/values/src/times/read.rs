//! Reads dates, times of day and timestamps in the forms that PostgreSQL reads.

use phantomdb_protocol::{Error, ErrorCode, Result};

use super::{
    calendar::{Civil, JULIAN_2000},
    errors::{field_out_of_range, mismatch, timestamp_out_of_range},
    lexer::{Field, fields},
    value::{
        Date, MICROS_PER_DAY, MICROS_PER_HOUR, MICROS_PER_MINUTE, MICROS_PER_SECOND, TimeOfDay, Timestamp,
    },
    zone::Zone,
};

/// Why a text is not read.
#[derive(Debug)]
enum Refusal {
    /// It is not of any form.
    Form,
    /// A number in it is too large for its place.
    Range,
    /// It is an error of its own.
    Other(Error),
}

type Reading<T> = std::result::Result<T, Refusal>;

impl Refusal {
    fn explain(self, text: &str, what: &str) -> Error {
        match self {
            Self::Form => mismatch(text, what),
            Self::Range => field_out_of_range(text),
            Self::Other(error) => error,
        }
    }
}

impl Timestamp {
    /// Reads a timestamp without a zone. A zone in the text is read over, as PostgreSQL does.
    pub fn read(text: &str) -> Result<Self> {
        let text = text.trim_ascii();
        match Self::from_stored(text) {
            Some(stored) => Ok(stored),
            None => moment(text, false).map_err(|refusal| refusal.explain(text, "a timestamp")),
        }
    }

    /// Reads a timestamp with a zone, which is UTC when the text has none.
    pub fn read_with_zone(text: &str) -> Result<Self> {
        let text = text.trim_ascii();
        match Self::from_stored(text) {
            Some(stored) => Ok(stored),
            None => moment(text, true).map_err(|refusal| refusal.explain(text, "a timestamp")),
        }
    }
}

impl Date {
    /// Reads a date. A time in the text is checked, and left out.
    pub fn read(text: &str) -> Result<Self> {
        let text = text.trim_ascii();
        if let Some(date) = Self::from_stored(text).filter(|date| !date.is_finite() || date.civil().year > 0)
        {
            return Ok(date);
        }
        if let Some(at) = Timestamp::from_stored(text) {
            return Ok(at.date());
        }
        let read = || -> Reading<Self> {
            let parts = parts(text)?;
            match parts.special {
                Some(Special::Infinity) => return Ok(Self::INFINITY),
                Some(Special::NegativeInfinity) => return Ok(Self::NEGATIVE_INFINITY),
                Some(Special::Epoch) => return Ok(epoch().date()),
                None => {}
            }
            parts.micros_of_day()?;
            let civil = parts.date()?;
            Self::from_civil(civil).map_err(Refusal::Other)
        };
        read().map_err(|refusal| refusal.explain(text, "a date"))
    }
}

impl TimeOfDay {
    /// Reads a time of day. A date and a zone in the text are read over.
    pub fn read(text: &str) -> Result<Self> {
        let text = text.trim_ascii();
        if let Some(time) = Self::from_stored(text) {
            return Ok(time);
        }
        if let Some(time) = Timestamp::from_stored(text).and_then(Timestamp::time) {
            return Ok(time);
        }
        let read = || -> Reading<Self> {
            let parts = parts_of_time(text)?;
            // The rule of a zone needs a day.
            if parts.has_date() {
                parts.civil()?;
            } else if matches!(parts.zone, Some(Zone::Rules(_))) {
                return Err(Refusal::Form);
            }
            let micros = parts.micros_of_day()?.ok_or(Refusal::Form)?;
            Self::new(micros).map_err(|_| Refusal::Range)
        };
        read().map_err(|refusal| refusal.explain(text, "a time of day"))
    }
}

fn epoch() -> Timestamp {
    Timestamp(Civil::new(1970, 1, 1).days() * MICROS_PER_DAY)
}

fn moment(text: &str, with_zone: bool) -> Reading<Timestamp> {
    let parts = parts(text)?;
    match parts.special {
        Some(Special::Infinity) => return Ok(Timestamp::INFINITY),
        Some(Special::NegativeInfinity) => return Ok(Timestamp::NEGATIVE_INFINITY),
        Some(Special::Epoch) => return Ok(epoch()),
        None => {}
    }
    let of_day = parts.micros_of_day()?.unwrap_or(0);
    let local = parts.date()?.days() * MICROS_PER_DAY + of_day;
    let offset = match &parts.zone {
        Some(zone) if with_zone => zone.offset_of_local(local).map_err(Refusal::Other)?,
        _ => 0,
    };
    let micros = local.checked_sub(offset * MICROS_PER_SECOND).ok_or(Refusal::Range)?;
    Timestamp::new(micros).map_err(|_| Refusal::Other(timestamp_out_of_range()))
}

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Special {
    Infinity,
    NegativeInfinity,
    Epoch,
}

/// A word that says what the number behind it is.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Prefix {
    Julian,
    Time,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Word {
    Special(Special),
    Now,
    /// A day so far from today.
    Today(i64),
    AllBalls,
    Month(i32),
    Weekday,
    Am,
    Pm,
    Bc,
    Ad,
    Ignored,
    DaylightSaving,
    Prefix(Prefix),
}

fn word(text: &str) -> Option<Word> {
    let by_name = |names: &[&str], shortest: usize| {
        names
            .iter()
            .position(|name| name.eq_ignore_ascii_case(text) || name[..shortest].eq_ignore_ascii_case(text))
    };
    if let Some(month) = by_name(&super::calendar::MONTHS, 3) {
        return i32::try_from(month + 1).ok().map(Word::Month);
    }
    if by_name(&super::calendar::WEEKDAYS, 3).is_some() {
        return Some(Word::Weekday);
    }
    Some(match text {
        "sept" => Word::Month(9),
        "tues" | "weds" | "thur" | "thurs" => Word::Weekday,
        "infinity" => Word::Special(Special::Infinity),
        "epoch" => Word::Special(Special::Epoch),
        "now" => Word::Now,
        "today" => Word::Today(0),
        "tomorrow" => Word::Today(1),
        "yesterday" => Word::Today(-1),
        "allballs" => Word::AllBalls,
        "am" => Word::Am,
        "pm" => Word::Pm,
        "bc" => Word::Bc,
        "ad" => Word::Ad,
        "at" | "on" => Word::Ignored,
        "dst" => Word::DaylightSaving,
        "j" | "jd" | "julian" => Word::Prefix(Prefix::Julian),
        "t" => Word::Prefix(Prefix::Time),
        _ => return None,
    })
}

/// Returns whether digits may follow the word without a space: `j2451187` are two fields, `est5edt` is one.
pub(super) fn is_word(text: &str) -> bool {
    matches!(text, "y" | "m" | "d" | "h" | "mm" | "s" | "dow" | "doy" | "isodow" | "isoyear")
        || word(text).is_some()
}

/// What a text says, field by field.
#[derive(Debug, Default)]
struct Parts {
    special: Option<Special>,
    year: Option<i32>,
    month: Option<i32>,
    day: Option<i32>,
    day_of_year: Option<i32>,
    /// True when the month was a word.
    month_is_word: bool,
    /// True when the year has two digits.
    short_year: bool,
    /// True when the day was given as a whole, by its Julian number or as today.
    is_whole: bool,
    before_christ: bool,
    /// True when a weekday or an era was there, behind which no date with delimiters may stand.
    label: bool,
    hour: Option<i64>,
    minute: Option<i64>,
    second: Option<i64>,
    micros: i64,
    /// True in the second half of the day, false in the first.
    afternoon: Option<bool>,
    zone: Option<Zone>,
    prefix: Option<Prefix>,
}

fn parts(text: &str) -> Reading<Parts> {
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
fn parts_of_time(text: &str) -> Reading<Parts> {
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
    fn has_date(&self) -> bool {
        (self.year.is_some() && self.month.is_some() && self.day.is_some())
            || (self.year.is_some() && self.day_of_year.is_some())
    }

    fn has_time(&self) -> bool {
        self.hour.is_some() && self.minute.is_some() && self.second.is_some()
    }

    /// The day, when the text has one that there is. Fails with `OUT_OF_RANGE` before the year 1.
    fn date(&self) -> Reading<Civil> {
        let civil = self.civil()?;
        if civil.year < 1 && self.before_christ {
            let message = "years before Christ are not supported on SQLite; the first day is 0001-01-01";
            return Err(Refusal::Other(Error::new(ErrorCode::OutOfRange, message)));
        }
        Ok(civil)
    }

    /// The day, when the text has one that there is.
    fn civil(&self) -> Reading<Civil> {
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
    fn micros_of_day(&self) -> Reading<Option<i64>> {
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
    fn whole(&mut self, special: Special, fields: usize) -> Reading<()> {
        if fields > 1 {
            return Err(Refusal::Form);
        }
        self.special = Some(special);
        Ok(())
    }

    fn word(&mut self, text: &str, fields: usize, is_last: bool) -> Reading<()> {
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

    fn named_zone(&mut self, name: &str) -> Reading<()> {
        if self.zone.is_some() {
            return Err(Refusal::Form);
        }
        self.zone = Some(Zone::by_name(name).ok_or(Refusal::Form)?);
        Ok(())
    }

    /// A month as a word. A number before it that was taken for the month is the day then: `8 January 1999`.
    fn month_word(&mut self, month: i32) -> Reading<()> {
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

    fn set_day(&mut self, civil: Civil) -> Reading<()> {
        if self.year.is_some() || self.month.is_some() || self.day.is_some() {
            return Err(Refusal::Form);
        }
        (self.year, self.month, self.day) = (Some(civil.year), Some(civil.month), Some(civil.day));
        self.is_whole = true;
        Ok(())
    }

    fn set_clock(&mut self, micros: i64) -> Reading<()> {
        if self.hour.is_some() || self.minute.is_some() || self.second.is_some() {
            return Err(Refusal::Form);
        }
        self.hour = Some(micros / MICROS_PER_HOUR);
        self.minute = Some(micros / MICROS_PER_MINUTE % 60);
        self.second = Some(micros / MICROS_PER_SECOND % 60);
        self.micros = micros % MICROS_PER_SECOND;
        Ok(())
    }

    /// `04:05`, `04:05:06`, `04:05:06.789`.
    fn clock(&mut self, text: &str) -> Reading<()> {
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

    fn number(&mut self, text: &str) -> Reading<()> {
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

    fn number_of(&mut self, prefix: Prefix, text: &str) -> Reading<()> {
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
    fn run_together(&mut self, text: &str) -> Reading<()> {
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
    fn time_run_together(&mut self, text: &str) -> Reading<()> {
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
    fn compound(&mut self, text: &str) -> Reading<()> {
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
    fn time_with_offset(&mut self, text: &str) -> Reading<()> {
        let (time, offset) = text.split_at(text.find('-').ok_or(Refusal::Form)?);
        self.offset(offset)?;
        self.time_run_together(time)
    }

    /// Numbers and a month with something between them.
    fn date_parts(&mut self, text: &str) -> Reading<()> {
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
    fn date_number(&mut self, text: &str) -> Reading<()> {
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

    fn set_year(&mut self, year: i32, digits: usize) {
        self.year = Some(year);
        self.short_year = digits <= 2;
    }

    /// `+3`, `-08:00`, `+0530`, `+05:30:15`.
    fn offset(&mut self, text: &str) -> Reading<()> {
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
