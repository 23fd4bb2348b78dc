//! The write lock of a database, which one writer holds at a time. It knows who holds it and who waits for it.

use std::collections::BTreeMap;
use std::pin::pin;
use std::sync::atomic::{AtomicU64, Ordering};
use std::sync::{Arc, Weak};

use parking_lot::Mutex;
use phantomdb_engine::{LockWait, deadline};
use phantomdb_protocol::{Error, ErrorCode, Result};
use tokio::sync::Semaphore;
use tokio::time::Instant;

use crate::database::Database;
use crate::lock_waits::CountedWait;
use crate::open_transaction::OpenTransaction;

/// No transaction: their numbers begin at 1.
const NO_TRANSACTION: u64 = 0;

pub(super) struct WriteLock {
    /// Callers get it in the order in which they asked.
    semaphore: Semaphore,
    /// The number of the transaction that holds the lock, or `NO_TRANSACTION`.
    holder: AtomicU64,
    /// The transaction that took the lock last. It may have released it.
    last_holder: Mutex<Option<Weak<dyn OpenTransaction>>>,
    /// The statements that wait for the lock, in the order in which they asked.
    waiters: Mutex<BTreeMap<u64, Waiter>>,
}

/// The right to write, until it is dropped.
pub(super) struct WritePermit(Arc<WriteLock>);

/// A statement that waits for the lock.
struct Waiter {
    since: Instant,
    transaction: Option<u64>,
}

/// A waiter in the list, until this is dropped.
struct ListedWaiter<'a> {
    list: &'a WriteLock,
    place: u64,
}

impl WriteLock {
    pub(super) fn new() -> Arc<Self> {
        Arc::new(Self {
            semaphore: Semaphore::new(1),
            holder: AtomicU64::new(NO_TRANSACTION),
            last_holder: Mutex::default(),
            waiters: Mutex::default(),
        })
    }

    fn try_acquire(self: &Arc<Self>) -> Option<WritePermit> {
        self.semaphore.try_acquire().ok()?.forget();
        Some(WritePermit(Arc::clone(self)))
    }

    /// Fails when the lock was closed.
    pub(super) async fn acquire(self: &Arc<Self>) -> Option<WritePermit> {
        self.semaphore.acquire().await.ok()?.forget();
        Some(WritePermit(Arc::clone(self)))
    }

    /// Fails every caller who waits for the lock, and who asks for it later.
    pub(super) fn close(&self) {
        self.semaphore.close();
    }

    fn list_waiter(&self, transaction: Option<u64>) -> ListedWaiter<'_> {
        let mut waiters = self.waiters.lock();
        let place = waiters.last_key_value().map_or(0, |(last, _)| last + 1);
        waiters.insert(place, Waiter { since: Instant::now(), transaction });
        ListedWaiter { list: self, place }
    }
}

impl WritePermit {
    /// Records the transaction that holds the lock with this permit.
    pub(super) fn hold_for(&self, transaction: u64, open: Weak<dyn OpenTransaction>) {
        *self.0.last_holder.lock() = Some(open);
        self.0.holder.store(transaction, Ordering::Relaxed);
    }
}

impl Drop for WritePermit {
    fn drop(&mut self) {
        self.0.holder.store(NO_TRANSACTION, Ordering::Relaxed);
        self.0.semaphore.add_permits(1);
    }
}

impl Drop for ListedWaiter<'_> {
    fn drop(&mut self) {
        self.list.waiters.lock().remove(&self.place);
    }
}

impl Database {
    /// Waits for the write lock, for a transaction or for a statement outside of transactions. Fails with `LOCK_TIMEOUT` when
    /// that takes too long. A transaction that holds the lock and is idle for too long meanwhile is rolled back, unless the
    /// one that waits gives way.
    pub(super) async fn lock_for_writing(&self, transaction: Option<u64>) -> Result<WritePermit> {
        if let Some(permit) = self.try_lock_for_writing() {
            return Ok(permit);
        }
        let _counted = CountedWait::begin();
        let _listed = self.write_lock.list_waiter(transaction);
        deadline::unless_passed(self.wait_for_writing()).await
    }

    pub(super) fn try_lock_for_writing(&self) -> Option<WritePermit> {
        self.write_lock.try_acquire()
    }

    async fn wait_for_writing(&self) -> Result<WritePermit> {
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
    async fn abort_idle_holder(&self) -> Result<Instant> {
        let limit = self.options.lock_idle_timeout;
        let holder = self.write_lock.last_holder.lock().as_ref().and_then(Weak::upgrade);
        match holder {
            Some(holder) => holder.abort_if_idle(limit).await,
            None => Ok(Instant::now() + limit),
        }
    }

    fn lock_timeout(&self) -> Error {
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
    pub(super) fn lock_waits(&self) -> Vec<LockWait> {
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
