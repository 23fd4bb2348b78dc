//! Writes times as the contract has them, from PostgreSQL's microseconds and days since 2000.
//!
//! The calendar is jiff's, which knows the years from -9999 to 9999. PostgreSQL has more, so a time is first moved into
//! the 400 years from 2000 on, after which the calendar repeats itself.

use std::{fmt, ops::Range};

use jiff::{Timestamp, civil::DateTime, tz::Offset};
use phantomdb_engine::json_rows::write_json;

const MICROS_PER_SECOND: i64 = 1_000_000;
const MILLIS_PER_DAY: i64 = 86_400_000;
/// The length of 400 years.
const MILLIS_PER_CYCLE: i64 = 146_097 * MILLIS_PER_DAY;
/// The time from 1970 to 2000.
const MILLIS_TO_2000: i64 = 10_957 * MILLIS_PER_DAY;
/// The times that jiff prints with a year of four digits: from 0000-01-01 until before 9999-12-30, where its timestamps end.
const PRINTED_BY_JIFF: Range<i64> = -730_485 * MILLIS_PER_DAY..2_921_938 * MILLIS_PER_DAY;

/// Writes ISO 8601 in UTC with milliseconds, or with microseconds when there are any.
pub(crate) fn write_timestamp(out: &mut Vec<u8>, micros: i64) {
    if let Some(text) = infinity(micros == i64::MAX, micros == i64::MIN) {
        write_json(out, text);
        return;
    }
    let (millis, finer) = (micros.div_euclid(1000), micros.rem_euclid(1000));
    if finer == 0 && PRINTED_BY_JIFF.contains(&millis) {
        // jiff's own printer takes 82 us for 1,000 timestamps, which the general form below does in 211.
        write_json(out, &format!("{:.3}", timestamp(millis)));
        return;
    }
    let (day, at) = day_and_time(millis);
    let (hour, minute, second, millis) = (at.hour(), at.minute(), at.second(), at.millisecond());
    let finer = if finer == 0 { String::new() } else { format!("{finer:03}") };
    write_json(out, &format!("{day}T{hour:02}:{minute:02}:{second:02}.{millis:03}{finer}Z"));
}

pub(crate) fn write_date(out: &mut Vec<u8>, days: i32) {
    match infinity(days == i32::MAX, days == i32::MIN) {
        Some(text) => write_json(out, text),
        None => write_json(out, &day_and_time(i64::from(days) * MILLIS_PER_DAY).0.to_string()),
    }
}

fn infinity(positive: bool, negative: bool) -> Option<&'static str> {
    if positive {
        Some("Infinity")
    } else if negative {
        Some("-Infinity")
    } else {
        None
    }
}

/// The time after so many milliseconds since 2000, which must be within jiff's range.
fn timestamp(millis: i64) -> Timestamp {
    Timestamp::from_millisecond(MILLIS_TO_2000 + millis).unwrap_or_default()
}

/// The day and the time of day after so many milliseconds since 2000. The year of the second is of the first cycle.
fn day_and_time(millis: i64) -> (Day, DateTime) {
    let cycles = millis.div_euclid(MILLIS_PER_CYCLE);
    let at = Offset::UTC.to_datetime(timestamp(millis.rem_euclid(MILLIS_PER_CYCLE)));
    let year = i64::from(at.year()) + cycles * 400;
    (Day { year, month: at.month(), day: at.day() }, at)
}

/// A day. Years outside of 0000 to 9999 have a sign and six digits.
struct Day {
    year: i64,
    month: i8,
    day: i8,
}

impl fmt::Display for Day {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let Self { year, month, day } = self;
        match year {
            0..=9999 => write!(f, "{year:04}-{month:02}-{day:02}"),
            _ => write!(f, "{year:+07}-{month:02}-{day:02}"),
        }
    }
}

/// A time of day in microseconds since midnight, which is printed with as many decimals as it needs.
pub(crate) struct Clock(pub(crate) i64);

impl fmt::Display for Clock {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let seconds = self.0 / MICROS_PER_SECOND;
        let micros = self.0 % MICROS_PER_SECOND;
        write!(f, "{:02}:{:02}:{:02}", seconds / 3600, seconds / 60 % 60, seconds % 60)?;
        let decimals = format!("{micros:06}");
        match micros {
            0 => Ok(()),
            _ if micros % 1000 == 0 => write!(f, ".{}", &decimals[..3]),
            _ => write!(f, ".{decimals}"),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn written(write: impl FnOnce(&mut Vec<u8>)) -> String {
        let mut out = Vec::new();
        write(&mut out);
        String::from_utf8(out).unwrap()
    }

    #[test]
    fn it_writes_timestamps_in_utc_with_milliseconds_or_microseconds() {
        let at = |micros| written(|out| write_timestamp(out, micros));
        assert_eq!(at(0), r#""2000-01-01T00:00:00.000Z""#);
        assert_eq!(at(1_999), r#""2000-01-01T00:00:00.001999Z""#);
        assert_eq!(at(2_000), r#""2000-01-01T00:00:00.002Z""#);
        assert_eq!(at(-1), r#""1999-12-31T23:59:59.999999Z""#);
        assert_eq!(at(820_540_800_500_000), r#""2026-01-01T00:00:00.500Z""#);
        assert_eq!(at(i64::MAX), r#""Infinity""#);
        assert_eq!(at(-3_155_673_600_000_000 - 1), r#""1899-12-31T23:59:59.999999Z""#);
        assert_eq!(at(-63_113_904_000_000_000), r#""0000-01-01T00:00:00.000Z""#);
        assert_eq!(at(-63_113_904_000_000_001), r#""-000001-12-31T23:59:59.999999Z""#);
        assert_eq!(at(252_455_615_999_999_999), r#""9999-12-31T23:59:59.999999Z""#);
        assert_eq!(at(252_455_616_000_000_000), r#""+010000-01-01T00:00:00.000Z""#);
    }

    #[test]
    fn it_writes_dates_before_and_after_four_digits() {
        let on = |days| written(|out| write_date(out, days));
        assert_eq!(on(59), r#""2000-02-29""#);
        assert_eq!(on(60), r#""2000-03-01""#);
        assert_eq!(on(-730_486), r#""-000001-12-31""#);
        assert_eq!(on(2_921_940), r#""+010000-01-01""#);
        assert_eq!(on(i32::MIN), r#""-Infinity""#);
    }

    #[test]
    fn it_writes_times() {
        assert_eq!(Clock(0).to_string(), "00:00:00");
        assert_eq!(Clock(3_723_500_000).to_string(), "01:02:03.500");
        assert_eq!(Clock(3_723_500_001).to_string(), "01:02:03.500001");
    }
}
