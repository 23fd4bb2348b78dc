//! Dates, times of day, timestamps and intervals as numbers.

use phantomdb_protocol::Result;

use super::{
    calendar::Civil,
    errors::{date_out_of_range, interval_out_of_range, time_out_of_range, timestamp_out_of_range},
};

pub const MICROS_PER_SECOND: i64 = 1_000_000;
pub const MICROS_PER_MINUTE: i64 = 60 * MICROS_PER_SECOND;
pub const MICROS_PER_HOUR: i64 = 60 * MICROS_PER_MINUTE;
pub const MICROS_PER_DAY: i64 = 24 * MICROS_PER_HOUR;

/// The first and the last day that is stored: of the years 1 to 9999.
const FIRST_DAY: i64 = Civil::new(1, 1, 1).days();
const LAST_DAY: i64 = Civil::new(9999, 12, 31).days();

/// Microseconds since 2000-01-01, of a time in UTC or without a zone.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub struct Timestamp(pub(super) i64);

/// Days since 2000-01-01.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub struct Date(pub(super) i32);

/// Microseconds since midnight. 24:00:00 is one.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub struct TimeOfDay(pub(super) i64);

/// A length of time. A month and a day have no fixed length, and stay apart.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub struct Interval {
    pub months: i32,
    pub days: i32,
    pub micros: i64,
}

/// The parts of a time of day.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Clock {
    pub hour: i64,
    pub minute: i64,
    pub second: i64,
    pub micros: i64,
}

impl Clock {
    pub(super) const fn of(micros: i64) -> Self {
        Self {
            hour: micros / MICROS_PER_HOUR,
            minute: micros / MICROS_PER_MINUTE % 60,
            second: micros / MICROS_PER_SECOND % 60,
            micros: micros % MICROS_PER_SECOND,
        }
    }
}

impl Timestamp {
    pub const INFINITY: Self = Self(i64::MAX);
    pub const NEGATIVE_INFINITY: Self = Self(i64::MIN);
    const FIRST: i64 = FIRST_DAY * MICROS_PER_DAY;
    const END: i64 = (LAST_DAY + 1) * MICROS_PER_DAY;

    /// Fails with `OUT_OF_RANGE` beyond the years 1 to 9999.
    pub fn new(micros: i64) -> Result<Self> {
        if (Self::FIRST..Self::END).contains(&micros) {
            Ok(Self(micros))
        } else {
            Err(timestamp_out_of_range())
        }
    }

    /// Reads a wider number, of which none is infinite.
    pub(super) fn from_wide(micros: i128) -> Result<Self> {
        i64::try_from(micros).map_err(|_| timestamp_out_of_range()).and_then(Self::new)
    }

    pub(super) fn from_parts(civil: Civil, micros_of_day: i64) -> Result<Self> {
        Self::from_wide(i128::from(civil.days()) * i128::from(MICROS_PER_DAY) + i128::from(micros_of_day))
    }

    pub const fn is_finite(self) -> bool {
        self.0 != i64::MAX && self.0 != i64::MIN
    }

    /// The number of microseconds since 2000-01-01.
    pub const fn micros(self) -> i64 {
        self.0
    }

    #[expect(clippy::cast_possible_truncation, reason = "the days of a 64-bit number of microseconds fit")]
    pub(super) const fn day(self) -> i32 {
        self.0.div_euclid(MICROS_PER_DAY) as i32
    }

    pub(super) const fn civil(self) -> Civil {
        Civil::from_days(self.day())
    }

    pub(super) const fn micros_of_day(self) -> i64 {
        self.0.rem_euclid(MICROS_PER_DAY)
    }

    pub(super) const fn clock(self) -> Clock {
        Clock::of(self.micros_of_day())
    }

    /// The current time.
    pub fn now() -> Self {
        let now = jiff::Timestamp::now();
        Self(now.as_microsecond() - i64::from(super::calendar::UNIX_DAYS) * MICROS_PER_DAY)
    }

    pub const fn date(self) -> Date {
        match self.0 {
            i64::MAX => Date::INFINITY,
            i64::MIN => Date::NEGATIVE_INFINITY,
            _ => Date(self.day()),
        }
    }

    /// The time of day; none of an infinite time.
    pub fn time(self) -> Option<TimeOfDay> {
        self.is_finite().then(|| TimeOfDay(self.micros_of_day()))
    }

