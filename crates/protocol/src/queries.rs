//! Many independent statements in one request, each answered as soon as it is done.

use schemars::JsonSchema;
use serde::{Deserialize, Serialize};
use serde_json::value::RawValue;

use crate::{Error, ResultSet, Value};

/// What `POST /databases/{db}/queries` takes.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct Queries {
    pub queries: Vec<IndependentQuery>,
}

/// A call of its own: what a lone one has in its headers, it has here.
#[derive(Debug, Clone, Default, PartialEq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
pub struct IndependentQuery {
    pub query: String,
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub parameters: Vec<Value>,
    /// In the engine's own SQL, see [`crate::Statement`].
    #[serde(default, skip_serializing_if = "std::ops::Not::not")]
    pub native: bool,
    /// The caller vouches that it only reads.
    #[serde(default, skip_serializing_if = "std::ops::Not::not")]
    pub read_only: bool,
    /// The id of the transaction that it is part of.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub transaction: Option<String>,
    /// For a write: the same key gets the first answer again.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub idempotency_key: Option<String>,
    /// Under which its error and the log know it; without it, one of the server's choice.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub request_id: Option<String>,
}

/// One line of the answer. Has either `result` or `error`.
#[derive(Debug, Clone, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct QueryAnswer {
    /// Which of the queries it is about, from 0.
    pub index: usize,
    /// A [`ResultSet`] as its text, which is for JavaScript to parse.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    #[schemars(with = "Option<ResultSet>")]
    pub result: Option<Box<RawValue>>,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub error: Option<Error>,
    /// What a lone call answers in the header `PhantomDB-Position`.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub position: Option<String>,
}
