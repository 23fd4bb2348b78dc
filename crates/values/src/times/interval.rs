//! Sums and multiples of intervals, and their sums over many rows.

use phantomdb_protocol::{Error, ErrorCode, Result};

use super::{
    errors::{division_by_zero, interval_out_of_range},
    value::{Interval, MICROS_PER_DAY, TimeOfDay},
};

impl Interval {
    pub fn negative(self) -> Result<Self> {
        match self {
            Self::INFINITY => return Ok(Self::NEGATIVE_INFINITY),
            Self::NEGATIVE_INFINITY => return Ok(Self::INFINITY),
            _ => {}
        }
        Self::from_wide(-i64::from(self.months), -i64::from(self.days), -i128::from(self.micros))
    }

    pub fn plus(self, other: Self) -> Result<Self> {
        match (self.is_finite(), other.is_finite()) {
            (true, true) => Self::from_wide(
                i64::from(self.months) + i64::from(other.months),
                i64::from(self.days) + i64::from(other.days),
                i128::from(self.micros) + i128::from(other.micros),
            ),
            (true, false) => Ok(other),
            (false, true) => Ok(self),
            (false, false) if self == other => Ok(self),
            (false, false) => Err(interval_out_of_range()),
        }
    }

    pub fn minus(self, other: Self) -> Result<Self> {
        match (self.is_finite(), other.is_finite()) {
            (true, true) => Self::from_wide(
                i64::from(self.months) - i64::from(other.months),
                i64::from(self.days) - i64::from(other.days),
                i128::from(self.micros) - i128::from(other.micros),
            ),
            (true, false) => other.negative(),
            (false, true) => Ok(self),
            (false, false) if self != other => Ok(self),
            (false, false) => Err(interval_out_of_range()),
        }
    }

    /// A multiple. A part of a month becomes days, of which it has 30, and a part of a day becomes hours.
    pub fn times(self, factor: f64) -> Result<Self> {
        if factor.is_nan() {
            return Err(interval_out_of_range());
        }
        let sign = self.length().signum();
        if !self.is_finite() || factor.is_infinite() {
            return match (sign, factor) {
                (0, _) => Err(interval_out_of_range()),
                (_, 0.0) => Err(interval_out_of_range()),
                (sign, factor) if (sign > 0) == (factor > 0.0) => Ok(Self::INFINITY),
                _ => Ok(Self::NEGATIVE_INFINITY),
            };
        }
        self.scaled(|number| number * factor)
    }

    pub fn divided_by(self, divisor: f64) -> Result<Self> {
        if divisor == 0.0 {
            return Err(division_by_zero());
        }
        if divisor.is_nan() {
            return Err(interval_out_of_range());
        }
        if !self.is_finite() {
            return match (self == Self::INFINITY, divisor > 0.0) {
                _ if divisor.is_infinite() => Err(interval_out_of_range()),
                (positive, above) if positive == above => Ok(Self::INFINITY),
                _ => Ok(Self::NEGATIVE_INFINITY),
            };
        }
        self.scaled(|number| number / divisor)
    }

    #[expect(clippy::cast_precision_loss, reason = "PostgreSQL scales in floats too")]
    fn scaled(self, scale: impl Fn(f64) -> f64) -> Result<Self> {
        const SECONDS_PER_DAY: f64 = 86_400.0;
        let months = scale(self.months.into());
        let days = scale(self.days.into());
        let (whole_months, whole_days) = (whole(months)?, whole(days)?);
        let days_of_months = to_micros((months - f64::from(whole_months)) * 30.0);
        let mut seconds = to_micros(
            (days - f64::from(whole_days) + days_of_months - days_of_months.trunc()) * SECONDS_PER_DAY,
        );
        let mut all_days = i64::from(whole_days);
        // Rounding may have filled a day.
        if seconds.abs() >= SECONDS_PER_DAY {
            all_days += i64::from(whole(seconds / SECONDS_PER_DAY)?);
            seconds -= (seconds / SECONDS_PER_DAY).trunc() * SECONDS_PER_DAY;
        }
        all_days += i64::from(whole(days_of_months)?);
        let micros = (scale(self.micros as f64) + seconds * 1e6).round_ties_even();
        // The largest float that is a 64-bit number is smaller than this.
        if micros.is_nan() || !(-9.223_372_036_854_776e18..9.223_372_036_854_776e18).contains(&micros) {
            return Err(interval_out_of_range());
        }
        #[expect(clippy::cast_possible_truncation, reason = "checked above")]
        let micros = micros as i64;
        Self::from_wide(whole_months.into(), all_days, micros.into())
    }

