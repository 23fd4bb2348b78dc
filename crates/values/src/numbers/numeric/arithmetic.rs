//! Addition, subtraction and multiplication.

use std::cmp::Ordering;

use phantomdb_protocol::Result;

use super::{
    Numeric, checked,
    decimal::{BASE, Decimal, count},
};

impl Numeric {
    pub fn add(&self, other: &Self) -> Result<Self> {
        match (self, other) {
            (Self::Finite(a), Self::Finite(b)) => checked(a.plus(b)),
            (Self::NaN, _) | (_, Self::NaN) => Ok(Self::NaN),
            (Self::Infinity, Self::NegativeInfinity) | (Self::NegativeInfinity, Self::Infinity) => {
                Ok(Self::NaN)
            }
            (Self::Finite(_), infinity) | (infinity, _) => Ok(infinity.clone()),
        }
    }

    pub fn subtract(&self, other: &Self) -> Result<Self> {
        self.add(&other.negated())
    }

    pub fn multiply(&self, other: &Self) -> Result<Self> {
        match (self, other) {
            (Self::Finite(a), Self::Finite(b)) => {
                let product = a.times(b);
                checked(if product.scale() > super::MAX_SCALE {
                    product.rounded(super::MAX_SCALE)
                } else {
                    product
                })
            }
            (Self::NaN, _) | (_, Self::NaN) => Ok(Self::NaN),
            (a, b) => Ok(match a.signum() * b.signum() {
                0 => Self::NaN,
                sign => Self::infinity(sign < 0),
            }),
        }
    }

    pub fn negated(&self) -> Self {
        match self {
            Self::NaN => Self::NaN,
            Self::Infinity => Self::NegativeInfinity,
            Self::NegativeInfinity => Self::Infinity,
            Self::Finite(decimal) => Self::Finite(decimal.clone().negated()),
        }
    }

    pub fn abs(&self) -> Self {
        if self.signum() < 0 { self.negated() } else { self.clone() }
    }
}

impl Decimal {
    pub(crate) fn plus(&self, other: &Self) -> Self {
        if self.is_negative() == other.is_negative() || self.is_zero() || other.is_zero() {
            return self.sum_of_magnitudes(other);
        }
        match self.compare_magnitude(other) {
            Ordering::Equal => Self::zero(self.scale().max(other.scale())),
            Ordering::Greater => self.difference_of_magnitudes(other),
            Ordering::Less => other.difference_of_magnitudes(self),
        }
    }

    pub(crate) fn minus(&self, other: &Self) -> Self {
        self.plus(&other.clone().negated())
    }

    /// The sum, with the sign of the one that is not zero.
    fn sum_of_magnitudes(&self, other: &Self) -> Self {
        let scale = self.scale().max(other.scale());
        if self.is_zero() {
            return other.clone().with_shown_scale(scale);
        }
        if other.is_zero() {
            return self.clone().with_shown_scale(scale);
        }
        let weight = self.weight().max(other.weight()) + 1;
        let lowest = self.lowest_power().min(other.lowest_power());
        let mut digits = zeros(weight, lowest);
        let mut carry = 0;
        for (index, digit) in digits.iter_mut().enumerate().rev() {
            let power = weight - count(index);
            let sum = self.digit_at(power) + other.digit_at(power) + carry;
            carry = u16::from(sum >= 10_000);
            *digit = sum - carry * 10_000;
        }
        Self::from_digits(self.is_negative(), weight, scale, digits)
    }

    /// The difference from a smaller magnitude, with the sign of this one.
    fn difference_of_magnitudes(&self, smaller: &Self) -> Self {
        let weight = self.weight();
        let lowest = self.lowest_power().min(smaller.lowest_power());
        let mut digits = zeros(weight, lowest);
        let mut borrow = 0;
        for (index, digit) in digits.iter_mut().enumerate().rev() {
            let power = weight - count(index);
            let subtracted = smaller.digit_at(power) + borrow;
            let from = self.digit_at(power);
            borrow = u16::from(from < subtracted);
            *digit = from + borrow * 10_000 - subtracted;
        }
        Self::from_digits(self.is_negative(), weight, self.scale().max(smaller.scale()), digits)
    }

    pub(crate) fn times(&self, other: &Self) -> Self {
        let scale = self.scale() + other.scale();
        let (a, b) = (self.digits(), other.digits());
        if a.is_empty() || b.is_empty() {
            return Self::zero(scale);
        }
        // Sums of products stay below 2^64 for every length that a number can have.
        let mut sums = vec![0_u64; a.len() + b.len()];
        for (i, x) in a.iter().enumerate() {
            let x = u64::from(*x);
            for (sum, y) in sums[i + 1..].iter_mut().zip(b) {
                *sum += x * u64::from(*y);
            }
        }
        let mut carry = 0;
        let mut digits = vec![0_u16; sums.len()];
        for (digit, sum) in digits.iter_mut().zip(&sums).rev() {
            let total = sum + carry;
            carry = total / u64::from(BASE);
            *digit = u16::try_from(total % u64::from(BASE)).unwrap_or(0);
        }
        let negative = self.is_negative() != other.is_negative();
        Self::from_digits(negative, self.weight() + other.weight() + 1, scale, digits)
    }
}

/// Digits for the powers from `highest` down to `lowest`.
fn zeros(highest: i32, lowest: i32) -> Vec<u16> {
    vec![0; usize::try_from(highest - lowest + 1).unwrap_or(0)]
}
