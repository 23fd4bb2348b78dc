//! Characters by their code points.

use phantomdb_protocol::{Error, ErrorCode, Result};

use super::limit::invalid;

/// `chr`: the character with that code point.
pub fn chr(code: i64) -> Result<String> {
    let refused = |why: &str| Error::new(ErrorCode::TooLarge, why.to_owned());
    match code {
        0 => Err(refused("text cannot have the character 0")),
        i64::MIN..0 => Err(invalid("the number of a character must be positive")),
        _ => u32::try_from(code)
            .ok()
            .and_then(char::from_u32)
            .map(String::from)
            .ok_or_else(|| refused(&format!("there is no character {code}"))),
    }
}

/// `unistr`: `\XXXX`, `\uXXXX`, `\+XXXXXX` and `\UXXXXXXXX` become the characters with those code points, and `\\` a
/// backslash. Two surrogates in a row are one character.
pub fn unistr(text: &str) -> Result<String> {
    let mut result = String::with_capacity(text.len());
    let mut high = None;
    let mut rest = text;
    while let Some(index) = rest.find('\\') {
        if index > 0 && high.is_some() {
            return Err(half());
        }
        result.push_str(&rest[..index]);
        let escape = &rest[index + 1..];
        if let Some(after) = escape.strip_prefix('\\') {
            if high.is_some() {
                return Err(half());
            }
            result.push('\\');
            rest = after;
            continue;
        }
        let (code, after) = code_point(escape)?;
        rest = after;
        match (high.take(), code) {
            (None, 0xD800..=0xDBFF) => high = Some(code),
            (Some(first), 0xDC00..=0xDFFF) => {
                push(&mut result, 0x10000 + ((first - 0xD800) << 10) + (code - 0xDC00))?;
            }
            (Some(_), _) | (None, 0xDC00..=0xDFFF) => return Err(half()),
            (None, code) => push(&mut result, code)?,
        }
    }
    if high.is_some() {
        return Err(half());
    }
    result.push_str(rest);
    Ok(result)
}

fn push(result: &mut String, code: u32) -> Result<()> {
    let found = char::from_u32(code).filter(|c| *c != '\0');
    result.push(found.ok_or_else(|| invalid(format!("there is no character {code:X}")))?);
    Ok(())
}

fn half() -> Error {
    Error::new(ErrorCode::SyntaxError, "half of a surrogate pair stands alone")
}

/// The number behind a backslash, and what follows it.
fn code_point(escape: &str) -> Result<(u32, &str)> {
    let (digits, after_prefix) = match escape.as_bytes().first() {
        Some(b'u') => (4, &escape[1..]),
        Some(b'+') => (6, &escape[1..]),
        Some(b'U') => (8, &escape[1..]),
        _ => (4, escape),
    };
    after_prefix
        .get(..digits)
        .filter(|digits| digits.bytes().all(|byte| byte.is_ascii_hexdigit()))
        .and_then(|hex| u32::from_str_radix(hex, 16).ok())
        .map(|code| (code, &after_prefix[digits..]))
        .ok_or_else(|| {
            Error::new(
                ErrorCode::SyntaxError,
                r"a Unicode escape must be \XXXX, \+XXXXXX, \uXXXX or \UXXXXXXXX",
            )
        })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn it_reads_every_form_of_an_escape() {
        assert_eq!(unistr(r"\0041\+000042\u0043\U00000044\\").unwrap(), r"ABCD\");
        assert_eq!(unistr(r"\D83D\DE00!").unwrap(), "😀!");
        for text in [r"\xyz", r"\", r"\D83D", r"\D83Da", r"\DE00", r"\+11000", r"\U00110000", r"\0000"] {
            assert!(unistr(text).is_err(), "{text}");
        }
        assert_eq!(chr(8364).unwrap(), "€");
        assert!([0, -1, 0xD800, 0x11_0000].into_iter().all(|code| chr(code).is_err()));
    }
}
