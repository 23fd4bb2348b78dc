//! Times: their parts, truncation, intervals, `to_char`.

use jiff::{
    RoundMode, Span, Timestamp, ToSpan, Unit,
    civil::{Date, DateTime, DateTimeRound, Time},
    tz::TimeZone,
};
use phantomdb_protocol::{Error, ErrorCode, Result};
use phantomdb_sql::time::{parse, timestamp_text};
use rusqlite::{
    Connection,
    types::{Value, ValueRef},
};

use super::{FunctionResult, convert, pure};

pub(super) fn register(conn: &Connection) -> rusqlite::Result<()> {
    pure(conn, "date_part", 2, |a| {
        let Some(at) = moment(a.value(1))? else { return Ok(Value::Null) };
        part(&a.text(0), at)
    })?;
    pure(conn, "date_trunc", 2, |a| {
        let Some(at) = moment(a.value(1))? else { return Ok(Value::Null) };
        truncate(&a.text(0), at).map(|at| Value::Text(timestamp_text(at)))
    })?;
    pure(conn, "phantomdb_add_interval", 3, |a| {
        let Some(at) = moment(a.value(0))? else { return Ok(Value::Null) };
        let span = interval(&a.text(1))?;
        let moved = if a.integer(2) < 0 { at.checked_sub(span) } else { at.checked_add(span) };
        let error = |_| Error::new(ErrorCode::OutOfRange, "the time is out of range");
        moved.map(|at| Value::Text(timestamp_text(at))).map_err(error)
    })?;
    pure(conn, "phantomdb_days_between", 2, |a| {
        let (Some(to), Some(from)) = (moment(a.value(0))?, moment(a.value(1))?) else {
            return Ok(Value::Null);
        };
        let days = from.date().until((Unit::Day, to.date())).map_err(|_| date_out_of_range())?;
        Ok(Value::Integer(days.get_days().into()))
    })?;
    pure(conn, "phantomdb_add_days", 2, |a| moved_date(a.value(0), a.value(1), 1))?;
    pure(conn, "phantomdb_subtract_days", 2, |a| moved_date(a.value(0), a.value(1), -1))?;
    pure(conn, "to_char", 2, |a| match a.value(0) {
        ValueRef::Null => Ok(Value::Null),
        value => match moment(value)? {
            Some(at) => Ok(Value::Text(to_char(&a.text(1), at))),
            None => Ok(Value::Null),
        },
    })
}

fn date_out_of_range() -> Error {
    Error::new(ErrorCode::OutOfRange, "the date is out of range")
}

/// A date that is `days` later, or earlier when `sign` is -1.
fn moved_date(date: ValueRef<'_>, days: ValueRef<'_>, sign: i64) -> FunctionResult {
    let (Some(at), ValueRef::Integer(days)) = (moment(date)?, days) else { return Ok(Value::Null) };
    let span = days.checked_mul(sign).and_then(|days| Span::new().try_days(days).ok());
    let moved = span.and_then(|span| at.date().checked_add(span).ok()).ok_or_else(date_out_of_range)?;
    Ok(Value::Text(moved.to_string()))
}

fn moment(value: ValueRef<'_>) -> Result<Option<DateTime>> {
    if matches!(value, ValueRef::Null) {
        return Ok(None);
    }
    let text = convert::text_of(value);
    parse(text.trim()).map(Some).ok_or_else(|| convert::mismatch(value, "a timestamp"))
}

fn part(field: &str, at: DateTime) -> FunctionResult {
    let whole = |number: i64| Ok(Value::Integer(number));
    let nanosecond = f64::from(at.subsec_nanosecond());
    match field.to_ascii_lowercase().as_str() {
        "year" => whole(at.year().into()),
        "month" => whole(at.month().into()),
        "day" => whole(at.day().into()),
        "hour" => whole(at.hour().into()),
        "minute" => whole(at.minute().into()),
        "second" => Ok(Value::Real(f64::from(at.second()) + nanosecond / 1e9)),
        "milliseconds" | "millisecond" => Ok(Value::Real(f64::from(at.second()) * 1e3 + nanosecond / 1e6)),
        "microseconds" | "microsecond" => {
            whole(i64::from(at.second()) * 1_000_000 + i64::from(at.subsec_nanosecond()) / 1000)
        }
        "quarter" => whole(i64::from((at.month() - 1) / 3 + 1)),
        "dow" => whole(at.weekday().to_sunday_zero_offset().into()),
        "isodow" => whole(at.weekday().to_monday_one_offset().into()),
        "doy" => whole(at.day_of_year().into()),
        "week" => whole(at.date().iso_week_date().week().into()),
        "isoyear" => whole(at.date().iso_week_date().year().into()),
        "decade" => whole(i64::from(at.year()).div_euclid(10)),
        "century" => whole((i64::from(at.year()) + 99) / 100),
        "millennium" => whole((i64::from(at.year()) + 999) / 1000),
        "timezone" | "timezone_hour" | "timezone_minute" => whole(0),
        "epoch" => {
            let seconds = utc(at)?.as_second();
            if at.subsec_nanosecond() == 0 {
                return whole(seconds);
            }
            #[expect(clippy::cast_precision_loss, reason = "seconds of a calendar fit a float")]
            Ok(Value::Real(seconds as f64 + nanosecond / 1e9))
        }
        other => Err(unknown_field(other)),
    }
}

fn utc(at: DateTime) -> Result<Timestamp> {
    TimeZone::UTC.to_timestamp(at).map_err(|_| Error::new(ErrorCode::OutOfRange, "the time is out of range"))
}

fn unknown_field(field: &str) -> Error {
    Error::unsupported(format!("the field '{field}' of a time is not supported"))
}

