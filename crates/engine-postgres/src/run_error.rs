//! Why a statement failed to run.

use phantomdb_protocol::Error;
use tokio_postgres::{Error as PostgresError, error::SqlState};

use crate::error;

/// Why a statement did not end well.
#[derive(Debug)]
pub(crate) enum RunError {
    /// What was prepared may not fit the tables any more. Nothing has come of it; prepared again it may run.
    StalePlan(PostgresError),
    Failed(Error),
}

impl From<Error> for RunError {
    fn from(error: Error) -> Self {
        Self::Failed(error)
    }
}

impl RunError {
    pub(crate) fn into_error(self) -> Error {
        match self {
            Self::StalePlan(error) => error::explain(&error),
            Self::Failed(error) => error,
        }
    }
}

/// What is said of a statement when a table is not what it was: "cached plan must not change result type", "cache lookup
/// failed for type", or that a value is not of the type that the parameter had.
const STALE: [SqlState; 8] = [
    SqlState::FEATURE_NOT_SUPPORTED,
    SqlState::INTERNAL_ERROR,
    SqlState::INVALID_SQL_STATEMENT_NAME,
    SqlState::INVALID_TEXT_REPRESENTATION,
    SqlState::INVALID_BINARY_REPRESENTATION,
    SqlState::INVALID_DATETIME_FORMAT,
    SqlState::DATETIME_FIELD_OVERFLOW,
    // A time zone that is none.
    SqlState::INVALID_PARAMETER_VALUE,
];

pub(crate) fn failed(error: PostgresError) -> RunError {
    let stale = error.as_db_error().is_some_and(|error| {
        let code = error.code();
        STALE.contains(code) || code.code().starts_with("42")
    });
    if stale { RunError::StalePlan(error) } else { RunError::Failed(error::explain(&error)) }
}
