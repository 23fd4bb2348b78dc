//! Dates, times and intervals that are made of numbers.

use phantomdb_protocol::{Error, ErrorCode, Result};

use super::{
    calendar::Civil,
    errors::{date_out_of_range, interval_out_of_range, time_out_of_range, timestamp_out_of_range},
    value::{Date, Interval, MICROS_PER_HOUR, MICROS_PER_MINUTE, TimeOfDay, Timestamp},
};

/// A day from its parts. Fails with `OUT_OF_RANGE` when there is none.
pub fn make_date(year: i64, month: i64, day: i64) -> Result<Date> {
    // PostgreSQL takes a negative year for one before our era.
    if !(1..=9999).contains(&year) {
        return Err(date_out_of_range());
    }
    let part = |number: i64| i32::try_from(number).map_err(|_| date_out_of_range());
    let civil = Civil::new(part(year)?, part(month)?, part(day)?);
    if !civil.exists() {
        let message = format!("there is no day {year}-{month:02}-{day:02}");
        return Err(Error::new(ErrorCode::OutOfRange, message));
    }
    Date::from_civil(civil)
}

/// A time of day from its parts.
pub fn make_time(hour: i64, minute: i64, second: f64) -> Result<TimeOfDay> {
    let micros = (second * 1e6).round_ties_even();
    if !(0..=24).contains(&hour) || !(0..60).contains(&minute) || !(0.0..=60_000_000.0).contains(&micros) {
        return Err(time_out_of_range());
    }
    #[expect(clippy::cast_possible_truncation, reason = "checked above")]
    let micros = micros as i64;
    TimeOfDay::new(hour * MICROS_PER_HOUR + minute * MICROS_PER_MINUTE + micros)
}

/// An interval from its parts: years, months, weeks, days, hours, minutes and seconds.
pub fn make_interval(parts: [i64; 6], seconds: f64) -> Result<Interval> {
    if parts.iter().any(|part| i32::try_from(*part).is_err()) {
        return Err(interval_out_of_range());
    }
    let [years, months, weeks, days, hours, minutes] = parts;
    let micros = (seconds * 1e6).round_ties_even();
    if !micros.is_finite() || micros.abs() > 1e30 {
        return Err(interval_out_of_range());
    }
    #[expect(clippy::cast_possible_truncation, reason = "checked above")]
    let micros = micros as i128;
    let clock = i128::from(hours) * 3600 + i128::from(minutes) * 60;
    Interval::from_wide(years * 12 + months, weeks * 7 + days, clock * 1_000_000 + micros)
}

/// The time after so many seconds since 1970.
pub fn from_epoch(seconds: f64) -> Result<Timestamp> {
    if seconds.is_infinite() {
        return Ok(if seconds > 0.0 { Timestamp::INFINITY } else { Timestamp::NEGATIVE_INFINITY });
    }
    if seconds.is_nan() || seconds.abs() > 1e15 {
        return Err(timestamp_out_of_range());
    }
    let since_2000 = seconds - 946_684_800.0;
    #[expect(clippy::cast_possible_truncation, reason = "checked above")]
    let micros = (since_2000 * 1e6).round_ties_even() as i64;
    Timestamp::new(micros)
}
