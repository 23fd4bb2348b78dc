//! The answers of calls, except the results of statements.

use schemars::JsonSchema;
use serde::{Deserialize, Serialize};
use serde_json::{Map, Value as Json};

use crate::ViewDefinition;
use crate::{Error, ResultSet, TableName};

#[derive(Debug, Clone, PartialEq, Serialize, Deserialize, JsonSchema)]
pub struct ServerInfo {
    /// `phantomdb`.
    pub name: String,
    pub version: String,
    pub engine: EngineInfo,
    pub limits: Limits,
}

#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
pub struct EngineInfo {
    /// `sqlite` or `postgres`.
    pub name: String,
    /// The engine's own name for its version.
    pub version: String,
}

/// Times are in milliseconds.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "camelCase")]
pub struct Limits {
    pub transaction_timeout: u64,
    pub transaction_timeout_max: u64,
    pub transactions: usize,
    pub batch_statements: usize,
    /// The most snapshots that are kept at once; 0 where they are not allowed.
    pub snapshots: usize,
    /// The most bytes of all snapshots together.
    pub snapshot_bytes: usize,
}

#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
pub struct Databases {
    pub databases: Vec<String>,
}

/// The database or the index that was created.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
pub struct Named {
    pub name: String,
}

#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
pub struct Tables {
    pub tables: Vec<TableName>,
}

#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
pub struct Views {
    pub views: Vec<ViewDefinition>,
}

#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
pub struct TableCreated {
    pub table: TableName,
}

/// Each record maps the names of columns to values.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize, JsonSchema)]
pub struct Records {
    pub records: Vec<Map<String, Json>>,
}

#[derive(Debug, Clone, PartialEq, Serialize, Deserialize, JsonSchema)]
pub struct Inserted {
    /// The number of rows inserted.
    pub inserted: u64,
    /// The columns of each row that `returning` asked for.
    pub rows: Vec<Map<String, Json>>,
}

#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
pub struct Updated {
    /// The number of rows updated.
    pub updated: u64,
}

#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
pub struct Deleted {
    /// The number of rows deleted.
    pub deleted: u64,
}

/// The outcome of a statement of a batch.
#[derive(Debug, Clone, Serialize, Deserialize, JsonSchema)]
#[serde(untagged)]
pub enum Outcome {
    Result(ResultSet),
    Failure { error: Error },
}

#[derive(Debug, Clone, Serialize, Deserialize, JsonSchema)]
pub struct BatchAnswer {
    /// An outcome for each statement, in order.
    pub results: Vec<Outcome>,
}

#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
pub struct TransactionBegun {
    /// The value of the header `PhantomDB-Transaction` for calls in the transaction.
    pub transaction_id: String,
    /// The idle time in milliseconds after which the transaction is rolled back.
    pub timeout: u64,
    /// The URL of the server that has the transaction, when there are several servers.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub server: Option<String>,
}

#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
pub struct SnapshotMade {
    pub snapshot_id: String,
    /// The size of the snapshot.
    pub bytes: usize,
}
