//! Functions whose results are not exact, with the scales that PostgreSQL chooses.

use phantomdb_protocol::{Error, ErrorCode, Result};

use super::{
    MAX_DISPLAY_SCALE, MAX_RESULT_SCALE, MIN_SIGNIFICANT_DIGITS, Numeric, checked,
    decimal::{DIGITS, Decimal},
    exponential::LOG10_E,
};
use crate::numbers::{division_by_zero, invalid_argument};

impl Numeric {
    /// The square root. `OUT_OF_RANGE` for a negative number.
    pub fn sqrt(&self) -> Result<Self> {
        if self.signum() < 0 {
            let message = "cannot take the square root of a negative number";
            return Err(Error::new(ErrorCode::OutOfRange, message));
        }
        let Self::Finite(decimal) = self else { return Ok(self.clone()) };
        let weight = if decimal.weight() >= 0 {
            decimal.weight() * DIGITS / 2 + 1
        } else {
            1 - (1 - decimal.weight() * DIGITS) / 2
        };
        let scale = result_scale(weight, &[decimal]);
        checked(decimal.square_root(scale))
    }

    pub fn exp(&self) -> Result<Self> {
        match self {
            Self::NegativeInfinity => Ok(Self::zero()),
            Self::Finite(decimal) => {
                let scale = result_scale(limited_weight(decimal.to_f64() * LOG10_E), &[decimal]);
                checked(decimal.exponential(scale)?)
            }
            other => Ok(other.clone()),
        }
    }

    /// The natural logarithm. `TYPE_MISMATCH` for zero and negative numbers, as PostgreSQL's code for it has it.
    pub fn ln(&self) -> Result<Self> {
        self.check_logarithm()?;
        let Self::Finite(decimal) = self else { return Ok(self.clone()) };
        let scale = result_scale(decimal.logarithm_weight(), &[decimal]);
        checked(decimal.logarithm(scale))
    }

    /// The logarithm of `number` to this base.
    pub fn log(&self, number: &Self) -> Result<Self> {
        if self.is_nan() || number.is_nan() {
            return Ok(Self::NaN);
        }
        self.check_logarithm()?;
        number.check_logarithm()?;
        match (self, number) {
            (Self::Finite(base), Self::Finite(number)) => checked(number.logarithm_to(base)?),
            (Self::Finite(_), _) => Ok(Self::Infinity),
            (_, Self::Finite(_)) => Ok(Self::zero()),
            _ => Ok(Self::NaN),
        }
    }

    fn check_logarithm(&self) -> Result<()> {
        match self {
            Self::NaN => Ok(()),
            number if number.is_zero() => Err(invalid_argument("cannot take the logarithm of zero")),
            number if number.signum() < 0 => {
                Err(invalid_argument("cannot take the logarithm of a negative number"))
            }
            _ => Ok(()),
        }
    }
}

/// The scale of a result with that many decimal digits before the point: 16 significant digits, and as many digits as each
/// operand shows.
pub(super) fn result_scale(weight: i32, operands: &[&Decimal]) -> i32 {
    let shown = operands.iter().map(|operand| operand.scale()).max().unwrap_or(0);
    (MIN_SIGNIFICANT_DIGITS - weight).max(shown).clamp(0, MAX_DISPLAY_SCALE)
}

/// The weight as an integer that sums do not overflow.
#[expect(clippy::cast_possible_truncation, reason = "it is limited")]
pub(super) fn limited_weight(weight: f64) -> i32 {
    weight.clamp(f64::from(-MAX_RESULT_SCALE), f64::from(MAX_RESULT_SCALE)) as i32
}

impl Decimal {
    /// About the decimal digits before the point of the natural logarithm.
    #[expect(clippy::cast_possible_truncation, reason = "the logarithm of a logarithm is small")]
    pub(super) fn logarithm_weight(&self) -> i32 {
        let digit = |index: usize| f64::from(self.digits().get(index).copied().unwrap_or(0));
        let (low, high) =
            (Self::from_digits(false, -1, 1, vec![9000]), Self::from_digits(false, 0, 1, vec![1, 1000]));
        let near_one = self.compare(&low).is_ge() && self.compare(&high).is_le();
        if near_one {
            let distance = self.minus(&Self::one());
            return match distance.digits().first() {
                Some(first) => distance.weight() * DIGITS + f64::from(*first).log10() as i32,
                None => 0,
            };
        }
        let (mut digits, mut weight) = (digit(0), self.weight() * DIGITS);
        if self.digits().len() > 1 {
            digits = digits * 10_000.0 + digit(1);
            weight -= DIGITS;
        }
        let logarithm = digits.ln() + f64::from(weight) * std::f64::consts::LN_10;
        logarithm.abs().log10() as i32
    }

    fn logarithm_to(&self, base: &Self) -> Result<Self> {
        let (base_weight, own_weight) = (base.logarithm_weight(), self.logarithm_weight());
        let weight = own_weight - base_weight;
        let scale = result_scale(weight, &[base, self]);
        let base = base.logarithm((scale + weight - base_weight + 8).max(0));
        let own = self.logarithm((scale + weight - own_weight + 8).max(0));
        if base.is_zero() {
            return Err(division_by_zero());
        }
        Ok(own.divided(&base, scale, true))
    }
}

impl Decimal {
    /// `(count * squares - sum * sum) / (count * divisor)`, which is never negative.
    pub(crate) fn variance(count: &Self, sum: &Self, squares: &Self, divisor: &Self) -> Self {
        let numerator = count.times(squares).minus(&sum.times(sum));
        if numerator.signum() <= 0 {
            return Self::zero(0);
        }
        numerator.quotient(&count.times(divisor))
    }

    /// The square root with as many digits behind the point as this number shows.
    pub(crate) fn root_of_same_scale(&self) -> Self {
        if self.is_zero() { self.clone() } else { self.square_root(self.scale()) }
    }
}
