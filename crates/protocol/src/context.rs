//! The context that travels beside a call.

use crate::NewTransaction;

/// The context that travels beside a call, in HTTP as headers.
#[derive(Debug, Clone, Default)]
pub struct CallContext {
    /// `PhantomDB-Transaction`.
    pub transaction: Option<String>,
    /// `PhantomDB-Transaction: new`: the transaction that begins with this call.
    pub new_transaction: Option<Box<NewTransaction>>,
    /// `PhantomDB-Position`: the position in the history of the database up to which the caller has seen it, as an earlier
    /// write answered it.
    pub position: Option<String>,
    /// `Idempotency-Key` of a write.
    pub idempotency_key: Option<String>,
    /// `PhantomDB-Statement-Timeout`: how many milliseconds the statements of the call may take, of those that the server
    /// gives.
    pub statement_timeout: Option<u64>,
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

impl CallContext {
    /// True when a transaction began with this call.
    pub fn has_begun(&self) -> bool {
        self.new_transaction.as_ref().is_some_and(|new| new.begun.get().is_some())
    }
}
