//! Fixed-point numbers, for functions whose results are not exact: an integer that counts units of a power of ten.

use bigdecimal::num_bigint::{BigInt, BigUint, Sign};

use super::decimal::{DIGITS, Decimal, count};

/// The integer as a number.
pub(super) fn from_integer(integer: &BigInt) -> Decimal {
    to_decimal(integer, 0)
}

/// 10 to that power.
pub(super) fn power_of_ten(exponent: i32) -> BigInt {
    BigInt::from(10).pow(exponent.unsigned_abs())
}

impl Decimal {
    /// The magnitude, counted in units of `10^-places`.
    pub(crate) fn units(&self, places: i32) -> BigUint {
        of_decimal(self, places).magnitude().clone()
    }

    /// So many units of `10^-places`.
    pub(crate) fn of_units(units: &BigUint, places: i32) -> Self {
        to_decimal(&units.clone().into(), places)
    }
}

/// The number times `10^places`, without what is left of a fraction.
pub(super) fn of_decimal(number: &Decimal, places: i32) -> BigInt {
    let bytes: Vec<u8> = number
        .digits()
        .iter()
        .flat_map(|digit| [digit / 100, digit % 100])
        .map(|half| u8::try_from(half).unwrap_or(0))
        .collect();
    let magnitude = BigUint::from_radix_be(&bytes, 100).unwrap_or_default();
    let sign = if number.is_negative() { Sign::Minus } else { Sign::Plus };
    let integer = BigInt::from_biguint(sign, magnitude);
    let shift = number.lowest_power() * DIGITS + places;
    if shift >= 0 { integer * power_of_ten(shift) } else { integer / power_of_ten(shift) }
}

/// `integer / 10^places`, with as many digits behind the point.
pub(super) fn to_decimal(integer: &BigInt, places: i32) -> Decimal {
    // The groups of four digits are counted from the point.
    let padding = places.rem_euclid(DIGITS);
    let padded = if padding == 0 { integer.clone() } else { integer * power_of_ten(DIGITS - padding) };
    let groups_behind = (places + DIGITS - 1).div_euclid(DIGITS);
    let halves = padded.magnitude().to_radix_be(100);
    let mut digits = Vec::with_capacity(halves.len() / 2 + 1);
    let odd = halves.len() % 2;
    digits.extend(halves[..odd].iter().map(|half| u16::from(*half)));
    digits.extend(halves[odd..].chunks_exact(2).map(|pair| u16::from(pair[0]) * 100 + u16::from(pair[1])));
    let weight = count(digits.len()) - 1 - groups_behind;
    Decimal::from_digits(integer.sign() == Sign::Minus, weight, places, digits)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn it_keeps_the_value() {
        for (integer, places, printed) in [
            (12_345_i64, 0, "12345"),
            (-12_345, 2, "-123.45"),
            (5, 7, "0.0000005"),
            (0, 3, "0.000"),
            (100_000_000, 8, "1.00000000"),
            (7, -3, "7000"),
        ] {
            let decimal = to_decimal(&BigInt::from(integer), places);
            assert_eq!(decimal.plain(), printed);
            assert_eq!(of_decimal(&decimal, places), BigInt::from(integer));
        }
    }
}
