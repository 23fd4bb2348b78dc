//! An open transaction, as its database sees it.

use std::sync::Arc;
use std::time::Duration;

use async_trait::async_trait;
use phantomdb_protocol::Result;
use tokio::time::Instant;

/// Why a transaction was rolled back that its owner did not end. Completes "it …" in the error of its next call.
pub(super) const ENDED_BY_CLOSE: &str = "was rolled back when the database was closed";
pub(super) const ENDED_BY_RESTORE: &str = "was rolled back when the database was restored to a snapshot";

/// The advice when a transaction was idle while others waited for it.
pub(super) const WAITS_FOR_ITSELF: &str = "A query that is not given the transaction waits for the transaction to end: pass \
     the transaction to each query of it. If it does slow work between two statements, raise lockIdleTimeoutMs \
     (--lock-idle-timeout of a server)";

/// Ends a transaction from outside.
#[async_trait]
pub(super) trait OpenTransaction: Send + Sync {
    /// Rolls the transaction back, once the statement that it runs has ended.
    async fn abort(self: Arc<Self>, why: &'static str) -> Result<()>;

    /// Rolls the transaction back if it holds the write lock and has been idle for `limit`. Returns the time of the next
    /// check.
    async fn abort_if_idle(self: Arc<Self>, limit: Duration) -> Result<Instant>;
}
