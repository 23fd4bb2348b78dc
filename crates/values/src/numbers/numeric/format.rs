//! Writes numbers as text.

use std::fmt::{self, Write as _};

use super::{Decimal, Numeric};

impl fmt::Display for Numeric {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::NaN => f.write_str("NaN"),
            Self::Infinity => f.write_str("Infinity"),
            Self::NegativeInfinity => f.write_str("-Infinity"),
            Self::Finite(decimal) => f.write_str(&decimal.plain()),
        }
    }
}

impl Decimal {
    /// The number without an exponent, with as many digits behind the point as are shown.
    pub fn plain(&self) -> String {
        let scale = usize::try_from(self.scale()).unwrap_or(0);
        let whole = usize::try_from(self.weight() + 1).unwrap_or(0) * 4;
        let mut text = String::with_capacity(whole + scale + 8);
        if self.is_negative() {
            text.push('-');
        }
        if self.weight() < 0 || self.is_zero() {
            text.push('0');
        } else {
            let _ = write!(text, "{}", self.digit_at(self.weight()));
            for power in (0..self.weight()).rev() {
                push_group(&mut text, self.digit_at(power));
            }
        }
        if scale > 0 {
            text.push('.');
            let end = text.len() + scale;
            let mut power = -1;
            while text.len() < end {
                push_group(&mut text, self.digit_at(power));
                power -= 1;
            }
            text.truncate(end);
        }
        text
    }
}

fn push_group(text: &mut String, group: u16) {
    for divisor in [1000, 100, 10, 1] {
        // A decimal digit is below 10.
        text.push(char::from(b'0' + u8::try_from(group / divisor % 10).unwrap_or(0)));
    }
}
