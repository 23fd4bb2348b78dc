//! `to_timestamp` and `to_date` by a template.

use phantomdb_protocol::{Error, ErrorCode, Result};

use super::{
    calendar::{MONTHS, WEEKDAYS},
    errors::{date_out_of_range, field_out_of_range, timestamp_out_of_range},
    template::{Node, Pattern, is_separator, parse},
    value::{Date, MICROS_PER_SECOND, Timestamp},
    zone::Zone,
};

impl Timestamp {
    /// Reads a time by a template. It is UTC unless the text has a zone.
    pub fn from_char(text: &str, template: &str) -> Result<Self> {
        let found = read(text, template)?;
        let civil = found.civil(text)?;
        let of_day = found.micros_of_day(text)?;
        let offset = found.offset(text)?;
        if civil.year < 1 {
            return Err(timestamp_out_of_range());
        }
        let timestamp = Self::from_parts(civil, of_day - offset * MICROS_PER_SECOND)?;
        found.fraction_digits.map_or(Ok(timestamp), |digits| timestamp.with_precision(digits.into()))
    }
}

impl Date {
    /// Reads a date by a template.
    pub fn from_char(text: &str, template: &str) -> Result<Self> {
        let found = read(text, template)?;
        let civil = found.civil(text)?;
        found.micros_of_day(text)?;
        found.offset(text)?;
        if civil.year < 1 {
            return Err(date_out_of_range());
        }
        Self::from_civil(civil)
    }
}

pub(super) fn refuse(text: &str, why: impl std::fmt::Display) -> Error {
    let shown: String = text.chars().take(60).collect();
    Error::new(ErrorCode::TypeMismatch, format!("'{shown}' does not match the template: {why}"))
}

/// What was read. 0 stands for what was not there, as in PostgreSQL.
#[derive(Clone, Default)]
pub(super) struct Found {
    pub(super) hour: i64,
    pub(super) minute: i64,
    pub(super) second: i64,
    pub(super) second_of_day: i64,
    pub(super) millis: i64,
    pub(super) micros: i64,
    /// The decimals of a second that `FF1` and the like name.
    pub(super) fraction_digits: Option<u32>,
    pub(super) twelve_hours: bool,
    pub(super) afternoon: bool,
    pub(super) era: i64,
    pub(super) year: i64,
    /// The number of digits of the year's pattern.
    pub(super) year_digits: u32,
    pub(super) century: i64,
    pub(super) month: i64,
    pub(super) day: i64,
    /// 1 is Sunday.
    pub(super) weekday: i64,
    pub(super) day_of_year: i64,
    pub(super) week: i64,
    pub(super) week_of_month: i64,
    pub(super) julian: i64,
    pub(super) zone_sign: i64,
    pub(super) zone_hour: i64,
    pub(super) zone_minute: i64,
    pub(super) zone_seconds: Option<i64>,
    /// True with patterns of weeks' years, false with those of months.
    pub(super) by_weeks: Option<bool>,
}

/// Reads the text from left to right.
struct Reader<'a> {
    text: &'a str,
    at: usize,
}

impl Reader<'_> {
    fn rest(&self) -> &str {
        self.text.get(self.at..).unwrap_or_default()
    }

    fn peek(&self) -> Option<char> {
        self.rest().chars().next()
    }

    fn skip(&mut self) {
        self.at += self.peek().map_or(0, char::len_utf8);
    }

    fn skip_blanks(&mut self) -> i64 {
        let mut count = 0;
        while self.peek().is_some_and(|character| character.is_ascii_whitespace()) {
            self.skip();
            count += 1;
        }
        count
    }

    /// Reads a number of at most `width` digits, of exactly as many when another number follows at once. Returns it with
    /// the count of its characters.
    fn number(&mut self, width: usize, exact: bool, name: &str) -> Result<(i64, usize)> {
        let begin = self.at;
        self.skip_blanks();
        let rest = self.rest();
        let field: String =
            if exact { rest.chars().take(width).collect() } else { rest.chars().take(40).collect() };
        if exact && field.chars().count() < width {
            return Err(refuse(self.text, format!("it is too short for {name}")));
        }
        let sign = usize::from(field.starts_with(['+', '-']));
        let digits = field[sign..].bytes().take_while(u8::is_ascii_digit).count();
        if digits == 0 {
            return Err(refuse(self.text, format!("{name} must be a number")));
        }
        let length = sign + digits;
        if exact && length < width {
            return Err(refuse(self.text, format!("{name} needs {width} digits")));
        }
        let number: i64 = field[..length]
            .trim_start_matches('+')
            .parse()
            .ok()
            .filter(|number| i32::try_from(*number).is_ok())
            .ok_or_else(|| field_out_of_range(self.text))?;
        self.at += length;
        Ok((number, self.at - begin))
    }

    /// The index of the name that stands here, in upper or lower case.
    fn one_of(&mut self, names: &[&str], name: &str) -> Result<usize> {
        let rest = self.rest();
        let index = names.iter().position(|candidate| {
            rest.get(..candidate.len()).is_some_and(|start| start.eq_ignore_ascii_case(candidate))
        });
        let index = index.ok_or_else(|| refuse(self.text, format!("{name} has another value")))?;
        self.at += names[index].len();
        Ok(index)
    }
}

