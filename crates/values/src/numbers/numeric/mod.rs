//! Exact numbers, as PostgreSQL's NUMERIC has them: with a scale that is shown, NaN and infinities.

mod arithmetic;
mod decimal;
mod division;
mod exponential;
mod fixed;
mod format;
mod functions;
mod integral;
mod order;
mod parse;
mod power;
mod rounding;

use std::cmp::Ordering;

use phantomdb_protocol::{Error, ErrorCode, Result};

pub use decimal::Decimal;
pub use integral::factorial;
pub use order::compare_texts;

/// The fewest significant digits of a result that is not exact.
const MIN_SIGNIFICANT_DIGITS: i32 = 16;
/// The most digits behind the point of a result that is not exact.
const MAX_DISPLAY_SCALE: i32 = 1000;
/// The greatest scale that a result which is not exact is computed with.
const MAX_RESULT_SCALE: i32 = 2000;
/// The most digits behind the point that a value can have.
pub const MAX_SCALE: i32 = 0x3FFF;
/// The greatest weight of a value, in digits of base 10,000.
const MAX_WEIGHT: i32 = 32767;

/// An exact number.
#[derive(Debug, Clone)]
pub enum Numeric {
    NaN,
    NegativeInfinity,
    Infinity,
    Finite(Decimal),
}

impl Numeric {
    pub fn zero() -> Self {
        Self::Finite(Decimal::zero(0))
    }

    /// Returns whether the value is 0.
    pub fn is_zero(&self) -> bool {
        matches!(self, Self::Finite(decimal) if decimal.is_zero())
    }

    pub const fn is_nan(&self) -> bool {
        matches!(self, Self::NaN)
    }

    /// -1, 0 or 1, and 0 for NaN.
    pub fn signum(&self) -> i32 {
        match self {
            Self::NaN => 0,
            Self::Infinity => 1,
            Self::NegativeInfinity => -1,
            Self::Finite(decimal) => decimal.signum(),
        }
    }

    /// The infinity of that sign.
    const fn infinity(negative: bool) -> Self {
        if negative { Self::NegativeInfinity } else { Self::Infinity }
    }

    /// The digits behind the point that are shown; none for NaN and infinities.
    pub fn scale(&self) -> Option<i32> {
        match self {
            Self::Finite(decimal) => Some(decimal.scale()),
            _ => None,
        }
    }
}

/// Refuses what a value cannot hold.
fn checked(decimal: Decimal) -> Result<Numeric> {
    if decimal.weight() > MAX_WEIGHT || decimal.scale() > MAX_SCALE {
        return Err(overflow());
    }
    Ok(Numeric::Finite(decimal))
}

fn overflow() -> Error {
    Error::new(ErrorCode::OutOfRange, "the number has more digits than a numeric can hold")
}

impl PartialEq for Numeric {
    fn eq(&self, other: &Self) -> bool {
        self.cmp(other) == Ordering::Equal
    }
}

impl Eq for Numeric {}

impl PartialOrd for Numeric {
    fn partial_cmp(&self, other: &Self) -> Option<Ordering> {
        Some(self.cmp(other))
    }
}

impl Ord for Numeric {
    /// By value; NaN is equal to itself and greater than every other number.
    fn cmp(&self, other: &Self) -> Ordering {
        let rank = |number: &Self| match number {
            Self::NegativeInfinity => 0,
            Self::Finite(_) => 1,
            Self::Infinity => 2,
            Self::NaN => 3,
        };
        match (self, other) {
            (Self::Finite(a), Self::Finite(b)) => a.compare(b),
            _ => rank(self).cmp(&rank(other)),
        }
    }
}
