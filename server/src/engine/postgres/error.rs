//! What PostgreSQL reports as errors of the contract.

use phantomdb_protocol::{Error, ErrorCode};

/// Of a statement that is not a user's, or whose tables need no naming.
pub(super) fn explain(error: &tokio_postgres::Error) -> Error {
    match error.as_db_error() {
        Some(error) => Error::new(ErrorCode::Internal, error.message()),
        None => Error::new(ErrorCode::Unavailable, "the connection to the database was lost"),
    }
}
