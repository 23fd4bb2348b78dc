//! Numbers in documents: exact, in PostgreSQL's plain notation.

use std::cmp::Ordering;

/// The most digits that a NUMERIC of PostgreSQL has before the point, and after it.
const MAX_WHOLE_DIGITS: i64 = 131_072;
const MAX_SCALE: i64 = 16_383;

/// The number in plain notation with its scale: `1.50e1` is `15.0`. None when it has more digits than a NUMERIC holds.
///
/// `text` is a number of JSON's grammar.
pub fn plain(text: &str) -> Option<String> {
    let (negative, unsigned) = match text.strip_prefix('-') {
        Some(rest) => (true, rest),
        None => (false, text),
    };
    let (mantissa, exponent) = unsigned.split_once(['e', 'E']).unwrap_or((unsigned, "0"));
    let (whole, fraction) = mantissa.split_once('.').unwrap_or((mantissa, ""));
    let whole = whole.trim_start_matches('0');
    let is_zero = whole.is_empty() && fraction.bytes().all(|digit| digit == b'0');
    let exponent: i64 = match exponent.parse() {
        Ok(exponent) => exponent,
        Err(_) if is_zero && !exponent.starts_with('-') => 0,
        Err(_) => return None,
    };
    let scale = i64::try_from(fraction.len()).ok()?.checked_sub(exponent)?.max(0);
    let point = i64::try_from(whole.len()).ok()?.checked_add(exponent)?;
    if scale > MAX_SCALE || (!is_zero && point > MAX_WHOLE_DIGITS) {
        return None;
    }
    let mut plain = String::with_capacity(text.len() + 2);
    if is_zero {
        plain.push('0');
        push_fraction(&mut plain, "", scale);
        return Some(plain);
    }
    if negative {
        plain.push('-');
    }
    let digits = format!("{whole}{fraction}");
    if let Ok(point) = usize::try_from(point)
        && point > 0
    {
        let whole: String = digits.chars().chain(std::iter::repeat('0')).take(point).collect();
        let whole = whole.trim_start_matches('0');
        plain.push_str(if whole.is_empty() { "0" } else { whole });
        push_fraction(&mut plain, digits.get(point..).unwrap_or_default(), scale);
    } else {
        plain.push('0');
        let zeros = "0".repeat(usize::try_from(-point).ok()?);
        push_fraction(&mut plain, &(zeros + &digits), scale);
    }
    Some(plain)
}

fn push_fraction(out: &mut String, digits: &str, scale: i64) {
    let scale = usize::try_from(scale).unwrap_or(0);
    if scale > 0 {
        out.push('.');
        out.extend(digits.chars().chain(std::iter::repeat('0')).take(scale));
    }
}

/// Orders two numbers in plain notation by their value.
pub fn compare(left: &str, right: &str) -> Ordering {
    let (a, b) = (Parts::of(left), Parts::of(right));
    match (a.is_zero(), b.is_zero()) {
        (true, true) => return Ordering::Equal,
        (true, false) => return if b.negative { Ordering::Greater } else { Ordering::Less },
        (false, true) => return if a.negative { Ordering::Less } else { Ordering::Greater },
        (false, false) => {}
    }
    match (a.negative, b.negative) {
        (true, false) => Ordering::Less,
        (false, true) => Ordering::Greater,
        (false, false) => a.compare_size(&b),
        (true, true) => b.compare_size(&a),
    }
}

/// The digits of a number without those that do not change its value.
struct Parts<'a> {
    negative: bool,
    whole: &'a str,
    fraction: &'a str,
}

impl<'a> Parts<'a> {
    fn of(text: &'a str) -> Self {
        let unsigned = text.strip_prefix('-');
        let (whole, fraction) = {
            let digits = unsigned.unwrap_or(text);
            digits.split_once('.').unwrap_or((digits, ""))
        };
        Self {
            negative: unsigned.is_some(),
            whole: whole.trim_start_matches('0'),
            fraction: fraction.trim_end_matches('0'),
        }
    }

    const fn is_zero(&self) -> bool {
        self.whole.is_empty() && self.fraction.is_empty()
    }

    fn compare_size(&self, other: &Self) -> Ordering {
        (self.whole.len(), self.whole, self.fraction).cmp(&(other.whole.len(), other.whole, other.fraction))
    }
}

/// The number rounded to an integer, halves away from zero. None when it does not fit 64 bits.
pub fn rounded(plain: &str) -> Option<i64> {
    let (whole, fraction) = plain.split_once('.').unwrap_or((plain, ""));
    let number: i128 = whole.parse().ok()?;
    let up = fraction.bytes().next().is_some_and(|digit| digit >= b'5');
    let away = if plain.starts_with('-') { -1 } else { 1 };
    i64::try_from(if up { number + away } else { number }).ok()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn numbers_are_written_as_postgresql_writes_them() {
        for (text, expected) in [
            ("-0", "0"),
            ("-0.0", "0.0"),
            ("0.0001", "0.0001"),
            ("1e5", "100000"),
            ("1.50e1", "15.0"),
            ("1.5e-3", "0.0015"),
            ("-12.345E+1", "-123.45"),
            ("1e-2", "0.01"),
            ("0.05e1", "0.5"),
            ("0.05e3", "50"),
            ("0e9", "0"),
            ("0e-2", "0.00"),
            ("0e99999999999999999999", "0"),
            ("9007199254740993", "9007199254740993"),
        ] {
            assert_eq!(plain(text).as_deref(), Some(expected), "{text}");
        }
        assert_eq!(plain("1e131072"), None);
        assert_eq!(plain("1e-16384"), None);
        assert_eq!(plain("1e99999999999999999999"), None);
    }

    #[test]
    fn numbers_are_ordered_by_value() {
        let ordered = ["-10", "-9.5", "-0.1", "0", "0.01", "0.1", "1", "1.5", "2", "10"];
        for pair in ordered.windows(2) {
            assert_eq!(compare(pair[0], pair[1]), Ordering::Less, "{pair:?}");
            assert_eq!(compare(pair[1], pair[0]), Ordering::Greater, "{pair:?}");
        }
        assert_eq!(compare("1.50", "1.5"), Ordering::Equal);
        assert_eq!(compare("0.0", "0"), Ordering::Equal);
    }

    #[test]
    fn numbers_are_rounded_away_from_zero() {
        assert_eq!(rounded("2.5"), Some(3));
        assert_eq!(rounded("-2.5"), Some(-3));
        assert_eq!(rounded("-0.5"), Some(-1));
        assert_eq!(rounded("0.49"), Some(0));
        assert_eq!(rounded("9223372036854775808"), None);
    }
}
