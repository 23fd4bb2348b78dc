//! The limits and permissions of a service.

use std::time::Duration;

use super::snapshots::SnapshotLimits;

/// The limits and permissions of a service.
#[derive(Debug, Clone)]
pub struct ServiceOptions {
    /// The idle time after which a transaction is rolled back, unless it was begun with its own.
    pub transaction_timeout: Duration,
    /// The longest idle time of a transaction. A call that asks for more gets this.
    pub transaction_timeout_max: Duration,
    /// How long the statements of one call may take. A call can ask for less.
    pub statement_timeout: Option<Duration>,
    /// How long a transaction may be open, however busy it is.
    pub transaction_age_max: Option<Duration>,
    /// The most transactions that are open at once.
    pub transactions_max: usize,
    /// The most statements in one request.
    pub batch_max: usize,
    /// Allows statements in the engine's own SQL (`native`), which reach it unchanged.
    pub allow_native: bool,
    /// Allows snapshots. To restore one discards what everybody has written since.
    pub allow_snapshots: bool,
    /// The most snapshots that are kept at once.
    pub snapshots: SnapshotLimits,
    /// The name of this server among several over the same databases, see
    /// [`phantomdb_protocol::transaction_id::is_server_name`]. The ids of its transactions end with it.
    pub server_name: Option<String>,
    /// The URL at which callers reach this very server. It is in the answer when a transaction begins.
    pub advertise: Option<String>,
}

impl Default for ServiceOptions {
    fn default() -> Self {
        Self {
            transaction_timeout: Duration::from_secs(60),
            transaction_timeout_max: Duration::from_secs(600),
            statement_timeout: None,
            transaction_age_max: None,
            transactions_max: 10_000,
            batch_max: 10_000,
            allow_native: true,
            allow_snapshots: true,
            snapshots: SnapshotLimits { count: 100, bytes: 1 << 30 },
            server_name: None,
            advertise: None,
        }
    }
}
