//! The sum of the parts of an interval, while its text is read.

use super::{
    field::Unit,
    value::{Interval, MICROS_PER_DAY},
};

/// Why a text is not read.
#[derive(Debug)]
pub(crate) enum Refusal {
    Form,
    Range,
}

pub(crate) type Reading<T> = Result<T, Refusal>;

/// Adds up the fields of an interval.
#[derive(Default)]
pub(crate) struct Sum {
    pub(crate) months: i64,
    pub(crate) days: i64,
    pub(crate) micros: i128,
    /// The units that were there, one bit each.
    pub(crate) seen: u32,
}

impl Sum {
    pub(crate) fn see(&mut self, units: u32) -> Reading<()> {
        if self.seen & units != 0 {
            return Err(Refusal::Form);
        }
        self.seen |= units;
        Ok(())
    }

    /// Adds a number of units, with a fraction of one.
    pub(crate) fn add(&mut self, unit: Unit, whole: i64, fraction: f64) -> Reading<()> {
        let small = || i32::try_from(whole).map(i64::from).map_err(|_| Refusal::Range);
        let months = |months: i64| -> Reading<i64> {
            small()?
                .checked_mul(months)
                .filter(|m| months < 12 || m / 12 <= i64::from(i32::MAX))
                .ok_or(Refusal::Range)
        };
        #[expect(clippy::cast_possible_truncation, reason = "a fraction of a unit")]
        match unit {
            Unit::Millennium | Unit::Century | Unit::Decade | Unit::Year => {
                let per_unit = match unit {
                    Unit::Millennium => 12_000,
                    Unit::Century => 1200,
                    Unit::Decade => 120,
                    _ => 12,
                };
                #[expect(clippy::cast_precision_loss, reason = "a small number")]
                let rest = (fraction * per_unit as f64).round_ties_even() as i64;
                self.months += months(per_unit)? + rest;
            }
            Unit::Month => {
                self.months += small()?;
                self.add_days(fraction * 30.0);
            }
            Unit::Week => {
                self.days += small()? * 7;
                self.add_days(fraction * 7.0);
            }
            Unit::Day => {
                self.days += small()?;
                self.micros += fraction_of(fraction, MICROS_PER_DAY);
            }
            _ => {
                let micros = unit.micros().ok_or(Refusal::Form)?;
                self.micros += i128::from(whole.checked_mul(micros).ok_or(Refusal::Range)?);
                self.micros += fraction_of(fraction, micros);
            }
        }
        Ok(())
    }

    #[expect(clippy::cast_possible_truncation, reason = "less than 31")]
    pub(crate) fn add_days(&mut self, days: f64) {
        self.days += days as i64;
        self.micros += fraction_of(days.fract(), MICROS_PER_DAY);
    }

    pub(crate) fn finish(self, negative: bool) -> Reading<Interval> {
        let sign = if negative { -1 } else { 1 };
        Interval::from_wide(self.months * sign, self.days * sign, self.micros * i128::from(sign))
            .map_err(|_| Refusal::Range)
    }
}

/// A fraction of a unit in microseconds; a half is cut off.
#[expect(clippy::cast_possible_truncation, reason = "at most a day")]
#[expect(clippy::cast_precision_loss, reason = "at most a day")]
pub(crate) fn fraction_of(fraction: f64, micros: i64) -> i128 {
    let scaled = fraction * micros as f64;
    let whole = scaled as i64;
    let rest = scaled - whole as f64;
    let rounded = if rest > 0.5 {
        whole + 1
    } else if rest < -0.5 {
        whole - 1
    } else {
        whole
    };
    rounded.into()
}
