//! How a writer waits for its turn: for the write lock, and for a transaction that holds it and is idle.

use std::{
    pin::pin,
    sync::{Weak, atomic::Ordering},
};

use phantomdb_engine::{LockWait, deadline};
use phantomdb_protocol::{Error, ErrorCode, Result};
use tokio::time::Instant;

use crate::{
    database::Database,
    lock_waits::CountedWait,
    write_lock::{NO_TRANSACTION, WritePermit},
};

impl Database {
    /// Waits for the write lock, for a transaction or for a statement outside of transactions. Fails with `LOCK_TIMEOUT` when
    /// that takes too long. A transaction that holds the lock and is idle for too long meanwhile is rolled back, unless the
    /// one that waits gives way.
    pub(crate) async fn lock_for_writing(&self, transaction: Option<u64>) -> Result<WritePermit> {
        if let Some(permit) = self.try_lock_for_writing() {
            return Ok(permit);
        }
        let _counted = CountedWait::begin();
        let _listed = self.write_lock.list_waiter(transaction);
        deadline::unless_passed(self.wait_for_writing()).await
    }

    pub(crate) fn try_lock_for_writing(&self) -> Option<WritePermit> {
        self.write_lock.try_acquire()
    }

    pub(crate) async fn wait_for_writing(&self) -> Result<WritePermit> {
        let deadline = Instant::now() + self.options.lock_timeout;
        let mut acquired = pin!(self.write_lock.acquire());
        let mut next_check = Instant::now();
        loop {
            match tokio::time::timeout_at(next_check.min(deadline), &mut acquired).await {
                Ok(Some(permit)) => return Ok(permit),
                Ok(None) => return Err(self.closed()),
                Err(_) if Instant::now() >= deadline => return Err(self.lock_timeout()),
                Err(_) => next_check = self.abort_idle_holder().await?,
            }
        }
    }

    /// Rolls back the transaction that holds the write lock if it has been idle for too long. Returns the time of the next
    /// check.
    pub(crate) async fn abort_idle_holder(&self) -> Result<Instant> {
        let limit = self.options.lock_idle_timeout;
        let holder = self.write_lock.last_holder.lock().as_ref().and_then(Weak::upgrade);
        match holder {
            Some(holder) => holder.abort_if_idle(limit).await,
            None => Ok(Instant::now() + limit),
        }
    }

    pub(crate) fn lock_timeout(&self) -> Error {
        Error::new(
            ErrorCode::LockTimeout,
            format!(
                "another transaction held the write lock of the database \"{}\" for {} ms; commit or roll it back \
                 sooner, or try again",
                self.name,
                self.options.lock_timeout.as_millis()
            ),
        )
    }

    /// The statements that wait for the write lock, the first to get it first.
    pub(crate) fn lock_waits(&self) -> Vec<LockWait> {
        let holder = Some(self.write_lock.holder.load(Ordering::Relaxed)).filter(|&n| n != NO_TRANSACTION);
        let waiters = self.write_lock.waiters.lock();
        let waits = waiters.values().map(|waiter| LockWait {
            database: self.name.clone(),
            waiter: waiter.transaction,
            holders: vec![holder],
            waited_for: waiter.since.elapsed(),
        });
        waits.collect()
    }
}
