//! SQLite's work, off the threads that everything else waits on.

use std::sync::{Arc, Mutex};

use phantomdb_protocol::{Error, Result};
use rusqlite::InterruptHandle;

use super::guard;

/// Interrupts the statement when whoever waits for it goes away.
struct Waiting(Arc<Mutex<Option<InterruptHandle>>>);

impl Drop for Waiting {
    fn drop(&mut self) {
        // The lock is held meanwhile, so that the connection cannot be given to another statement in between.
        if let Some(handle) = guard(&self.0).take() {
            handle.interrupt();
        }
    }
}

/// Runs `work` on a thread for such work. `owner` has the connection that `handle` interrupts; it is dropped only
/// after the last moment at which it could be interrupted.
pub(super) async fn run<O, T>(
    mut owner: O,
    handle: InterruptHandle,
    work: impl FnOnce(&mut O) -> T + Send + 'static,
) -> Result<(O, T)>
where
    O: Send + 'static,
    T: Send + 'static,
{
    let running = Arc::new(Mutex::new(Some(handle)));
    let waiting = Waiting(Arc::clone(&running));
    let task = tokio::task::spawn_blocking(move || {
        // An interrupt before the start would be lost: whoever waited is gone, and so there is nothing to do.
        let wanted = guard(&running).is_some();
        if !wanted {
            return None;
        }
        let answer = work(&mut owner);
        guard(&running).take();
        Some((owner, answer))
    });
    let answer = task.await;
    drop(waiting);
    answer.ok().flatten().ok_or_else(failed)
}

/// Runs `work`, which has no connection yet.
pub(super) async fn plain<T: Send + 'static>(work: impl FnOnce() -> T + Send + 'static) -> Result<T> {
    tokio::task::spawn_blocking(work).await.map_err(|_| failed())
}

fn failed() -> Error {
    Error::internal("the statement failed in a way that was not foreseen; nothing of it was kept")
}