    /// The interval with days in place of 24 hours.
    pub fn justified_hours(self) -> Result<Self> {
        if !self.is_finite() {
            return Ok(self);
        }
        let mut days = i64::from(self.days) + self.micros / MICROS_PER_DAY;
        let mut micros = self.micros % MICROS_PER_DAY;
        if days > 0 && micros < 0 {
            (days, micros) = (days - 1, micros + MICROS_PER_DAY);
        } else if days < 0 && micros > 0 {
            (days, micros) = (days + 1, micros - MICROS_PER_DAY);
        }
        Self::from_wide(self.months.into(), days, micros.into())
    }

    /// The interval with months in place of 30 days.
    pub fn justified_days(self) -> Result<Self> {
        if !self.is_finite() {
            return Ok(self);
        }
        let mut months = i64::from(self.months) + i64::from(self.days / 30);
        let mut days = i64::from(self.days % 30);
        if months > 0 && days < 0 {
            (months, days) = (months - 1, days + 30);
        } else if months < 0 && days > 0 {
            (months, days) = (months + 1, days - 30);
        }
        Self::from_wide(months, days, self.micros.into())
    }

    /// The interval with months in place of 30 days and days in place of 24 hours, all with one sign.
    pub fn justified(self) -> Result<Self> {
        if !self.is_finite() {
            return Ok(self);
        }
        let mut months = i64::from(self.months);
        let mut days = i64::from(self.days);
        let mut micros = i128::from(self.micros);
        let per_day = i128::from(MICROS_PER_DAY);
        // First the days, so that the sum of days and hours does not overflow.
        if (days > 0 && micros > 0) || (days < 0 && micros < 0) {
            months += days / 30;
            days %= 30;
        }
        days += i64::try_from(micros / per_day).map_err(|_| interval_out_of_range())?;
        micros %= per_day;
        months += days / 30;
        days %= 30;
        if months > 0 && (days < 0 || (days == 0 && micros < 0)) {
            (months, days) = (months - 1, days + 30);
        } else if months < 0 && (days > 0 || (days == 0 && micros > 0)) {
            (months, days) = (months + 1, days - 30);
        }
        if days > 0 && micros < 0 {
            (days, micros) = (days - 1, micros + per_day);
        } else if days < 0 && micros > 0 {
            (days, micros) = (days + 1, micros - per_day);
        }
        Self::from_wide(months, days, micros)
    }

    /// The time of day that is as long after midnight. Months and days do not count.
    pub fn time(self) -> Result<TimeOfDay> {
        if !self.is_finite() {
            return Err(Error::new(ErrorCode::OutOfRange, "an infinite interval is no time of day"));
        }
        Ok(TimeOfDay(self.micros.rem_euclid(MICROS_PER_DAY)))
    }
}

fn to_micros(seconds: f64) -> f64 {
    (seconds * 1e6).round_ties_even() / 1e6
}

/// The whole part, when it is a 32-bit number.
fn whole(number: f64) -> Result<i32> {
    let truncated = number.trunc();
    if truncated.is_nan() || truncated < f64::from(i32::MIN) || truncated > f64::from(i32::MAX) {
        return Err(interval_out_of_range());
    }
    #[expect(clippy::cast_possible_truncation, reason = "checked above")]
    let whole = truncated as i32;
    Ok(whole)
}

/// Adds up intervals, and takes them away again.
#[derive(Debug, Clone, Copy, Default)]
pub struct Total {
    months: i64,
    days: i64,
    micros: i128,
    count: i64,
    positive: i64,
    negative: i64,
}

impl Total {
    pub fn add(&mut self, interval: Interval, times: i64) {
        self.count += times;
        match interval {
            Interval::INFINITY => self.positive += times,
            Interval::NEGATIVE_INFINITY => self.negative += times,
            _ => {
                self.months += i64::from(interval.months) * times;
                self.days += i64::from(interval.days) * times;
                self.micros += i128::from(interval.micros) * i128::from(times);
            }
        }
    }

    /// The sum; none of nothing.
    pub fn sum(&self) -> Result<Option<Interval>> {
        if self.count == 0 {
            return Ok(None);
        }
        match (self.positive > 0, self.negative > 0) {
            (true, true) => Err(interval_out_of_range()),
            (true, false) => Ok(Some(Interval::INFINITY)),
            (false, true) => Ok(Some(Interval::NEGATIVE_INFINITY)),
            (false, false) => Interval::from_wide(self.months, self.days, self.micros).map(Some),
        }
    }

    #[expect(clippy::cast_precision_loss, reason = "no table has 2^53 rows")]
    pub fn average(&self) -> Result<Option<Interval>> {
        match self.sum()? {
            Some(sum) if sum.is_finite() => sum.divided_by(self.count as f64).map(Some),
            other => Ok(other),
        }
    }
}
