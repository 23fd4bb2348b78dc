//! Times as the contract writes them, from PostgreSQL's microseconds and days since 2000.

use std::fmt;

use phantomdb_engine::json_rows::write_json;

const MICROS_PER_SECOND: i64 = 1_000_000;
const MICROS_PER_DAY: i64 = 86_400 * MICROS_PER_SECOND;
/// Days from 0000-03-01 to 2000-01-01.
const DAYS_BEFORE_2000: i64 = 730_425;

/// ISO 8601 UTC with milliseconds; what is finer is cut off.
pub(crate) fn write_timestamp(out: &mut Vec<u8>, micros: i64) {
    match infinity(micros == i64::MAX, micros == i64::MIN) {
        Some(text) => write_json(out, text),
        None => {
            let (days, within) = (micros.div_euclid(MICROS_PER_DAY), micros.rem_euclid(MICROS_PER_DAY));
            let clock = Clock(within - within.rem_euclid(1000));
            write_json(out, &format!("{}T{clock:.3}Z", Day(days)));
        }
    }
}

pub(crate) fn write_date(out: &mut Vec<u8>, days: i32) {
    match infinity(days == i32::MAX, days == i32::MIN) {
        Some(text) => write_json(out, text),
        None => write_json(out, &Day(i64::from(days)).to_string()),
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

/// A day, counted from 2000-01-01.
struct Day(i64);

impl fmt::Display for Day {
    /// The year begins in March here, so that a leap day is the last one of its year.
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let days = self.0 + DAYS_BEFORE_2000;
        let (era, of_era) = (days.div_euclid(146_097), days.rem_euclid(146_097));
        let year_of_era = (of_era - of_era / 1460 + of_era / 36_524 - of_era / 146_096) / 365;
        let of_year = of_era - (365 * year_of_era + year_of_era / 4 - year_of_era / 100);
        let shifted = (5 * of_year + 2) / 153;
        let day = of_year - (153 * shifted + 2) / 5 + 1;
        let month = if shifted < 10 { shifted + 3 } else { shifted - 9 };
        let year = year_of_era + era * 400 + i64::from(month <= 2);
        match year {
            0..=9999 => write!(f, "{year:04}-{month:02}-{day:02}"),
            _ => write!(f, "{year:+07}-{month:02}-{day:02}"),
        }
    }
}

/// Microseconds since midnight, with as many decimals as are needed, or as the precision says.
pub(crate) struct Clock(pub(crate) i64);

impl fmt::Display for Clock {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let seconds = self.0 / MICROS_PER_SECOND;
        let micros = self.0 % MICROS_PER_SECOND;
        write!(f, "{:02}:{:02}:{:02}", seconds / 3600, seconds / 60 % 60, seconds % 60)?;
        let decimals = format!("{micros:06}");
        match f.precision() {
            Some(precision) => write!(f, ".{}", &decimals[..precision.min(6)]),
            None if micros == 0 => Ok(()),
            None if micros % 1000 == 0 => write!(f, ".{}", &decimals[..3]),
            None => write!(f, ".{decimals}"),
        }
    }
}

/// `1 year 2 mons 3 days 04:05:06`, as PostgreSQL writes it.
pub(crate) struct Interval {
    pub(crate) micros: i64,
    pub(crate) days: i32,
    pub(crate) months: i32,
}

impl fmt::Display for Interval {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let mut first = true;
        for (count, unit) in [(self.months / 12, "year"), (self.months % 12, "mon"), (self.days, "day")] {
            if count != 0 {
                let plural = if count == 1 { "" } else { "s" };
                write!(f, "{}{count} {unit}{plural}", if first { "" } else { " " })?;
                first = false;
            }
        }
        if self.micros != 0 || first {
            let sign = if self.micros < 0 { "-" } else { "" };
            let space = if first { "" } else { " " };
            let clock = Clock(i64::try_from(self.micros.unsigned_abs()).unwrap_or(i64::MAX));
            write!(f, "{space}{sign}{clock}")?;
        }
        Ok(())
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
    fn it_writes_timestamps_in_utc_with_milliseconds() {
        let at = |micros| written(|out| write_timestamp(out, micros));
        assert_eq!(at(0), r#""2000-01-01T00:00:00.000Z""#);
        assert_eq!(at(1_999), r#""2000-01-01T00:00:00.001Z""#);
        assert_eq!(at(-1), r#""1999-12-31T23:59:59.999Z""#);
        assert_eq!(at(820_540_800_500_000), r#""2026-01-01T00:00:00.500Z""#);
        assert_eq!(at(i64::MAX), r#""Infinity""#);
        assert_eq!(at(-3_155_673_600_000_000 - 1), r#""1899-12-31T23:59:59.999Z""#);
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
    fn it_writes_times_and_intervals() {
        assert_eq!(Clock(0).to_string(), "00:00:00");
        assert_eq!(Clock(3_723_500_000).to_string(), "01:02:03.500");
        assert_eq!(Clock(3_723_500_001).to_string(), "01:02:03.500001");
        let interval = Interval { micros: -3_723_000_000, days: 1, months: 14 };
        assert_eq!(interval.to_string(), "1 year 2 mons 1 day -01:02:03");
        assert_eq!(Interval { micros: 0, days: 0, months: 0 }.to_string(), "00:00:00");
    }
}
