//! A parameter of a statement.

use base64::{Engine as _, engine::general_purpose::STANDARD as BASE64};
use schemars::{JsonSchema, Schema, SchemaGenerator, json_schema};
use serde::{Deserialize, Deserializer, Serialize, Serializer, de, ser::SerializeMap};
use serde_json::Value as Json;

/// A value bound to `$1…$n`. On the wire it is a JSON scalar, or `{"type": …, "value": …}` for values that JSON does not have:
/// `{"type":"blob","value":"aGk="}`, `{"type":"timestamp","value":"2026-01-01T00:00:00.000Z"}`. The types are
/// `integer` (as text; one beyond 64 bits is a decimal), `float` (NaN, Infinity), `decimal`, `timestamp`, `date`, `time`, `uuid`, `json`, `blob`.
#[derive(Debug, Clone, PartialEq)]
pub enum Value {
    Null,
    Boolean(bool),
    Integer(i64),
    Float(f64),
    String(String),
    /// Exact, as text.
    Decimal(String),
    /// ISO 8601 UTC with milliseconds.
    Timestamp(String),
    /// `YYYY-MM-DD`.
    Date(String),
    /// `HH:MM:SS[.fff]`.
    Time(String),
    Uuid(String),
    /// A JSON document as text.
    Json(String),
    Blob(Vec<u8>),
}

/// The `type` of a typed value.
const TYPED: [&str; 10] =
    ["integer", "float", "decimal", "timestamp", "date", "time", "uuid", "json", "string", "blob"];

impl Value {
    fn typed(&self) -> Option<(&'static str, String)> {
        Some(match self {
            Self::Integer(i) if i.unsigned_abs() > (1 << 53) - 1 => ("integer", i.to_string()),
            Self::Float(f) if !f.is_finite() => ("float", non_finite(*f).to_owned()),
            Self::Decimal(s) => ("decimal", s.clone()),
            Self::Timestamp(s) => ("timestamp", s.clone()),
            Self::Date(s) => ("date", s.clone()),
            Self::Time(s) => ("time", s.clone()),
            Self::Uuid(s) => ("uuid", s.clone()),
            Self::Json(s) => ("json", s.clone()),
            Self::Blob(bytes) => ("blob", BASE64.encode(bytes)),
            _ => return None,
        })
    }

    fn from_typed(kind: &str, text: String) -> Result<Self, String> {
        Ok(match kind {
            "integer" => integer(text)?,
            "float" => Self::Float(text.parse().map_err(|_| "a float must be a number")?),
            "decimal" => Self::Decimal(text),
            "timestamp" => Self::Timestamp(text),
            "date" => Self::Date(text),
            "time" => Self::Time(text),
            "uuid" => Self::Uuid(text),
            "json" => Self::Json(text),
            "string" => Self::String(text),
            "blob" => Self::Blob(BASE64.decode(&text).map_err(|_| "a blob must be base64")?),
            other => return Err(unknown_type(other)),
        })
    }
}

fn unknown_type(kind: &str) -> String {
    format!("unknown parameter type '{kind}'")
}

/// An integer. One beyond 64 bits is exact as a decimal, which compares with integers and which no integer column holds.
fn integer(text: String) -> Result<Value, String> {
    let digits = text.strip_prefix(['+', '-']).unwrap_or(&text);
    if digits.is_empty() || !digits.bytes().all(|byte| byte.is_ascii_digit()) {
        return Err("an integer must be written in digits".to_owned());
    }
    Ok(text.parse().map_or_else(|_| Value::Decimal(text), Value::Integer))
}

/// `NaN`, `Infinity` or `-Infinity`, as JavaScript and PostgreSQL write them.
pub(crate) fn non_finite(f: f64) -> &'static str {
    if f.is_nan() {
        "NaN"
    } else if f > 0.0 {
        "Infinity"
    } else {
        "-Infinity"
    }
}

