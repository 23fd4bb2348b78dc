//! Reads the JSON text of a request.

use serde::de::DeserializeOwned;

use crate::{Error, ErrorCode, Result, objects::Objects};

/// Reads `what`, a body or a part of one, as [`crate::read_body`] does.
pub(crate) fn read_json<T: DeserializeOwned>(what: &str, text: &[u8]) -> Result<T> {
    let mut deserializer = serde_json::Deserializer::from_slice(text);
    let read =
        T::deserialize(Objects(&mut deserializer)).and_then(|value| deserializer.end().map(|()| value));
    read.map_err(|error| {
        let (line, column) = (error.line(), error.column());
        let why = error.to_string();
        let message = if !error.is_data() {
            format!("{what} is not JSON (line {line}, column {column})")
        } else if why.starts_with("invalid ") || why.starts_with("unknown variant") {
            let expected = why.split(" at line ").next().and_then(|why| why.rsplit_once(", expected "));
            match expected {
                Some((_, expected)) => {
                    // The name of a type says nothing to a caller.
                    let is_object =
                        ["struct ", "internally tagged enum "].iter().any(|name| expected.starts_with(name));
                    let expected = match is_object {
                        true if why.starts_with("invalid type: sequence") => "an object, not an array",
                        true => "an object",
                        false => expected,
                    };
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
