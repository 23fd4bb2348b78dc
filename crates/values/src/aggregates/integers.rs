//! Sums, averages and spreads of integers. They are exact, and cost no memory.

use bigdecimal::num_bigint::BigInt;
use phantomdb_protocol::Result;

use super::Spread;
use crate::numbers::{Numeric, integer::Width, numeric::Decimal};

/// The integers of a group or a frame.
#[derive(Debug, Default)]
pub struct Integers {
    count: u64,
    sum: i128,
    squares: u128,
    /// How often the sum of the squares has passed 2^128.
    squares_carry: u64,
}

impl Integers {
    #[inline]
    pub fn add(&mut self, integer: i64) {
        self.count += 1;
        self.sum += i128::from(integer);
    }

    #[inline]
    pub fn remove(&mut self, integer: i64) {
        self.count = self.count.saturating_sub(1);
        self.sum -= i128::from(integer);
    }

    /// Adds the integer and its square.
    pub fn add_square(&mut self, integer: i64) {
        self.add(integer);
        let (squares, carry) = self.squares.overflowing_add(square(integer));
        self.squares = squares;
        self.squares_carry += u64::from(carry);
    }

    pub fn remove_square(&mut self, integer: i64) {
        self.remove(integer);
        let (squares, borrow) = self.squares.overflowing_sub(square(integer));
        self.squares = squares;
        self.squares_carry = self.squares_carry.saturating_sub(u64::from(borrow));
    }

    pub const fn is_empty(&self) -> bool {
        self.count == 0
    }

    pub const fn count(&self) -> u64 {
        self.count
    }

    /// The sum as a 64-bit integer.
    pub fn sum(&self) -> Result<i64> {
        i64::try_from(self.sum).map_err(|_| Width::Big.overflow())
    }

    #[expect(clippy::cast_precision_loss, reason = "the nearest float is wanted")]
    pub const fn sum_as_float(&self) -> f64 {
        self.sum as f64
    }

    pub fn exact_sum(&self) -> Numeric {
        Numeric::from_i128(self.sum)
    }

    /// The average; none of nothing.
    pub fn average(&self) -> Result<Option<Numeric>> {
        if self.is_empty() {
            return Ok(None);
        }
        self.exact_sum().divide(&Numeric::from_i128(self.count.into())).map(Some)
    }

    /// A measure of spread; none when there are too few integers.
    pub fn spread(&self, spread: Spread) -> Option<Numeric> {
        let squares = if self.squares_carry == 0 && i128::try_from(self.squares).is_ok() {
            Decimal::from_i128(self.squares.cast_signed())
        } else {
            Decimal::from_big_integer(
                &((BigInt::from(self.squares_carry) << 128) + BigInt::from(self.squares)),
            )
        };
        spread.of_exact(self.count, &Decimal::from_i128(self.sum), &squares)
    }
}

fn square(integer: i64) -> u128 {
    let magnitude = u128::from(integer.unsigned_abs());
    magnitude * magnitude
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn squares_do_not_overflow() {
        let mut integers = Integers::default();
        for _ in 0..5 {
            integers.add_square(i64::MIN);
        }
        integers.add_square(0);
        let spread = Spread { sample: false, root: false };
        assert_eq!(integers.spread(spread).unwrap().to_string(), "11815359962532585536922729424714174009");
        integers.remove_square(0);
        assert_eq!(integers.spread(spread).unwrap().to_string(), "0");
        assert!(integers.sum().is_err());
    }
}
