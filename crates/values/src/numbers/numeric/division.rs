//! Division, with the scale that PostgreSQL chooses.

use phantomdb_protocol::Result;

use super::{
    MAX_DISPLAY_SCALE, MIN_SIGNIFICANT_DIGITS, Numeric, checked,
    decimal::{BASE, DIGITS, Decimal},
};
use crate::numbers::division_by_zero;

const BASE64: u64 = BASE as u64;

impl Numeric {
    pub fn divide(&self, other: &Self) -> Result<Self> {
        match (self, other) {
            (Self::NaN, _) | (_, Self::NaN) => Ok(Self::NaN),
            (_, other) if other.is_zero() => Err(division_by_zero()),
            (Self::Finite(a), Self::Finite(b)) => checked(a.quotient(b)),
            (Self::Finite(_), _) => Ok(Self::zero()),
            (infinity, Self::Finite(divisor)) => {
                Ok(Self::infinity((infinity.signum() < 0) != divisor.is_negative()))
            }
            _ => Ok(Self::NaN),
        }
    }

    /// `div`: the quotient without its fraction.
    pub fn divide_truncated(&self, other: &Self) -> Result<Self> {
        match (self, other) {
            (Self::Finite(a), Self::Finite(b)) if !b.is_zero() => checked(a.divided(b, 0, false)),
            _ => self.divide(other),
        }
    }

    /// The quotient of finite numbers, rounded to that scale.
    pub(crate) fn divide_to_scale(&self, other: &Self, scale: i64) -> Result<Self> {
        match (self, other, i32::try_from(scale)) {
            (Self::Finite(a), Self::Finite(b), Ok(scale)) if !b.is_zero() => {
                checked(a.divided(b, scale, true))
            }
            _ => self.divide(other),
        }
    }

    /// The remainder, with the sign of this number.
    pub fn remainder(&self, other: &Self) -> Result<Self> {
        match (self, other) {
            (Self::NaN, _) | (_, Self::NaN) => Ok(Self::NaN),
            (_, other) if other.is_zero() => Err(division_by_zero()),
            (Self::Finite(a), Self::Finite(b)) => checked(a.remainder(b)),
            (Self::Finite(_), _) => Ok(self.clone()),
            _ => Ok(Self::NaN),
        }
    }
}

impl Decimal {
    /// The scale of the quotient: at least 16 significant digits, and as many digits as either operand shows.
    fn quotient_scale(&self, divisor: &Self) -> i32 {
        let first = |number: &Self| number.digits().first().copied().unwrap_or(0);
        let mut weight = self.weight() - divisor.weight();
        if first(self) <= first(divisor) {
            weight -= 1;
        }
        (MIN_SIGNIFICANT_DIGITS - weight * DIGITS)
            .max(self.scale())
            .max(divisor.scale())
            .clamp(0, MAX_DISPLAY_SCALE)
    }

    /// The quotient with the scale that `/` gives. The divisor is not zero.
    pub(super) fn quotient(&self, divisor: &Self) -> Self {
        self.divided(divisor, self.quotient_scale(divisor), true)
    }

    /// The remainder of a division without fraction, with the sign of this number. The divisor is not zero.
    pub(super) fn remainder(&self, divisor: &Self) -> Self {
        let whole = self.divided(divisor, 0, false);
        self.minus(&divisor.times(&whole).with_shown_scale(divisor.scale()))
            .with_shown_scale(self.scale().max(divisor.scale()))
    }

    /// The quotient with that scale, rounded half away from zero or cut off. The divisor is not zero.
    pub(super) fn divided(&self, divisor: &Self, scale: i32, round: bool) -> Self {
        if self.is_zero() {
            return Self::zero(scale);
        }
        let negative = self.is_negative() != divisor.is_negative();
        let weight = self.weight() - divisor.weight();
        // The first digit may be zero, and one digit more than is shown decides about rounding.
        let length = weight + 2 + (scale + DIGITS - 1).div_euclid(DIGITS);
        let Ok(length) = usize::try_from(length) else { return Self::zero(scale) };
        let digits = divide_digits(self.digits(), divisor.digits(), length);
        let quotient = Self::from_digits(negative, weight, scale, digits);
        if round { quotient.rounded(scale) } else { quotient.truncated(scale) }
    }
}

/// The first `length` digits of the quotient; the first one is what remains before the point when both numbers begin with
/// a digit before it. Long division, as in Knuth's algorithm D.
fn divide_digits(dividend: &[u16], divisor: &[u16], length: usize) -> Vec<u16> {
    let at = |index: usize| u64::from(dividend.get(index).copied().unwrap_or(0));
    if let [single] = divisor {
        let single = u64::from(*single);
        let mut remainder = 0;
        return (0..length)
            .map(|index| {
                let current = remainder * BASE64 + at(index);
                remainder = current % single;
                digit(current / single)
            })
            .collect();
    }
    // The divisor is scaled so that its first digit is at least half of the base; then a guess is off by 2 at most.
    let factor = BASE64 / (u64::from(divisor[0]) + 1);
    let divisor = scaled(divisor.iter().map(|digit| u64::from(*digit)), factor);
    let divisor = &divisor[1..];
    let width = divisor.len();
    let mut rest = scaled((0..length + width - 1).map(at), factor);
    let mut quotient = Vec::with_capacity(length);
    for position in 0..length {
        let window = &mut rest[position..=position + width];
        let top = window[0] * BASE64 + window[1];
        let mut guess = (top / divisor[0]).min(BASE64 - 1);
        while guess * divisor[1] > (top - guess * divisor[0]) * BASE64 + window[2] {
            guess -= 1;
        }
        if guess > 0 && subtract_multiple(window, divisor, guess) {
            guess -= 1;
            add_back(window, divisor);
        }
        quotient.push(digit(guess));
    }
    quotient
}

/// Subtracts the divisor times `guess`. Returns whether the result is negative, which is then short of a carry.
fn subtract_multiple(window: &mut [u64], divisor: &[u64], guess: u64) -> bool {
    let mut carry = 0;
    for (rest, digit) in window[1..].iter_mut().zip(divisor).rev() {
        let product = digit * guess + carry;
        let low = product % BASE64;
        carry = product / BASE64;
        if *rest < low {
            *rest += BASE64;
            carry += 1;
        }
        *rest -= low;
    }
    let negative = window[0] < carry;
    window[0] = window[0].wrapping_sub(carry);
    negative
}

fn add_back(window: &mut [u64], divisor: &[u64]) {
    let mut carry = 0;
    for (rest, digit) in window[1..].iter_mut().zip(divisor).rev() {
        let sum = *rest + digit + carry;
        carry = sum / BASE64;
        *rest = sum % BASE64;
    }
    window[0] = window[0].wrapping_add(carry);
}

fn digit(value: u64) -> u16 {
    u16::try_from(value).unwrap_or(0)
}

/// The digits times a factor, with one digit more in front.
fn scaled(digits: impl DoubleEndedIterator<Item = u64> + ExactSizeIterator, factor: u64) -> Vec<u64> {
    let mut result = vec![0; digits.len() + 1];
    let mut carry = 0;
    for (index, digit) in digits.enumerate().rev() {
        let product = digit * factor + carry;
        result[index + 1] = product % BASE64;
        carry = product / BASE64;
    }
    result[0] = carry;
    result
}
