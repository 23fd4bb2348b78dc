//! Conversions between types, as PostgreSQL does them. The result is in the stored form of its type.

use std::borrow::Cow;

use phantomdb_protocol::{Error, ErrorCode, Result, data_type::DEFAULT_PRECISION};
use phantomdb_values::{
    bytes::written,
    documents::Document,
    identity,
    numbers::{Numeric, float::parse_f64, integer::Width},
    times::{Date, TimeOfDay, Timestamp},
};
use rusqlite::types::{Value, ValueRef};
use sqlparser::ast::{Expr, Value as Literal};

use super::result::FunctionResult;
use crate::types::SqlType;

/// Converts a string literal to its stored form, as the SQL function of that name does.
pub(in super::super) fn literal(function: &str, text: &str) -> Result<Expr> {
    let value = ValueRef::Text(text.as_bytes());
    let converted = match function {
        "phantomdb_timestamp" => timestamp(value),
        "phantomdb_date" => date(value),
        "phantomdb_time" => time(value),
        "phantomdb_uuid" => uuid(value),
        _ => boolean(value),
    }?;
    Ok(literal_of(converted))
}

/// The stored form of a string in a column of times with so many decimals of a second.
pub(in super::super) fn time_literal(text: &str, data_type: &SqlType) -> Result<Expr> {
    let value = ValueRef::Text(text.as_bytes());
    let decimals = i64::from(data_type.decimals().unwrap_or(DEFAULT_PRECISION));
    let converted = match data_type {
        SqlType::Time(_) => rounded_time(value, decimals)?,
        _ => rounded_timestamp(value, decimals)?,
    };
    Ok(literal_of(converted))
}

fn literal_of(converted: Value) -> Expr {
    Expr::value(match converted {
        Value::Text(text) => Literal::SingleQuotedString(text),
        Value::Integer(i) => Literal::Boolean(i != 0),
        _ => Literal::Null,
    })
}

/// The stored form of a number in a column `DECIMAL(precision, scale)`.
pub(in super::super) fn decimal_literal(text: &str, precision: u64, scale: i64) -> Result<Expr> {
    let precision = i64::try_from(precision).unwrap_or(i64::MAX);
    let stored = decimal(ValueRef::Text(text.as_bytes()), precision, scale)?;
    Ok(Expr::value(match stored {
        Value::Text(text) => Literal::SingleQuotedString(text),
        _ => Literal::Null,
    }))
}

/// A copy of the value.
pub(super) fn owned(value: ValueRef<'_>) -> Value {
    match value {
        ValueRef::Null => Value::Null,
        ValueRef::Integer(i) => Value::Integer(i),
        ValueRef::Real(f) => Value::Real(f),
        ValueRef::Text(bytes) => Value::Text(String::from_utf8_lossy(bytes).into_owned()),
        ValueRef::Blob(bytes) => Value::Blob(bytes.to_vec()),
    }
}

