//! Encodes parameters as PostgreSQL reads them.
//!
//! PostgreSQL infers the type of a parameter from its context. A value that this type can hold is sent as this type: in
//! binary where the value has the same type, else as text, which PostgreSQL converts as it converts a literal. A value
//! that the inferred type cannot hold is declared with its own type: `2.5` beside an integer column, an integer of 64
//! bits beside one of 32, and any value where PostgreSQL could infer nothing but text, as in `SELECT $1`.

use std::{borrow::Cow, error::Error as StdError};

use bytes::BytesMut;
use phantomdb_engine::{
    json_rows::non_finite,
    parameters::{check_text, timestamp},
};
use phantomdb_protocol::{Result, Value};
use phantomdb_values::{numbers::float::float8_text, times::Timestamp};
use serde_json::value::RawValue;
use tokio_postgres::types::{Format, IsNull, Kind, ToSql, Type, to_sql_checked};

/// Encodes each value. The result has room for `room` more.
pub(crate) fn bind(parameters: &[Value], room: usize) -> Result<Vec<BoundValue<'_>>> {
    let mut bound = Vec::with_capacity(parameters.len() + room);
    for (index, value) in parameters.iter().enumerate() {
        bound.push(BoundValue::new(value, index + 1)?);
    }
    Ok(bound)
}

/// The types to declare, when the inferred ones cannot hold the values. NULL has the type that the others give it: it is not a
/// text because nothing else was known.
pub(crate) fn declared(inferred: &[Type], parameters: &[Value]) -> Option<Vec<Type>> {
    let of = |(inferred, value)| type_to_declare(inferred, value);
    if !inferred.iter().zip(parameters).any(|pair| of(pair).is_some()) {
        return None;
    }
    let declared = |(inferred, value)| match (value, type_to_declare(inferred, value)) {
        (_, Some(natural)) => natural,
        (Value::Null, None) if *inferred == Type::TEXT => Type::UNKNOWN,
        (_, None) => inferred.clone(),
    };
    Some(inferred.iter().zip(parameters).map(declared).collect())
}

/// The type that a value is sent as, where `inferred` is the one of its parameter. None for NULL, which has every type.
pub(crate) fn type_to_send(inferred: Option<&Type>, value: &Value) -> Option<Type> {
    match (value, inferred) {
        (Value::Null, _) => None,
        (_, None) => Some(natural_type(value)),
        (_, Some(inferred)) => Some(type_to_declare(inferred, value).unwrap_or_else(|| inferred.clone())),
    }
}

/// The types that the values have by themselves.
pub(crate) fn natural(parameters: &[Value]) -> Vec<Type> {
    parameters.iter().map(natural_type).collect()
}

fn natural_type(value: &Value) -> Type {
    match value {
        // PostgreSQL infers the type, which does not matter for NULL.
        Value::Null => Type::UNKNOWN,
        Value::Boolean(_) => Type::BOOL,
        Value::Integer(_) => Type::INT8,
        Value::Float(_) => Type::FLOAT8,
        Value::String(_) => Type::TEXT,
        Value::Decimal(_) => Type::NUMERIC,
        Value::Timestamp(_) => Type::TIMESTAMPTZ,
        Value::Date(_) => Type::DATE,
        Value::Time(_) => Type::TIME,
        Value::Uuid(_) => Type::UUID,
        Value::Json(_) => Type::JSON,
        Value::Blob(_) => Type::BYTEA,
    }
}

fn type_to_declare(inferred: &Type, value: &Value) -> Option<Type> {
    let is_integer = matches!(*inferred, Type::INT2 | Type::INT4 | Type::INT8);
    let natural = || Some(natural_type(value));
    match value {
        Value::String(text) if is_integer => beyond(inferred, text.trim()),
        Value::String(text) | Value::Json(text) if has_number_beyond(inferred, text) => {
            Some(Type::NUMERIC_ARRAY)
        }
        Value::Null | Value::String(_) => None,
        _ if is_text(inferred) => natural(),
        Value::Integer(integer) => (is_integer && !fits(inferred, *integer)).then_some(Type::INT8),
        Value::Float(float) if is_integer => match whole_number(*float) {
            Some(integer) if fits(inferred, integer) => None,
            _ => natural(),
        },
        Value::Decimal(_) if is_integer => natural(),
        Value::Timestamp(_) if *inferred == Type::DATE => natural(),
        _ => None,
    }
}

