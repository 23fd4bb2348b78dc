//! The names of the fields of dates, times and intervals.

use phantomdb_protocol::{Error, ErrorCode, Result};

/// A field, of an instant or of a length.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Unit {
    Microseconds,
    Milliseconds,
    Second,
    Minute,
    Hour,
    Day,
    Week,
    Month,
    Quarter,
    Year,
    Decade,
    Century,
    Millennium,
    Epoch,
    Julian,
    DayOfWeek,
    IsoDayOfWeek,
    DayOfYear,
    IsoYear,
    Timezone,
    TimezoneHour,
    TimezoneMinute,
}

impl Unit {
    /// The field of that name, for `extract` and `date_trunc`. Fails with `TYPE_MISMATCH` when there is none.
    pub fn find(name: &str) -> Result<Self> {
        let lower = name.to_ascii_lowercase();
        let lower = significant(&lower);
        let found = unit_of_length(lower).or_else(|| {
            Some(match lower {
                "quarter" | "qtr" => Self::Quarter,
                "epoch" => Self::Epoch,
                "julian" | "j" | "jd" => Self::Julian,
                "dow" => Self::DayOfWeek,
                "isodow" => Self::IsoDayOfWeek,
                "doy" => Self::DayOfYear,
                "isoyear" => Self::IsoYear,
                "timezone" => Self::Timezone,
                "timezone_h" => Self::TimezoneHour,
                "timezone_m" => Self::TimezoneMinute,
                _ => return None,
            })
        });
        found.ok_or_else(|| {
            let shown: String = name.chars().take(60).collect();
            Error::new(ErrorCode::TypeMismatch, format!("a date or a time has no field '{shown}'"))
        })
    }

    pub const fn name(self) -> &'static str {
        match self {
            Self::Microseconds => "microseconds",
            Self::Milliseconds => "milliseconds",
            Self::Second => "second",
            Self::Minute => "minute",
            Self::Hour => "hour",
            Self::Day => "day",
            Self::Week => "week",
            Self::Month => "month",
            Self::Quarter => "quarter",
            Self::Year => "year",
            Self::Decade => "decade",
            Self::Century => "century",
            Self::Millennium => "millennium",
            Self::Epoch => "epoch",
            Self::Julian => "julian",
            Self::DayOfWeek => "dow",
            Self::IsoDayOfWeek => "isodow",
            Self::DayOfYear => "doy",
            Self::IsoYear => "isoyear",
            Self::Timezone => "timezone",
            Self::TimezoneHour => "timezone_hour",
            Self::TimezoneMinute => "timezone_minute",
        }
    }

    /// A bit of its own.
    pub(super) const fn bit(self) -> u32 {
        1 << self as u32
    }

    /// Its length in microseconds, when it has a fixed one.
    pub(super) const fn micros(self) -> Option<i64> {
        Some(match self {
            Self::Microseconds => 1,
            Self::Milliseconds => 1000,
            Self::Second => 1_000_000,
            Self::Minute => 60_000_000,
            Self::Hour => 3_600_000_000,
            Self::Day => 86_400_000_000,
            _ => return None,
        })
    }

    /// Returns whether a time has a begin of the field, to which `date_trunc` goes back.
    pub(super) const fn is_begun(self) -> bool {
        !matches!(
            self,
            Self::Epoch
                | Self::Julian
                | Self::DayOfWeek
                | Self::IsoDayOfWeek
                | Self::DayOfYear
                | Self::IsoYear
        )
    }

    pub(super) fn without_begin(self) -> Error {
        let message = format!("date_trunc has no field '{}'", self.name());
        Error::new(ErrorCode::TypeMismatch, message)
    }

    pub(super) fn unsupported(self, of: &str) -> Error {
        Error::unsupported(format!("the field '{}' is not supported for {of}", self.name()))
    }
}

/// The part of a name that PostgreSQL looks at: ten characters.
fn significant(name: &str) -> &str {
    name.get(..10).unwrap_or(name)
}

/// The unit of a length of time, by its names in lower case.
pub(super) fn unit_of_length(name: &str) -> Option<Unit> {
    Some(match significant(name) {
        "us" | "usec" | "usecs" | "useconds" | "microsecon" => Unit::Microseconds,
        "ms" | "msec" | "msecs" | "mseconds" | "millisecon" => Unit::Milliseconds,
        "s" | "sec" | "secs" | "second" | "seconds" => Unit::Second,
        "m" | "min" | "mins" | "minute" | "minutes" => Unit::Minute,
        "h" | "hr" | "hrs" | "hour" | "hours" => Unit::Hour,
        "d" | "day" | "days" => Unit::Day,
        "w" | "week" | "weeks" => Unit::Week,
        "mon" | "mons" | "month" | "months" => Unit::Month,
        "y" | "yr" | "yrs" | "year" | "years" => Unit::Year,
        "dec" | "decs" | "decade" | "decades" => Unit::Decade,
        "c" | "cent" | "century" | "centuries" => Unit::Century,
        "mil" | "mils" | "millennium" | "millennia" => Unit::Millennium,
        _ => return None,
    })
}
