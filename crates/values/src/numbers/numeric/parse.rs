//! Reads numbers from text, and from the other types of numbers.

use phantomdb_protocol::Result;

use super::{
    Numeric, checked,
    decimal::{BASE, Decimal, count},
    overflow,
};
use crate::numbers::{float, integer, trimmed, unreadable};

impl Numeric {
    /// Reads a number as PostgreSQL's input does: decimal with `_` between digits and an exponent, hexadecimal, octal,
    /// binary, `NaN`, `Infinity`. `TYPE_MISMATCH` for any other text, `OUT_OF_RANGE` for too many digits.
    pub fn parse(text: &str) -> Result<Self> {
        let bytes = trimmed(text).as_bytes();
        let (negative, signed, rest) = match bytes {
            [b'-', rest @ ..] => (true, true, rest),
            [b'+', rest @ ..] => (false, true, rest),
            rest => (false, false, rest),
        };
        let refused = || unreadable(text, "a number");
        if rest.first().is_some_and(u8::is_ascii_alphabetic) {
            return if rest.eq_ignore_ascii_case(b"nan") && !signed {
                Ok(Self::NaN)
            } else if rest.eq_ignore_ascii_case(b"infinity") || rest.eq_ignore_ascii_case(b"inf") {
                Ok(Self::infinity(negative))
            } else {
                Err(refused())
            };
        }
        if let [b'0', base, digits @ ..] = rest
            && let Some(bits) = integer::bits_of_prefix(*base)
        {
            let number = from_bits(digits, bits).ok_or_else(refused)??;
            return checked(number.with_sign(negative));
        }
        let read = Literal::read(rest).ok_or_else(refused)?;
        checked(read.decimal()?.with_sign(negative))
    }

    /// A number of 15 significant digits, as PostgreSQL casts a double precision.
    pub fn from_f64(number: f64) -> Result<Self> {
        Self::of_float(number, |number| format!("{number:.14e}"))
    }

    /// A number of 6 significant digits, as PostgreSQL casts a real.
    pub fn from_f32(number: f32) -> Result<Self> {
        Self::of_float(f64::from(number), |number| format!("{number:.5e}"))
    }

    /// The number that the float is written as, for a float that came in place of a number's text.
    pub fn from_written_float(number: f64) -> Result<Self> {
        Self::of_float(number, float::float8_text)
    }

    fn of_float(number: f64, digits: impl Fn(f64) -> String) -> Result<Self> {
        if number.is_nan() {
            return Ok(Self::NaN);
        }
        if number.is_infinite() {
            return Ok(Self::infinity(number < 0.0));
        }
        let text = digits(number);
        let (mantissa, exponent) = text.split_once('e').unwrap_or((&text, ""));
        // Zeros at the end do not count as digits that are shown.
        let mantissa = if mantissa.contains('.') {
            mantissa.trim_end_matches('0').trim_end_matches('.')
        } else {
            mantissa
        };
        if exponent.is_empty() {
            Self::parse(mantissa)
        } else {
            Self::parse(&format!("{mantissa}e{exponent}"))
        }
    }

    pub fn from_i128(number: i128) -> Self {
        Self::Finite(Decimal::from_i128(number))
    }
}

impl From<i64> for Numeric {
    fn from(number: i64) -> Self {
        Self::from_i128(i128::from(number))
    }
}

impl Decimal {
    pub fn from_big_integer(number: &bigdecimal::num_bigint::BigInt) -> Self {
        super::fixed::from_integer(number)
    }

    pub fn from_i128(number: i128) -> Self {
        let mut rest = number.unsigned_abs();
        let mut digits = Vec::with_capacity(5);
        while rest > 0 {
            // The remainder is below the base.
            digits.push(u16::try_from(rest % u128::from(BASE)).unwrap_or(0));
            rest /= u128::from(BASE);
        }
        digits.reverse();
        let weight = count(digits.len()) - 1;
        Self::from_digits(number < 0, weight, 0, digits)
    }
}

/// The parts of a decimal number's text.
struct Literal {
    digits: Vec<u8>,
    /// The digits before the point.
    whole: usize,
    exponent: i64,
}

impl Literal {
    fn read(text: &[u8]) -> Option<Self> {
        let (digits, whole, rest) = Self::mantissa(text)?;
        let exponent = match rest {
            [] => 0,
            [b'e' | b'E', b'-', rest @ ..] => -Self::exponent(rest)?,
            [b'e' | b'E', b'+', rest @ ..] | [b'e' | b'E', rest @ ..] => Self::exponent(rest)?,
            _ => return None,
        };
        Some(Self { digits, whole, exponent })
    }

