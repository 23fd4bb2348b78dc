//! Integers of 16, 32 and 64 bits, which overflow by their width.

use phantomdb_protocol::{Error, Result};

use super::{division_by_zero, out_of_range, trimmed, unreadable};

/// The width of an integer.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Width {
    Small,
    Regular,
    Big,
}

impl Width {
    const fn name(self) -> &'static str {
        match self {
            Self::Small => "smallint",
            Self::Regular => "integer",
            Self::Big => "bigint",
        }
    }

    const fn bits(self) -> u32 {
        match self {
            Self::Small => 16,
            Self::Regular => 32,
            Self::Big => 64,
        }
    }

    /// The smallest and the greatest value.
    const fn limits(self) -> (i64, i64) {
        match self {
            Self::Small => (i16::MIN as i64, i16::MAX as i64),
            Self::Regular => (i32::MIN as i64, i32::MAX as i64),
            Self::Big => (i64::MIN, i64::MAX),
        }
    }

    /// The integer, when it has no more bits than the width.
    #[inline]
    pub fn check(self, integer: i64) -> Result<i64> {
        let (smallest, greatest) = self.limits();
        if (smallest..=greatest).contains(&integer) { Ok(integer) } else { Err(self.overflow()) }
    }

    #[cold]
    pub fn overflow(self) -> Error {
        out_of_range(self.name())
    }

    #[inline]
    fn checked(self, result: Option<i64>) -> Result<i64> {
        self.check(result.ok_or_else(|| self.overflow())?)
    }

    /// Reads an integer as PostgreSQL's input does: decimal, hexadecimal, octal or binary, with `_` between digits.
    pub fn parse(self, text: &str) -> Result<i64> {
        let bytes = trimmed(text).as_bytes();
        let (negative, digits) = match bytes {
            [b'-', rest @ ..] => (true, rest),
            [b'+', rest @ ..] => (false, rest),
            rest => (false, rest),
        };
        let (radix, digits, mut after_digit) = match digits {
            [b'0', base, rest @ ..] => match bits_of_prefix(*base) {
                Some(bits) => (1_u64 << bits, rest, true),
                None => (10, digits, false),
            },
            _ => (10, digits, false),
        };
        let limit = 1_u64 << (self.bits() - 1);
        let mut magnitude = 0_u64;
        let mut any = false;
        for byte in digits {
            if *byte == b'_' && after_digit {
                after_digit = false;
                continue;
            }
            let digit = char::from(*byte).to_digit(u32::try_from(radix).unwrap_or(10));
            let digit = digit.ok_or_else(|| self.unreadable(text))?;
            // What is too long is out of range, whatever follows it.
            if magnitude > limit / radix {
                return Err(self.overflow());
            }
            magnitude = magnitude * radix + u64::from(digit);
            after_digit = true;
            any = true;
        }
        if !any || !after_digit {
            return Err(self.unreadable(text));
        }
        let value =
            if negative { 0_i64.checked_sub_unsigned(magnitude) } else { i64::try_from(magnitude).ok() };
        self.checked(value)
    }

    fn unreadable(self, text: &str) -> Error {
        unreadable(text, if self == Self::Big { "a 64-bit integer" } else { "an integer" })
    }

    /// The nearest integer, where half goes to the even one.
    pub fn from_f64(self, number: f64) -> Result<i64> {
        let rounded = number.round_ties_even();
        let limit = 2_f64.powi(i32::try_from(self.bits()).unwrap_or(64) - 1);
        if (-limit..limit).contains(&rounded) {
            #[expect(clippy::cast_possible_truncation, reason = "checked by the range")]
            Ok(rounded as i64)
        } else {
            Err(self.overflow())
        }
    }

    #[inline]
    pub fn add(self, a: i64, b: i64) -> Result<i64> {
        self.checked(a.checked_add(b))
    }

    #[inline]
    pub fn subtract(self, a: i64, b: i64) -> Result<i64> {
        self.checked(a.checked_sub(b))
    }

    #[inline]
    pub fn multiply(self, a: i64, b: i64) -> Result<i64> {
        self.checked(a.checked_mul(b))
    }

    #[inline]
    pub fn divide(self, a: i64, b: i64) -> Result<i64> {
        if b == 0 {
            return Err(division_by_zero());
        }
        self.checked(a.checked_div(b))
    }

    #[inline]
    pub fn remainder(self, a: i64, b: i64) -> Result<i64> {
        if b == 0 { Err(division_by_zero()) } else { Ok(a.wrapping_rem(b)) }
    }

    #[inline]
    pub fn negate(self, a: i64) -> Result<i64> {
        self.checked(a.checked_neg())
    }

    #[inline]
    pub fn abs(self, a: i64) -> Result<i64> {
        self.checked(a.checked_abs())
    }

    /// `a << by`: bits that leave the width are lost, and the distance counts modulo the width (of 32 bits for a
    /// smallint).
    pub fn shift_left(self, a: i64, by: i64) -> i64 {
        self.wrapped(a.wrapping_shl(self.distance(by)))
    }

    /// `a >> by`, which keeps the sign.
    pub fn shift_right(self, a: i64, by: i64) -> i64 {
        a >> self.distance(by)
    }

    fn distance(self, by: i64) -> u32 {
        let modulus = i64::from(self.bits().max(32));
        u32::try_from(by.rem_euclid(modulus)).unwrap_or(0)
    }

    #[expect(clippy::cast_possible_truncation, reason = "bits beyond the width are lost")]
    fn wrapped(self, value: i64) -> i64 {
        match self {
            Self::Small => i64::from(value as i16),
            Self::Regular => i64::from(value as i32),
            Self::Big => value,
        }
    }

    /// The greatest common divisor, which is never negative.
    pub fn gcd(self, a: i64, b: i64) -> Result<i64> {
        let (mut x, mut y) = (a.unsigned_abs(), b.unsigned_abs());
        while y != 0 {
            (x, y) = (y, x % y);
        }
        self.checked(i64::try_from(x).ok())
    }

    /// The least common multiple, which is never negative.
    pub fn lcm(self, a: i64, b: i64) -> Result<i64> {
        if a == 0 || b == 0 {
            return Ok(0);
        }
        let divisor = self.gcd(a, b)?;
        self.checked((a / divisor).checked_mul(b).and_then(i64::checked_abs))
    }
}

