//! The calls of the contract.

use schemars::JsonSchema;
use serde::{Deserialize, Serialize};
use serde_json::{Map, Value as Json};

use crate::{AlterOperation, CreateIndex, CreateTable, Method, TableName, Value};

/// A statement of PhantomDB SQL. With `native` it is in the engine's own SQL and reaches the engine unchanged.
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
    /// The statements run all or nothing. Without it each stands alone, and its error does not stop the next.
    #[serde(default)]
    pub atomic: bool,
}

/// A search for rows of one table. `condition` is one SQL expression, `order_by` and `columns` are SQL lists.
#[derive(Debug, Clone, Default, PartialEq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase", default)]
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
#[serde(rename_all = "camelCase")]
pub struct OnConflict {
    /// The columns of the key. Empty means any unique key, which is only possible without `update`.
    #[serde(default)]
    pub columns: Vec<String>,
    /// The columns to overwrite. Empty means that the row is left as it is.
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
    /// The columns of the inserted rows that the answer has; `["*"]` for all.
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
    /// The idle time in milliseconds after which the transaction is rolled back.
    #[serde(default)]
    pub timeout: Option<u64>,
}

/// A call of the contract, whichever way it travels. Its row in the table of routes says how it travels over HTTP.
#[derive(Debug, Clone, PartialEq, Deserialize)]
#[serde(rename_all = "camelCase", rename_all_fields = "camelCase")]
pub enum Call {
    ServerInfo,
    ListDatabases,
    CreateDatabase {
        name: String,
        #[serde(default)]
        if_not_exists: bool,
        /// The id of the snapshot that the database begins as.
        #[serde(default)]
        template: Option<String>,
    },
    DropDatabase {
        name: String,
    },
    /// Keeps the present state of the database.
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
    /// True when the call reads and changes nothing, whatever it holds. A `Query` or `Batch` may write.
    pub fn only_reads(&self) -> bool {
        self.route().method == Method::Get
    }

    /// The database whose content the call reads or writes. `None` for a call on a database as a whole or on none.
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

/// The context that travels beside a call, in HTTP as headers.
#[derive(Debug, Clone, Default)]
pub struct CallContext {
    /// `PhantomDB-Transaction`.
    pub transaction: Option<String>,
    /// `PhantomDB-Position`: the position in the history of the database up to which the caller has seen it, as an earlier
    /// write answered it.
    pub position: Option<String>,
    /// `Idempotency-Key` of a write.
    pub idempotency_key: Option<String>,
    /// `X-Request-Id`.
    pub request_id: Option<String>,
    /// `traceparent`, of W3C Trace Context.
    pub traceparent: Option<String>,
    /// `tracestate`, of W3C Trace Context.
    pub tracestate: Option<String>,
    /// The bearer token, which owns the transactions it begins.
    pub token: Option<String>,
    /// The caller vouches that the call only reads, so a client may repeat it. Not sent.
    pub read_only: bool,
    /// The find answers a [`crate::ResultSet`], with rows as arrays, and not `{"records": […]}`.
    pub rows_as_arrays: bool,
}