fn truncate(field: &str, at: DateTime) -> Result<DateTime> {
    let start = |date: Date| date.to_datetime(Time::midnight());
    let date = at.date();
    let of = |year: i16, month: i8| Date::new(year, month, 1).map(start);
    let down_to = |unit| at.round(DateTimeRound::new().smallest(unit).mode(RoundMode::Trunc));
    let truncated = match field.to_ascii_lowercase().as_str() {
        "microseconds" => Ok(at),
        "milliseconds" => down_to(Unit::Millisecond),
        "second" => down_to(Unit::Second),
        "minute" => down_to(Unit::Minute),
        "hour" => down_to(Unit::Hour),
        "day" => Ok(start(date)),
        "week" => date.checked_sub(i64::from(date.weekday().to_monday_zero_offset()).days()).map(start),
        "month" => of(date.year(), date.month()),
        "quarter" => of(date.year(), (date.month() - 1) / 3 * 3 + 1),
        "year" => of(date.year(), 1),
        "decade" => of(date.year().div_euclid(10) * 10, 1),
        "century" => of((date.year() - 1).div_euclid(100) * 100 + 1, 1),
        other => return Err(unknown_field(other)),
    };
    truncated.map_err(|_| Error::new(ErrorCode::OutOfRange, "the time is out of range"))
}

/// Parses `1 day`, `2 hours 30 minutes`, `-1 month` and `01:30:00`.
///
/// The parser of jiff refuses some of PostgreSQL's intervals: `1 mon`, `2 hours 1 day`, `1 day -2 hours`.
fn interval(text: &str) -> Result<Span> {
    let refuse = || Error::new(ErrorCode::TypeMismatch, format!("'{text}' is not an interval"));
    let mut span = Span::new();
    let mut words = text.split_whitespace();
    while let Some(word) = words.next() {
        if word.contains(':') {
            let time: Time = word.parse().map_err(|_| refuse())?;
            span = span
                .hours(i64::from(time.hour()))
                .minutes(i64::from(time.minute()))
                .seconds(i64::from(time.second()));
            continue;
        }
        let number: i64 = word.parse().map_err(|_| refuse())?;
        let unit = words.next().ok_or_else(refuse)?.to_ascii_lowercase();
        let added = match unit.trim_end_matches('s') {
            "year" | "yr" => span.try_years(number),
            "month" | "mon" => span.try_months(number),
            "week" => span.try_weeks(number),
            "day" => span.try_days(number),
            "hour" | "hr" => span.try_hours(number),
            "minute" | "min" => span.try_minutes(number),
            "second" | "sec" => span.try_seconds(number),
            "millisecond" => span.try_milliseconds(number),
            _ => return Err(refuse()),
        };
        span = added.map_err(|_| refuse())?;
    }
    Ok(span)
}

const MONTHS: [&str; 12] = [
    "January",
    "February",
    "March",
    "April",
    "May",
    "June",
    "July",
    "August",
    "September",
    "October",
    "November",
    "December",
];
const DAYS: [&str; 7] = ["Sunday", "Monday", "Tuesday", "Wednesday", "Thursday", "Friday", "Saturday"];

/// Formats a time with the common patterns of PostgreSQL's `to_char`. Any other text is copied.
fn to_char(pattern: &str, at: DateTime) -> String {
    let month = MONTHS[usize::try_from(at.month() - 1).unwrap_or(0)];
    let day = DAYS[usize::try_from(at.weekday().to_sunday_zero_offset()).unwrap_or(0)];
    let hour12 = if at.hour() % 12 == 0 { 12 } else { at.hour() % 12 };
    let patterns: [(&str, String); 20] = [
        ("YYYY", format!("{:04}", at.year())),
        ("YY", format!("{:02}", at.year().rem_euclid(100))),
        ("IYYY", format!("{:04}", at.date().iso_week_date().year())),
        ("IW", format!("{:02}", at.date().iso_week_date().week())),
        ("MM", format!("{:02}", at.month())),
        ("Month", format!("{month:<9}")),
        ("Mon", month[..3].to_owned()),
        ("DDD", format!("{:03}", at.day_of_year())),
        ("DD", format!("{:02}", at.day())),
        ("Day", format!("{day:<9}")),
        ("Dy", day[..3].to_owned()),
        ("D", (at.weekday().to_sunday_zero_offset() + 1).to_string()),
        ("HH24", format!("{:02}", at.hour())),
        ("HH12", format!("{hour12:02}")),
        ("HH", format!("{hour12:02}")),
        ("MI", format!("{:02}", at.minute())),
        ("SS", format!("{:02}", at.second())),
        ("MS", format!("{:03}", at.subsec_nanosecond() / 1_000_000)),
        ("AM", if at.hour() < 12 { "AM" } else { "PM" }.to_owned()),
        ("Q", ((at.month() - 1) / 3 + 1).to_string()),
    ];
    let mut result = String::with_capacity(pattern.len() + 8);
    let mut rest = pattern;
    while let Some(c) = rest.chars().next() {
        if let Some(quoted) = rest.strip_prefix('"') {
            let end = quoted.find('"').unwrap_or(quoted.len());
            result.push_str(&quoted[..end]);
            rest = quoted.get(end + 1..).unwrap_or_default();
            continue;
        }
        let rest_is =
            |name: &str| rest.get(..name.len()).is_some_and(|start| start.eq_ignore_ascii_case(name));
        match patterns.iter().find(|(name, _)| rest_is(name)) {
            Some((name, text)) => {
                result.push_str(text);
                rest = &rest[name.len()..];
            }
            None => {
                result.push(c);
                rest = &rest[c.len_utf8()..];
            }
        }
    }
    result
}
