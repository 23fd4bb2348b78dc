//! Elements of arrays, read from text.

use phantomdb_protocol::{Error, ErrorCode, Result};

use super::{
    item::{Item, hex},
    kind::{Kind, Value},
};
use crate::{
    boolean, bytes,
    documents::{self, Document, beginning},
    identity,
    numbers::{
        Numeric,
        float::{self, float8_text},
        integer::Width,
    },
    times::{Date, Interval, TimeOfDay, Timestamp},
};

/// Reads an element as a literal of its type is read.
pub fn element(text: &str, kind: Kind) -> Result<Item> {
    Ok(match kind {
        Kind::Text => Item::Text(text.to_owned()),
        Kind::Integer(bits) => Item::Integer(width(bits).parse(text)?),
        Kind::Real => Item::Float(float::parse_f32(text)?.into()),
        Kind::Double => Item::Float(float::parse_f64(text)?),
        Kind::Numeric => Item::Text(Numeric::parse(text)?.to_string()),
        Kind::Boolean => Item::Boolean(boolean::parse(text)?),
        Kind::Bytea => Item::Text(hex(&bytes::written::parse(text)?)),
        Kind::Uuid => Item::Text(identity::parse(text)?),
        Kind::Json => Item::Document(documents::json_input(text)?.to_owned()),
        Kind::Jsonb => Item::Document(Document::parse(text)?.text()),
        Kind::Date => Item::Text(Date::read(text)?.to_string()),
        Kind::Time => Item::Text(TimeOfDay::read(text)?.stored()),
        Kind::Timestamp => Item::Text(Timestamp::read(text)?.stored()),
        Kind::TimestampTz => Item::Text(Timestamp::read_with_zone(text)?.stored()),
        Kind::Interval => Item::Text(Interval::input(text)?.to_string()),
    })
}

const fn width(bits: u32) -> Width {
    match bits {
        16 => Width::Small,
        32 => Width::Regular,
        _ => Width::Big,
    }
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
        (Some(b'{'), _) => Err(Error::new(
            ErrorCode::TypeMismatch,
            format!("'{}' is not {}", beginning(json), kind.description()),
        )),
        _ => element(json, kind),
    }
}

impl Item {
    /// The element that a value of SQLite makes.
    pub fn of(value: Value, kind: Kind) -> Result<Self> {
        Ok(match (value, kind) {
            (Value::Null, _) => Self::Null,
            (Value::Integer(integer), Kind::Boolean) => Self::Boolean(integer != 0),
            #[expect(clippy::cast_precision_loss, reason = "as PostgreSQL converts")]
            (Value::Integer(integer), Kind::Real | Kind::Double) => Self::Float(integer as f64),
            (Value::Integer(integer), Kind::Integer(_)) => Self::Integer(integer),
            (Value::Real(float), Kind::Real | Kind::Double) => Self::Float(float),
            (Value::Integer(integer), _) => element(&integer.to_string(), kind)?,
            (Value::Real(float), _) => element(&float8_text(float), kind)?,
            (Value::Text(text), Kind::Json | Kind::Jsonb) => Self::Document(text),
            (Value::Text(text), Kind::Boolean | Kind::Integer(_) | Kind::Real | Kind::Double) => {
                element(&text, kind)?
            }
            (Value::Text(text), _) => Self::Text(text),
            (Value::Blob(bytes), _) => Self::Text(hex(&bytes)),
        })
    }
}