impl Serialize for Value {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        if let Some((kind, text)) = self.typed() {
            let mut map = serializer.serialize_map(Some(2))?;
            map.serialize_entry("type", kind)?;
            map.serialize_entry("value", &text)?;
            return map.end();
        }
        match self {
            Self::Boolean(b) => serializer.serialize_bool(*b),
            Self::Integer(i) => serializer.serialize_i64(*i),
            Self::Float(f) => serializer.serialize_f64(*f),
            Self::String(s) => serializer.serialize_str(s),
            _ => serializer.serialize_unit(),
        }
    }
}

impl<'de> Deserialize<'de> for Value {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        deserializer.deserialize_any(ValueVisitor)
    }
}

impl JsonSchema for Value {
    fn schema_name() -> std::borrow::Cow<'static, str> {
        "Value".into()
    }

    fn json_schema(_: &mut SchemaGenerator) -> Schema {
        json_schema!({
            "description": "A JSON scalar, or what JSON has not as {type, value}.",
            "anyOf": [
                { "type": ["null", "boolean", "number", "string"] },
                {
                    "type": "object",
                    "properties": {
                        "type": { "enum": TYPED },
                        "value": { "type": ["null", "boolean", "number", "string"] },
                    },
                    "required": ["type", "value"],
                    "additionalProperties": false,
                },
            ],
        })
    }
}

pub(crate) struct ValueVisitor;

impl<'de> de::Visitor<'de> for ValueVisitor {
    type Value = Value;

    fn expecting(&self, f: &mut std::fmt::Formatter) -> std::fmt::Result {
        f.write_str("null, a boolean, a number, a string or {\"type\", \"value\"}")
    }
    fn visit_unit<E: de::Error>(self) -> Result<Value, E> {
        Ok(Value::Null)
    }
    fn visit_none<E: de::Error>(self) -> Result<Value, E> {
        Ok(Value::Null)
    }
    fn visit_bool<E: de::Error>(self, v: bool) -> Result<Value, E> {
        Ok(Value::Boolean(v))
    }
    fn visit_i64<E: de::Error>(self, v: i64) -> Result<Value, E> {
        Ok(Value::Integer(v))
    }
    fn visit_u64<E: de::Error>(self, v: u64) -> Result<Value, E> {
        Ok(i64::try_from(v).map_or(Value::Float(v as f64), Value::Integer))
    }
    fn visit_f64<E: de::Error>(self, v: f64) -> Result<Value, E> {
        Ok(Value::Float(v))
    }
    fn visit_str<E: de::Error>(self, v: &str) -> Result<Value, E> {
        Ok(Value::String(v.to_owned()))
    }
    fn visit_string<E: de::Error>(self, v: String) -> Result<Value, E> {
        Ok(Value::String(v))
    }
    fn visit_map<A: de::MapAccess<'de>>(self, map: A) -> Result<Value, A::Error> {
        let (kind, value) = type_and_value(map)?;
        value_of(&kind, value)
    }
}

/// Reads `{"type": …, "value": …}`.
pub(crate) fn type_and_value<'de, A: de::MapAccess<'de>>(
    mut map: A,
) -> Result<(String, Option<Json>), A::Error> {
    let (mut kind, mut value) = (None::<String>, None::<Json>);
    while let Some(key) = map.next_key::<String>()? {
        match key.as_str() {
            "type" => kind = Some(map.next_value()?),
            "value" => value = Some(map.next_value()?),
            _ => return Err(de::Error::unknown_field(&key, &["type", "value"])),
        }
    }
    Ok((kind.ok_or_else(|| de::Error::missing_field("type"))?, value))
}

pub(crate) fn value_of<E: de::Error>(kind: &str, value: Option<Json>) -> Result<Value, E> {
    match value.ok_or_else(|| E::missing_field("value"))? {
        Json::Null if TYPED.contains(&kind) => Ok(Value::Null),
        Json::Null => Err(E::custom(unknown_type(kind))),
        Json::String(text) => Value::from_typed(kind, text).map_err(E::custom),
        other => Value::from_typed(kind, other.to_string()).map_err(E::custom),
    }
}
