//! Percentiles of values in their order.

use phantomdb_protocol::{Error, ErrorCode, Result};

use crate::numbers::float::float8_text;

/// Refuses what is no fraction.
fn check(fraction: f64) -> Result<()> {
    if (0.0..=1.0).contains(&fraction) {
        return Ok(());
    }
    let message = format!("the percentile {} is not between 0 and 1", float8_text(fraction));
    Err(Error::new(ErrorCode::OutOfRange, message))
}

/// The value at that part of so many ordered values, between two of them if need be; none of nothing. `at` knows each value.
#[expect(
    clippy::cast_possible_truncation,
    clippy::cast_sign_loss,
    clippy::cast_precision_loss,
    reason = "a part of the number of values"
)]
pub fn continuous(fraction: f64, count: usize, at: impl Fn(usize) -> Option<f64>) -> Result<Option<f64>> {
    check(fraction)?;
    let Some(last) = count.checked_sub(1) else { return Ok(None) };
    let position = fraction * last as f64;
    let (below, above) = (position.floor(), position.ceil());
    let at = |position: f64| at(position as usize);
    Ok(match (at(below), at(above)) {
        (Some(low), Some(_)) if below == above => Some(low),
        (Some(low), Some(high)) => Some(low + (position - below) * (high - low)),
        _ => None,
    })
}

/// The index of the first of the ordered values at or beyond that part of them; none of nothing.
#[expect(
    clippy::cast_possible_truncation,
    clippy::cast_sign_loss,
    clippy::cast_precision_loss,
    reason = "a part of the number of values"
)]
pub fn discrete(fraction: f64, count: usize) -> Result<Option<usize>> {
    check(fraction)?;
    if count == 0 {
        return Ok(None);
    }
    let row = (fraction * count as f64).ceil() as usize;
    Ok(Some(row.saturating_sub(1).min(count - 1)))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn continuous(fraction: f64, ordered: &[f64]) -> Result<Option<f64>> {
        super::continuous(fraction, ordered.len(), |index| ordered.get(index).copied())
    }

    #[test]
    fn it_is_postgresqls() {
        assert_eq!(continuous(0.5, &[1.0, 2.0]).unwrap(), Some(1.5));
        assert_eq!(continuous(0.25, &[1.0, 2.0, 3.0, 4.0]).unwrap(), Some(1.75));
        assert_eq!(continuous(1.0, &[1.0, 2.0]).unwrap(), Some(2.0));
        assert_eq!(continuous(0.3, &[]).unwrap(), None);
        assert!(continuous(1.1, &[]).is_err());
        assert_eq!(discrete(0.0, 4).unwrap(), Some(0));
        assert_eq!(discrete(0.5, 4).unwrap(), Some(1));
        assert_eq!(discrete(0.51, 4).unwrap(), Some(2));
        assert_eq!(discrete(1.0, 4).unwrap(), Some(3));
    }
}