fn is_text(data_type: &Type) -> bool {
    matches!(*data_type, Type::TEXT | Type::VARCHAR | Type::BPCHAR | Type::UNKNOWN)
        || data_type.name() == "citext"
}

/// The type of a whole number that the inferred type cannot hold, which therefore equals none of its values.
fn beyond(inferred: &Type, text: &str) -> Option<Type> {
    let digits = text.strip_prefix(['-', '+']).unwrap_or(text);
    if digits.is_empty() || !digits.bytes().all(|byte| byte.is_ascii_digit()) {
        return None;
    }
    match text.parse() {
        Ok(integer) => (!fits(inferred, integer)).then_some(Type::INT8),
        Err(_) => Some(Type::NUMERIC),
    }
}

/// True for a JSON array with a number that the inferred type, an array of integers, cannot hold.
fn has_number_beyond(inferred: &Type, text: &str) -> bool {
    let (element, digits) = match *inferred {
        Type::INT2_ARRAY => (Type::INT2, 4),
        Type::INT4_ARRAY => (Type::INT4, 9),
        Type::INT8_ARRAY => (Type::INT8, 18),
        _ => return false,
    };
    // Most lists have short numbers, and are not read twice.
    let is_short = |part: &[u8]| part.len() <= digits;
    if !text.contains(['.', 'e', 'E']) && text.as_bytes().split(|byte| !byte.is_ascii_digit()).all(is_short) {
        return false;
    }
    let Ok(elements) = serde_json::from_str::<Vec<&RawValue>>(text) else { return false };
    elements.into_iter().any(|value| {
        let json = value.get();
        let number = json.strip_prefix('"').and_then(|rest| rest.strip_suffix('"')).unwrap_or(json);
        let has_fraction = json == number && json.contains(['.', 'e', 'E']) && json.parse::<f64>().is_ok();
        has_fraction || beyond(&element, number).is_some()
    })
}

fn fits(inferred: &Type, integer: i64) -> bool {
    match *inferred {
        Type::INT2 => i16::try_from(integer).is_ok(),
        Type::INT4 => i32::try_from(integer).is_ok(),
        _ => true,
    }
}

/// The integer with the value of the float; none when the float has a fraction or is too large to be exact.
fn whole_number(float: f64) -> Option<i64> {
    const EXACT: f64 = 9_007_199_254_740_992.0;
    #[expect(clippy::cast_possible_truncation, reason = "it is a whole number within 2^53")]
    (float.fract() == 0.0 && float.abs() <= EXACT).then_some(float as i64)
}

