//! The replies to calls, and answers as JSON text.

use phantomdb_protocol::{BatchAnswer, Error, Outcome, Result, ResultSet};
use serde::Serialize;

/// The reply to a call.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Reply {
    /// JSON text; empty when the call has no answer.
    pub body: String,
    /// The position in the history of the database after what the call wrote, see
    /// [`phantomdb_engine::Session::position`]. A caller that shows it reads at least that.
    pub position: Option<String>,
}

pub(super) fn json<T: Serialize + ?Sized>(value: &T) -> Result<String> {
    serde_json::to_string(value).map_err(|_| Error::internal("the answer could not be written as JSON"))
}

/// A result or an error for each statement of a batch.
pub(super) fn batch_json(results: Vec<Result<ResultSet>>) -> Result<String> {
    let outcome = |result| match result {
        Ok(result) => Outcome::Result(result),
        Err(error) => Outcome::Failure { error },
    };
    json(&BatchAnswer { results: results.into_iter().map(outcome).collect() })
}
