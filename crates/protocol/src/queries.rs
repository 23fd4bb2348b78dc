//! Many independent statements in one request, each answered as soon as it is done.

use schemars::JsonSchema;
use serde::{Deserialize, Serialize};
use serde_json::value::RawValue;

use crate::{Apart, BegunTransaction, Cell, Error, ResultSet, Value};

/// The body of `POST /databases/{db}/queries`.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct Queries {
    /// Each is read by itself.
    pub queries: Vec<Apart<IndependentQuery>>,
}

/// A statement that runs as a call of its own. It carries here what a lone call has in its headers.
#[derive(Debug, Clone, Default, PartialEq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
pub struct IndependentQuery {
    pub query: String,
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub parameters: Vec<Value>,
    /// The statement is in the engine's own SQL, see [`crate::Statement`].
    #[serde(default, skip_serializing_if = "std::ops::Not::not")]
    pub native: bool,
    /// The rows of an INSERT, see [`crate::Statement`].
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub rows: Vec<Vec<Cell>>,
    /// True for an answer with new values only, see [`crate::Statement`].
    #[serde(default, skip_serializing_if = "std::ops::Not::not")]
    pub new_values: bool,
    /// True for an answer with exact types, see [`crate::Statement`].
    #[serde(default, skip_serializing_if = "std::ops::Not::not")]
    pub exact_types: bool,
    /// The caller vouches that it only reads.
    #[serde(default, skip_serializing_if = "std::ops::Not::not")]
    pub read_only: bool,
    /// The transaction that the statement is part of, as the header `PhantomDB-Transaction` of a lone call: its id, or `new`.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub transaction: Option<String>,
    /// The key under which a write runs once: the same key gets the first answer again.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub idempotency_key: Option<String>,
    /// The id under which its error and the log know the statement. Without one, the server makes an id.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub request_id: Option<String>,
}

/// A line of the answer. It has either `result` or `error`.
#[derive(Debug, Clone, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct QueryAnswer {
    /// The place of the statement among the queries, from 0.
    pub index: usize,
    /// The text of a [`ResultSet`], which JavaScript parses.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    #[schemars(with = "Option<ResultSet>")]
    pub result: Option<Box<RawValue>>,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub error: Option<Error>,
    /// The value that a lone call has in the header `PhantomDB-Position` of its answer.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub position: Option<String>,
    /// The transaction that began with the statement.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub transaction: Option<BegunTransaction>,
}
