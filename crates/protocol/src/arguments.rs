//! The arguments of calls.

use schemars::JsonSchema;
use serde::{Deserialize, Serialize};
use serde_json::{Map, Value as Json};

use crate::{Apart, Cell, Value};

/// A statement of PhantomDB SQL. With `native` it is in the engine's own SQL and reaches the engine unchanged.
#[derive(Debug, Clone, Default, PartialEq, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct Statement {
    pub query: String,
    #[serde(default)]
    pub parameters: Vec<Value>,
    #[serde(default, skip_serializing_if = "std::ops::Not::not")]
    pub native: bool,
    /// The rows of an `INSERT … VALUES` of one row, which is run for each of them, all or nothing: `$1` is the first cell of
    /// a row. A statement with rows has no other parameters.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub rows: Vec<Vec<Cell>>,
    /// True for an answer that may leave out columns of RETURNING whose values all are those that the rows have for them, which
    /// the caller knows.
    #[serde(default, rename = "newValues", skip_serializing_if = "std::ops::Not::not")]
    pub new_values: bool,
    /// True for an answer whose columns have their exact types, see [`crate::Column::sql_type`].
    #[serde(default, rename = "exactTypes", skip_serializing_if = "std::ops::Not::not")]
    pub exact_types: bool,
}

#[derive(Debug, Clone, PartialEq, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct Batch {
    /// Each is read by itself. In an atomic batch the error of one is that of the batch.
    pub statements: Vec<Apart<Statement>>,
    /// The statements run all or nothing. Without it each stands alone, and its error does not stop the next.
    #[serde(default)]
    pub atomic: bool,
}

/// A search for rows of one table. `condition` is one SQL expression, `order_by` and `columns` are SQL lists.
#[derive(Debug, Clone, Default, PartialEq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase", default, deny_unknown_fields)]
pub struct Find {
    #[serde(skip_serializing_if = "Option::is_none")]
    pub condition: Option<String>,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub order_by: Option<String>,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub limit: Option<u64>,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub offset: Option<u64>,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub columns: Option<String>,
}

/// The action of an insert when a row with the same key exists.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
pub struct OnConflict {
    /// The columns of the key. Empty means any unique key, which is only possible without `update`.
    #[serde(default)]
    pub columns: Vec<String>,
    /// The columns to overwrite. Empty means that the row is left as it is.
    #[serde(default)]
    pub update: Vec<String>,
}

#[derive(Debug, Clone, PartialEq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
pub struct InsertRows {
    /// Each row maps column names to values; a column that a row leaves out gets its default.
    pub rows: Vec<Map<String, Json>>,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub on_conflict: Option<OnConflict>,
    /// The columns of the inserted rows that the answer has; `["*"]` for all.
    #[serde(default)]
    pub returning: Vec<String>,
}

#[derive(Debug, Clone, PartialEq, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct UpdateRows {
    pub data: Map<String, Json>,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub condition: Option<String>,
    /// Must be true to change every row without a condition.
    #[serde(default)]
    pub all: bool,
}

#[derive(Debug, Clone, Default, PartialEq, Serialize, Deserialize)]
pub struct DeleteRows {
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub condition: Option<String>,
    /// Must be true to delete every row without a condition.
    #[serde(default)]
    pub all: bool,
}

#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
pub enum IsolationLevel {
    #[serde(rename = "READ UNCOMMITTED")]
    ReadUncommitted,
    #[default]
    #[serde(rename = "READ COMMITTED")]
    ReadCommitted,
    #[serde(rename = "REPEATABLE READ")]
    RepeatableRead,
    #[serde(rename = "SERIALIZABLE")]
    Serializable,
}

#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
pub struct BeginTransaction {
    pub database: String,
    #[serde(default)]
    pub isolation_level: Option<IsolationLevel>,
    #[serde(default)]
    pub read_only: bool,
    /// Take the write lock at once (SQLite: `BEGIN IMMEDIATE`), instead of at the first write.
    #[serde(default)]
    pub immediate: bool,
    /// The idle time in milliseconds after which the transaction is rolled back.
    #[serde(default)]
    pub timeout: Option<u64>,
}
