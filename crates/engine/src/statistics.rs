//! What an engine is doing, for metrics.

use std::time::Duration;

/// What an engine is doing, for metrics. What an engine cannot tell at little cost is none.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct EngineStatistics {
    pub databases_in_use: Option<u64>,
    /// Connections to databases, in use and idle.
    pub connections: Option<u64>,
    pub idle_connections: Option<u64>,
    /// Callers that wait for a connection.
    pub waiting_for_connections: Option<u64>,
    /// Reads that run outside of transactions.
    pub running_reads: Option<u64>,
    /// How often a caller had to wait for the write lock of a database, and for how long altogether.
    pub lock_waits: Option<(u64, Duration)>,
    /// The size of all databases with their logs.
    pub bytes: Option<u64>,
}