/// A value that can be sent as any type that the statement needs.
#[derive(Debug)]
pub(crate) enum BoundValue<'a> {
    Null,
    Boolean(bool),
    Integer(i64),
    Float(f64),
    Text(Cow<'a, str>),
    /// A moment in the notation of the contract.
    Timestamp(Cow<'a, str>),
    /// Text, which is sent as an array when it is a JSON array and the parameter is an array.
    Document(&'a str),
    Blob(&'a [u8]),
}

type BoxedError = Box<dyn StdError + Sync + Send>;

impl<'a> BoundValue<'a> {
    fn new(value: &'a Value, number: usize) -> Result<Self> {
        let text = |text: &'a str| check_text(text, number).map(|()| Self::Text(Cow::Borrowed(text)));
        Ok(match value {
            Value::Null => Self::Null,
            Value::Boolean(boolean) => Self::Boolean(*boolean),
            Value::Integer(integer) => Self::Integer(*integer),
            Value::Float(float) => Self::Float(*float),
            Value::Decimal(s) | Value::Date(s) | Value::Time(s) | Value::Uuid(s) => text(s)?,
            Value::String(s) | Value::Json(s) => {
                check_text(s, number)?;
                Self::Document(s)
            }
            Value::Timestamp(s) => Self::Timestamp(timestamp(s, number)?),
            Value::Blob(bytes) => Self::Blob(bytes),
        })
    }

    /// The value as PostgreSQL reads it as this type. None for NULL.
    pub(crate) fn text_of(value: &'a Value, number: usize, target: &Type) -> Result<Option<Cow<'a, str>>> {
        Ok(match Self::new(value, number)? {
            Self::Null => None,
            // The text lives longer than this value around it.
            Self::Text(text) => Some(text),
            Self::Document(text) if !matches!(target.kind(), Kind::Array(_)) => Some(Cow::Borrowed(text)),
            other => Some(Cow::Owned(other.text(target).into_owned())),
        })
    }

    fn text(&self, target: &Type) -> Cow<'_, str> {
        match self {
            Self::Null => Cow::Borrowed(""),
            Self::Boolean(boolean) => {
                Cow::Borrowed(match (*target == Type::BOOL || !is_number(target), boolean) {
                    (true, true) => "true",
                    (true, false) => "false",
                    (false, true) => "1",
                    (false, false) => "0",
                })
            }
            Self::Integer(integer) => Cow::Owned(integer.to_string()),
            Self::Float(float) => match (non_finite(*float), whole_number(*float)) {
                (Some(text), _) => Cow::Borrowed(text),
                // As PostgreSQL itself writes a float that becomes a text.
                (None, _) if !is_number(target) => Cow::Owned(float8_text(*float)),
                (None, Some(integer)) => Cow::Owned(integer.to_string()),
                // These are the shortest digits that are read as the same number.
                (None, None) => Cow::Owned(format!("{float:?}")),
            },
            Self::Text(text) => Cow::Borrowed(text),
            Self::Timestamp(text) => match Timestamp::read_with_zone(text) {
                // As PostgreSQL itself writes a time that becomes a text.
                Ok(moment) if is_text(target) => Cow::Owned(moment.text_with_zone()),
                _ => Cow::Borrowed(text),
            },
            Self::Document(text) => match target.kind() {
                Kind::Array(element) => array_of_json(text, element).map_or(Cow::Borrowed(*text), Cow::Owned),
                _ => Cow::Borrowed(text),
            },
            Self::Blob(bytes) => {
                let hex: String = bytes.iter().map(|byte| format!("{byte:02x}")).collect();
                Cow::Owned(format!("\\x{hex}"))
            }
        }
    }
}

fn is_number(data_type: &Type) -> bool {
    matches!(*data_type, Type::INT2 | Type::INT4 | Type::INT8 | Type::FLOAT4 | Type::FLOAT8 | Type::NUMERIC)
}

/// A JSON array in PostgreSQL's notation of arrays; none when the text is no JSON array.
fn array_of_json(text: &str, element: &Type) -> Option<String> {
    if !text.trim_start().starts_with('[') {
        return None;
    }
    let is_document = matches!(*element, Type::JSON | Type::JSONB);
    let elements: Vec<&RawValue> = serde_json::from_str(text).ok()?;
    let elements = elements.into_iter().map(|value| {
        let json = value.get();
        match json.as_bytes().first() {
            Some(b'n') => Some("NULL".to_owned()),
            _ if is_document => Some(quote_element(json)),
            // A further dimension.
            Some(b'[') => array_of_json(json, element),
            Some(b'"') => serde_json::from_str::<String>(json).ok().map(|text| quote_element(&text)),
            _ => Some(quote_element(json)),
        }
    });
    Some(format!("{{{}}}", elements.collect::<Option<Vec<_>>>()?.join(",")))
}

/// An element of an array in PostgreSQL's notation.
pub(crate) fn quote_element(text: &str) -> String {
    format!("\"{}\"", text.replace('\\', "\\\\").replace('"', "\\\""))
}

impl ToSql for BoundValue<'_> {
    fn to_sql(&self, target: &Type, out: &mut BytesMut) -> std::result::Result<IsNull, BoxedError> {
        match self {
            Self::Null => return Ok(IsNull::Yes),
            Self::Boolean(boolean) if *target == Type::BOOL => boolean.to_sql(target, out)?,
            Self::Integer(integer) => match *target {
                Type::INT2 if fits(target, *integer) => i16::try_from(*integer)?.to_sql(target, out)?,
                Type::INT4 if fits(target, *integer) => i32::try_from(*integer)?.to_sql(target, out)?,
                Type::INT8 => integer.to_sql(target, out)?,
                _ => self.text(target).as_ref().to_sql(&Type::TEXT, out)?,
            },
            Self::Float(float) if *target == Type::FLOAT8 => float.to_sql(target, out)?,
            Self::Blob(bytes) if *target == Type::BYTEA => bytes.to_sql(target, out)?,
            _ => self.text(target).as_ref().to_sql(&Type::TEXT, out)?,
        };
        Ok(IsNull::No)
    }

    fn accepts(_: &Type) -> bool {
        true
    }

    fn encode_format(&self, target: &Type) -> Format {
        let binary = match self {
            Self::Boolean(_) => *target == Type::BOOL,
            Self::Integer(integer) => {
                matches!(*target, Type::INT2 | Type::INT4 | Type::INT8) && fits(target, *integer)
            }
            Self::Float(_) => *target == Type::FLOAT8,
            Self::Blob(_) => *target == Type::BYTEA,
            Self::Null | Self::Text(_) | Self::Timestamp(_) | Self::Document(_) => false,
        };
        if binary { Format::Binary } else { Format::Text }
    }

    to_sql_checked!();
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn it_declares_only_what_the_inferred_type_cannot_hold() {
        let declare =
            |inferred: Type, value: Value| declared(&[inferred], &[value]).map(|types| types[0].clone());
        assert_eq!(declare(Type::INT4, Value::Integer(5)), None);
        assert_eq!(declare(Type::INT4, Value::Integer(1 << 40)), Some(Type::INT8));
        assert_eq!(declare(Type::INT4, Value::Float(2.0)), None);
        assert_eq!(declare(Type::INT4, Value::Float(2.5)), Some(Type::FLOAT8));
        assert_eq!(declare(Type::NUMERIC, Value::Float(2.5)), None);
        assert_eq!(declare(Type::TEXT, Value::Integer(5)), Some(Type::INT8));
        assert_eq!(declare(Type::TEXT, Value::String("5".into())), None);
        assert_eq!(declare(Type::TIMESTAMPTZ, Value::String("2026-01-01".into())), None);
        assert_eq!(declare(Type::TEXT, Value::Null), None);
        for (list, is_beyond) in [
            ("[1,null,2147483647]", false),
            (r#"[1,"2147483647"]"#, false),
            ("[1,2147483648]", true),
            (r#"["-2147483649"]"#, true),
            ("[1.5]", true),
            ("[1e20]", true),
            (r#"["1.5"]"#, false),
            ("[true]", false),
            ("{1,3000000000}", false),
        ] {
            let declared = declare(Type::INT4_ARRAY, Value::Json(list.into()));
            assert_eq!(declared, is_beyond.then_some(Type::NUMERIC_ARRAY), "{list}");
        }
        assert_eq!(declare(Type::TEXT_ARRAY, Value::Json("[3000000000]".into())), None);
    }

    #[test]
    fn it_writes_a_json_array_as_one_of_postgresql() {
        assert_eq!(array_of_json(r#"[1, null, "a\"b\\"]"#, &Type::TEXT).unwrap(), r#"{"1",NULL,"a\"b\\"}"#);
        assert_eq!(array_of_json("{a,b}", &Type::TEXT), None);
        assert_eq!(array_of_json("[[1],[2]]", &Type::INT4).unwrap(), r#"{{"1"},{"2"}}"#);
        assert_eq!(array_of_json(r#"[[1],"a"]"#, &Type::JSONB).unwrap(), r#"{"[1]","\"a\""}"#);
    }

    #[test]
    fn it_sends_floats_with_the_digits_they_need() {
        let text = |float: f64| BoundValue::Float(float).text(&Type::NUMERIC).into_owned();
        assert_eq!(text(0.1), "0.1");
        assert_eq!(text(1e300), "1e300");
        assert_eq!(text(3.0), "3");
        assert_eq!(text(f64::NAN), "NaN");
    }
}