    /// The time with so many decimals of a second.
    pub fn with_precision(self, precision: i64) -> Result<Self> {
        if !self.is_finite() {
            return Ok(self);
        }
        rounded(self.0, precision).ok_or_else(timestamp_out_of_range).and_then(Self::new)
    }
}

/// A number of microseconds with so many decimals of a second, rounded half away from zero. None beyond 64 bits.
fn rounded(micros: i64, precision: i64) -> Option<i64> {
    const MOST_DIGITS: i64 = 6;
    let digits = MOST_DIGITS.saturating_sub(precision).clamp(0, MOST_DIGITS);
    let unit = 10_i64.pow(u32::try_from(digits).ok()?);
    let half = unit / 2;
    // Away from zero, which is 2000-01-01 for a timestamp: that is how PostgreSQL rounds.
    let beyond = if micros >= 0 { micros.checked_add(half)? } else { micros.checked_sub(half)? };
    Some(beyond - beyond % unit)
}

impl Date {
    pub const INFINITY: Self = Self(i32::MAX);
    pub const NEGATIVE_INFINITY: Self = Self(i32::MIN);

    /// Fails with `OUT_OF_RANGE` beyond the years 1 to 9999.
    pub fn new(days: i64) -> Result<Self> {
        if (FIRST_DAY..=LAST_DAY).contains(&days) {
            i32::try_from(days).map(Self).map_err(|_| date_out_of_range())
        } else {
            Err(date_out_of_range())
        }
    }

    pub(super) fn from_civil(civil: Civil) -> Result<Self> {
        Self::new(civil.days())
    }

    pub const fn is_finite(self) -> bool {
        self.0 != i32::MAX && self.0 != i32::MIN
    }

    pub(super) const fn civil(self) -> Civil {
        Civil::from_days(self.0)
    }

    /// Midnight of the day.
    pub const fn timestamp(self) -> Timestamp {
        match self.0 {
            i32::MAX => Timestamp::INFINITY,
            i32::MIN => Timestamp::NEGATIVE_INFINITY,
            days => Timestamp(days as i64 * MICROS_PER_DAY),
        }
    }
}

impl TimeOfDay {
    pub fn new(micros: i64) -> Result<Self> {
        if (0..=MICROS_PER_DAY).contains(&micros) { Ok(Self(micros)) } else { Err(time_out_of_range()) }
    }

    pub const fn micros(self) -> i64 {
        self.0
    }

    pub const fn interval(self) -> Interval {
        Interval { months: 0, days: 0, micros: self.0 }
    }

    /// The time with so many decimals of a second.
    pub fn with_precision(self, precision: i64) -> Result<Self> {
        rounded(self.0, precision).ok_or_else(time_out_of_range).and_then(Self::new)
    }
}

impl Interval {
    pub const INFINITY: Self = Self { months: i32::MAX, days: i32::MAX, micros: i64::MAX };
    pub const NEGATIVE_INFINITY: Self = Self { months: i32::MIN, days: i32::MIN, micros: i64::MIN };

    pub fn is_finite(self) -> bool {
        self != Self::INFINITY && self != Self::NEGATIVE_INFINITY
    }

    /// Reads wider numbers, of which none is infinite.
    pub(super) fn from_wide(months: i64, days: i64, micros: i128) -> Result<Self> {
        let interval = Self {
            months: i32::try_from(months).map_err(|_| interval_out_of_range())?,
            days: i32::try_from(days).map_err(|_| interval_out_of_range())?,
            micros: i64::try_from(micros).map_err(|_| interval_out_of_range())?,
        };
        if interval.is_finite() { Ok(interval) } else { Err(interval_out_of_range()) }
    }

    /// The length with months of 30 days, by which intervals are compared.
    pub fn length(self) -> i128 {
        let days = i128::from(self.months) * 30 + i128::from(self.days);
        days * i128::from(MICROS_PER_DAY) + i128::from(self.micros)
    }

    /// The interval with so many decimals of a second. Fails with `OUT_OF_RANGE` beyond 64 bits of microseconds.
    pub fn with_precision(self, precision: i64) -> Result<Self> {
        if !self.is_finite() {
            return Ok(self);
        }
        let micros = rounded(self.micros, precision).ok_or_else(interval_out_of_range)?;
        Ok(Self { micros, ..self })
    }
}

impl PartialOrd for Interval {
    fn partial_cmp(&self, other: &Self) -> Option<std::cmp::Ordering> {
        Some(self.length().cmp(&other.length()))
    }
}
