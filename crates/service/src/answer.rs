//! Answers as JSON text.

use phantomdb_protocol::{BatchAnswer, Error, Outcome, Result, ResultSet};
use serde::Serialize;

pub(super) fn json<T: Serialize + ?Sized>(value: &T) -> Result<String> {
    serde_json::to_string(value).map_err(|_| Error::internal("the answer could not be written as JSON"))
}

/// A result or an error for each statement of a batch.
pub(super) fn batch(results: Vec<Result<ResultSet>>) -> Result<String> {
    let outcome = |result| match result {
        Ok(result) => Outcome::Result(result),
        Err(error) => Outcome::Failure { error },
    };
    json(&BatchAnswer { results: results.into_iter().map(outcome).collect() })
}