/// A field of a template, and what matters about it.
struct Field {
    pattern: Pattern,
    name: &'static str,
    /// True when exactly as many digits as the pattern has must be read.
    exact: bool,
}

fn read(text: &str, template: &str) -> Result<Found> {
    let nodes = parse(template);
    let mut found = Found::default();
    let mut reader = Reader { text, at: 0 };
    // With FX, blanks are not skipped.
    let mut strict = false;
    let mut extra = 0_i64;
    for (index, node) in nodes.iter().enumerate() {
        if reader.peek().is_none() {
            break;
        }
        let is_exact_mark = matches!(node, Node::Pattern { pattern: Pattern::Exact, .. });
        if !strict && !is_exact_mark && (matches!(node, Node::Pattern { .. }) || index == 0) {
            extra += reader.skip_blanks();
        }
        match node {
            Node::Separator(_) if strict => reader.skip(),
            Node::Separator(_) => {
                extra -= 1;
                if reader.peek().is_some_and(|c| c.is_ascii_whitespace() || is_separator(c)) {
                    reader.skip();
                    extra += 1;
                }
            }
            Node::Text(_) if !strict && extra > 0 => extra -= 1,
            Node::Text(_) => reader.skip(),
            Node::Pattern { pattern: Pattern::Exact, .. } => strict = true,
            Node::Pattern { pattern, case: _, fill, translated: _, ordinal, name } => {
                let number_follows = match nodes.get(index + 1) {
                    Some(Node::Pattern { pattern, .. }) => pattern.is_number(),
                    Some(Node::Text(character) | Node::Separator(character)) => character.is_ascii_digit(),
                    None => false,
                };
                let exact = !fill && ordinal.is_none() && number_follows;
                found.field(&mut reader, &Field { pattern: *pattern, name, exact }, extra)?;
                if ordinal.is_some() && pattern.is_number() {
                    reader.skip();
                    reader.skip();
                }
                extra = if strict { extra } else { reader.skip_blanks() };
            }
        }
    }
    Ok(found)
}

/// Sets a field. Fails when it has another value already.
fn set(slot: &mut i64, value: i64, text: &str, name: &str) -> Result<()> {
    if *slot != 0 && *slot != value {
        return Err(refuse(text, format!("{name} is there twice with different values")));
    }
    *slot = value;
    Ok(())
}

const ERAS: [&str; 2] = ["AD", "BC"];
const ERAS_WITH_POINTS: [&str; 2] = ["A.D.", "B.C."];
const HALVES: [&str; 2] = ["AM", "PM"];
const HALVES_WITH_POINTS: [&str; 2] = ["A.M.", "P.M."];
/// Longer ones first, because each begins with a shorter one.
const ROMAN: [(&str, i64); 12] = [
    ("XII", 12),
    ("XI", 11),
    ("X", 10),
    ("IX", 9),
    ("VIII", 8),
    ("VII", 7),
    ("VI", 6),
    ("V", 5),
    ("IV", 4),
    ("III", 3),
    ("II", 2),
    ("I", 1),
];

