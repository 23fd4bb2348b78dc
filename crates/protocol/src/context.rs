//! The context that travels beside a call.

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
