//! The write lock of a database, which one writer holds at a time. It knows who holds it and who waits for it.

use std::collections::BTreeMap;
use std::sync::atomic::{AtomicU64, Ordering};
use std::sync::{Arc, Weak};

use parking_lot::Mutex;
use tokio::sync::Semaphore;
use tokio::time::Instant;

use crate::open_transaction::OpenTransaction;

/// No transaction: their numbers begin at 1.
pub(super) const NO_TRANSACTION: u64 = 0;

pub(super) struct WriteLock {
    /// Callers get it in the order in which they asked.
    semaphore: Semaphore,
    /// The number of the transaction that holds the lock, or `NO_TRANSACTION`.
    pub(super) holder: AtomicU64,
    /// The transaction that took the lock last. It may have released it.
    pub(super) last_holder: Mutex<Option<Weak<dyn OpenTransaction>>>,
    /// The statements that wait for the lock, in the order in which they asked.
    pub(super) waiters: Mutex<BTreeMap<u64, Waiter>>,
}

/// The right to write, until it is dropped.
pub(super) struct WritePermit(Arc<WriteLock>);

/// A statement that waits for the lock.
pub(super) struct Waiter {
    pub(super) since: Instant,
    pub(super) transaction: Option<u64>,
}

/// A waiter in the list, until this is dropped.
pub(super) struct ListedWaiter<'a> {
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

    pub(super) fn try_acquire(self: &Arc<Self>) -> Option<WritePermit> {
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

    pub(super) fn list_waiter(&self, transaction: Option<u64>) -> ListedWaiter<'_> {
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
