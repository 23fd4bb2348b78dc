//! The options of the engine.

use std::sync::LazyLock;
use std::time::Duration;

use phantomdb_engine::ResultLimits;

/// The number of cores is read once, because reading it takes longer than a statement.
static READS_MAX: LazyLock<usize> = LazyLock::new(|| {
    let cores = std::thread::available_parallelism().map_or(2, usize::from);
    (cores * 2).max(4)
});

/// How long the engine waits for locks, and how much a caller may take.
#[derive(Debug, Clone)]
pub struct SqliteOptions {
    /// How long a write waits for the transaction that holds the write lock.
    pub lock_timeout: Duration,
    /// How long a transaction that holds the write lock may be idle while others wait for the lock. After that it is
    /// rolled back. While nobody waits it may be idle for longer.
    pub lock_idle_timeout: Duration,
    /// The reads that run in a database at the same time. The default is twice the number of cores, and four at least.
    pub reads_max: usize,
    /// How long a read waits until fewer than these run.
    pub read_wait_timeout: Duration,
    /// How large a result may be.
    pub results: ResultLimits,
    /// How long the connections to a database in a file are kept open without a call; `None` for as long as the engine is
    /// open.
    pub database_idle_timeout: Option<Duration>,
}

impl Default for SqliteOptions {
    fn default() -> Self {
        Self {
            lock_timeout: Duration::from_secs(10),
            lock_idle_timeout: Duration::from_secs(5),
            reads_max: *READS_MAX,
            read_wait_timeout: Duration::from_secs(10),
            results: ResultLimits::default(),
            database_idle_timeout: None,
        }
    }
}
