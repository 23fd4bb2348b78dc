//! Things that travel in one document, and fail each by itself.

use std::borrow::Cow;

use schemars::{JsonSchema, Schema, SchemaGenerator};
use serde::{Deserialize, Deserializer, Serialize, Serializer, de::DeserializeOwned, ser};
use serde_json::value::RawValue;

use super::json_text::read_json;
use crate::{Error, Result};

/// One of several things in a document. One that cannot be read holds the error, and the others are read all the same: they
/// can belong to other callers.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Apart<T>(pub Result<T>);

impl<T> From<T> for Apart<T> {
    fn from(thing: T) -> Self {
        Self(Ok(thing))
    }
}

impl<'de, T: DeserializeOwned> Deserialize<'de> for Apart<T> {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        let text = Box::<RawValue>::deserialize(deserializer)?;
        Ok(Self(read_json("the statement", text.get().as_bytes())))
    }
}

impl<T: Serialize> Serialize for Apart<T> {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        match &self.0 {
            Ok(thing) => thing.serialize(serializer),
            Err(Error { message, .. }) => Err(ser::Error::custom(message)),
        }
    }
}

impl<T: JsonSchema> JsonSchema for Apart<T> {
    fn inline_schema() -> bool {
        T::inline_schema()
    }

    fn schema_name() -> Cow<'static, str> {
        T::schema_name()
    }

    fn schema_id() -> Cow<'static, str> {
        T::schema_id()
    }

    fn json_schema(generator: &mut SchemaGenerator) -> Schema {
        T::json_schema(generator)
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::{Batch, ErrorCode, Statement, Value};

    #[test]
    fn a_statement_that_cannot_be_read_leaves_the_others_alone() {
        let text = br#"{"statements": [
            {"query": "SELECT $1", "parameters": [{"type": "integer", "value": "one"}]},
            {"query": "SELECT '\ud83c'"},
            {"query": "SELECT $1", "parameters": [7]},
            {"query": "SELECT $1", "parameters": [{"type": "integer", "value": "99999999999999999999"}]},
            {"parameters": 5}
        ]}"#;
        let batch: Batch = serde_json::from_slice(text).unwrap();
        let outcomes: Vec<Result<Value>> = batch
            .statements
            .into_iter()
            .map(|Apart(statement)| statement.map(|Statement { parameters, .. }| parameters[0].clone()))
            .collect();
        for (index, message) in [(0, "an integer"), (1, "is not JSON"), (4, "expected a sequence")] {
            let error = outcomes[index].as_ref().unwrap_err();
            assert_eq!(error.code, ErrorCode::BadRequest);
            assert!(error.message.contains(message), "{}", error.message);
        }
        assert_eq!(outcomes[2], Ok(Value::Integer(7)));
        assert_eq!(outcomes[3], Ok(Value::Decimal("99999999999999999999".into())));
    }
}