impl Found {
    #[expect(clippy::too_many_lines, reason = "one arm for each field of a template")]
    fn field(&mut self, reader: &mut Reader<'_>, field: &Field, extra: i64) -> Result<()> {
        self.set_convention(reader.text, field.pattern)?;
        let name = field.name;
        let text = reader.text;
        let number = |reader: &mut Reader<'_>, width: usize| reader.number(width, field.exact, name);
        let index = |index: usize| i64::try_from(index).unwrap_or(0);
        match field.pattern {
            Pattern::Era { points } => {
                let names = if points { &ERAS_WITH_POINTS } else { &ERAS };
                self.era = index(reader.one_of(names, name)?);
            }
            Pattern::Half { points } => {
                let names = if points { &HALVES_WITH_POINTS } else { &HALVES };
                self.afternoon = reader.one_of(names, name)? == 1;
                self.twelve_hours = true;
            }
            Pattern::Day | Pattern::DayShort => {
                let short: Vec<&str> = WEEKDAYS.iter().map(|day| &day[..3]).collect();
                let names = if field.pattern == Pattern::Day { &WEEKDAYS[..] } else { &short[..] };
                let day = index(reader.one_of(names, name)?) + 1;
                set(&mut self.weekday, day, text, name)?;
            }
            Pattern::Month | Pattern::MonthShort => {
                let short: Vec<&str> = MONTHS.iter().map(|month| &month[..3]).collect();
                let names = if field.pattern == Pattern::Month { &MONTHS[..] } else { &short[..] };
                let month = index(reader.one_of(names, name)?) + 1;
                set(&mut self.month, month, text, name)?;
            }
            Pattern::Roman => {
                let names = ROMAN.map(|(name, _)| name);
                let (_, month) = ROMAN[reader.one_of(&names, name)?];
                set(&mut self.month, month, text, name)?;
            }
            Pattern::MonthNumber => set(&mut self.month, number(reader, 2)?.0, text, name)?,
            Pattern::DayOfMonth => set(&mut self.day, number(reader, 2)?.0, text, name)?,
            Pattern::DayOfYear | Pattern::IsoDayOfYear => {
                set(&mut self.day_of_year, number(reader, 3)?.0, text, name)?;
            }
            Pattern::DayOfWeek => set(&mut self.weekday, number(reader, 1)?.0, text, name)?,
            Pattern::IsoDayOfWeek => {
                let day = number(reader, 1)?.0;
                // Sunday is the first day here.
                set(&mut self.weekday, if day >= 7 { 1 } else { day + 1 }, text, name)?;
            }
            Pattern::WeekOfYear | Pattern::IsoWeek => set(&mut self.week, number(reader, 2)?.0, text, name)?,
            Pattern::WeekOfMonth => set(&mut self.week_of_month, number(reader, 1)?.0, text, name)?,
            // PostgreSQL reads over it too.
            Pattern::Quarter => {
                number(reader, 1)?;
            }
            Pattern::Century => set(&mut self.century, number(reader, 2)?.0, text, name)?,
            Pattern::Julian => set(&mut self.julian, number(reader, 1)?.0, text, name)?,
            Pattern::YearWithComma => {
                let (thousands, _) = reader.number(10, false, name)?;
                if reader.peek() != Some(',') {
                    return Err(refuse(text, "Y,YYY needs a comma"));
                }
                reader.skip();
                let digits = reader.rest().bytes().take(3).take_while(u8::is_ascii_digit).count();
                let hundreds = reader.number(digits.max(1), true, name)?.0;
                set(&mut self.year, thousands * 1000 + hundreds, text, name)?;
                self.year_digits = 4;
            }
            Pattern::Year(digits) | Pattern::IsoYear(digits) => {
                let (year, length) = number(reader, usize::try_from(digits).unwrap_or(4))?;
                let year = if digits < 4 && length < 4 { completed(year) } else { year };
                set(&mut self.year, year, text, name)?;
                self.year_digits = digits;
            }
            Pattern::Hour24
            | Pattern::Hour12
            | Pattern::Minute
            | Pattern::Second
            | Pattern::SecondOfDay
            | Pattern::Milliseconds
            | Pattern::Microseconds
            | Pattern::Fraction(_) => self.clock_field(reader, field)?,
            Pattern::Zone | Pattern::Offset | Pattern::ZoneHour | Pattern::ZoneMinute => {
                self.zone_field(reader, field, extra)?;
            }
            Pattern::Exact => {}
        }
        Ok(())
    }

