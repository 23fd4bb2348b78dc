//! Sums, averages and spreads of exact numbers.

use std::collections::BTreeMap;

use phantomdb_protocol::Result;

use super::Spread;
use crate::numbers::{Numeric, numeric::Decimal};

/// The numbers of a group or a frame.
#[derive(Debug)]
pub struct Exact {
    count: u64,
    nan: u64,
    infinite: u64,
    negative_infinite: u64,
    sum: Decimal,
    /// The sum of the squares, where a spread is asked for.
    squares: Option<Decimal>,
    /// How many numbers show so many digits behind the point. The sum shows as many as the one with the most.
    scales: BTreeMap<i32, u64>,
}

impl Exact {
    pub fn new(with_squares: bool) -> Self {
        Self {
            count: 0,
            nan: 0,
            infinite: 0,
            negative_infinite: 0,
            sum: Decimal::zero(0),
            squares: with_squares.then(|| Decimal::zero(0)),
            scales: BTreeMap::new(),
        }
    }

    pub fn add(&mut self, number: &Numeric) {
        self.count += 1;
        match number {
            Numeric::NaN => self.nan += 1,
            Numeric::Infinity => self.infinite += 1,
            Numeric::NegativeInfinity => self.negative_infinite += 1,
            Numeric::Finite(decimal) => {
                self.sum = self.sum.plus(decimal);
                if let Some(squares) = &mut self.squares {
                    *squares = squares.plus(&decimal.times(decimal));
                }
                *self.scales.entry(decimal.scale()).or_default() += 1;
            }
        }
    }

    pub fn remove(&mut self, number: &Numeric) {
        self.count = self.count.saturating_sub(1);
        match number {
            Numeric::NaN => self.nan = self.nan.saturating_sub(1),
            Numeric::Infinity => self.infinite = self.infinite.saturating_sub(1),
            Numeric::NegativeInfinity => self.negative_infinite = self.negative_infinite.saturating_sub(1),
            Numeric::Finite(decimal) => {
                self.sum = self.sum.minus(decimal);
                if let Some(squares) = &mut self.squares {
                    *squares = squares.minus(&decimal.times(decimal));
                }
                if let Some(numbers) = self.scales.get_mut(&decimal.scale()) {
                    *numbers -= 1;
                    if *numbers == 0 {
                        self.scales.remove(&decimal.scale());
                    }
                }
            }
        }
    }

    /// The sum; none of nothing.
    pub fn sum(&self) -> Result<Option<Numeric>> {
        if self.count == 0 {
            return Ok(None);
        }
        Ok(Some(match self.special() {
            Some(special) => special,
            // An addition refuses what has too many digits.
            None => Numeric::zero().add(&Numeric::Finite(self.shown_sum()))?,
        }))
    }

    /// The average; none of nothing.
    pub fn average(&self) -> Result<Option<Numeric>> {
        let count = Numeric::from_i128(self.count.into());
        self.sum()?.map(|sum| sum.divide(&count)).transpose()
    }

    /// A measure of spread; none when there are too few numbers, and NaN when one of them is no finite number.
    pub fn spread(&self, spread: Spread) -> Option<Numeric> {
        let squares = self.squares.as_ref()?;
        let found = spread.of_exact(self.count, &self.shown_sum(), squares)?;
        Some(if self.special().is_some() { Numeric::NaN } else { found })
    }

    fn special(&self) -> Option<Numeric> {
        match (self.nan > 0, self.infinite > 0, self.negative_infinite > 0) {
            (true, _, _) | (_, true, true) => Some(Numeric::NaN),
            (_, true, _) => Some(Numeric::Infinity),
            (_, _, true) => Some(Numeric::NegativeInfinity),
            _ => None,
        }
    }

    fn shown_sum(&self) -> Decimal {
        let scale = self.scales.last_key_value().map_or(0, |(scale, _)| *scale);
        self.sum.clone().with_shown_scale(scale)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn number(text: &str) -> Numeric {
        Numeric::parse(text).unwrap()
    }

    #[test]
    fn a_frame_shows_the_scale_of_what_is_in_it() {
        let mut exact = Exact::new(true);
        for text in ["1.50", "2.5", "3"] {
            exact.add(&number(text));
        }
        assert_eq!(exact.sum().unwrap().unwrap().to_string(), "7.00");
        exact.remove(&number("1.50"));
        assert_eq!(exact.sum().unwrap().unwrap().to_string(), "5.5");
        assert_eq!(exact.average().unwrap().unwrap().to_string(), "2.7500000000000000");
        exact.add(&Numeric::Infinity);
        assert_eq!(exact.sum().unwrap().unwrap().to_string(), "Infinity");
        exact.remove(&Numeric::Infinity);
        exact.remove(&number("2.5"));
        exact.remove(&number("3"));
        assert!(exact.sum().unwrap().is_none());
    }
}
