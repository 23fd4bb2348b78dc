//! Sums and differences of dates, times and timestamps.

use phantomdb_protocol::{Error, ErrorCode, Result};

use super::{
    calendar::days_of_month,
    errors::{date_out_of_range, interval_out_of_range, time_out_of_range, timestamp_out_of_range},
    value::{Date, Interval, MICROS_PER_DAY, TimeOfDay, Timestamp},
};

impl Timestamp {
    /// The time after an interval: first the months, then the days, then the rest.
    pub fn plus(self, interval: Interval) -> Result<Self> {
        match (self, interval) {
            (Self::INFINITY, Interval::NEGATIVE_INFINITY) | (Self::NEGATIVE_INFINITY, Interval::INFINITY) => {
                Err(timestamp_out_of_range())
            }
            (Self::INFINITY | Self::NEGATIVE_INFINITY, _) => Ok(self),
            (_, Interval::INFINITY) => Ok(Self::INFINITY),
            (_, Interval::NEGATIVE_INFINITY) => Ok(Self::NEGATIVE_INFINITY),
            _ => {
                let mut civil = self.civil();
                if interval.months != 0 {
                    let months =
                        i64::from(civil.year) * 12 + i64::from(civil.month) - 1 + i64::from(interval.months);
                    civil.year =
                        i32::try_from(months.div_euclid(12)).map_err(|_| timestamp_out_of_range())?;
                    civil.month =
                        i32::try_from(months.rem_euclid(12)).map_err(|_| timestamp_out_of_range())? + 1;
                    civil.day = civil.day.min(days_of_month(civil.year, civil.month));
                }
                let days = civil.days() + i64::from(interval.days);
                Self::from_wide(
                    i128::from(days) * i128::from(MICROS_PER_DAY)
                        + i128::from(self.micros_of_day())
                        + i128::from(interval.micros),
                )
            }
        }
    }

    pub fn minus(self, interval: Interval) -> Result<Self> {
        // Not by the negative interval: the smallest one has none.
        match interval {
            Interval::INFINITY | Interval::NEGATIVE_INFINITY => self.plus(interval.negative()?),
            _ => {
                let negative = Interval {
                    months: interval.months.checked_neg().ok_or_else(timestamp_out_of_range)?,
                    days: interval.days.checked_neg().ok_or_else(timestamp_out_of_range)?,
                    micros: interval.micros.checked_neg().ok_or_else(timestamp_out_of_range)?,
                };
                self.plus(negative)
            }
        }
    }

    /// The time between two timestamps, in days and less.
    pub fn since(self, earlier: Self) -> Result<Interval> {
        match (self.is_finite(), earlier.is_finite()) {
            (true, true) => {
                let micros = self.0.checked_sub(earlier.0).ok_or_else(interval_out_of_range)?;
                Interval { months: 0, days: 0, micros }.justified_hours()
            }
            (false, false) if self == earlier => Err(interval_out_of_range()),
            (false, _) if self == Self::INFINITY => Ok(Interval::INFINITY),
            (false, _) => Ok(Interval::NEGATIVE_INFINITY),
            (true, false) if earlier == Self::INFINITY => Ok(Interval::NEGATIVE_INFINITY),
            (true, false) => Ok(Interval::INFINITY),
        }
    }

    /// The time between two timestamps in years, months, days and less, as people count an age.
    pub fn age(self, earlier: Self) -> Result<Interval> {
        if !self.is_finite() || !earlier.is_finite() {
            return self.since(earlier);
        }
        let (late, early, sign) = if self < earlier { (earlier, self, -1) } else { (self, earlier, 1) };
        let (a, b) = (late.civil(), early.civil());
        let mut micros = late.micros_of_day() - early.micros_of_day();
        let mut days = a.day - b.day;
        let mut months = (a.year - b.year) * 12 + a.month - b.month;
        if micros < 0 {
            micros += MICROS_PER_DAY;
            days -= 1;
        }
        // The days of a month that is not whole are those of the earlier argument's month when the first is the later one.
        let borrowed = if sign < 0 { self.civil() } else { b };
        while days < 0 {
            days += days_of_month(borrowed.year, borrowed.month);
            months -= 1;
        }
        Ok(Interval { months: months * sign, days: days * sign, micros: micros * i64::from(sign) })
    }

    /// The begin of the bin in which the time lies. The bins are as long as `stride`, and one of them begins at `origin`.
    pub fn bin(self, stride: Interval, origin: Self) -> Result<Self> {
        if !self.is_finite() {
            return Ok(self);
        }
        if !origin.is_finite() {
            return Err(Error::new(ErrorCode::OutOfRange, "the origin of the bins is out of range"));
        }
        if !stride.is_finite() {
            return Err(Error::new(ErrorCode::OutOfRange, "bins cannot be infinite"));
        }
        if stride.months != 0 {
            return Err(Error::unsupported("bins cannot have months or years, whose length changes"));
        }
        let length = stride.length();
        if length <= 0 {
            return Err(Error::new(
                ErrorCode::OutOfRange,
                "the length of the bins must be greater than zero",
            ));
        }
        if i64::try_from(length).is_err() {
            return Err(interval_out_of_range());
        }
        let bins = (i128::from(self.0) - i128::from(origin.0)).div_euclid(length);
        Self::from_wide(i128::from(origin.0) + bins * length)
    }
}

impl Date {
    pub fn plus_days(self, days: i64) -> Result<Self> {
        if !self.is_finite() {
            return Ok(self);
        }
        i64::from(self.0).checked_add(days).ok_or_else(date_out_of_range).and_then(Self::new)
    }

    /// The number of days between two dates.
    pub fn since(self, earlier: Self) -> Result<i64> {
        if !self.is_finite() || !earlier.is_finite() {
            return Err(Error::new(ErrorCode::OutOfRange, "infinite dates cannot be subtracted"));
        }
        Ok(i64::from(self.0) - i64::from(earlier.0))
    }

    pub fn plus_time(self, time: TimeOfDay) -> Result<Timestamp> {
        let midnight = self.timestamp();
        if !midnight.is_finite() {
            return Ok(midnight);
        }
        Timestamp::from_wide(i128::from(midnight.0) + i128::from(time.0))
    }
}

impl TimeOfDay {
    /// The time of day after an interval, whose days and months do not count.
    pub fn plus(self, interval: Interval) -> Result<Self> {
        if !interval.is_finite() {
            return Err(time_out_of_range());
        }
        // PostgreSQL's sum wraps around too.
        Ok(Self(self.0.wrapping_add(interval.micros).rem_euclid(MICROS_PER_DAY)))
    }

    pub fn minus(self, interval: Interval) -> Result<Self> {
        if !interval.is_finite() {
            return Err(time_out_of_range());
        }
        Ok(Self(self.0.wrapping_sub(interval.micros).rem_euclid(MICROS_PER_DAY)))
    }

    pub const fn since(self, earlier: Self) -> Interval {
        Interval { months: 0, days: 0, micros: self.0 - earlier.0 }
    }
}
