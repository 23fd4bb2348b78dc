//! The options of the engine.

use std::time::Duration;

/// How long the engine waits for locks.
#[derive(Debug, Clone, Copy)]
pub struct SqliteOptions {
    /// How long a write waits for the transaction that holds the write lock.
    pub lock_timeout: Duration,
    /// How long a transaction that holds the write lock may be idle while others wait for the lock. After that it is
    /// rolled back. While nobody waits it may be idle for longer.
    pub lock_idle_timeout: Duration,
}

impl Default for SqliteOptions {
    fn default() -> Self {
        Self { lock_timeout: Duration::from_secs(10), lock_idle_timeout: Duration::from_secs(5) }
    }
}
