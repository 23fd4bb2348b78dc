//! The waits for write locks in this process, for metrics.

use std::sync::atomic::{AtomicU64, Ordering};
use std::time::{Duration, Instant};

static COUNT: AtomicU64 = AtomicU64::new(0);
static MICROSECONDS: AtomicU64 = AtomicU64::new(0);

/// Counts a wait until it is dropped, however the wait ends.
pub(super) struct CountedWait(Instant);

impl CountedWait {
    pub(super) fn begin() -> Self {
        COUNT.fetch_add(1, Ordering::Relaxed);
        Self(Instant::now())
    }
}

impl Drop for CountedWait {
    fn drop(&mut self) {
        let waited = u64::try_from(self.0.elapsed().as_micros()).unwrap_or(u64::MAX);
        MICROSECONDS.fetch_add(waited, Ordering::Relaxed);
    }
}

/// The number of waits, and their time altogether.
pub(super) fn total() -> (u64, Duration) {
    (COUNT.load(Ordering::Relaxed), Duration::from_micros(MICROSECONDS.load(Ordering::Relaxed)))
}
