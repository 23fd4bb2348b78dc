//! A cell of a row that is inserted.

use std::borrow::Cow;

use schemars::{JsonSchema, Schema, SchemaGenerator, json_schema};
use serde::{
    Deserialize, Deserializer, Serialize, Serializer,
    de::{self, Visitor},
    ser::SerializeMap,
};

use crate::{
    Value,
    value::{ValueVisitor, type_and_value, value_of},
};

/// The `type` of a cell that has no value of its own.
const DEFAULT: &str = "default";

/// A cell of a row: a value, or `{"type":"default"}` for the default of its column.
#[derive(Debug, Clone, PartialEq)]
pub enum Cell {
    Default,
    Value(Value),
}

impl Cell {
    /// The value; none for the default of the column.
    pub fn value(&self) -> Option<&Value> {
        match self {
            Self::Default => None,
            Self::Value(value) => Some(value),
        }
    }
}

impl From<Value> for Cell {
    fn from(value: Value) -> Self {
        Self::Value(value)
    }
}

impl Serialize for Cell {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        match self {
            Self::Value(value) => value.serialize(serializer),
            Self::Default => {
                let mut map = serializer.serialize_map(Some(1))?;
                map.serialize_entry("type", DEFAULT)?;
                map.end()
            }
        }
    }
}

impl<'de> Deserialize<'de> for Cell {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        deserializer.deserialize_any(CellVisitor)
    }
}

impl JsonSchema for Cell {
    fn schema_name() -> Cow<'static, str> {
        "Cell".into()
    }

    fn json_schema(generator: &mut SchemaGenerator) -> Schema {
        let value = generator.subschema_for::<Value>();
        json_schema!({
            "description": "A value, or the default of the column.",
            "anyOf": [
                value,
                {
                    "type": "object",
                    "properties": { "type": { "const": DEFAULT } },
                    "required": ["type"],
                    "additionalProperties": false,
                },
            ],
        })
    }
}

/// Reads what is no object as a value.
macro_rules! visit_as_values {
    ($($name:ident($type:ty)),* $(,)?) => {
        $(fn $name<E: de::Error>(self, given: $type) -> Result<Cell, E> {
            ValueVisitor.$name(given).map(Cell::Value)
        })*
    };
}

struct CellVisitor;

impl<'de> Visitor<'de> for CellVisitor {
    type Value = Cell;

    fn expecting(&self, f: &mut std::fmt::Formatter) -> std::fmt::Result {
        f.write_str("null, a boolean, a number, a string, {\"type\", \"value\"} or {\"type\": \"default\"}")
    }

    visit_as_values!(
        visit_bool(bool),
        visit_i64(i64),
        visit_u64(u64),
        visit_f64(f64),
        visit_str(&str),
        visit_string(String),
    );

    fn visit_unit<E: de::Error>(self) -> Result<Cell, E> {
        Ok(Cell::Value(Value::Null))
    }

    fn visit_none<E: de::Error>(self) -> Result<Cell, E> {
        Ok(Cell::Value(Value::Null))
    }

    fn visit_map<A: de::MapAccess<'de>>(self, map: A) -> Result<Cell, A::Error> {
        let (kind, value) = type_and_value(map)?;
        if kind == DEFAULT && value.is_none() {
            return Ok(Cell::Default);
        }
        value_of(&kind, value).map(Cell::Value)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_row_travels_and_comes_back() {
        let text = r#"[1,"a",null,true,1.5,{"type":"default"},{"type":"decimal","value":"1.10"}]"#;
        let row: Vec<Cell> = serde_json::from_str(text).unwrap();
        assert_eq!(row[0], Cell::Value(Value::Integer(1)));
        assert_eq!(row[5], Cell::Default);
        assert_eq!(row[6], Cell::Value(Value::Decimal("1.10".into())));
        assert_eq!(serde_json::to_string(&row).unwrap(), text);
    }

    #[test]
    fn a_default_has_no_value_and_a_type_has_one() {
        for text in [r#"{"type":"default","value":1}"#, r#"{"type":"decimal"}"#, "[]", "{}"] {
            assert!(serde_json::from_str::<Cell>(text).is_err(), "{text}");
        }
    }
}
