//! Elements of arrays, read from text.

use std::borrow::Cow;

use phantomdb_protocol::{Error, ErrorCode, Result};

use super::{
    item::{self, Item},
    kind::Kind,
};
use crate::documents::{self, Document, beginning};

fn mismatch(text: &str, kind: Kind) -> Error {
    let message = format!("'{}' is not {}", beginning(text), kind.description());
    Error::new(ErrorCode::TypeMismatch, message)
}

fn out_of_range(text: &str, what: &str) -> Error {
    Error::new(ErrorCode::OutOfRange, format!("{} is out of the range of {what}", beginning(text)))
}

/// Reads an element as a literal of its type is read.
pub fn element(text: &str, kind: Kind) -> Result<Item> {
    let trimmed = text.trim();
    Ok(match kind {
        Kind::Text => Item::Text(text.to_owned()),
        Kind::Integer(bits) => Item::Integer(integer(trimmed, bits)?),
        Kind::Real | Kind::Double => Item::Float(float(trimmed, kind)?),
        Kind::Numeric => Item::Text(numeric(trimmed)?),
        Kind::Boolean => Item::Boolean(boolean(trimmed).ok_or_else(|| mismatch(text, kind))?),
        Kind::Bytea => Item::Text(item::hex(&bytea(text).ok_or_else(|| mismatch(text, kind))?)),
        Kind::Uuid => Item::Text(uuid(trimmed).ok_or_else(|| mismatch(text, kind))?),
        Kind::Json => Item::Document(documents::json_input(text)?.to_owned()),
        Kind::Jsonb => Item::Document(Document::parse(text)?.text()),
        Kind::Date | Kind::Time | Kind::Timestamp | Kind::TimestampTz | Kind::Interval => {
            Item::Text(super::times::input(trimmed, kind)?)
        }
    })
}

/// Reads an element of a JSON array. `nested` reads an array in it.
pub fn json_element(json: &str, kind: Kind, nested: fn(&str, Kind) -> Result<Vec<Item>>) -> Result<Item> {
    match (json.as_bytes().first(), kind) {
        (Some(b'n'), _) => Ok(Item::Null),
        (_, Kind::Json) => Ok(Item::Document(json.to_owned())),
        (_, Kind::Jsonb) => Ok(Item::Document(Document::parse(json)?.text())),
        (Some(b'['), _) => nested(json, kind).map(Item::Array),
        (Some(b'"'), _) => {
            let text = documents::text_of(documents::Kind::Json, json)?.unwrap_or_default();
            element(&text, kind)
        }
        (Some(b'{'), _) => Err(mismatch(json, kind)),
        _ => element(json, kind),
    }
}

fn integer(text: &str, bits: u32) -> Result<i64> {
    let name = match bits {
        16 => "smallint",
        32 => "integer",
        _ => "bigint",
    };
    let digits = text.strip_prefix(['+', '-']).unwrap_or(text);
    if digits.is_empty() || !digits.bytes().all(|byte| byte.is_ascii_digit()) {
        return Err(mismatch(text, Kind::Integer(bits)));
    }
    let limit = 1_i128 << (bits - 1);
    match text.parse::<i64>() {
        Ok(number) if (-limit..limit).contains(&i128::from(number)) => Ok(number),
        _ => Err(out_of_range(text, name)),
    }
}

fn float(text: &str, kind: Kind) -> Result<f64> {
    let unsigned = text.strip_prefix(['+', '-']).unwrap_or(text);
    let is_word = ["nan", "infinity", "inf"].iter().any(|word| unsigned.eq_ignore_ascii_case(word));
    let number = if kind == Kind::Real { text.parse::<f32>().map(f64::from) } else { text.parse::<f64>() };
    let number = number.map_err(|_| mismatch(text, kind))?;
    let has_digit = unsigned.bytes().any(|byte| matches!(byte, b'1'..=b'9'));
    if !is_word && (number.is_infinite() || (number == 0.0 && has_significant_digit(unsigned, has_digit))) {
        return Err(out_of_range(text, if kind == Kind::Real { "real" } else { "double precision" }));
    }
    Ok(number)
}

