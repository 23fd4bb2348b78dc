//! `to_char` of timestamps and intervals.

use phantomdb_protocol::{Error, ErrorCode, Result};

use super::{
    calendar::{Civil, MONTHS, WEEKDAYS, iso_week_start},
    template::{Case, Node, Ordinal, Pattern, parse},
    value::{Interval, MICROS_PER_HOUR, MICROS_PER_MINUTE, MICROS_PER_SECOND, Timestamp},
};

/// The parts of what is written.
struct Fields {
    civil: Civil,
    day_of_year: i64,
    hour: i64,
    minute: i64,
    second: i64,
    micros: i64,
    kind: Kind,
}

#[derive(Clone, Copy, PartialEq, Eq)]
enum Kind {
    Timestamp,
    /// A timestamp with a zone, which is UTC.
    WithZone,
    Interval,
}

impl Timestamp {
    /// The time by a template; none of an infinite time and by an empty template.
    pub fn to_char(self, template: &str, with_zone: bool) -> Result<Option<String>> {
        if !self.is_finite() || template.is_empty() {
            return Ok(None);
        }
        let (civil, clock) = (self.civil(), self.clock());
        let fields = Fields {
            civil,
            day_of_year: civil.day_of_year().into(),
            hour: clock.hour,
            minute: clock.minute,
            second: clock.second,
            micros: clock.micros,
            kind: if with_zone { Kind::WithZone } else { Kind::Timestamp },
        };
        write(template, &fields).map(Some)
    }
}

impl Interval {
    /// The interval by a template; none of an infinite one and by an empty template.
    pub fn to_char(self, template: &str) -> Result<Option<String>> {
        if !self.is_finite() || template.is_empty() {
            return Ok(None);
        }
        let civil = Civil::new(self.months / 12, self.months % 12, self.days);
        let fields = Fields {
            civil,
            day_of_year: i64::from(self.months) * 30 + i64::from(self.days),
            hour: self.micros / MICROS_PER_HOUR,
            minute: self.micros / MICROS_PER_MINUTE % 60,
            second: self.micros / MICROS_PER_SECOND % 60,
            micros: self.micros % MICROS_PER_SECOND,
            kind: Kind::Interval,
        };
        write(template, &fields).map(Some)
    }
}

/// The longest result.
const MAX_LENGTH: usize = 16 << 20;

fn write(template: &str, fields: &Fields) -> Result<String> {
    let mut out = String::with_capacity(template.len() * 2);
    for node in parse(template) {
        match node {
            Node::Separator(character) | Node::Text(character) => out.push(character),
            Node::Pattern { pattern, case, fill, translated, ordinal, name: _ } => {
                let text = fields.text(pattern, case, fill, translated)?;
                out.push_str(&text);
                if let Some(ordinal) = ordinal.filter(|_| has_ordinal(pattern) && !text.is_empty()) {
                    out.push_str(ordinal_letters(&text, ordinal));
                }
            }
        }
        if out.len() > MAX_LENGTH {
            return Err(Error::new(ErrorCode::OutOfRange, "the result of to_char is too long"));
        }
    }
    Ok(out)
}

/// Returns whether the letters of an ordinal number may follow.
fn has_ordinal(pattern: Pattern) -> bool {
    pattern.is_number() && pattern != Pattern::ZoneMinute
}

fn ordinal_letters(number: &str, ordinal: Ordinal) -> &'static str {
    let digits = number.as_bytes();
    let (last, before) = match digits {
        [.., before, last] => (*last, *before),
        [last] => (*last, b'0'),
        [] => (b'0', b'0'),
    };
    let (upper, lower) = match last {
        _ if before == b'1' => ("TH", "th"),
        b'1' => ("ST", "st"),
        b'2' => ("ND", "nd"),
        b'3' => ("RD", "rd"),
        _ => ("TH", "th"),
    };
    if ordinal == Ordinal::Upper { upper } else { lower }
}

/// A number with zeros before it, and without them when it is filled. A negative one is a character wider.
fn padded(number: i64, width: usize, fill: bool) -> String {
    let width = match (fill, number < 0) {
        (true, _) => 0,
        (false, true) => width + 1,
        (false, false) => width,
    };
    format!("{number:0width$}")
}

