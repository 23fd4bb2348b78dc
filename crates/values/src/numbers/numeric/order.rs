//! Orders the texts of numbers without making numbers of them, where they are plain.

use std::cmp::Ordering;

use super::Numeric;

/// A number's sign, its digits before the point and those behind it, without zeros that do not count.
struct Plain<'a> {
    negative: bool,
    whole: &'a [u8],
    fraction: &'a [u8],
}

impl<'a> Plain<'a> {
    /// None for what has an exponent, white space, a plus and the like.
    fn read(text: &'a [u8]) -> Option<Self> {
        let (negative, digits) = match text {
            [b'-', rest @ ..] => (true, rest),
            rest => (false, rest),
        };
        let point = digits.iter().position(|byte| !byte.is_ascii_digit()).unwrap_or(digits.len());
        let (whole, rest) = digits.split_at(point);
        let fraction = match rest {
            [] => rest,
            [b'.', fraction @ ..] if !fraction.is_empty() && fraction.iter().all(u8::is_ascii_digit) => {
                fraction
            }
            _ => return None,
        };
        if whole.is_empty() {
            return None;
        }
        let zeros = whole.iter().take_while(|digit| **digit == b'0').count();
        let used = fraction.iter().rposition(|digit| *digit != b'0').map_or(0, |last| last + 1);
        Some(Self { negative, whole: &whole[zeros..], fraction: &fraction[..used] })
    }

    const fn is_zero(&self) -> bool {
        self.whole.is_empty() && self.fraction.is_empty()
    }

    fn magnitude(&self, other: &Self) -> Ordering {
        let whole = self.whole.len().cmp(&other.whole.len()).then_with(|| self.whole.cmp(other.whole));
        whole.then_with(|| self.fraction.cmp(other.fraction))
    }

    fn compare(&self, other: &Self) -> Ordering {
        match (self.negative && !self.is_zero(), other.negative && !other.is_zero()) {
            (false, false) => self.magnitude(other),
            (true, true) => other.magnitude(self),
            (true, false) => Ordering::Less,
            (false, true) => Ordering::Greater,
        }
    }
}

/// Orders two texts as the numbers that they are: NaN is the greatest, and a text that is no number comes after it.
pub fn compare_texts(left: &str, right: &str) -> Ordering {
    if let (Some(a), Some(b)) = (Plain::read(left.as_bytes()), Plain::read(right.as_bytes())) {
        return a.compare(&b);
    }
    match (Numeric::parse(left), Numeric::parse(right)) {
        (Ok(a), Ok(b)) => a.cmp(&b),
        (Ok(_), Err(_)) => Ordering::Less,
        (Err(_), Ok(_)) => Ordering::Greater,
        (Err(_), Err(_)) => left.cmp(right),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn texts_are_ordered_as_numbers() {
        let ordered = [
            "-Infinity",
            "-1e3",
            "-10.5",
            "-10",
            "-0.01",
            "0",
            "0.010",
            "0.02",
            "2",
            "10",
            "1e2",
            "Infinity",
            "NaN",
        ];
        for (i, a) in ordered.iter().enumerate() {
            for (j, b) in ordered.iter().enumerate() {
                assert_eq!(compare_texts(a, b), i.cmp(&j), "{a} {b}");
            }
        }
        for (a, b) in [("0.00", "-0"), ("1.50", "1.5"), ("007", "7.000"), (" 1", "1"), ("NaN", "nan")] {
            assert_eq!(compare_texts(a, b), Ordering::Equal, "{a} {b}");
        }
        assert_eq!(compare_texts("abc", "NaN"), Ordering::Greater);
        assert_eq!(compare_texts("abc", "abd"), Ordering::Less);
    }
}
