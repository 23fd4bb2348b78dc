//! A finite decimal number: digits of base 10,000 with a weight, as PostgreSQL computes with. The base matters, because
//! the scale of a quotient depends on it.

use std::cmp::Ordering;

/// The base of the digits.
pub(super) const BASE: u32 = 10_000;
/// The decimal digits in one digit.
pub(super) const DIGITS: i32 = 4;

/// A finite number. Neither its first nor its last digit is 0, and zero has no digits.
#[derive(Debug, Clone)]
pub struct Decimal {
    negative: bool,
    /// The power of the base that the first digit counts.
    weight: i32,
    /// The decimal digits behind the point that are shown.
    scale: i32,
    digits: Vec<u16>,
}

impl Decimal {
    pub const fn zero(scale: i32) -> Self {
        Self { negative: false, weight: 0, scale, digits: Vec::new() }
    }

    pub fn one() -> Self {
        Self::from_digits(false, 0, 0, vec![1])
    }

    /// The number of these digits. Zeros at both ends are taken off.
    pub(super) fn from_digits(negative: bool, weight: i32, scale: i32, mut digits: Vec<u16>) -> Self {
        while digits.last() == Some(&0) {
            digits.pop();
        }
        let leading = digits.iter().take_while(|digit| **digit == 0).count();
        if leading > 0 {
            digits.drain(..leading);
        }
        if digits.is_empty() {
            return Self::zero(scale);
        }
        Self { negative, weight: weight - count(leading), scale, digits }
    }

    pub fn is_zero(&self) -> bool {
        self.digits.is_empty()
    }

    pub const fn is_negative(&self) -> bool {
        self.negative
    }

    pub fn signum(&self) -> i32 {
        if self.is_zero() {
            0
        } else if self.negative {
            -1
        } else {
            1
        }
    }

    pub const fn scale(&self) -> i32 {
        self.scale
    }

    pub(super) const fn weight(&self) -> i32 {
        self.weight
    }

    pub(super) fn digits(&self) -> &[u16] {
        &self.digits
    }

    /// The digit that counts that power of the base.
    pub(super) fn digit_at(&self, power: i32) -> u16 {
        let index = usize::try_from(self.weight - power);
        index.ok().and_then(|index| self.digits.get(index)).copied().unwrap_or(0)
    }

    /// The power of the base that the last digit counts; 0 for an integer without digits.
    pub(super) fn lowest_power(&self) -> i32 {
        if self.is_zero() { 0 } else { self.weight + 1 - count(self.digits.len()) }
    }

    /// The same value, of which so many digits behind the point are shown. No digit is taken off.
    pub fn with_shown_scale(mut self, scale: i32) -> Self {
        self.scale = scale;
        self
    }

    pub fn negated(mut self) -> Self {
        self.negative = !self.negative && !self.is_zero();
        self
    }

    pub fn abs(mut self) -> Self {
        self.negative = false;
        self
    }

    /// The number with that sign; zero stays without one.
    pub(super) fn with_sign(mut self, negative: bool) -> Self {
        self.negative = negative && !self.is_zero();
        self
    }

    /// Returns whether there is no fraction.
    pub fn is_integral(&self) -> bool {
        self.lowest_power() >= 0
    }

    /// Returns whether it is an odd integer.
    pub(super) fn is_odd(&self) -> bool {
        self.is_integral() && self.digit_at(0) % 2 == 1
    }

    pub(super) fn compare_magnitude(&self, other: &Self) -> Ordering {
        match (self.is_zero(), other.is_zero()) {
            (true, true) => Ordering::Equal,
            (true, false) => Ordering::Less,
            (false, true) => Ordering::Greater,
            // The digits of one that ends earlier are a prefix, which is smaller.
            (false, false) => self.weight.cmp(&other.weight).then_with(|| self.digits.cmp(&other.digits)),
        }
    }

    pub fn compare(&self, other: &Self) -> Ordering {
        match (self.signum(), other.signum()) {
            (1, 1) => self.compare_magnitude(other),
            (-1, -1) => other.compare_magnitude(self),
            (a, b) => a.cmp(&b),
        }
    }
}

/// A length as a weight.
#[expect(
    clippy::cast_possible_truncation,
    clippy::cast_possible_wrap,
    reason = "a text is shorter than 2^31 bytes"
)]
pub(super) const fn count(length: usize) -> i32 {
    length as i32
}
