//! SQLite's work, off the threads that everything else waits on.

use std::sync::{Arc, Mutex};

use phantomdb_protocol::{Error, ErrorCode, Result};
use rusqlite::InterruptHandle;
use tokio_util::sync::CancellationToken;

use super::guard;

/// Interrupts the statement when whoever waits for it goes away.
struct Waiting(Arc<Mutex<Option<InterruptHandle>>>);

impl Waiting {
    fn interrupt(&self) {
        // The lock is held meanwhile, so that the connection cannot be given to another statement in between.
        let mut handle = guard(&self.0);
        if let Some(handle) = handle.take() {
            handle.interrupt();
        }
    }
}

impl Drop for Waiting {
    fn drop(&mut self) {
        self.interrupt();
    }
}

/// Runs `work` on a thread for such work. `owner` has the connection that `handle` interrupts; it is dropped only
/// after the last moment at which it could be interrupted. When `cancelled` is, the statement is interrupted, and its
/// outcome is the answer as ever.
pub(super) async fn run<O, T>(
    mut owner: O,
    handle: InterruptHandle,
    cancelled: &CancellationToken,
    work: impl FnOnce(&mut O) -> T + Send + 'static,
) -> Result<(O, T)>
where
    O: Send + 'static,
    T: Send + 'static,
{
    let running = Arc::new(Mutex::new(Some(handle)));
    let waiting = Waiting(Arc::clone(&running));
    let mut task = tokio::task::spawn_blocking(move || {
        // An interrupt before the start would be lost: whoever waited is gone, and so there is nothing to do.
        let wanted = guard(&running).is_some();
        if !wanted {
            return None;
        }
        let answer = work(&mut owner);
        guard(&running).take();
        Some((owner, answer))
    });
    let answer = match cancelled.run_until_cancelled(&mut task).await {
        Some(answer) => answer,
        None => {
            waiting.interrupt();
            task.await
        }
    };
    drop(waiting);
    match answer {
        Ok(Some(answer)) => Ok(answer),
        Ok(None) => Err(stopped()),
        Err(_) => Err(failed()),
    }
}

/// Runs `work`, which has no connection yet.
pub(super) async fn plain<T: Send + 'static>(work: impl FnOnce() -> T + Send + 'static) -> Result<T> {
    tokio::task::spawn_blocking(work).await.map_err(|_| failed())
}

/// What a statement fails with that was stopped before it began.
pub(super) fn stopped() -> Error {
    Error::new(ErrorCode::StatementTimeout, "the statement was stopped before its end")
}

fn failed() -> Error {
    Error::internal("the statement failed in a way that was not foreseen; nothing of it was kept")
}
