//! How byte strings are written in text.

use phantomdb_protocol::{Error, Result};

use crate::{
    boolean::is_space,
    text::limit::{check, invalid},
};

/// The text of a byte string: `\x` and two hexadecimal digits for each byte.
pub fn hex(bytes: &[u8]) -> Result<String> {
    check(bytes.len().saturating_mul(2))?;
    Ok(format!("\\x{}", hex_digits(bytes)))
}

pub(crate) fn hex_digits(bytes: &[u8]) -> String {
    const DIGITS: &[u8; 16] = b"0123456789abcdef";
    let digit = |nibble: u8| char::from(DIGITS[usize::from(nibble & 15)]);
    bytes.iter().flat_map(|byte| [digit(byte >> 4), digit(*byte)]).collect()
}

/// Reads a byte string: `\x` and hexadecimal digits, or characters in which a backslash begins `\\` or the three octal
/// digits of a byte.
pub fn parse(text: &str) -> Result<Vec<u8>> {
    match text.strip_prefix("\\x") {
        Some(digits) => from_hex_digits(digits),
        None => from_escapes(text),
    }
}

/// Reads hexadecimal digits, with blanks between the bytes.
pub(crate) fn from_hex_digits(text: &str) -> Result<Vec<u8>> {
    let mut bytes = Vec::with_capacity(text.len() / 2);
    let mut characters = text.chars();
    // A blank between the two digits of a byte is not a blank between bytes.
    while let Some(high) = characters.next() {
        if is_blank(high) {
            continue;
        }
        let low = characters.next().ok_or_else(|| invalid("hexadecimal data has an odd number of digits"))?;
        bytes.push(digit(high)? << 4 | digit(low)?);
    }
    Ok(bytes)
}

fn is_blank(c: char) -> bool {
    is_space(c) && !matches!(c, '\x0b' | '\x0c')
}

fn digit(c: char) -> Result<u8> {
    let digit = c.to_digit(16).and_then(|digit| u8::try_from(digit).ok());
    digit.ok_or_else(|| invalid(format!("'{c}' is not a hexadecimal digit")))
}

pub(crate) fn from_escapes(text: &str) -> Result<Vec<u8>> {
    let mut bytes = Vec::with_capacity(text.len());
    let mut rest = text.as_bytes();
    loop {
        rest = match rest {
            [] => return Ok(bytes),
            [b'\\', b'\\', rest @ ..] => {
                bytes.push(b'\\');
                rest
            }
            [b'\\', a @ b'0'..=b'3', b @ b'0'..=b'7', c @ b'0'..=b'7', rest @ ..] => {
                bytes.push((a - b'0') << 6 | (b - b'0') << 3 | (c - b'0'));
                rest
            }
            [b'\\', ..] => return Err(not_bytes()),
            [byte, rest @ ..] => {
                bytes.push(*byte);
                rest
            }
        };
    }
}

fn not_bytes() -> Error {
    invalid(
        r"the text is not a byte string: a backslash must begin \\ or three octal digits, or \x at the start",
    )
}

/// The form with escapes: printable ASCII as it is, a backslash twice, and other bytes as three octal digits. PostgreSQL
/// escapes zero and the bytes beyond ASCII only.
pub(crate) fn to_escapes(bytes: &[u8]) -> Result<String> {
    check(bytes.len().saturating_mul(4))?;
    let mut text = String::with_capacity(bytes.len());
    for byte in bytes {
        match byte {
            b'\\' => text.push_str("\\\\"),
            1..=127 => text.push(char::from(*byte)),
            _ => text.push_str(&format!("\\{byte:03o}")),
        }
    }
    Ok(text)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn it_reads_both_forms() {
        let cases: [(&str, &[u8]); 6] = [
            (r"\x", b""),
            (r"\x61 62 ", b"ab"),
            (r"\xFf00", &[255, 0]),
            (r"a\\\001\377", &[b'a', b'\\', 1, 255]),
            ("é", "é".as_bytes()),
            ("", b""),
        ];
        for (text, bytes) in cases {
            assert_eq!(parse(text).unwrap(), bytes, "{text}");
        }
        for text in [r"\x6", r"\x6 1", r"\xg0", r"a\9", r"\", r"\400", r"\x616"] {
            assert!(parse(text).is_err(), "{text}");
        }
    }

    #[test]
    fn it_writes_both_forms() {
        assert_eq!(hex(&[0, 255]).unwrap(), r"\x00ff");
        assert_eq!(to_escapes(b"a\\\0\x01\xff").unwrap(), "a\\\\\\000\u{1}\\377");
    }
}
