//! Why a regular expression cannot be used.

use phantomdb_protocol::{Error, ErrorCode};

/// A pattern that is malformed.
pub(super) fn malformed(why: &str) -> Error {
    Error::new(ErrorCode::TypeMismatch, format!("the regular expression cannot be read: {why}"))
}

/// A pattern that needs too large an automaton, or too deep a tree.
pub(super) fn too_complex() -> Error {
    Error::new(ErrorCode::TypeMismatch, "the regular expression is too complex")
}

/// A match that was given up.
pub(super) fn too_long() -> Error {
    Error::new(
        ErrorCode::TooLarge,
        "the regular expression takes too long on this text; make it simpler, or the text shorter",
    )
}