    /// Refuses patterns of years of weeks beside those of years of months.
    fn set_convention(&mut self, text: &str, pattern: Pattern) -> Result<()> {
        let by_weeks = match pattern {
            Pattern::IsoDayOfYear | Pattern::IsoDayOfWeek | Pattern::IsoWeek | Pattern::IsoYear(_) => true,
            Pattern::Century
            | Pattern::Day
            | Pattern::DayShort
            | Pattern::DayOfYear
            | Pattern::DayOfMonth
            | Pattern::DayOfWeek
            | Pattern::MonthNumber
            | Pattern::Month
            | Pattern::MonthShort
            | Pattern::Roman
            | Pattern::WeekOfYear
            | Pattern::WeekOfMonth
            | Pattern::YearWithComma
            | Pattern::Year(_) => {
                // The names of weekdays go with both.
                if matches!(pattern, Pattern::Day | Pattern::DayShort) {
                    return Ok(());
                }
                false
            }
            _ => return Ok(()),
        };
        if self.by_weeks.is_some_and(|earlier| earlier != by_weeks) {
            return Err(refuse(text, "patterns of ISO weeks and of months do not go together"));
        }
        self.by_weeks = Some(by_weeks);
        Ok(())
    }

    fn clock_field(&mut self, reader: &mut Reader<'_>, field: &Field) -> Result<()> {
        let (name, text) = (field.name, reader.text);
        let mut number = |width: usize| reader.number(width, field.exact, name);
        let decimals = |(value, length): (i64, usize), digits: usize| {
            value * 10_i64.pow(u32::try_from(digits.saturating_sub(length)).unwrap_or(0))
        };
        match field.pattern {
            Pattern::Hour12 => {
                set(&mut self.hour, number(2)?.0, text, name)?;
                self.twelve_hours = true;
            }
            Pattern::Hour24 => set(&mut self.hour, number(2)?.0, text, name)?,
            Pattern::Minute => set(&mut self.minute, number(2)?.0, text, name)?,
            Pattern::Second => set(&mut self.second, number(2)?.0, text, name)?,
            Pattern::SecondOfDay => set(&mut self.second_of_day, number(name.len())?.0, text, name)?,
            Pattern::Milliseconds => self.millis = decimals(number(3)?, 3),
            Pattern::Fraction(digits) => {
                self.micros = decimals(number(usize::try_from(digits).unwrap_or(6))?, 6);
                self.fraction_digits = Some(digits);
            }
            _ => self.micros = decimals(number(6)?, 6),
        }
        Ok(())
    }

    fn zone_field(&mut self, reader: &mut Reader<'_>, field: &Field, extra: i64) -> Result<()> {
        let (name, text) = (field.name, reader.text);
        if field.pattern == Pattern::Zone {
            let letters = reader.rest().bytes().take_while(u8::is_ascii_alphabetic).count();
            let longest = (1..=letters).rev().find_map(|length| {
                let zone = Zone::by_abbreviation(&reader.rest()[..length])?;
                Some((length, zone))
            });
            if let Some((length, zone)) = longest {
                self.zone_seconds = Some(zone.offset_of_local(0)?);
                reader.at += length;
                return Ok(());
            }
            if letters > 0 {
                return Err(refuse(text, "the time zone is not known"));
            }
        }
        if field.pattern == Pattern::ZoneMinute {
            if self.zone_sign == 0 {
                self.zone_sign = 1;
            }
            return set(&mut self.zone_minute, reader.number(2, field.exact, name)?.0, text, name);
        }
        match reader.peek() {
            Some(sign @ ('+' | '-' | ' ')) => {
                self.zone_sign = if sign == '-' { -1 } else { 1 };
                reader.skip();
            }
            // The sign may have been taken for a separator.
            _ => {
                let before = reader.at.checked_sub(1).and_then(|at| text.as_bytes().get(at));
                self.zone_sign = if extra > 0 && before == Some(&b'-') { -1 } else { 1 };
            }
        }
        set(&mut self.zone_hour, reader.number(2, field.exact, name)?.0, text, name)?;
        if field.pattern != Pattern::ZoneHour && reader.peek() == Some(':') {
            reader.skip();
            set(&mut self.zone_minute, reader.number(2, field.exact, name)?.0, text, name)?;
        }
        Ok(())
    }
}

/// A year of fewer than four digits, nearest to 2020.
const fn completed(year: i64) -> i64 {
    match year {
        ..70 => year + 2000,
        70..100 => year + 1900,
        100..520 => year + 2000,
        520..1000 => year + 1000,
        _ => year,
    }
}
