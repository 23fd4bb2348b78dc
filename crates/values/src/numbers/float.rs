//! Floats: arithmetic that overflows and underflows as an error, reading, and PostgreSQL's shortest text.

use std::ops::{Add, Div, Mul, Sub};

use phantomdb_protocol::{Error, ErrorCode, Result};

use super::{division_by_zero, trimmed, unreadable};

/// What float4 and float8 have in common.
pub trait Float:
    Copy + PartialEq + Add<Output = Self> + Sub<Output = Self> + Mul<Output = Self> + Div<Output = Self>
{
    const ZERO: Self;
    fn is_infinite(self) -> bool;
    fn is_nan(self) -> bool;
}

impl Float for f64 {
    const ZERO: Self = 0.0;
    fn is_infinite(self) -> bool {
        self.is_infinite()
    }
    fn is_nan(self) -> bool {
        self.is_nan()
    }
}

impl Float for f32 {
    const ZERO: Self = 0.0;
    fn is_infinite(self) -> bool {
        self.is_infinite()
    }
    fn is_nan(self) -> bool {
        self.is_nan()
    }
}

#[cold]
pub fn overflow() -> Error {
    Error::new(ErrorCode::OutOfRange, "value out of range: overflow")
}

#[cold]
pub fn underflow() -> Error {
    Error::new(ErrorCode::OutOfRange, "value out of range: underflow")
}

pub fn add<F: Float>(a: F, b: F) -> Result<F> {
    not_overflown(a + b, a, b)
}

pub fn subtract<F: Float>(a: F, b: F) -> Result<F> {
    not_overflown(a - b, a, b)
}

pub fn multiply<F: Float>(a: F, b: F) -> Result<F> {
    let product = not_overflown(a * b, a, b)?;
    if product == F::ZERO && a != F::ZERO && b != F::ZERO { Err(underflow()) } else { Ok(product) }
}

pub fn divide<F: Float>(a: F, b: F) -> Result<F> {
    if b == F::ZERO && !a.is_nan() {
        return Err(division_by_zero());
    }
    let quotient = a / b;
    if quotient.is_infinite() && !a.is_infinite() {
        return Err(overflow());
    }
    if quotient == F::ZERO && a != F::ZERO && !b.is_infinite() { Err(underflow()) } else { Ok(quotient) }
}

fn not_overflown<F: Float>(result: F, a: F, b: F) -> Result<F> {
    if result.is_infinite() && !a.is_infinite() && !b.is_infinite() { Err(overflow()) } else { Ok(result) }
}

/// Refuses an infinite result of a finite number, and a zero of one that is not zero.
pub fn to_f32(number: f64) -> Result<f32> {
    #[expect(clippy::cast_possible_truncation, reason = "checked below")]
    let narrow = number as f32;
    if narrow.is_infinite() && !number.is_infinite() {
        return Err(overflow());
    }
    if narrow == 0.0 && number != 0.0 { Err(underflow()) } else { Ok(narrow) }
}

/// Reads a float as PostgreSQL's input does. `OUT_OF_RANGE` for a number that no float comes near to.
pub fn parse_f64(text: &str) -> Result<f64> {
    let number = read(text, |digits| digits.parse().ok(), |number| number)?;
    check_range(text, number.is_infinite(), number == 0.0, "double precision")?;
    Ok(number)
}

pub fn parse_f32(text: &str) -> Result<f32> {
    #[expect(clippy::cast_possible_truncation, reason = "the nearest float is wanted")]
    let number = read(text, |digits| digits.parse().ok(), |number| number as f32)?;
    check_range(text, number.is_infinite(), number == 0.0, "real")?;
    Ok(number)
}

fn read<F>(text: &str, parse: impl Fn(&str) -> Option<F>, from: impl Fn(f64) -> F) -> Result<F> {
    let digits = trimmed(text);
    parse(digits).or_else(|| hexadecimal(digits).map(from)).ok_or_else(|| unreadable(text, "a number"))
}

fn check_range(text: &str, infinite: bool, zero: bool, name: &str) -> Result<()> {
    let mantissa = text.split(['e', 'E', 'p', 'P']).next().unwrap_or(text);
    let has_digits = text.bytes().any(|byte| byte.is_ascii_digit());
    let nonzero = mantissa.bytes().any(|byte| (b'1'..=b'9').contains(&byte));
    if (infinite && has_digits) || (zero && nonzero) {
        let shown: String = text.trim().chars().take(60).collect();
        return Err(Error::new(ErrorCode::OutOfRange, format!("'{shown}' is out of range for type {name}")));
    }
    Ok(())
}

