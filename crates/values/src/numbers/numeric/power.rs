//! Powers.

use phantomdb_protocol::{Error, ErrorCode, Result};

use super::{
    MAX_DISPLAY_SCALE, MAX_RESULT_SCALE, MAX_WEIGHT, MIN_SIGNIFICANT_DIGITS, Numeric, checked,
    decimal::{DIGITS, Decimal},
    exponential::LOG10_E,
    functions::result_scale,
    overflow,
};

impl Numeric {
    /// This number to the power of `exponent`.
    pub fn power(&self, exponent: &Self) -> Result<Self> {
        let one = || Ok(Self::Finite(Decimal::one()));
        match (self, exponent) {
            (Self::NaN, exponent) if exponent.is_zero() => return one(),
            (base, Self::NaN) if base.is_one() => return one(),
            (Self::NaN, _) | (_, Self::NaN) => return Ok(Self::NaN),
            _ => {}
        }
        let (base_sign, exponent_sign) = (self.signum(), exponent.signum());
        let refused = |message: &str| Err(Error::new(ErrorCode::OutOfRange, message));
        if base_sign == 0 && exponent_sign < 0 {
            return refused("zero raised to a negative power is undefined");
        }
        if base_sign < 0 && !exponent.is_integral() {
            return refused("a negative number raised to a power that is no integer yields a complex result");
        }
        match (self, exponent) {
            (Self::Finite(base), Self::Finite(exponent)) => checked(base.power(exponent)?),
            (base, exponent) if base.is_one() || exponent.is_zero() => one(),
            (base, _) if base.is_zero() => Ok(Self::zero()),
            (base, Self::Infinity | Self::NegativeInfinity) => {
                let magnitude = base.abs();
                if magnitude.is_one() {
                    return one();
                }
                let grows = (magnitude > Self::Finite(Decimal::one())) == (exponent_sign > 0);
                Ok(if grows { Self::Infinity } else { Self::zero() })
            }
            (_, exponent) if exponent.signum() < 0 => Ok(Self::zero()),
            (base, Self::Finite(exponent)) => Ok(Self::infinity(base.signum() < 0 && exponent.is_odd())),
            _ => Ok(Self::NaN),
        }
    }

    fn is_one(&self) -> bool {
        matches!(self, Self::Finite(decimal) if decimal.compare(&Decimal::one()).is_eq())
    }

    /// Infinities count as integers.
    fn is_integral(&self) -> bool {
        match self {
            Self::Finite(decimal) => decimal.is_integral(),
            _ => true,
        }
    }
}

impl Decimal {
    fn power(&self, exponent: &Self) -> Result<Self> {
        if let Some(integer) = exponent.to_i64().and_then(|integer| i32::try_from(integer).ok()) {
            return self.integer_power(integer, exponent.scale());
        }
        if self.is_zero() {
            return Ok(Self::zero(MIN_SIGNIFICANT_DIGITS));
        }
        let negative = self.is_negative() && exponent.is_odd();
        let base = self.clone().abs();
        let logarithm_weight = base.logarithm_weight();
        // A first, short computation says how many digits the result has.
        let short = (8 - logarithm_weight).max(0);
        let estimate = base.logarithm(short).times(exponent).rounded(short).to_f64();
        if estimate.abs() > f64::from(MAX_RESULT_SCALE) * 3.01 {
            return if estimate > 0.0 { Err(overflow()) } else { Ok(Self::zero(MAX_DISPLAY_SCALE)) };
        }
        #[expect(clippy::cast_possible_truncation, reason = "below 6020, see above")]
        let weight = (estimate * LOG10_E) as i32;
        let scale = result_scale(weight, &[&base, exponent]);
        let significant = (scale + weight).max(0);
        let digits = (significant - logarithm_weight + 8).max(0);
        let result = base.logarithm(digits).times(exponent).rounded(digits).exponential(scale)?;
        Ok(result.with_sign(negative))
    }

    fn integer_power(&self, exponent: i32, exponent_scale: i32) -> Result<Self> {
        let weight = self.power_weight(exponent);
        if weight > f64::from((MAX_WEIGHT + 1) * DIGITS) {
            return Err(overflow());
        }
        if weight + 1.0 < f64::from(-MAX_DISPLAY_SCALE) {
            return Ok(Self::zero(MAX_DISPLAY_SCALE));
        }
        #[expect(clippy::cast_possible_truncation, reason = "limited, see above")]
        let weight = weight as i32;
        let scale = (MIN_SIGNIFICANT_DIGITS - weight)
            .max(self.scale())
            .max(exponent_scale)
            .clamp(0, MAX_DISPLAY_SCALE);
        match exponent {
            0 => return Ok(Self::one().with_shown_scale(scale)),
            1 => return Ok(self.rounded(scale)),
            2 => return Ok(self.times(self).rounded(scale)),
            _ if self.is_zero() => return Ok(Self::zero(scale)),
            -1 => return Ok(Self::one().divided(self, scale, true)),
            _ => {}
        }
        let digits = 1 + scale + weight + extra_digits(exponent);
        let power = self.multiplied(exponent.unsigned_abs(), digits);
        match power {
            Some(power) if exponent < 0 => Ok(Self::one().divided(&power, scale, true)),
            Some(power) => Ok(power.rounded(scale)),
            None if exponent < 0 => Ok(Self::zero(scale)),
            None => Err(overflow()),
        }
    }

    /// About the decimal digits before the point of a power.
    fn power_weight(&self, exponent: i32) -> f64 {
        if self.is_zero() {
            return 0.0;
        }
        let mut first = 0.0;
        let mut power = (self.weight() + 1) * DIGITS;
        for digit in self.digits().iter().take(4) {
            first = first * 10_000.0 + f64::from(*digit);
            power -= DIGITS;
        }
        f64::from(exponent) * (first.log10() + f64::from(power))
    }

    /// The power by repeated multiplication, kept to about so many significant digits. None when it has too many.
    fn multiplied(&self, mut exponent: u32, digits: i32) -> Option<Self> {
        let rounded = |product: Self| {
            let scale = (digits - product.weight() * DIGITS).min(product.scale()).max(0);
            product.rounded(scale)
        };
        let mut base = self.clone();
        let mut result = if exponent % 2 == 1 { self.clone() } else { Self::one() };
        exponent /= 2;
        while exponent > 0 {
            base = rounded(base.times(&base));
            if exponent % 2 == 1 {
                result = rounded(base.times(&result));
            }
            if base.weight() > MAX_WEIGHT || result.weight() > MAX_WEIGHT {
                return None;
            }
            exponent /= 2;
        }
        Some(result)
    }
}

/// The digits that multiplications may lose, and a few more.
#[expect(clippy::cast_possible_truncation, reason = "a logarithm of 32 bits is small")]
fn extra_digits(exponent: i32) -> i32 {
    f64::from(exponent).abs().ln() as i32 + 12
}
