//! The statements that wait for a lock, and the transactions that hold it.

use std::time::Duration;

/// A statement that waits for a lock. Transactions are numbered: see [`crate::Transaction::number`].
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct LockWait {
    pub database: String,
    /// The transaction of the statement. `None`, or an unknown number, stands for a statement outside of transactions.
    pub waiter: Option<u64>,
    /// The transactions that hold the lock. `None`, or an unknown number, stands for a statement outside of transactions, or for
    /// another program.
    pub holders: Vec<Option<u64>>,
    /// The time since the statement began to wait, or since it was sent where the engine knows no better.
    pub waited_for: Duration,
}
