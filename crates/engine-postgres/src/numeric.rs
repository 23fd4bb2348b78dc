//! Reads PostgreSQL's exact decimal numbers.

use std::fmt::Write as _;

const NEGATIVE: u16 = 0x4000;
const NAN: u16 = 0xC000;
const INFINITY: u16 = 0xD000;
const NEGATIVE_INFINITY: u16 = 0xF000;

/// The text of a binary `numeric`, which has the number of digits of base 10,000, the weight of the first digit, the
/// sign, the number of decimals to show, and the digits. None when bytes are missing.
pub(crate) fn to_text(bytes: &[u8]) -> Option<String> {
    let word = |index: usize| -> Option<u16> {
        Some(u16::from_be_bytes(bytes.get(index * 2..index * 2 + 2)?.try_into().ok()?))
    };
    let (count, sign, decimals) = (usize::from(word(0)?), word(2)?, usize::from(word(3)?));
    let weight = i32::from(word(1)?.cast_signed());
    match sign {
        NAN => return Some("NaN".to_owned()),
        INFINITY => return Some("Infinity".to_owned()),
        NEGATIVE_INFINITY => return Some("-Infinity".to_owned()),
        _ => {}
    }
    // Digits that are not stored are zero.
    let digit = |position: i32| -> Option<u16> {
        match usize::try_from(weight - position) {
            Ok(index) if index < count => word(4 + index),
            _ => Some(0),
        }
    };
    let mut text = String::with_capacity(count * 4 + decimals + 2);
    if sign == NEGATIVE {
        text.push('-');
    }
    if weight < 0 {
        text.push('0');
    }
    for position in (0..=weight).rev() {
        let digit = digit(position)?;
        // Writing to a string cannot fail.
        let _ = if position == weight { write!(text, "{digit}") } else { write!(text, "{digit:04}") };
    }
    if decimals > 0 {
        text.push('.');
        let end = text.len() + decimals;
        let mut position = -1;
        while text.len() < end {
            let _ = write!(text, "{:04}", digit(position)?);
            position -= 1;
        }
        text.truncate(end);
    }
    Some(text)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn numeric(weight: i16, sign: u16, decimals: u16, digits: &[u16]) -> String {
        let mut bytes = Vec::new();
        let head = [u16::try_from(digits.len()).unwrap(), weight.cast_unsigned(), sign, decimals];
        for word in head.iter().chain(digits) {
            bytes.extend(word.to_be_bytes());
        }
        to_text(&bytes).unwrap()
    }

    #[test]
    fn it_keeps_every_digit() {
        assert_eq!(numeric(0, 0, 0, &[]), "0");
        assert_eq!(numeric(0, 0, 2, &[1, 1000]), "1.10");
        assert_eq!(numeric(1, NEGATIVE, 3, &[12, 34, 5670]), "-120034.567");
        assert_eq!(numeric(-1, 0, 6, &[1]), "0.000100");
        assert_eq!(numeric(-2, 0, 8, &[1]), "0.00000001");
        assert_eq!(numeric(2, 0, 0, &[1]), "100000000");
        assert_eq!(numeric(0, 0, 3, &[]), "0.000");
        assert_eq!(numeric(0, NAN, 0, &[]), "NaN");
        assert_eq!(numeric(0, NEGATIVE_INFINITY, 0, &[]), "-Infinity");
    }

    #[test]
    fn it_does_not_read_beyond_the_end() {
        assert_eq!(to_text(&[0, 2, 0, 1, 0, 0, 0, 0, 0, 1]), None);
        assert_eq!(to_text(&[]), None);
    }
}