/// A number with zeros before it, and without them when it is filled.
fn fixed(number: i64, width: usize, fill: bool) -> String {
    let width = if fill { 0 } else { width };
    format!("{number:0width$}")
}

fn cased(text: &str, case: Case) -> String {
    match case {
        Case::Upper => text.to_ascii_uppercase(),
        Case::Capital => text.to_owned(),
        Case::Lower => text.to_ascii_lowercase(),
    }
}

const ROMAN: [&str; 12] = ["I", "II", "III", "IV", "V", "VI", "VII", "VIII", "IX", "X", "XI", "XII"];

impl Fields {
    #[expect(clippy::too_many_lines, reason = "one arm for each pattern of a template")]
    fn text(&self, pattern: Pattern, case: Case, fill: bool, translated: bool) -> Result<String> {
        let name = |names: &[&str], index: i32, short: bool, width: usize| {
            let name = usize::try_from(index).ok().and_then(|index| names.get(index)).copied().unwrap_or("");
            let name = if short { name.get(..3).unwrap_or(name) } else { name };
            let width = if fill || translated || short { 0 } else { width };
            format!("{:<width$}", cased(name, case))
        };
        let points = |dotted: bool, plain: &str, with_points: &str| {
            cased(if dotted { with_points } else { plain }, case)
        };
        let is_interval = self.kind == Kind::Interval;
        if is_interval && !has_interval(pattern) {
            return Err(Error::new(
                ErrorCode::TypeMismatch,
                "an interval has no names of days and months, no eras and no zone; leave their patterns out",
            ));
        }
        let Civil { year, month, day } = self.civil;
        Ok(match pattern {
            Pattern::Era { points: dotted } => {
                if year > 0 {
                    points(dotted, "AD", "A.D.")
                } else {
                    points(dotted, "BC", "B.C.")
                }
            }
            Pattern::Half { points: dotted } => {
                let afternoon = self.hour % 24 >= 12;
                if afternoon { points(dotted, "PM", "P.M.") } else { points(dotted, "AM", "A.M.") }
            }
            Pattern::Day => name(&WEEKDAYS, self.civil.weekday(), false, 9),
            Pattern::DayShort => name(&WEEKDAYS, self.civil.weekday(), true, 0),
            Pattern::Month => name(&MONTHS, month - 1, false, 9),
            Pattern::MonthShort => name(&MONTHS, month - 1, true, 0),
            Pattern::Roman => match self.roman() {
                Some(number) => {
                    let width = if fill { 0 } else { 4 };
                    format!("{:<width$}", cased(number, case))
                }
                None => String::new(),
            },
            Pattern::Quarter if month == 0 => String::new(),
            Pattern::Quarter => ((month - 1) / 3 + 1).to_string(),
            Pattern::DayOfMonth => fixed(day.into(), 2, fill),
            Pattern::DayOfWeek => (self.civil.weekday() + 1).to_string(),
            Pattern::IsoDayOfWeek => self.civil.iso_week().2.to_string(),
            Pattern::WeekOfMonth => ((day - 1) / 7 + 1).to_string(),
            Pattern::Julian => self.civil_date().julian().to_string(),
            Pattern::MonthNumber => padded(month.into(), 2, fill),
            Pattern::Zone if self.kind == Kind::Timestamp => String::new(),
            Pattern::Zone => cased("UTC", case),
            Pattern::ZoneHour => "+00".to_owned(),
            Pattern::ZoneMinute => "00".to_owned(),
            Pattern::Offset => if fill { "+0" } else { "+00" }.to_owned(),
            Pattern::Exact => String::new(),
            Pattern::Year(_)
            | Pattern::IsoYear(_)
            | Pattern::YearWithComma
            | Pattern::Century
            | Pattern::DayOfYear
            | Pattern::IsoDayOfYear
            | Pattern::WeekOfYear
            | Pattern::IsoWeek => self.of_year(pattern, fill),
            Pattern::Hour24
            | Pattern::Hour12
            | Pattern::Minute
            | Pattern::Second
            | Pattern::SecondOfDay
            | Pattern::Milliseconds
            | Pattern::Microseconds
            | Pattern::Fraction(_) => self.of_clock(pattern, fill),
        })
    }

