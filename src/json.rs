//! JSON between JavaScript and the addon.

use phantomdb_protocol::{Error, Result};
use serde::{Serialize, de::DeserializeOwned};

use crate::error::bad_request;

/// Reads JSON text. `BAD_REQUEST` names `what` it should have been.
pub(crate) fn parse<T: DeserializeOwned>(what: &str, json: &str) -> Result<T> {
    serde_json::from_str(json).map_err(|error| bad_request(format!("{what}: {error}")))
}

pub(crate) fn to_json(value: &impl Serialize) -> Result<String> {
    serde_json::to_string(value).map_err(|error| Error::internal(error.to_string()))
}
