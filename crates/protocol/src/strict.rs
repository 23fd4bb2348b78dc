//! Parts of a request that are read strictly, and parts of an answer that have the same type are not: a newer server may
//! describe more than this version knows.

use serde::{
    Deserialize, Deserializer,
    de::{DeserializeOwned, Error as _},
};
use serde_json::Value as Json;

use crate::objects::Objects;

/// Reads a value, and fails when it has a key, however deep, that its type does not have: a misspelt `primaryKey` would make
/// another table than the caller means. Its objects are JSON objects, see [`crate::objects`].
pub(crate) fn strictly<'de, D: Deserializer<'de>, T: DeserializeOwned>(
    deserializer: D,
) -> Result<T, D::Error> {
    let mut unknown = None;
    let value = Json::deserialize(deserializer)?;
    let read = serde_ignored::deserialize(Objects(value), |path| {
        // A `?` stands for an optional value around the key.
        unknown.get_or_insert_with(|| path.to_string().replace(".?", ""));
    });
    match (read, unknown) {
        (Err(error), _) => Err(D::Error::custom(error)),
        (Ok(_), Some(path)) => Err(D::Error::custom(format!("unknown field `{path}`"))),
        (Ok(value), None) => Ok(value),
    }
}

/// Reads what the description of a table has, and a request need not have, so that a description can be sent back.
pub(crate) fn not_read<'de, D: Deserializer<'de>, T>(deserializer: D) -> Result<Option<T>, D::Error> {
    Json::deserialize(deserializer).map(|_| None)
}
