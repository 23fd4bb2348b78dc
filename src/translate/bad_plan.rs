//! The error for a plan that has no translation.

use phantomdb_protocol::{Error, ErrorCode};

pub fn bad_plan(message: impl Into<String>) -> Error {
    Error::new(ErrorCode::BadRequest, message)
}
