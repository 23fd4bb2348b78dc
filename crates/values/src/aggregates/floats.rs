//! Sums, averages and spreads of floats, added in their order as PostgreSQL adds them.

use phantomdb_protocol::Result;

use super::{Spread, frame::Frame};
use crate::numbers::float::{self, Float, overflow};

/// A sum of floats.
#[derive(Debug)]
pub struct FloatSum<F> {
    count: u64,
    sum: F,
    frame: Frame<F>,
    stale: bool,
}

impl<F: Float> Default for FloatSum<F> {
    fn default() -> Self {
        Self { count: 0, sum: F::ZERO, frame: Frame::default(), stale: false }
    }
}

impl<F: Float> FloatSum<F> {
    pub fn add(&mut self, number: F) -> Result<()> {
        self.refresh()?;
        self.sum = if self.count == 0 { number } else { float::add(self.sum, number)? };
        self.count += 1;
        self.frame.push(number);
        Ok(())
    }

    pub fn remove(&mut self, number: F) -> Result<()> {
        self.count = self.count.saturating_sub(1);
        self.frame.remove_first();
        if self.frame.values().is_some() {
            self.stale = true;
        } else {
            self.sum = self.sum - number;
        }
        Ok(())
    }

    /// The sum; none of nothing.
    pub fn sum(&mut self) -> Result<Option<F>> {
        self.refresh()?;
        Ok((self.count > 0).then_some(self.sum))
    }

    /// Adds up what is left, after a number has left the frame. A subtraction would keep its rounding.
    fn refresh(&mut self) -> Result<()> {
        if self.stale
            && let Some(values) = self.frame.values()
        {
            let mut values = values.iter().copied();
            let first = values.next().unwrap_or(F::ZERO);
            self.sum = values.try_fold(first, float::add)?;
            self.stale = false;
        }
        Ok(())
    }
}

/// The count, the sum and the squared distances from the mean, after Youngs and Cramer.
#[derive(Debug, Default, Clone, Copy)]
struct Moments {
    count: f64,
    sum: f64,
    squares: f64,
}

impl Moments {
    fn add(&mut self, number: f64) -> Result<()> {
        let before = *self;
        self.count += 1.0;
        self.sum += number;
        if before.count > 0.0 {
            let distance = number * self.count - self.sum;
            self.squares += distance * distance / (self.count * before.count);
            if self.sum.is_infinite() || self.squares.is_infinite() {
                if !before.sum.is_infinite() && !number.is_infinite() {
                    return Err(overflow());
                }
                self.squares = f64::NAN;
            }
        } else if !number.is_finite() {
            self.squares = f64::NAN;
        }
        Ok(())
    }

    /// Takes a number away, which loses digits.
    fn remove(&mut self, number: f64) {
        if self.count <= 1.0 {
            *self = Self::default();
            return;
        }
        let count = self.count;
        let distance = number * count - self.sum;
        self.squares = (self.squares - distance * distance / (count * (count - 1.0))).max(0.0);
        self.sum -= number;
        self.count -= 1.0;
    }
}

/// The floats of a group or a frame.
#[derive(Debug, Default)]
pub struct Floats {
    moments: Moments,
    frame: Frame<f64>,
    stale: bool,
}

impl Floats {
    pub fn add(&mut self, number: f64) -> Result<()> {
        self.refresh()?;
        self.frame.push(number);
        self.moments.add(number)
    }

    pub fn remove(&mut self, number: f64) {
        self.frame.remove_first();
        if self.frame.values().is_some() {
            self.stale = true;
        } else {
            self.moments.remove(number);
        }
    }

    fn refresh(&mut self) -> Result<()> {
        if self.stale
            && let Some(values) = self.frame.values()
        {
            let mut moments = Moments::default();
            values.iter().try_for_each(|number| moments.add(*number))?;
            self.moments = moments;
            self.stale = false;
        }
        Ok(())
    }

    /// The average; none of nothing.
    pub fn average(&mut self) -> Result<Option<f64>> {
        self.refresh()?;
        Ok((self.moments.count > 0.0).then(|| self.moments.sum / self.moments.count))
    }

    /// A measure of spread; none when there are too few numbers.
    pub fn spread(&mut self, spread: Spread) -> Result<Option<f64>> {
        self.refresh()?;
        let divisor = self.moments.count - if spread.sample { 1.0 } else { 0.0 };
        if divisor <= 0.0 {
            return Ok(None);
        }
        let variance = self.moments.squares / divisor;
        Ok(Some(if spread.root { variance.sqrt() } else { variance }))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_large_number_that_left_leaves_no_rounding() {
        let mut sum = FloatSum::default();
        for number in [1e20, 0.1, 0.2, 0.3] {
            sum.add(number).unwrap();
        }
        sum.remove(1e20).unwrap();
        assert_eq!(sum.sum().unwrap(), Some(0.1 + 0.2 + 0.3));
        let mut floats = Floats::default();
        for number in [f64::INFINITY, 1.0, 2.0, 4.0] {
            floats.add(number).unwrap();
        }
        let variance = Spread { sample: true, root: false };
        assert!(floats.spread(variance).unwrap().unwrap().is_nan());
        floats.remove(f64::INFINITY);
        assert_eq!(floats.spread(variance).unwrap(), Some(2.333_333_333_333_333_5));
        assert_eq!(floats.average().unwrap(), Some(7.0 / 3.0));
    }
}
