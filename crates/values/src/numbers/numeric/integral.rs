//! Numbers as integers and floats, and functions of integers.

use phantomdb_protocol::{Error, ErrorCode, Result};

use super::{Decimal, Numeric, checked, decimal::BASE, overflow};
use crate::numbers::{float, out_of_range};

/// The greatest number whose factorial a numeric can hold.
const MAX_FACTORIAL: i64 = 32_177;

impl Numeric {
    /// The nearest integer, where half goes away from zero. `OUT_OF_RANGE` when it has more than 64 bits.
    pub fn to_i64(&self) -> Result<i64> {
        self.to_integer(out_of_range("bigint"))
    }

    pub fn to_i32(&self) -> Result<i32> {
        let refused = || out_of_range("integer");
        i32::try_from(self.to_integer(refused())?).map_err(|_| refused())
    }

    pub fn to_i16(&self) -> Result<i16> {
        let refused = || out_of_range("smallint");
        i16::try_from(self.to_integer(refused())?).map_err(|_| refused())
    }

    fn to_integer(&self, too_large: Error) -> Result<i64> {
        let Self::Finite(decimal) = self else {
            let message = format!("{self} cannot become an integer");
            return Err(Error::new(ErrorCode::OutOfRange, message));
        };
        decimal.rounded(0).to_i64().ok_or(too_large)
    }

    /// The nearest float. `OUT_OF_RANGE` for what no float comes near to.
    pub fn to_f64(&self) -> Result<f64> {
        match self {
            Self::NaN => Ok(f64::NAN),
            Self::Infinity => Ok(f64::INFINITY),
            Self::NegativeInfinity => Ok(f64::NEG_INFINITY),
            Self::Finite(decimal) => float::parse_f64(&decimal.plain()),
        }
    }

    pub fn to_f32(&self) -> Result<f32> {
        match self {
            Self::NaN => Ok(f32::NAN),
            Self::Infinity => Ok(f32::INFINITY),
            Self::NegativeInfinity => Ok(f32::NEG_INFINITY),
            Self::Finite(decimal) => float::parse_f32(&decimal.plain()),
        }
    }

    /// The greatest common divisor. NaN when one is no finite number.
    pub fn gcd(&self, other: &Self) -> Result<Self> {
        match (self, other) {
            (Self::Finite(a), Self::Finite(b)) => checked(a.gcd(b)),
            _ => Ok(Self::NaN),
        }
    }

    /// The least common multiple. NaN when one is no finite number.
    pub fn lcm(&self, other: &Self) -> Result<Self> {
        let (Self::Finite(a), Self::Finite(b)) = (self, other) else { return Ok(Self::NaN) };
        let scale = a.scale().max(b.scale());
        if a.is_zero() || b.is_zero() {
            return Ok(Self::Finite(Decimal::zero(scale)));
        }
        let multiple = a.divided(&a.gcd(b), 0, false).times(b).abs();
        checked(multiple.with_shown_scale(scale))
    }
}

impl From<Decimal> for Numeric {
    fn from(decimal: Decimal) -> Self {
        Self::Finite(decimal)
    }
}

/// The product of the integers from 1 to `number`.
pub fn factorial(number: i64) -> Result<Numeric> {
    if number < 0 {
        return Err(Error::new(ErrorCode::OutOfRange, "the factorial of a negative number is undefined"));
    }
    if number > MAX_FACTORIAL {
        return Err(overflow());
    }
    let mut digits: Vec<u64> = vec![1];
    for factor in 2..=number.unsigned_abs() {
        let mut carry = 0;
        for digit in &mut digits {
            let product = *digit * factor + carry;
            *digit = product % u64::from(BASE);
            carry = product / u64::from(BASE);
        }
        while carry > 0 {
            digits.push(carry % u64::from(BASE));
            carry /= u64::from(BASE);
        }
    }
    let digits: Vec<u16> = digits.iter().rev().map(|digit| u16::try_from(*digit).unwrap_or(0)).collect();
    let weight = super::decimal::count(digits.len()) - 1;
    checked(Decimal::from_digits(false, weight, 0, digits))
}

impl Decimal {
    /// The value, when it is an integer of 64 bits.
    pub fn to_i64(&self) -> Option<i64> {
        if !self.is_integral() || self.weight() > 4 {
            return None;
        }
        let magnitude = (0..=self.weight())
            .rev()
            .fold(0_i128, |value, power| value * 10_000 + i128::from(self.digit_at(power)));
        i64::try_from(if self.is_negative() { -magnitude } else { magnitude }).ok()
    }

    fn gcd(&self, other: &Self) -> Self {
        let scale = self.scale().max(other.scale());
        let (mut a, mut b) = (self.clone().abs(), other.clone().abs());
        while !b.is_zero() {
            let rest = a.remainder(&b);
            a = b;
            b = rest;
        }
        a.with_shown_scale(scale)
    }
}
