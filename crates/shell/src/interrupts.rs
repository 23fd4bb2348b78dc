//! Ctrl-C: it stops the statement that runs, or the output that is being written, and not the program.

use std::sync::{
    Arc,
    atomic::{AtomicU64, Ordering},
};

use tokio::sync::Notify;

/// Counts the times that the user pressed Ctrl-C.
#[derive(Debug, Clone, Default)]
pub(crate) struct Interrupts(Arc<Inner>);

#[derive(Debug, Default)]
struct Inner {
    count: AtomicU64,
    notify: Notify,
}

impl Interrupts {
    /// Listens from now on. From then on the process does not end by Ctrl-C.
    pub(crate) fn listen() -> Self {
        let interrupts = Self::default();
        let heard = interrupts.clone();
        tokio::spawn(async move {
            // An error means that the system has no such signal; then nobody can press Ctrl-C.
            while tokio::signal::ctrl_c().await.is_ok() {
                heard.0.count.fetch_add(1, Ordering::Relaxed);
                heard.0.notify.notify_waiters();
            }
        });
        interrupts
    }

    /// Waits for the next one.
    pub(crate) async fn next(&self) {
        self.0.notify.notified().await;
    }

    /// How many there were.
    pub(crate) fn count(&self) -> u64 {
        self.0.count.load(Ordering::Relaxed)
    }
}
