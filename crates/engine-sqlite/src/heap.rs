//! The memory that SQLite and the functions of this crate use, for all databases of the process.

use std::sync::atomic::{AtomicUsize, Ordering};

use phantomdb_engine::limits::SQLITE_HEAP_MAX;
use phantomdb_protocol::Result;
use rusqlite::ffi;

/// The limit in bytes; 0 for none.
static LIMIT: AtomicUsize = AtomicUsize::new(0);
/// The bytes of all shares.
static SHARED: AtomicUsize = AtomicUsize::new(0);

/// A share that has grown by this much is compared with the memory of SQLite, too. Reading that takes a lock.
const STEP: usize = 64 * 1024;

/// Limits the memory of SQLite in bytes, or lifts the limit. A statement that needs more fails with `TOO_LARGE`, and the others
/// go on. The content of databases in memory is not SQLite's.
pub fn limit_heap(bytes: Option<u64>) {
    LIMIT.store(bytes.map_or(0, |bytes| usize::try_from(bytes).unwrap_or(usize::MAX)), Ordering::Relaxed);
    let bytes = bytes.map_or(0, |bytes| i64::try_from(bytes).unwrap_or(i64::MAX));
    // SAFETY: the function takes a number and has no other precondition. It may be called from any thread at any time.
    unsafe {
        ffi::sqlite3_hard_heap_limit64(bytes);
    }
}

/// A part of the memory, which is given back when it is dropped.
#[derive(Debug, Default)]
pub(crate) struct Share(usize);

impl Share {
    /// Takes more bytes. Fails with `TOO_LARGE` beyond the limit.
    pub(crate) fn add(&mut self, bytes: usize) -> Result<()> {
        let (before, after) = (self.0 / STEP, (self.0 + bytes) / STEP);
        self.0 += bytes;
        let shared = SHARED.fetch_add(bytes, Ordering::Relaxed) + bytes;
        let limit = LIMIT.load(Ordering::Relaxed);
        if limit == 0 || (before == after && shared <= limit) {
            return Ok(());
        }
        // SAFETY: the function has no precondition, and may be called from any thread at any time.
        let of_sqlite = unsafe { ffi::sqlite3_memory_used() };
        if shared.saturating_add(usize::try_from(of_sqlite).unwrap_or(0)) > limit {
            return Err(SQLITE_HEAP_MAX.exceeded("there is no memory left for what the statement collects"));
        }
        Ok(())
    }

    /// Gives bytes back.
    pub(crate) fn remove(&mut self, bytes: usize) {
        let bytes = bytes.min(self.0);
        self.0 -= bytes;
        SHARED.fetch_sub(bytes, Ordering::Relaxed);
    }
}

impl Drop for Share {
    fn drop(&mut self) {
        self.remove(self.0);
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_share_is_given_back() {
        let mut share = Share::default();
        share.add(3 * STEP).unwrap();
        share.remove(STEP);
        assert_eq!(share.0, 2 * STEP);
        share.remove(5 * STEP);
        assert_eq!(share.0, 0);
    }
}
