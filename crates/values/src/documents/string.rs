//! Strings in documents, with and without their escapes.

use std::borrow::Cow;

use super::scan::Fault;

/// Writes a string with quotes and with the escapes that PostgreSQL uses.
pub fn write_string(out: &mut String, text: &str) {
    use std::fmt::Write as _;

    out.push('"');
    for c in text.chars() {
        match c {
            '"' => out.push_str("\\\""),
            '\\' => out.push_str("\\\\"),
            '\u{8}' => out.push_str("\\b"),
            '\u{c}' => out.push_str("\\f"),
            '\n' => out.push_str("\\n"),
            '\r' => out.push_str("\\r"),
            '\t' => out.push_str("\\t"),
            '\0'..' ' => {
                // Writing to a string does not fail.
                let _ = write!(out, "\\u{:04x}", u32::from(c));
            }
            other => out.push(other),
        }
    }
    out.push('"');
}

/// The text as a string of JSON.
pub fn quoted(text: &str) -> String {
    let mut out = String::with_capacity(text.len() + 2);
    write_string(&mut out, text);
    out
}

/// The text of a string that is written with quotes and escapes.
pub(super) fn unescaped(quoted: &str) -> Result<Cow<'_, str>, Fault> {
    let inner = quoted.strip_prefix('"').and_then(|rest| rest.strip_suffix('"')).ok_or(Fault::Malformed)?;
    if !inner.contains('\\') {
        return Ok(Cow::Borrowed(inner));
    }
    let mut out = String::with_capacity(inner.len());
    let mut rest = inner;
    while let Some((plain, escape)) = rest.split_once('\\') {
        out.push_str(plain);
        let mut characters = escape.chars();
        match characters.next().ok_or(Fault::Malformed)? {
            'b' => out.push('\u{8}'),
            'f' => out.push('\u{c}'),
            'n' => out.push('\n'),
            'r' => out.push('\r'),
            't' => out.push('\t'),
            'u' => {
                let (c, length) = unicode(escape.get(1..).ok_or(Fault::Malformed)?)?;
                out.push(c);
                rest = escape.get(1 + length..).ok_or(Fault::Malformed)?;
                continue;
            }
            other => out.push(other),
        }
        rest = characters.as_str();
    }
    out.push_str(rest);
    Ok(Cow::Owned(out))
}

/// The character of `XXXX` or of the surrogates `XXXX\uXXXX`, and how long that is.
fn unicode(escape: &str) -> Result<(char, usize), Fault> {
    let unit = |digits: Option<&str>| {
        digits.and_then(|digits| u32::from_str_radix(digits, 16).ok()).ok_or(Fault::Malformed)
    };
    let first = unit(escape.get(..4))?;
    if first == 0 {
        return Err(Fault::Nul);
    }
    if !(0xd800..0xdc00).contains(&first) {
        return char::from_u32(first).map(|c| (c, 4)).ok_or(Fault::Malformed);
    }
    let second = match escape.get(4..6) {
        Some("\\u") => unit(escape.get(6..10))?,
        _ => return Err(Fault::Malformed),
    };
    if !(0xdc00..0xe000).contains(&second) {
        return Err(Fault::Malformed);
    }
    let code = 0x1_0000 + ((first - 0xd800) << 10) + (second - 0xdc00);
    char::from_u32(code).map(|c| (c, 10)).ok_or(Fault::Malformed)
}