/// The bits of a digit after `0x`, `0o` or `0b`.
pub(super) fn bits_of_prefix(letter: u8) -> Option<u32> {
    match letter.to_ascii_lowercase() {
        b'x' => Some(4),
        b'o' => Some(3),
        b'b' => Some(1),
        _ => None,
    }
}

/// The digits to the base 2, 8 or 16.
pub fn to_base(number: i64, width: Width, bits: u32) -> String {
    // Negative numbers are written as their two's complement of the width.
    let number =
        if width == Width::Big { number.cast_unsigned() } else { number.cast_unsigned() & 0xFFFF_FFFF };
    match bits {
        1 => format!("{number:b}"),
        3 => format!("{number:o}"),
        _ => format!("{number:x}"),
    }
}

#[cfg(test)]
mod tests {
    use phantomdb_protocol::ErrorCode;

    use super::*;

    #[test]
    fn it_reads_what_postgresql_reads() {
        let read = |text: &str| Width::Regular.parse(text).ok();
        for (text, number) in [
            (" 12 ", 12),
            ("-2147483648", i64::from(i32::MIN)),
            ("0x1F", 31),
            ("-0o17", -15),
            ("0b1_01", 5),
            ("1_000", 1000),
            ("+5", 5),
            ("007", 7),
            ("0x_1F", 31),
        ] {
            assert_eq!(read(text), Some(number), "{text}");
        }
        for text in [
            "",
            "1.5",
            "1e5",
            "1_",
            "_1",
            "1__0",
            "0x",
            "- 5",
            "2147483648",
            "1 2",
            "0_x1",
            "99999999999999999999",
        ] {
            assert_eq!(read(text), None, "{text}");
        }
        assert_eq!(Width::Big.parse("-9223372036854775808").unwrap(), i64::MIN);
        assert_eq!(Width::Regular.parse("99999999999999999999").unwrap_err().code, ErrorCode::OutOfRange);
        assert_eq!(Width::Regular.parse("9x9").unwrap_err().code, ErrorCode::TypeMismatch);
    }

    #[test]
    fn it_overflows_by_its_width() {
        assert!(Width::Small.add(32_767, 1).is_err());
        assert_eq!(Width::Regular.add(32_767, 1).unwrap(), 32_768);
        assert!(Width::Big.multiply(i64::MAX, 2).is_err());
        assert!(Width::Regular.divide(i64::from(i32::MIN), -1).is_err());
        assert_eq!(Width::Big.remainder(i64::MIN, -1).unwrap(), 0);
        assert_eq!(Width::Regular.shift_left(1, 31), i64::from(i32::MIN));
        assert_eq!(Width::Regular.shift_left(1, 33), 2);
        assert_eq!(Width::Small.shift_left(1, 16), 0);
        assert_eq!(Width::Big.shift_right(-8, 1), -4);
        assert!(Width::Regular.gcd(i64::from(i32::MIN), 0).is_err());
        assert_eq!(Width::Regular.lcm(-6, 4).unwrap(), 12);
    }
}
