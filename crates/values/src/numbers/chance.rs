//! Random numbers, made of random bits that the caller has.

use bigdecimal::num_bigint::BigUint;
use phantomdb_protocol::Result;

use super::{Numeric, invalid_argument, numeric::Decimal};

/// A number between 0 and 1, without 1.
#[expect(clippy::cast_precision_loss, reason = "53 bits fit a float")]
fn fraction(bits: u64) -> f64 {
    (bits >> 11) as f64 / (1_u64 << 53) as f64
}

/// A random integer, where both bounds are included.
pub fn integer(low: i64, high: i64, bits: impl Fn() -> u64) -> Result<i64> {
    if low > high {
        return Err(bounds());
    }
    let width = high.abs_diff(low);
    let Some(count) = width.checked_add(1) else { return Ok(bits().cast_signed()) };
    // Bits beyond the last multiple of the count would make some integers more frequent.
    let last = u64::MAX - u64::MAX % count;
    loop {
        let random = bits();
        if random < last {
            return Ok(low.wrapping_add_unsigned(random % count));
        }
    }
}

/// A random number with as many digits behind the point as the bounds show; both are included.
pub fn numeric(low: &Numeric, high: &Numeric, bits: impl Fn() -> u64) -> Result<Numeric> {
    if low.is_nan() || high.is_nan() {
        return Err(invalid_argument("a bound cannot be NaN"));
    }
    let (Numeric::Finite(from), Numeric::Finite(to)) = (low, high) else {
        return Err(invalid_argument("a bound cannot be infinite"));
    };
    if low > high {
        return Err(bounds());
    }
    let scale = from.scale().max(to.scale());
    let units = to.minus(from).units(scale) + BigUint::from(1_u32);
    // 64 bits more than are needed make the numbers equally frequent, as far as anyone can tell.
    let words = units.bits() / 32 + 3;
    let random = BigUint::new((0..words).map(|_| u32::try_from(bits() >> 32).unwrap_or(0)).collect());
    low.add(&Numeric::Finite(Decimal::of_units(&(random % units), scale)))
}

/// A random number of the normal distribution.
pub fn normal(mean: f64, deviation: f64, bits: impl Fn() -> u64) -> f64 {
    // The transformation of Box and Muller.
    let radius = (-2.0 * (1.0 - fraction(bits())).ln()).sqrt();
    mean + deviation * radius * (std::f64::consts::TAU * fraction(bits())).cos()
}

fn bounds() -> phantomdb_protocol::Error {
    invalid_argument("the lower bound must be less than or equal to the upper bound")
}

#[cfg(test)]
mod tests {
    use std::cell::Cell;

    use super::*;

    #[test]
    fn a_number_is_between_its_bounds() {
        let state = Cell::new(88_172_645_463_325_252_u64);
        let bits = || {
            let mut x = state.get();
            x ^= x << 13;
            x ^= x >> 7;
            x ^= x << 17;
            state.set(x);
            x
        };
        let mut seen = std::collections::HashSet::new();
        for _ in 0..200 {
            let number = integer(-2, 2, bits).unwrap();
            assert!((-2..=2).contains(&number));
            seen.insert(number);
            let (low, high) = (Numeric::parse("-0.5").unwrap(), Numeric::parse("1.25").unwrap());
            let number = numeric(&low, &high, bits).unwrap();
            assert!(low <= number && number <= high && number.scale() == Some(2), "{number}");
            assert!(normal(0.0, 1.0, bits).abs() < 10.0);
        }
        assert_eq!(seen.len(), 5);
        assert!(integer(1, 0, bits).is_err());
        assert!(integer(i64::MIN, i64::MAX, bits).is_ok());
    }
}
