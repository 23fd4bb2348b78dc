//! How failures cross into JavaScript.

use napi::Either;
use napi_derive::napi;
use phantomdb_protocol::{Error, ErrorCode};
use serde::Serialize;

/// An expected failure, as data. JavaScript makes the `Error` of it, so that its stack leads to the caller.
#[napi(object)]
pub struct Failure {
    /// The code of the contract, for example `UNIQUE_VIOLATION`.
    pub code: String,
    pub message: String,
    pub details: FailureDetails,
    pub request_id: Option<String>,
    pub trace_id: Option<String>,
    /// The id of the transaction that began with the call, which goes on after the failure.
    pub begun: Option<String>,
}

/// The names of the things at fault, as far as they are known.
#[napi(object)]
pub struct FailureDetails {
    pub table: Option<String>,
    pub columns: Vec<String>,
    pub constraint: Option<String>,
    pub referenced_table: Option<String>,
    /// `parent` or `child`: the side of a violated foreign key that the statement changed.
    pub side: Option<String>,
    pub value: Option<String>,
    /// Character offset in the statement, from 1.
    pub position: Option<f64>,
    /// The number of the row at fault among those of an INSERT, from 1.
    pub row: Option<f64>,
    /// Why the server could not be reached: `refused`, for example.
    pub reason: Option<String>,
}

/// A result as JavaScript takes it.
pub(crate) fn outcome<T>(result: phantomdb_protocol::Result<T>) -> Either<T, Failure> {
    match result {
        Ok(value) => Either::A(value),
        Err(error) => Either::B(Failure::from(error)),
    }
}

impl From<Error> for Failure {
    fn from(error: Error) -> Self {
        let details = *error.details;
        Self {
            code: code_name(error.code),
            message: error.message,
            details: FailureDetails {
                table: details.table,
                columns: details.columns,
                constraint: details.constraint,
                referenced_table: details.referenced_table,
                side: details.side.map(|side| side.as_str().to_owned()),
                value: details.value,
                position: details.position.map(|position| position as f64),
                row: details.row.map(|row| row as f64),
                reason: details.reason.as_ref().and_then(contract_name),
            },
            request_id: error.request_id,
            trace_id: error.trace_id,
            begun: details.begun,
        }
    }
}

/// An error to throw. Its `code` is the code of the contract.
pub(crate) fn thrown(error: Error) -> napi::Error<String> {
    napi::Error::new(code_name(error.code), error.message)
}

pub(crate) fn bad_request(message: impl Into<String>) -> Error {
    Error::new(ErrorCode::BadRequest, message)
}

fn code_name(code: ErrorCode) -> String {
    contract_name(&code).unwrap_or_else(|| "INTERNAL".to_owned())
}

/// A code or a reason as the contract writes it.
fn contract_name(value: &impl Serialize) -> Option<String> {
    serde_json::to_value(value).ok()?.as_str().map(str::to_owned)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_failure_carries_the_code_of_the_contract_and_the_names_at_fault() {
        let error = Error::new(ErrorCode::UniqueViolation, "taken")
            .with_table("users")
            .with_columns(["email"])
            .with_constraint("users_email_key");
        let failure = Failure::from(error);
        assert_eq!(failure.code, "UNIQUE_VIOLATION");
        assert_eq!(failure.message, "taken");
        assert_eq!(failure.details.table.as_deref(), Some("users"));
        assert_eq!(failure.details.columns, ["email"]);
        assert_eq!(failure.details.constraint.as_deref(), Some("users_email_key"));
    }
}