/// The text of a double precision: the fewest digits that give the same number.
pub fn float8_text(number: f64) -> String {
    if let Some(text) = special_text(number.is_nan(), number.is_infinite(), number < 0.0) {
        return text;
    }
    let bits = number.to_bits();
    let exponent = i32::try_from((bits >> 52) & 0x7FF).unwrap_or(0);
    let parts = Parts::new(bits & ((1 << 52) - 1), exponent, 52, 1075);
    let same = |text: &str| text.parse() == Ok(number);
    shortest(&format!("{number:e}"), &parts, 17, same, |digits| format!("{number:.digits$e}"), 15)
}

/// The text of a real: the fewest digits that give the same number.
pub fn float4_text(number: f32) -> String {
    if let Some(text) = special_text(number.is_nan(), number.is_infinite(), number < 0.0) {
        return text;
    }
    let bits = number.to_bits();
    let exponent = i32::try_from((bits >> 23) & 0xFF).unwrap_or(0);
    let parts = Parts::new(u64::from(bits & ((1 << 23) - 1)), exponent, 23, 150);
    let same = |text: &str| text.parse() == Ok(number);
    shortest(&format!("{number:e}"), &parts, 9, same, |digits| format!("{number:.digits$e}"), 6)
}

fn special_text(nan: bool, infinite: bool, negative: bool) -> Option<String> {
    match (nan, infinite, negative) {
        (true, _, _) => Some("NaN".to_owned()),
        (_, true, true) => Some("-Infinity".to_owned()),
        (_, true, false) => Some("Infinity".to_owned()),
        _ => None,
    }
}

/// A binary fraction: `mantissa * 2^exponent`.
struct Parts {
    mantissa: u64,
    exponent: i32,
    /// True when the number below is half as far away as the number above.
    is_power_of_two: bool,
}

impl Parts {
    fn new(fraction: u64, exponent: i32, bits: u32, bias: i32) -> Self {
        if exponent == 0 {
            return Self { mantissa: fraction, exponent: 1 - bias, is_power_of_two: false };
        }
        let is_power_of_two = fraction == 0 && exponent > 1;
        Self { mantissa: fraction | (1 << bits), exponent: exponent - bias, is_power_of_two }
    }

    /// Returns whether `digits * 10^power` is halfway to the next number above or below.
    fn has_boundary(&self, digits: u64, power: i32) -> bool {
        let Some(found) = odd(digits, power) else { return false };
        let above = (u128::from(self.mantissa) * 2 + 1, self.exponent - 1);
        let below = if self.is_power_of_two {
            (u128::from(self.mantissa) * 4 - 1, self.exponent - 2)
        } else {
            ((u128::from(self.mantissa) * 2).wrapping_sub(1), self.exponent - 1)
        };
        found == above || found == below
    }
}

/// `digits * 10^power` as an odd number times a power of two; None when it is none, or too long to be a boundary.
fn odd(digits: u64, power: i32) -> Option<(u128, i32)> {
    let five = 5_u128.checked_pow(power.unsigned_abs())?;
    let digits = u128::from(digits);
    let number = if power >= 0 {
        digits.checked_mul(five)?
    } else if digits % five == 0 {
        digits / five
    } else {
        return None;
    };
    if number == 0 {
        return None;
    }
    let zeros = number.trailing_zeros();
    Some((number >> zeros, power + i32::try_from(zeros).ok()?))
}

/// PostgreSQL's shortest text. It takes no digits that are exactly halfway to the next number, though reading them gives
/// the number too.
fn shortest(
    written: &str,
    parts: &Parts,
    most_digits: usize,
    same: impl Fn(&str) -> bool,
    with_digits: impl Fn(usize) -> String,
    fixed_below: i32,
) -> String {
    // Of two texts that are as near, the even one.
    let mut written = with_digits(split(written).0.len().saturating_sub(1));
    let (mut digits, mut exponent) = split(&written);
    let length = |digits: &str| i32::try_from(digits.len()).unwrap_or(0);
    let power = exponent + 1 - length(&digits);
    if digits.parse().is_ok_and(|number| parts.has_boundary(number, power)) {
        for count in digits.len()..most_digits {
            let candidate = with_digits(count);
            let (longer, longer_exponent) = split(&candidate);
            let power = longer_exponent + 1 - length(&longer);
            let at_boundary = longer.parse().is_ok_and(|number| parts.has_boundary(number, power));
            if same(&candidate) && !at_boundary {
                written = candidate;
                (digits, exponent) = (longer, longer_exponent);
                break;
            }
        }
    }
    let sign = if written.starts_with('-') { "-" } else { "" };
    if digits == "0" {
        return format!("{sign}0");
    }
    let digits = if digits.len() > 1 { digits.trim_end_matches('0') } else { &digits };
    let digits = if digits.is_empty() { "0" } else { digits };
    if !(-4..fixed_below).contains(&exponent) {
        let (first, rest) = digits.split_at(1);
        let point = if rest.is_empty() { "" } else { "." };
        let exponent_sign = if exponent < 0 { '-' } else { '+' };
        return format!("{sign}{first}{point}{rest}e{exponent_sign}{:02}", exponent.abs());
    }
    if exponent < 0 {
        let zeros = "0".repeat(usize::try_from(-exponent - 1).unwrap_or(0));
        return format!("{sign}0.{zeros}{digits}");
    }
    let whole = usize::try_from(exponent + 1).unwrap_or(1);
    match digits.split_at_checked(whole) {
        Some((whole, "")) => format!("{sign}{whole}"),
        Some((whole, fraction)) => format!("{sign}{whole}.{fraction}"),
        None => format!("{sign}{digits}{}", "0".repeat(whole - digits.len())),
    }
}

