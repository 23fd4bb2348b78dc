//! The readers of all other databases share these.

use phantomdb_protocol::{Error, ErrorCode, ReferentialAction, Result};
use rusqlite::types::ValueRef;

/// A function that receives each row.
pub(crate) type EachRow<'a> = dyn FnMut(&[ValueRef<'_>]) -> Result<()> + Send + 'a;

/// Returns the action of a foreign key by its name in standard SQL.
pub(crate) fn action(text: &str) -> Option<ReferentialAction> {
    match text {
        "CASCADE" => Some(ReferentialAction::Cascade),
        "RESTRICT" => Some(ReferentialAction::Restrict),
        "SET NULL" => Some(ReferentialAction::SetNull),
        "SET DEFAULT" => Some(ReferentialAction::SetDefault),
        _ => None,
    }
}

/// The first cause of an error, which says more than the error itself.
pub(crate) fn cause(error: &dyn std::error::Error) -> String {
    let mut first = error;
    while let Some(source) = first.source() {
        first = source;
    }
    first.to_string()
}

/// Returns the error for a source that cannot be read.
pub(crate) fn unreadable(error: impl std::fmt::Display) -> Error {
    Error::new(ErrorCode::Unavailable, format!("the source cannot be read: {error}"))
}
