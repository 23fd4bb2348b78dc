//! What a server is doing: the answers for those who watch over it.

use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

use crate::ErrorCode;

#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
pub struct OpenTransactions {
    pub transactions: Vec<OpenTransactionDescription>,
    /// The calls that wait for a lock, those that wait longest first.
    #[serde(default)]
    pub waits: Vec<LockWaitDescription>,
}

/// A call that waits for a lock.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "camelCase")]
pub struct LockWaitDescription {
    pub database: String,
    /// The open transaction of the call; none for a call outside of transactions.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub transaction_id: Option<String>,
    /// The open transactions that hold the lock.
    pub waits_for: Vec<String>,
    /// True when something else holds the lock as well: a call outside of transactions, a transaction of another server, or
    /// another program.
    pub waits_for_others: bool,
    /// The time in milliseconds since the call began to wait.
    pub waited_for: u64,
}

/// A transaction that is open. Times are in milliseconds.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "camelCase")]
pub struct OpenTransactionDescription {
    /// The value of the header `PhantomDB-Transaction` of its calls.
    pub transaction_id: String,
    pub database: String,
    /// The name of the token that began it, if it has one.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub token: Option<String>,
    /// The time since it began.
    pub open_for: u64,
    /// The time since its last call; none while a call runs.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub idle_for: Option<u64>,
    /// The idle time after which it is rolled back.
    pub timeout: u64,
}

#[derive(Debug, Clone, PartialEq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "camelCase")]
pub struct SlowCalls {
    /// The time in milliseconds from which a call is slow.
    pub slow_after: u64,
    pub calls: Vec<SlowCall>,
}

/// A call that took long.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "camelCase")]
pub struct SlowCall {
    /// When it ended, ISO 8601 UTC.
    pub at: String,
    pub route: String,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub database: Option<String>,
    /// The name of the token of its caller, if it has one.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub token: Option<String>,
    pub took_ms: f64,
    /// The code of its error, if it failed.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub code: Option<ErrorCode>,
    /// The first of its statements without their literals, if it has any.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub text: Option<String>,
}
