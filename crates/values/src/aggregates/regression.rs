//! Correlation, covariance and linear regression of pairs of floats.

use phantomdb_protocol::Result;

use super::frame::Frame;
use crate::numbers::float::overflow;

/// What is asked for.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Measure {
    Correlation,
    CovariancePopulation,
    CovarianceSample,
    AverageX,
    AverageY,
    Intercept,
    RSquared,
    Slope,
    SquaresX,
    Products,
    SquaresY,
}

impl Measure {
    /// The names of the aggregates.
    pub const ALL: [(&'static str, Self); 11] = [
        ("corr", Self::Correlation),
        ("covar_pop", Self::CovariancePopulation),
        ("covar_samp", Self::CovarianceSample),
        ("regr_avgx", Self::AverageX),
        ("regr_avgy", Self::AverageY),
        ("regr_intercept", Self::Intercept),
        ("regr_r2", Self::RSquared),
        ("regr_slope", Self::Slope),
        ("regr_sxx", Self::SquaresX),
        ("regr_sxy", Self::Products),
        ("regr_syy", Self::SquaresY),
    ];
}

/// Sums of the coordinates, and of the products of their distances from the means, after Youngs and Cramer.
#[derive(Debug, Default, Clone, Copy)]
struct Sums {
    count: f64,
    x: f64,
    y: f64,
    xx: f64,
    yy: f64,
    xy: f64,
}

impl Sums {
    fn add(&mut self, y: f64, x: f64) -> Result<()> {
        let before = *self;
        self.count += 1.0;
        self.x += x;
        self.y += y;
        if before.count > 0.0 {
            let (distance_x, distance_y) = (x * self.count - self.x, y * self.count - self.y);
            let scale = 1.0 / (self.count * before.count);
            self.xx += distance_x * distance_x * scale;
            self.yy += distance_y * distance_y * scale;
            self.xy += distance_x * distance_y * scale;
            return self.check(&before, y, x);
        }
        if !x.is_finite() {
            (self.xx, self.xy) = (f64::NAN, f64::NAN);
        }
        if !y.is_finite() {
            (self.yy, self.xy) = (f64::NAN, f64::NAN);
        }
        Ok(())
    }

    /// Refuses an infinity that comes from finite numbers.
    fn check(&mut self, before: &Self, y: f64, x: f64) -> Result<()> {
        let infinite_x = before.x.is_infinite() || x.is_infinite();
        let infinite_y = before.y.is_infinite() || y.is_infinite();
        let overflown_x = (self.x.is_infinite() || self.xx.is_infinite()) && !infinite_x;
        let overflown_y = (self.y.is_infinite() || self.yy.is_infinite()) && !infinite_y;
        if overflown_x || overflown_y || (self.xy.is_infinite() && !infinite_x && !infinite_y) {
            return Err(overflow());
        }
        for sum in [&mut self.xx, &mut self.yy, &mut self.xy] {
            if sum.is_infinite() {
                *sum = f64::NAN;
            }
        }
        Ok(())
    }

    /// Takes a pair away, which loses digits.
    fn remove(&mut self, y: f64, x: f64) {
        if self.count <= 1.0 {
            *self = Self::default();
            return;
        }
        let (distance_x, distance_y) = (x * self.count - self.x, y * self.count - self.y);
        let scale = 1.0 / (self.count * (self.count - 1.0));
        self.xx = (self.xx - distance_x * distance_x * scale).max(0.0);
        self.yy = (self.yy - distance_y * distance_y * scale).max(0.0);
        self.xy -= distance_x * distance_y * scale;
        self.x -= x;
        self.y -= y;
        self.count -= 1.0;
    }

    fn measure(&self, measure: Measure) -> Option<f64> {
        let least = if measure == Measure::CovarianceSample { 2.0 } else { 1.0 };
        if self.count < least {
            return None;
        }
        Some(match measure {
            Measure::Correlation if self.xx == 0.0 || self.yy == 0.0 => return None,
            Measure::Intercept | Measure::RSquared | Measure::Slope if self.xx == 0.0 => return None,
            Measure::Correlation => self.xy / (self.xx * self.yy).sqrt(),
            Measure::CovariancePopulation => self.xy / self.count,
            Measure::CovarianceSample => self.xy / (self.count - 1.0),
            Measure::AverageX => self.x / self.count,
            Measure::AverageY => self.y / self.count,
            Measure::Intercept => (self.y - self.x * self.xy / self.xx) / self.count,
            Measure::RSquared if self.yy == 0.0 => 1.0,
            Measure::RSquared => (self.xy * self.xy) / (self.xx * self.yy),
            Measure::Slope => self.xy / self.xx,
            Measure::SquaresX => self.xx,
            Measure::Products => self.xy,
            Measure::SquaresY => self.yy,
        })
    }
}

/// The pairs of a group or a frame.
#[derive(Debug, Default)]
pub struct Pairs {
    sums: Sums,
    frame: Frame<(f64, f64)>,
    stale: bool,
}

impl Pairs {
    pub fn add(&mut self, y: f64, x: f64) -> Result<()> {
        self.refresh()?;
        self.frame.push((y, x));
        self.sums.add(y, x)
    }

    pub fn remove(&mut self, y: f64, x: f64) {
        self.frame.remove_first();
        if self.frame.values().is_some() {
            self.stale = true;
        } else {
            self.sums.remove(y, x);
        }
    }

    fn refresh(&mut self) -> Result<()> {
        if self.stale
            && let Some(values) = self.frame.values()
        {
            let mut sums = Sums::default();
            values.iter().try_for_each(|(y, x)| sums.add(*y, *x))?;
            self.sums = sums;
            self.stale = false;
        }
        Ok(())
    }

    /// The measure; none when there are too few pairs, or where a division by zero would be.
    pub fn measure(&mut self, measure: Measure) -> Result<Option<f64>> {
        self.refresh()?;
        Ok(self.sums.measure(measure))
    }
}
