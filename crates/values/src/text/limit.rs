//! The most that a function makes of its arguments.

use phantomdb_protocol::{Error, ErrorCode, Result};

/// The most bytes that a function returns. A value that was stored may be longer.
pub const LONGEST_RESULT: usize = 64 << 20;

/// Checks the length of a result before it is made.
pub fn check(length: usize) -> Result<()> {
    if length <= LONGEST_RESULT {
        return Ok(());
    }
    let message = format!("the result would have more than {} MB", LONGEST_RESULT >> 20);
    Err(Error::new(ErrorCode::TooLarge, message))
}

/// An argument that a function does not take.
pub(crate) fn invalid(message: impl Into<String>) -> Error {
    Error::new(ErrorCode::TypeMismatch, message)
}
