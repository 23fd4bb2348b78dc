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
    /// Who gives way then. Where all callers are in one process, one that waits for a transaction that does nothing is most
    /// likely part of the code that has the transaction, and waits for itself. So the statement that waits fails, and the
    /// transaction is rolled back only once it has been idle for twice as long.
    pub waiter_gives_way: bool,
}

impl Default for SqliteOptions {
    fn default() -> Self {
        Self {
            lock_timeout: Duration::from_secs(10),
            lock_idle_timeout: Duration::from_secs(5),
            waiter_gives_way: false,
        }
    }
}