/// Returns whether the digits before an exponent are not all zeros.
fn has_significant_digit(unsigned: &str, has_digit: bool) -> bool {
    let mantissa = unsigned.split(['e', 'E']).next().unwrap_or_default();
    has_digit && mantissa.bytes().any(|byte| matches!(byte, b'1'..=b'9'))
}

/// A decimal number in plain notation.
pub fn numeric(text: &str) -> Result<String> {
    let (sign, unsigned) = match text.strip_prefix('-') {
        Some(rest) => ("-", rest),
        None => ("", text.strip_prefix('+').unwrap_or(text)),
    };
    if unsigned.eq_ignore_ascii_case("nan") && sign.is_empty() {
        return Ok("NaN".to_owned());
    }
    if unsigned.eq_ignore_ascii_case("infinity") || unsigned.eq_ignore_ascii_case("inf") {
        return Ok(format!("{sign}Infinity"));
    }
    // JSON wants a digit on both sides of the point, and no zeros before others.
    let (mantissa, exponent) = match unsigned.find(['e', 'E']) {
        Some(at) => unsigned.split_at(at),
        None => (unsigned, ""),
    };
    let mantissa = match mantissa.split_once('.') {
        Some(("", "")) => return Err(mismatch(text, Kind::Numeric)),
        Some((whole, "")) => Cow::Borrowed(whole),
        Some(("", fraction)) => Cow::Owned(format!("0.{fraction}")),
        _ => Cow::Borrowed(mantissa),
    };
    let stripped = mantissa.trim_start_matches('0');
    let stripped = if stripped.is_empty() || stripped.starts_with('.') {
        &mantissa[mantissa.len() - stripped.len() - usize::from(mantissa.len() > stripped.len())..]
    } else {
        stripped
    };
    let number = format!("{sign}{stripped}{exponent}");
    if !documents::is_number(&number) {
        return Err(mismatch(text, Kind::Numeric));
    }
    documents::plain_number(&number).ok_or_else(|| out_of_range(text, "numeric"))
}

/// A boolean as PostgreSQL reads it.
pub fn boolean(text: &str) -> Option<bool> {
    let word = text.to_ascii_lowercase();
    match word.as_str() {
        "t" | "tr" | "tru" | "true" | "y" | "ye" | "yes" | "on" | "1" => Some(true),
        "f" | "fa" | "fal" | "fals" | "false" | "n" | "no" | "of" | "off" | "0" => Some(false),
        _ => None,
    }
}

/// Bytes in hexadecimal digits, or as text in which a backslash stands before three octal digits or a backslash.
fn bytea(text: &str) -> Option<Vec<u8>> {
    if text.starts_with("\\x") {
        return item::bytes(&text.replace([' ', '\n', '\t', '\r'], ""));
    }
    let mut bytes = Vec::with_capacity(text.len());
    let mut rest = text.as_bytes();
    while let [first, after @ ..] = rest {
        rest = after;
        match (*first, after) {
            (b'\\', [b'\\', after @ ..]) => {
                bytes.push(b'\\');
                rest = after;
            }
            (b'\\', [high @ b'0'..=b'3', middle @ b'0'..=b'7', low @ b'0'..=b'7', after @ ..]) => {
                bytes.push((high - b'0') * 64 + (middle - b'0') * 8 + (low - b'0'));
                rest = after;
            }
            (b'\\', _) => return None,
            (byte, _) => bytes.push(byte),
        }
    }
    Some(bytes)
}

/// A UUID in lower case; hyphens may stand behind each group of four digits, and braces around all.
fn uuid(text: &str) -> Option<String> {
    let inner = match text.strip_prefix('{') {
        Some(rest) => rest.strip_suffix('}')?,
        None => text,
    };
    let mut digits = String::with_capacity(36);
    let mut count = 0;
    let mut characters = inner.chars().peekable();
    while let Some(c) = characters.next() {
        digits.push(c.is_ascii_hexdigit().then(|| c.to_ascii_lowercase())?);
        count += 1;
        if matches!(count, 8 | 12 | 16 | 20) {
            digits.push('-');
        }
        if count % 4 == 0 && count < 32 {
            characters.next_if_eq(&'-');
        }
    }
    (count == 32).then_some(digits)
}
