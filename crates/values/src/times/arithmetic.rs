//! Sums, differences and multiples of dates, times and intervals.

use phantomdb_protocol::{Error, ErrorCode, Result};

use super::{
    calendar::{Civil, days_of_month},
    errors::{
        date_out_of_range, division_by_zero, interval_out_of_range, time_out_of_range, timestamp_out_of_range,
    },
    value::{Date, Interval, MICROS_PER_DAY, MICROS_PER_HOUR, TimeOfDay, Timestamp},
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
        if micros.is_nan() || !(-9.223_372_036_854_775_8e18..9.223_372_036_854_775_8e18).contains(&micros) {
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

/// A step must get from the start to the end.
const MAX_SERIES: usize = 10_000_000;

/// The times from `start` to `stop`, both included. In a zone, days and months are those of its clocks.
pub fn series(
    start: Timestamp,
    stop: Timestamp,
    step: Interval,
    zone: &super::zone::Zone,
) -> Result<Vec<Timestamp>> {
    let direction = step.length().signum();
    if direction == 0 {
        return Err(Error::new(ErrorCode::TypeMismatch, "the step of a series must not be zero"));
    }
    if !step.is_finite() {
        return Err(Error::new(ErrorCode::TypeMismatch, "the step of a series must not be infinite"));
    }
    if !start.is_finite() || (!stop.is_finite() && (stop == Timestamp::INFINITY) == (direction > 0)) {
        // PostgreSQL would go on for ever.
        return Err(Error::new(ErrorCode::OutOfRange, "a series must not be infinite"));
    }
    let mut found = Vec::new();
    let mut at = start;
    while if direction > 0 { at <= stop } else { at >= stop } {
        if found.len() == MAX_SERIES {
            let message = format!("a series has at most {MAX_SERIES} values");
            return Err(Error::new(ErrorCode::OutOfRange, message));
        }
        found.push(at);
        let next = zone.plus(at, step)?;
        // A step of months and negative days may stand still at the end of a month.
        if if direction > 0 { next <= at } else { next >= at } {
            return Err(Error::new(ErrorCode::OutOfRange, "the step of a series must lead to its end"));
        }
        at = next;
    }
    Ok(found)
}

/// The hours, minutes and seconds of a time of day as microseconds.
pub(super) const fn micros_of(hour: i64, minute: i64) -> i64 {
    hour * MICROS_PER_HOUR + minute * (MICROS_PER_HOUR / 60)
}

/// A day from its parts. Fails with `OUT_OF_RANGE` when there is none.
pub fn make_date(year: i64, month: i64, day: i64) -> Result<Date> {
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
    TimeOfDay::new(micros_of(hour, minute) + micros)
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
