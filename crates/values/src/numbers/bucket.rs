//! `width_bucket`: the number of the histogram's bucket that a value falls into.

use std::cmp::Ordering;

use phantomdb_protocol::Result;

use super::{Numeric, integer::Width, invalid_argument, numeric::Decimal};

/// The bucket among `count` buckets of equal width between two bounds; 0 below them, `count + 1` above.
pub fn of_f64(operand: f64, low: f64, high: f64, count: i64) -> Result<i64> {
    check(count)?;
    if operand.is_nan() || low.is_nan() || high.is_nan() {
        return Err(invalid_argument("operand, lower bound and upper bound cannot be NaN"));
    }
    if low.is_infinite() || high.is_infinite() {
        return Err(invalid_argument("lower and upper bounds must be finite"));
    }
    match low.partial_cmp(&high) {
        Some(Ordering::Less) if operand < low => Ok(0),
        Some(Ordering::Greater) if operand > low => Ok(0),
        Some(Ordering::Less) if operand >= high => above(count),
        Some(Ordering::Greater) if operand <= high => above(count),
        Some(Ordering::Less | Ordering::Greater) => {
            // Halves, where the difference would overflow.
            let part = if (high - low).is_finite() {
                (operand - low) / (high - low)
            } else {
                (operand / 2.0 - low / 2.0) / (high / 2.0 - low / 2.0)
            };
            #[expect(
                clippy::cast_possible_truncation,
                clippy::cast_precision_loss,
                reason = "at most the count"
            )]
            let bucket = (part * count as f64) as i64;
            Ok(bucket.min(count - 1) + 1)
        }
        _ => Err(equal_bounds()),
    }
}

/// The bucket of an exact number.
pub fn of_numeric(operand: &Numeric, low: &Numeric, high: &Numeric, count: i64) -> Result<i64> {
    check(count)?;
    if operand.is_nan() || low.is_nan() || high.is_nan() {
        return Err(invalid_argument("operand, lower bound and upper bound cannot be NaN"));
    }
    let (Numeric::Finite(first), Numeric::Finite(last)) = (low, high) else {
        return Err(invalid_argument("lower and upper bounds must be finite"));
    };
    let (before, after) = match first.compare(last) {
        Ordering::Equal => return Err(equal_bounds()),
        Ordering::Less => (operand < low, operand >= high),
        Ordering::Greater => (operand > low, operand <= high),
    };
    match operand {
        _ if before => Ok(0),
        _ if after => above(count),
        Numeric::Finite(operand) => {
            let distance = Numeric::Finite(operand.clone()).subtract(low)?;
            let width = high.subtract(low)?;
            let part = distance.multiply(&Numeric::Finite(Decimal::from_i128(count.into())))?;
            Ok(part.divide_truncated(&width)?.to_i64()? + 1)
        }
        _ => above(count),
    }
}

fn check(count: i64) -> Result<()> {
    if count <= 0 { Err(invalid_argument("count must be greater than zero")) } else { Ok(()) }
}

fn above(count: i64) -> Result<i64> {
    Width::Regular.add(count, 1)
}

fn equal_bounds() -> phantomdb_protocol::Error {
    invalid_argument("lower bound cannot equal upper bound")
}