    fn of_clock(&self, pattern: Pattern, fill: bool) -> String {
        let decimals = |digits: usize| {
            let power = 10_i64.pow(6 - u32::try_from(digits).unwrap_or(6));
            format!("{:0digits$}", self.micros / power)
        };
        match pattern {
            Pattern::Hour24 => padded(self.hour, 2, fill),
            Pattern::Hour12 => {
                let hour = if self.hour % 12 == 0 { 12 } else { self.hour % 12 };
                let width = if self.hour < 0 { 3 } else { 2 };
                let width = if fill { 0 } else { width };
                format!("{hour:0width$}")
            }
            Pattern::Minute => padded(self.minute, 2, fill),
            Pattern::Second => padded(self.second, 2, fill),
            Pattern::SecondOfDay => (self.hour * 3600 + self.minute * 60 + self.second).to_string(),
            Pattern::Milliseconds => decimals(3),
            Pattern::Fraction(digits) => decimals(usize::try_from(digits).unwrap_or(6)),
            _ => decimals(6),
        }
    }

    fn of_year(&self, pattern: Pattern, fill: bool) -> String {
        let is_interval = self.kind == Kind::Interval;
        // There is no year 0, except in an interval.
        let shown = |year: i32| if is_interval || year > 0 { year } else { 1 - year };
        let year = shown(self.civil.year);
        let last = |year: i32, digits: u32| {
            let kept = if digits >= 4 { year } else { year % 10_i32.pow(digits) };
            // A sign makes it wider, except that of a year of weeks alone.
            let width = digits + u32::from(self.civil.year < 0 && digits > 1);
            fixed(kept.into(), usize::try_from(width).unwrap_or(4), fill)
        };
        match pattern {
            Pattern::Year(digits) => last(year, digits),
            Pattern::IsoYear(digits) => last(shown(self.civil_date().iso_week().0), digits),
            Pattern::YearWithComma => format!("{},{:03}", year / 1000, year % 1000),
            Pattern::Century => {
                let century = match self.civil.year {
                    year if is_interval => year / 100,
                    year if year > 0 => (year - 1) / 100 + 1,
                    year => year / 100 - 1,
                };
                if century.abs() <= 99 { padded(century.into(), 2, fill) } else { century.to_string() }
            }
            Pattern::DayOfYear => fixed(self.day_of_year, 3, fill),
            Pattern::WeekOfYear => fixed((self.day_of_year - 1) / 7 + 1, 2, fill),
            Pattern::IsoWeek => fixed(self.civil_date().iso_week().1.into(), 2, fill),
            _ => {
                let date = self.civil_date();
                let start = iso_week_start(date.iso_week().0, 1);
                fixed(date.days() - start + 1, 3, fill)
            }
        }
    }

    /// The day that the parts of an interval name, if they were of a day.
    fn civil_date(&self) -> Civil {
        if self.kind != Kind::Interval {
            return self.civil;
        }
        let months = i64::from(self.civil.year) * 12 + i64::from(self.civil.month) - 1;
        let first = Civil {
            year: i32::try_from(months.div_euclid(12)).unwrap_or(0),
            month: i32::try_from(months.rem_euclid(12)).unwrap_or(0) + 1,
            day: 1,
        };
        let days = first.days() + i64::from(self.civil.day) - 1;
        i32::try_from(days).map_or(first, Civil::from_days)
    }

    /// The month in Roman digits; of a negative interval it counts from the end.
    fn roman(&self) -> Option<&'static str> {
        let Civil { year, month, day: _ } = self.civil;
        let index = match month {
            0 if year == 0 => return None,
            0 if year > 0 => 11,
            0 => 0,
            _ if month < 0 => 12 + month,
            _ => month - 1,
        };
        usize::try_from(index).ok().and_then(|index| ROMAN.get(index)).copied()
    }
}

/// Returns whether an interval has what the pattern writes.
const fn has_interval(pattern: Pattern) -> bool {
    !matches!(
        pattern,
        Pattern::Era { .. }
            | Pattern::Day
            | Pattern::DayShort
            | Pattern::Month
            | Pattern::MonthShort
            | Pattern::DayOfWeek
            | Pattern::IsoDayOfWeek
            | Pattern::Zone
            | Pattern::ZoneHour
            | Pattern::ZoneMinute
            | Pattern::Offset
    )
}