    /// The digits, how many of them stand before the point, and what follows.
    fn mantissa(text: &[u8]) -> Option<(Vec<u8>, usize, &[u8])> {
        let mut digits = Vec::with_capacity(text.len());
        let mut whole = None;
        let mut at = 0;
        let digit_follows = |at: usize| text.get(at).is_some_and(u8::is_ascii_digit);
        if text.first() == Some(&b'.') {
            whole = Some(0);
            at = 1;
        }
        if !digit_follows(at) {
            return None;
        }
        while let Some(byte) = text.get(at) {
            at += 1;
            match byte {
                b'0'..=b'9' => digits.push(byte - b'0'),
                b'.' if whole.is_none() && text.get(at) != Some(&b'_') => whole = Some(digits.len()),
                b'_' if digit_follows(at) => {}
                b'.' | b'_' => return None,
                _ => {
                    at -= 1;
                    break;
                }
            }
        }
        let whole = whole.unwrap_or(digits.len());
        Some((digits, whole, &text[at..]))
    }

    /// The exponent, at most a little more than a number can have.
    fn exponent(text: &[u8]) -> Option<i64> {
        let mut exponent = 0_i64;
        let mut after_digit = false;
        for byte in text {
            match byte {
                b'0'..=b'9' => {
                    exponent = (exponent * 10 + i64::from(byte - b'0')).min(1 << 40);
                    after_digit = true;
                }
                b'_' if after_digit => after_digit = false,
                _ => return None,
            }
        }
        after_digit.then_some(exponent)
    }

    fn decimal(&self) -> Result<Decimal> {
        let whole = i64::try_from(self.whole).map_err(|_| overflow())?;
        let fraction = i64::try_from(self.digits.len()).map_err(|_| overflow())? - whole;
        let scale = i32::try_from((fraction - self.exponent).max(0)).map_err(|_| overflow())?;
        let leading = self.digits.iter().take_while(|digit| **digit == 0).count();
        let digits = &self.digits[leading..];
        if digits.is_empty() {
            return Ok(Decimal::zero(scale));
        }
        // The power of ten that the first digit counts.
        let power = whole - i64::try_from(leading).map_err(|_| overflow())? - 1 + self.exponent;
        let weight = i32::try_from(power.div_euclid(4)).map_err(|_| overflow())?;
        // The zeros before the first digit in its group of four.
        let padding = usize::try_from(3 - power.rem_euclid(4)).unwrap_or(0);
        let mut groups = vec![0_u16; (padding + digits.len()).div_ceil(4)];
        for (index, digit) in digits.iter().enumerate() {
            let at = padding + index;
            groups[at / 4] += u16::from(*digit) * [1000, 100, 10, 1][at % 4];
        }
        Ok(Decimal::from_digits(false, weight, scale, groups))
    }
}

/// The number of digits of 1, 3 or 4 bits. None when there are none or another character.
fn from_bits(digits: &[u8], bits: u32) -> Option<Result<Decimal>> {
    use bigdecimal::num_bigint::BigUint;

    let mut values = Vec::with_capacity(digits.len());
    let mut after_digit = true;
    for byte in digits {
        if *byte == b'_' && after_digit {
            after_digit = false;
            continue;
        }
        let value = char::from(*byte).to_digit(1 << bits)?;
        values.push(u8::try_from(value).ok()?);
        after_digit = true;
    }
    if values.is_empty() || !after_digit {
        return None;
    }
    if values.len() > 500_000 {
        return Some(Err(overflow()));
    }
    let number = BigUint::from_radix_be(&values, 1 << bits)?;
    Some(Ok(super::fixed::from_integer(&number.into())))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn it_reads_what_postgresql_reads() {
        for (text, printed) in [
            (" 12 ", "12"),
            ("-0.00", "0.00"),
            ("1e5", "100000"),
            ("1.50e1", "15.0"),
            ("1_000.5_0", "1000.50"),
            (".5", "0.5"),
            ("5.", "5"),
            ("1.2e-3", "0.0012"),
            ("0x1F", "31"),
            ("-0o17", "-15"),
            ("0b1_01", "5"),
            ("nan", "NaN"),
            ("-inf", "-Infinity"),
            ("+INFINITY", "Infinity"),
            ("12345678.000012340000", "12345678.000012340000"),
        ] {
            assert_eq!(Numeric::parse(text).unwrap().to_string(), printed, "{text}");
        }
        for text in [
            "", " ", ".", "1_", "_1", "1__0", "1._0", "1e", "1e_1", "1 2", "-nan", "0x", "0xG", "1.2.3",
            "abc",
        ] {
            assert!(Numeric::parse(text).is_err(), "{text}");
        }
        assert!(Numeric::parse("1e131072").is_err());
        assert!(Numeric::parse("1e131071").is_ok());
        assert!(Numeric::parse("1e-16384").is_err());
        assert!(Numeric::parse("1e99999999999999999999").is_err());
    }
}