/// The value as text, spelled as SQLite would spell it.
pub(super) fn text_of(value: ValueRef<'_>) -> Cow<'_, str> {
    match value {
        ValueRef::Null => Cow::Borrowed(""),
        ValueRef::Integer(i) => Cow::Owned(i.to_string()),
        ValueRef::Real(f) => Cow::Owned(format_float(f)),
        ValueRef::Text(bytes) | ValueRef::Blob(bytes) => String::from_utf8_lossy(bytes),
    }
}

/// The bytes of a text or of bytes; of another value, of its text.
pub(super) fn text_of_bytes(value: ValueRef<'_>) -> Cow<'_, [u8]> {
    match value {
        ValueRef::Text(bytes) | ValueRef::Blob(bytes) => Cow::Borrowed(bytes),
        other => Cow::Owned(text_of(other).into_owned().into_bytes()),
    }
}

fn format_float(f: f64) -> String {
    if f.fract() == 0.0 && f.abs() < 1e15 { format!("{f:.0}") } else { f.to_string() }
}

pub(super) fn mismatch(value: ValueRef<'_>, what: &str) -> Error {
    let shown: String = text_of(value).chars().take(60).collect();
    Error::new(ErrorCode::TypeMismatch, format!("'{shown}' is not {what}"))
}

fn out_of_range(value: &str, what: &str) -> Error {
    Error::new(ErrorCode::OutOfRange, format!("'{value}' is out of range for {what}"))
}

/// An integer of 16, 32 or 64 bits.
pub(super) fn integer(value: ValueRef<'_>, bits: i64) -> FunctionResult {
    let name = match bits {
        16 => "a 16-bit integer",
        32 => "a 32-bit integer",
        _ => "a 64-bit integer",
    };
    let number = match value {
        ValueRef::Null => return Ok(Value::Null),
        ValueRef::Integer(i) => i,
        ValueRef::Real(f) => {
            let rounded = f.round_ties_even();
            #[expect(clippy::cast_possible_truncation, reason = "checked by the range")]
            if (-9.223_372_036_854_775e18..9.223_372_036_854_775e18).contains(&rounded) {
                rounded as i64
            } else {
                return Err(out_of_range(&f.to_string(), name));
            }
        }
        ValueRef::Text(bytes) => {
            let text = String::from_utf8_lossy(bytes);
            Width::Big.parse(&text).map_err(|error| match error.code {
                ErrorCode::OutOfRange => out_of_range(text.trim(), name),
                _ => mismatch(value, "an integer"),
            })?
        }
        ValueRef::Blob(_) => return Err(mismatch(ValueRef::Text(b"a blob"), "an integer")),
    };
    let fits = match bits {
        16 => i16::try_from(number).is_ok(),
        32 => i32::try_from(number).is_ok(),
        _ => true,
    };
    if fits { Ok(Value::Integer(number)) } else { Err(out_of_range(&number.to_string(), name)) }
}

pub(super) fn boolean(value: ValueRef<'_>) -> FunctionResult {
    Ok(match value {
        ValueRef::Null => Value::Null,
        ValueRef::Integer(i) => Value::Integer(i64::from(i != 0)),
        ValueRef::Text(bytes) => {
            let text = String::from_utf8_lossy(bytes).trim().to_ascii_lowercase();
            match text.as_str() {
                "t" | "tr" | "tru" | "true" | "y" | "ye" | "yes" | "on" | "1" => Value::Integer(1),
                "f" | "fa" | "fal" | "fals" | "false" | "n" | "no" | "of" | "off" | "0" => Value::Integer(0),
                _ => return Err(mismatch(value, "a boolean")),
            }
        }
        other => return Err(mismatch(other, "a boolean")),
    })
}

pub(super) fn float(value: ValueRef<'_>) -> FunctionResult {
    #[expect(clippy::cast_precision_loss, reason = "a float column holds the nearest float")]
    Ok(match value {
        ValueRef::Null => Value::Null,
        ValueRef::Integer(i) => Value::Real(i as f64),
        ValueRef::Real(f) => Value::Real(f),
        ValueRef::Text(bytes) => {
            let text = String::from_utf8_lossy(bytes);
            let number = parse_f64(&text)?;
            // SQLite takes a NaN for NULL, so it is kept as text.
            if number.is_nan() { Value::Text("NaN".into()) } else { Value::Real(number) }
        }
        ValueRef::Blob(_) => return Err(mismatch(ValueRef::Text(b"a blob"), "a number")),
    })
}

/// Text of at most `length` characters. Spaces beyond that are cut off, as in PostgreSQL, and anything else is an error.
pub(in super::super) fn limited_text(value: ValueRef<'_>, length: i64) -> FunctionResult {
    if let ValueRef::Null = value {
        return Ok(Value::Null);
    }
    let text = text_of(value);
    let length = usize::try_from(length).unwrap_or(usize::MAX);
    if text.len() <= length || text.chars().count() <= length {
        return Ok(Value::Text(text.into_owned()));
    }
    if text.chars().skip(length).all(|c| c == ' ') {
        return Ok(Value::Text(text.chars().take(length).collect()));
    }
    let message = format!("the text of {} characters is too long for {length}", text.chars().count());
    Err(Error::new(ErrorCode::OutOfRange, message))
}

/// Converts text with `convert`, and refuses every other value.
fn by_text(value: ValueRef<'_>, what: &str, convert: impl Fn(&str) -> Result<String>) -> FunctionResult {
    match value {
        ValueRef::Null => Ok(Value::Null),
        ValueRef::Text(bytes) => match std::str::from_utf8(bytes) {
            Ok(text) => convert(text).map(Value::Text),
            Err(_) => Err(mismatch(value, what)),
        },
        other => Err(mismatch(other, what)),
    }
}

/// A timestamp with microseconds.
pub(super) fn timestamp(value: ValueRef<'_>) -> FunctionResult {
    by_text(value, "a timestamp", |text| Ok(Timestamp::read_with_zone(text)?.stored()))
}

/// A timestamp with so many decimals of a second.
pub(super) fn rounded_timestamp(value: ValueRef<'_>, decimals: i64) -> FunctionResult {
    by_text(value, "a timestamp", |text| {
        Ok(Timestamp::read_with_zone(text)?.with_precision(decimals)?.stored())
    })
}

pub(super) fn date(value: ValueRef<'_>) -> FunctionResult {
    by_text(value, "a date", |text| Ok(Date::read(text)?.to_string()))
}

/// A time of day with microseconds.
pub(super) fn time(value: ValueRef<'_>) -> FunctionResult {
    by_text(value, "a time of day", |text| Ok(TimeOfDay::read(text)?.stored()))
}

/// A time of day with so many decimals of a second.
pub(super) fn rounded_time(value: ValueRef<'_>, decimals: i64) -> FunctionResult {
    by_text(value, "a time of day", |text| Ok(TimeOfDay::read(text)?.with_precision(decimals)?.stored()))
}

pub(super) fn uuid(value: ValueRef<'_>) -> FunctionResult {
    by_text(value, "a UUID", identity::parse)
}

/// A document in the one text that PostgreSQL prints for a `jsonb`.
pub(in super::super) fn json(value: ValueRef<'_>) -> FunctionResult {
    match value {
        ValueRef::Null => Ok(Value::Null),
        ValueRef::Blob(_) => Err(mismatch(ValueRef::Text(b"a blob"), "JSON")),
        other => Document::parse(&text_of(other)).map(|document| Value::Text(document.text())),
    }
}

/// A byte string. A text is read as PostgreSQL reads one: `\\x` and hexadecimal digits, or characters with escapes.
pub(super) fn blob(value: ValueRef<'_>) -> FunctionResult {
    Ok(match value {
        ValueRef::Text(bytes) if !bytes.contains(&b'\\') => Value::Blob(bytes.to_vec()),
        ValueRef::Text(_) => Value::Blob(written::parse(&text_of(value))?),
        ValueRef::Integer(_) | ValueRef::Real(_) => Value::Blob(text_of(value).into_owned().into_bytes()),
        other => owned(other),
    })
}

/// The value as an exact number.
pub(super) fn number(value: ValueRef<'_>) -> Result<Numeric> {
    Numeric::parse(&text_of(value)).map_err(|error| match error.code {
        ErrorCode::TypeMismatch => mismatch(value, "a decimal number"),
        _ => error,
    })
}

/// A decimal, rounded to the scale. Without a precision a negative scale keeps every digit.
pub(super) fn decimal(value: ValueRef<'_>, precision: i64, scale: i64) -> FunctionResult {
    if let ValueRef::Null = value {
        return Ok(Value::Null);
    }
    let number = number(value)?;
    if precision <= 0 {
        let rounded = if scale < 0 { number } else { number.round(scale)? };
        return Ok(Value::Text(rounded.to_string()));
    }
    let limited = |limit: i64| i32::try_from(limit).unwrap_or(i32::MAX);
    let rounded = number
        .with_precision(limited(precision), limited(scale))
        .map_err(|_| out_of_range(&number.to_string(), &format!("DECIMAL({precision},{scale})")))?;
    Ok(Value::Text(rounded.to_string()))
}

pub(super) fn decimal_operation(operator: &str, left: ValueRef<'_>, right: ValueRef<'_>) -> FunctionResult {
    if matches!(left, ValueRef::Null) || matches!(right, ValueRef::Null) {
        return Ok(Value::Null);
    }
    let (left, right) = (number(left)?, number(right)?);
    let result = match operator {
        "+" => left.add(&right),
        "-" => left.subtract(&right),
        "*" => left.multiply(&right),
        "/" => left.divide(&right),
        _ => left.remainder(&right),
    }?;
    Ok(Value::Text(result.to_string()))
}

pub(super) fn to_f64(value: ValueRef<'_>) -> Option<f64> {
    match value {
        #[expect(clippy::cast_precision_loss, reason = "a float is asked for")]
        ValueRef::Integer(i) => Some(i as f64),
        ValueRef::Real(f) => Some(f),
        ValueRef::Text(_) => number(value).ok().and_then(|number| number.to_f64().ok()),
        _ => None,
    }
}

/// The elements of PostgreSQL's text form of an array, `{a,"b c",NULL}`, or of a JSON array of scalars.
pub(in super::super) fn array_elements(text: &str) -> Option<Vec<Option<String>>> {
    let text = text.trim();
    if text.starts_with('[') {
        let values: Vec<serde_json::Value> = serde_json::from_str(text).ok()?;
        return Some(
            values
                .into_iter()
                .map(|value| match value {
                    serde_json::Value::Null => None,
                    serde_json::Value::String(text) => Some(text),
                    other => Some(other.to_string()),
                })
                .collect(),
        );
    }
    let inner = text.strip_prefix('{')?.strip_suffix('}')?;
    let mut elements = Vec::new();
    if inner.trim().is_empty() {
        return Some(elements);
    }
    let mut characters = inner.chars().peekable();
    loop {
        elements.push(array_element(&mut characters)?);
        match characters.next() {
            None => return Some(elements),
            Some(',') => {}
            Some(_) => return None,
        }
    }
}

fn array_element(characters: &mut std::iter::Peekable<std::str::Chars<'_>>) -> Option<Option<String>> {
    while characters.next_if(|c| c.is_whitespace()).is_some() {}
    let mut element = String::new();
    if characters.next_if_eq(&'"').is_some() {
        loop {
            match characters.next()? {
                '"' => break,
                '\\' => element.push(characters.next()?),
                other => element.push(other),
            }
        }
        while characters.next_if(|c| c.is_whitespace()).is_some() {}
        return Some(Some(element));
    }
    while let Some(next) = characters.next_if(|c| *c != ',') {
        match next {
            '\\' => element.push(characters.next()?),
            '{' | '}' | '"' => return None,
            other => element.push(other),
        }
    }
    let element = element.trim_end();
    if element.is_empty() {
        return None;
    }
    Some((!element.eq_ignore_ascii_case("NULL")).then(|| element.to_owned()))
}
