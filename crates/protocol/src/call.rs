//! One request of the contract.

use schemars::JsonSchema;
use serde::{Deserialize, Serialize};
use serde_json::{Map, Value as Json};

use crate::{AlterOperation, CreateIndex, CreateTable, TableName, Value};

/// One statement of PhantomDB SQL, or, with `native`, of the engine's own SQL, sent to it untouched.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize, JsonSchema)]
pub struct Statement {
    pub query: String,
    #[serde(default)]
    pub parameters: Vec<Value>,
    #[serde(default, skip_serializing_if = "std::ops::Not::not")]
    pub native: bool,
}

#[derive(Debug, Clone, PartialEq, Serialize, Deserialize, JsonSchema)]
pub struct Batch {
    pub statements: Vec<Statement>,
    /// All or nothing. Otherwise each statement stands alone and its error does not stop the next.
    #[serde(default)]
    pub atomic: bool,
}

/// Find rows of one table. `condition` is one SQL expression, `order_by` and `columns` are SQL lists.
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

/// What an insert does when a row with the same key is there.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "camelCase")]
pub struct OnConflict {
    /// The key; empty means any unique key (only without `update`).
    #[serde(default)]
    pub columns: Vec<String>,
    /// The columns to overwrite; empty means the row is left as it is.
    #[serde(default)]
    pub update: Vec<String>,
}

#[derive(Debug, Clone, PartialEq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "camelCase")]
pub struct InsertRows {
    /// Each row maps column names to values; a column that a row leaves out gets its default.
    pub rows: Vec<Map<String, Json>>,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub on_conflict: Option<OnConflict>,
    /// Columns of the inserted rows to answer with; `["*"]` for all.
    #[serde(default)]
    pub returning: Vec<String>,
}

#[derive(Debug, Clone, PartialEq, Serialize, Deserialize, JsonSchema)]
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
#[serde(rename_all = "camelCase")]
pub struct BeginTransaction {
    pub database: String,
    #[serde(default)]
    pub isolation_level: Option<IsolationLevel>,
    #[serde(default)]
    pub read_only: bool,
    /// Take the write lock at once (SQLite: `BEGIN IMMEDIATE`), instead of at the first write.
    #[serde(default)]
    pub immediate: bool,
    /// Idle time in milliseconds after which it is rolled back.
    #[serde(default)]
    pub timeout: Option<u64>,
}

/// One request of the contract, whichever way it travels.
#[derive(Debug, Clone, PartialEq, Deserialize)]
#[serde(rename_all = "camelCase", rename_all_fields = "camelCase", deny_unknown_fields)]
pub enum Call {
    ServerInfo,
    ListDatabases,
    CreateDatabase {
        name: String,
        #[serde(default)]
        if_not_exists: bool,
        /// A snapshot to begin as.
        #[serde(default)]
        template: Option<String>,
    },
    DropDatabase {
        name: String,
    },
    /// Keeps the state that the database is in.
    CreateSnapshot {
        database: String,
    },
    /// Brings the database to a state that was kept, and rolls back its open transactions.
    RestoreSnapshot {
        database: String,
        id: String,
    },
    DropSnapshot {
        database: String,
        id: String,
    },
    ListTables {
        database: String,
    },
    CreateTable {
        database: String,
        table: CreateTable,
    },
    DropTable {
        database: String,
        table: TableName,
        #[serde(default)]
        if_exists: bool,
    },
    DescribeTable {
        database: String,
        table: TableName,
    },
    AlterTable {
        database: String,
        table: TableName,
        operations: Vec<AlterOperation>,
    },
    CreateIndex {
        database: String,
        table: TableName,
        index: CreateIndex,
    },
    DropIndex {
        database: String,
        table: TableName,
        name: String,
    },
    Find {
        database: String,
        table: TableName,
        find: Find,
    },
    InsertRows {
        database: String,
        table: TableName,
        insert: InsertRows,
    },
    UpdateRows {
        database: String,
        table: TableName,
        update: UpdateRows,
    },
    DeleteRows {
        database: String,
        table: TableName,
        delete: DeleteRows,
    },
    Query {
        database: String,
        statement: Statement,
    },
    Batch {
        database: String,
        batch: Batch,
    },
    BeginTransaction(BeginTransaction),
    CommitTransaction {
        id: String,
    },
    RollbackTransaction {
        id: String,
    },
}

impl Call {
    /// Whether the call reads and changes nothing, whatever it holds. A `Query` or `Batch` may write.
    pub const fn only_reads(&self) -> bool {
        matches!(
            self,
            Self::ServerInfo
                | Self::ListDatabases
                | Self::ListTables { .. }
                | Self::DescribeTable { .. }
                | Self::Find { .. }
        )
    }

    /// The database it is about, if it is about what is inside one.
    pub fn database(&self) -> Option<&str> {
        match self {
            Self::ServerInfo
            | Self::ListDatabases
            | Self::CreateDatabase { .. }
            | Self::DropDatabase { .. }
            | Self::DropSnapshot { .. }
            | Self::CommitTransaction { .. }
            | Self::RollbackTransaction { .. } => None,
            Self::ListTables { database }
            | Self::CreateTable { database, .. }
            | Self::DropTable { database, .. }
            | Self::DescribeTable { database, .. }
            | Self::AlterTable { database, .. }
            | Self::CreateIndex { database, .. }
            | Self::DropIndex { database, .. }
            | Self::CreateSnapshot { database }
            | Self::RestoreSnapshot { database, .. }
            | Self::Find { database, .. }
            | Self::InsertRows { database, .. }
            | Self::UpdateRows { database, .. }
            | Self::DeleteRows { database, .. }
            | Self::Query { database, .. }
            | Self::Batch { database, .. }
            | Self::BeginTransaction(BeginTransaction { database, .. }) => Some(database),
        }
    }
}

/// What travels beside a call, in HTTP as headers.
#[derive(Debug, Clone, Default)]
pub struct CallContext {
    /// `PhantomDB-Transaction`.
    pub transaction: Option<String>,
    /// `PhantomDB-Position`: how far the caller has seen the database, as a write before answered it.
    pub position: Option<String>,
    /// `Idempotency-Key`, on writes.
    pub idempotency_key: Option<String>,
    /// `X-Request-Id`.
    pub request_id: Option<String>,
    /// `traceparent`, of W3C Trace Context.
    pub traceparent: Option<String>,
    /// `tracestate`, likewise.
    pub tracestate: Option<String>,
    /// The bearer token, which owns the transactions it begins.
    pub token: Option<String>,
    /// The caller vouches that the call only reads, so a client may repeat it. Not sent.
    pub read_only: bool,
    /// The rows of a find as arrays with columns and types (a [`crate::ResultSet`]), not as `{"records": […]}`.
    pub rows_as_arrays: bool,
}