/// The digits and the exponent of `1.5e-7`.
fn split(written: &str) -> (String, i32) {
    let (mantissa, exponent) = written.split_once('e').unwrap_or((written, "0"));
    let digits = mantissa.chars().filter(char::is_ascii_digit).collect();
    (digits, exponent.parse().unwrap_or(0))
}

/// A hexadecimal float, such as `0x1.8p3`. None for any other text.
fn hexadecimal(text: &str) -> Option<f64> {
    let (negative, rest) = match text.as_bytes() {
        [b'-', ..] => (true, &text[1..]),
        [b'+', ..] => (false, &text[1..]),
        _ => (false, text),
    };
    let rest = rest.strip_prefix("0x").or_else(|| rest.strip_prefix("0X"))?;
    let (mantissa, exponent) = match rest.split_once(['p', 'P']) {
        Some((mantissa, exponent)) => (mantissa, exponent.parse::<i32>().ok()?),
        None => (rest, 0),
    };
    let (whole, fraction) = mantissa.split_once('.').unwrap_or((mantissa, ""));
    if whole.is_empty() && fraction.is_empty() {
        return None;
    }
    let mut value = 0.0_f64;
    for digit in whole.chars().chain(fraction.chars()) {
        value = value.mul_add(16.0, f64::from(digit.to_digit(16)?));
    }
    let shift = exponent.saturating_sub(i32::try_from(fraction.len()).ok()?.saturating_mul(4));
    // In two steps, so that neither leaves the range alone.
    let value = value * 2_f64.powi(shift / 2) * 2_f64.powi(shift - shift / 2);
    Some(if negative { -value } else { value })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn its_text_is_postgresqls() {
        for (number, text) in [
            (0.0, "0"),
            (-0.0, "-0"),
            (1e20, "1e+20"),
            (1e-7, "1e-07"),
            (100_000.0, "100000"),
            (1e14, "100000000000000"),
            (1e15, "1e+15"),
            (123_456_789_012_345_680.0, "1.2345678901234568e+17"),
            (0.0001, "0.0001"),
            (0.00001, "1e-05"),
            (0.1 + 0.2, "0.30000000000000004"),
            (1e23, "9.999999999999999e+22"),
            (214_748_370_175_000.12, "214748370175000.12"),
            (5e-324, "5e-324"),
            (f64::MAX, "1.7976931348623157e+308"),
            (-1.5, "-1.5"),
        ] {
            assert_eq!(float8_text(number), text);
        }
        for (number, text) in
            [(1e5_f32, "100000"), (1e6, "1e+06"), (0.1, "0.1"), (3.402_823_5e38, "3.4028235e+38")]
        {
            assert_eq!(float4_text(number), text);
        }
    }

    #[test]
    fn it_refuses_what_leaves_the_range() {
        assert!(add(f64::MAX, f64::MAX).is_err());
        assert!(multiply(1e-300, 1e-300).is_err());
        assert!(divide(1.0, 0.0).is_err());
        assert!(divide(f64::NAN, 0.0).unwrap().is_nan());
        assert!(divide(f64::INFINITY, 2.0).unwrap().is_infinite());
        assert!(to_f32(1e40).is_err());
        assert!(to_f32(1e-60).is_err());
        assert!(parse_f64("1e400").is_err());
        assert!(parse_f64("1e-400").is_err());
        assert!(parse_f64("0e-400").is_ok());
        assert!(parse_f64("inf").unwrap().is_infinite());
        assert_eq!(parse_f64(" 0x1F ").unwrap(), 31.0);
        assert!(parse_f64("1_000").is_err());
    }
}
