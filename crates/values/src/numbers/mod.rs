//! Numbers: integers by their width, exact numbers, floats, and the conversions between them.

pub mod bucket;
pub mod chance;
pub mod float;
pub mod float_functions;
pub mod format;
pub mod integer;
pub mod numeric;

pub use numeric::Numeric;

use phantomdb_protocol::{Error, ErrorCode};

pub(crate) fn division_by_zero() -> Error {
    Error::new(ErrorCode::OutOfRange, "division by zero")
}

pub(crate) fn out_of_range(what: &str) -> Error {
    Error::new(ErrorCode::OutOfRange, format!("{what} out of range"))
}

/// An argument that a function is not defined for.
pub(crate) fn invalid_argument(message: &str) -> Error {
    Error::new(ErrorCode::TypeMismatch, message)
}

/// A text that is not what it should be.
pub(crate) fn unreadable(text: &str, what: &str) -> Error {
    let shown: String = text.chars().take(60).collect();
    Error::new(ErrorCode::TypeMismatch, format!("'{shown}' is not {what}"))
}

/// The text without the white space around it that PostgreSQL ignores in a number.
pub(crate) fn trimmed(text: &str) -> &str {
    text.trim_matches([' ', '\t', '\n', '\r', '\u{b}', '\u{c}'])
}
