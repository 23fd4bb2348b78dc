//! Why a statement failed to run.

use phantomdb_protocol::Error;
use tokio_postgres::{Error as PostgresError, error::SqlState};

use crate::error;

/// Why a statement failed to run.
#[derive(Debug)]
pub(crate) enum RunError {
    /// The prepared statement may no longer fit the tables. Nothing has happened; prepared again, the statement may
    /// run.
    StalePlan(PostgresError),
    Failed(Error),
}

impl From<Error> for RunError {
    fn from(error: Error) -> Self {
        Self::Failed(error)
    }
}

impl RunError {
    /// Notes which statement of a batch failed.
    pub(crate) fn in_statement(self, index: usize) -> Self {
        match self {
            Self::Failed(error) => Self::Failed(error.in_statement(index)),
            stale @ Self::StalePlan(_) => stale,
        }
    }

    pub(crate) fn into_error(self) -> Error {
        match self {
            Self::StalePlan(error) => error::explain(&error),
            Self::Failed(error) => error,
        }
    }
}

/// The errors of a statement whose tables have changed: "cached plan must not change result type", "cache lookup failed
/// for type", or that a value is not of the type that the parameter had before.
const STALE: [SqlState; 8] = [
    SqlState::FEATURE_NOT_SUPPORTED,
    SqlState::INTERNAL_ERROR,
    SqlState::INVALID_SQL_STATEMENT_NAME,
    SqlState::INVALID_TEXT_REPRESENTATION,
    SqlState::INVALID_BINARY_REPRESENTATION,
    SqlState::INVALID_DATETIME_FORMAT,
    SqlState::DATETIME_FIELD_OVERFLOW,
    // An unknown time zone.
    SqlState::INVALID_PARAMETER_VALUE,
];

pub(crate) fn failed(error: PostgresError) -> RunError {
    let stale = error.as_db_error().is_some_and(|error| {
        let code = error.code();
        STALE.contains(code) || code.code().starts_with("42")
    });
    if stale { RunError::StalePlan(error) } else { RunError::Failed(error::explain(&error)) }
}
