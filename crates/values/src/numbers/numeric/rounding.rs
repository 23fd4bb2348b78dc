//! Rounding, and the scale of a column `numeric(precision, scale)`.

use phantomdb_protocol::{Error, ErrorCode, Result};

use super::{
    Numeric, checked,
    decimal::{DIGITS, Decimal, count},
};

/// The greatest scale that a number is rounded to, and the smallest one.
const MAX_ROUNDING: i32 = 16_383;
const MIN_ROUNDING: i32 = -131_072;

impl Numeric {
    /// Rounds half away from zero. A negative scale rounds before the point.
    pub fn round(&self, scale: i64) -> Result<Self> {
        self.map(|decimal| decimal.rounded(limited(scale)).shown())
    }

    /// Cuts the digits after that scale off.
    pub fn trunc(&self, scale: i64) -> Result<Self> {
        self.map(|decimal| decimal.truncated(limited(scale)).shown())
    }

    pub fn floor(&self) -> Result<Self> {
        self.map(|decimal| decimal.toward(true))
    }

    pub fn ceil(&self) -> Result<Self> {
        self.map(|decimal| decimal.toward(false))
    }

    /// A value for `numeric(precision, scale)`: rounded, and `OUT_OF_RANGE` when there are too many digits.
    pub fn with_precision(&self, precision: i32, scale: i32) -> Result<Self> {
        let refused = |shown: &str| {
            let message = format!("{shown} is out of range for numeric({precision},{scale})");
            Err(Error::new(ErrorCode::OutOfRange, message))
        };
        let decimal = match self {
            Self::NaN => return Ok(Self::NaN),
            Self::Infinity | Self::NegativeInfinity => return refused("an infinity"),
            Self::Finite(decimal) => decimal,
        };
        let rounded = decimal.rounded(scale.clamp(-1000, MAX_ROUNDING));
        if rounded.whole_digits() > i64::from(precision) - i64::from(scale) {
            return refused("the number");
        }
        checked(rounded.shown())
    }

    /// The number of digits behind the point that are needed; none for NaN and infinities.
    pub fn min_scale(&self) -> Option<i32> {
        match self {
            Self::Finite(decimal) => Some(decimal.min_scale()),
            _ => None,
        }
    }

    /// The number without zeros at the end of its fraction.
    pub fn trim_scale(&self) -> Self {
        match self {
            Self::Finite(decimal) => Self::Finite(decimal.clone().with_shown_scale(decimal.min_scale())),
            other => other.clone(),
        }
    }

    fn map(&self, function: impl FnOnce(&Decimal) -> Decimal) -> Result<Self> {
        match self {
            Self::Finite(decimal) => checked(function(decimal)),
            other => Ok(other.clone()),
        }
    }
}

fn limited(scale: i64) -> i32 {
    i32::try_from(scale.clamp(MIN_ROUNDING.into(), MAX_ROUNDING.into())).unwrap_or(0)
}

impl Decimal {
    /// With a scale that can be shown: rounding before the point shows none.
    fn shown(self) -> Self {
        let scale = self.scale().max(0);
        self.with_shown_scale(scale)
    }

    /// Rounds half away from zero.
    pub(super) fn rounded(&self, scale: i32) -> Self {
        self.cut(scale, true)
    }

    pub(super) fn truncated(&self, scale: i32) -> Self {
        self.cut(scale, false)
    }

    fn cut(&self, scale: i32, round: bool) -> Self {
        // The decimal digits to keep.
        let kept = (self.weight() + 1) * DIGITS + scale;
        if self.is_zero() || kept < 0 {
            return Self::zero(scale);
        }
        let groups = usize::try_from((kept + DIGITS - 1) / DIGITS).unwrap_or(0);
        let within = kept % DIGITS;
        let digits = self.digits();
        if groups > digits.len() || (groups == digits.len() && within == 0) {
            return self.clone().with_shown_scale(scale);
        }
        // A digit in front takes the carry.
        let mut result = Vec::with_capacity(groups + 1);
        result.push(0);
        result.extend_from_slice(&digits[..groups]);
        let mut carry = 0;
        if within == 0 {
            carry = u16::from(round && digits.get(groups).is_some_and(|next| *next >= 5000));
        } else if let Some(last) = result.last_mut() {
            let unit = [1, 1000, 100, 10][usize::try_from(within).unwrap_or(0)];
            let extra = *last % unit;
            *last -= extra;
            carry = if round && extra >= unit / 2 { unit } else { 0 };
        }
        for digit in result.iter_mut().rev() {
            if carry == 0 {
                break;
            }
            *digit += carry;
            carry = u16::from(*digit >= 10_000);
            *digit -= carry * 10_000;
        }
        Self::from_digits(self.is_negative(), self.weight() + 1, scale, result)
    }

    /// The next integer below or above.
    fn toward(&self, below: bool) -> Self {
        let whole = self.truncated(0);
        if self.is_integral() || self.is_negative() != below {
            return whole;
        }
        let one = Self::one().with_sign(below);
        whole.plus(&one)
    }

    /// The decimal digits before the point, without zeros in front. Negative when the fraction begins with zeros, and
    /// very small for zero.
    pub(crate) fn whole_digits(&self) -> i64 {
        let Some(first) = self.digits().first() else { return i64::MIN };
        let in_first = i64::from(first.ilog10()) + 1;
        i64::from(self.weight()) * 4 + in_first
    }

    fn min_scale(&self) -> i32 {
        let Some(last) = self.digits().last() else { return 0 };
        let fraction = -self.lowest_power() * DIGITS;
        let zeros = (1..4).rev().find(|zeros| last % 10_u16.pow(*zeros) == 0).unwrap_or(0);
        (fraction - count(zeros as usize)).max(0)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn number(text: &str) -> Numeric {
        Numeric::parse(text).unwrap()
    }

    #[test]
    fn it_rounds_half_away_from_zero() {
        for (text, scale, rounded, truncated) in [
            ("2.5", 0, "3", "2"),
            ("-2.5", 0, "-3", "-2"),
            ("9999.995", 2, "10000.00", "9999.99"),
            ("155", -1, "160", "150"),
            ("55", -2, "100", "0"),
            ("49", -2, "0", "0"),
            ("0.00005", 4, "0.0001", "0.0000"),
            ("1.5", 3, "1.500", "1.500"),
            ("99999999", -4, "100000000", "99990000"),
        ] {
            assert_eq!(number(text).round(scale).unwrap().to_string(), rounded, "{text}");
            assert_eq!(number(text).trunc(scale).unwrap().to_string(), truncated, "{text}");
        }
    }

    #[test]
    fn it_fits_a_column() {
        assert_eq!(number("12.345").with_precision(4, 2).unwrap().to_string(), "12.35");
        assert_eq!(number("12345").with_precision(3, -2).unwrap().to_string(), "12300");
        assert_eq!(number("0.00123").with_precision(2, 4).unwrap().to_string(), "0.0012");
        assert!(number("0.0123").with_precision(2, 4).is_err());
        assert!(number("999.995").with_precision(5, 2).is_err());
        assert!(number("inf").with_precision(5, 2).is_err());
        assert!(number("nan").with_precision(5, 2).unwrap().is_nan());
    }
}
