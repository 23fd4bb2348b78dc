//! What the calls answer, where it is not the result of a statement.

use schemars::JsonSchema;
use serde::{Deserialize, Serialize};
use serde_json::{Map, Value as Json};

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
    /// As the engine says it.
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
    /// Snapshots that are kept at once; 0 where they are not allowed.
    pub snapshots: usize,
    /// Bytes of all of them together.
    pub snapshot_bytes: usize,
}

#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
pub struct Databases {
    pub databases: Vec<String>,
}

/// The database that was made, or the index.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
pub struct Named {
    pub name: String,
}

#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
pub struct Tables {
    pub tables: Vec<TableName>,
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
    /// How many rows.
    pub inserted: u64,
    /// The columns that `returning` asked for, of each of them.
    pub rows: Vec<Map<String, Json>>,
}

#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
pub struct Updated {
    /// How many rows.
    pub updated: u64,
}

#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
pub struct Deleted {
    /// How many rows.
    pub deleted: u64,
}

/// What came of one statement of a batch.
#[derive(Debug, Clone, Serialize, Deserialize, JsonSchema)]
#[serde(untagged)]
pub enum Outcome {
    Result(ResultSet),
    Failure { error: Error },
}

#[derive(Debug, Clone, Serialize, Deserialize, JsonSchema)]
pub struct BatchAnswer {
    /// One for each statement, in order.
    pub results: Vec<Outcome>,
}

#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
pub struct TransactionBegun {
    /// For the header `PhantomDB-Transaction`.
    pub transaction_id: String,
    /// Idle time in milliseconds after which it is rolled back.
    pub timeout: u64,
    /// The URL of the server that has it, when there are several.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub server: Option<String>,
}

#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
pub struct SnapshotMade {
    pub snapshot_id: String,
    /// Its size.
    pub bytes: usize,
}
