//! Reads the JSON text of a request.

use serde::de::DeserializeOwned;

use crate::{Error, ErrorCode, Result};

/// Reads `what`, a body or a part of one, as [`crate::read_body`] does. It is an object: an array of the fields' values, which serde
/// would take, too, is no form of the contract.
pub(crate) fn read_json<T: DeserializeOwned>(what: &str, text: &[u8]) -> Result<T> {
    if text.trim_ascii_start().starts_with(b"[") {
        let message = format!("{what} is not what this call takes: expected an object, not an array");
        return Err(Error::new(ErrorCode::BadRequest, message));
    }
    serde_json::from_slice(text).map_err(|error| {
        let (line, column) = (error.line(), error.column());
        let why = error.to_string();
        let message = if !error.is_data() {
            format!("{what} is not JSON (line {line}, column {column})")
        } else if why.starts_with("invalid ") || why.starts_with("unknown variant") {
            let expected = why.split(" at line ").next().and_then(|why| why.rsplit_once(", expected "));
            match expected {
                Some((_, expected)) => {
                    // The name of a type says nothing to a caller.
                    let expected = if expected.starts_with("struct ") { "an object" } else { expected };
                    format!("{what} is not what this call takes: expected {expected} (line {line}, column {column})")
                }
                None => format!("{what} is not what this call takes (line {line}, column {column})"),
            }
        } else {
            format!("{what} is not what this call takes: {why}")
        };
        Error::new(ErrorCode::BadRequest, message)
    })
}
