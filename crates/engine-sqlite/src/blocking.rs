//! SQLite's work on threads for blocking work, so that the threads of the async runtime never wait for it.

use std::sync::{Arc, Mutex};

use phantomdb_engine::Deadline;
use phantomdb_engine::deadline::within_sync;
use phantomdb_engine::sync::lock;
use phantomdb_protocol::{Error, ErrorCode, Result};
use rusqlite::InterruptHandle;
use tokio_util::sync::CancellationToken;

/// Interrupts the running statement when the future that waits for it is dropped.
struct InterruptOnDrop(Arc<Mutex<Option<InterruptHandle>>>);

impl InterruptOnDrop {
    fn interrupt(&self) {
        // The mutex stays locked during the interrupt, so that the connection cannot be given to another statement in
        // between.
        let mut handle = lock(&self.0);
        if let Some(handle) = handle.take() {
            handle.interrupt();
        }
    }
}

impl Drop for InterruptOnDrop {
    fn drop(&mut self) {
        self.interrupt();
    }
}

/// Runs `work` on a thread for blocking work and returns `owner` with the result.
///
/// `owner` holds the connection that `handle` interrupts. It is dropped only after the last moment at which the connection
/// can be interrupted. When one of the `stops` is cancelled or the deadline of the call passes, the statement is interrupted
/// and its outcome is returned as usual.
pub(super) async fn run<O, T>(
    mut owner: O,
    handle: InterruptHandle,
    stops: [&CancellationToken; 2],
    work: impl FnOnce(&mut O) -> T + Send + 'static,
) -> Result<(O, T)>
where
    O: Send + 'static,
    T: Send + 'static,
{
    let running = Arc::new(Mutex::new(Some(handle)));
    let interrupt = InterruptOnDrop(Arc::clone(&running));
    let deadline = Deadline::current();
    let mut task = tokio::task::spawn_blocking(move || {
        // SQLite ignores an interrupt before the start. The handle is gone when that happened, and nobody waits for the
        // result.
        let is_wanted = lock(&running).is_some();
        if !is_wanted {
            return None;
        }
        let result = within_sync(deadline, || work(&mut owner));
        lock(&running).take();
        Some((owner, result))
    });
    let is_late = async {
        match deadline {
            Some(deadline) => tokio::time::sleep_until(deadline.at()).await,
            None => std::future::pending().await,
        }
    };
    let joined = tokio::select! {
        biased;
        joined = &mut task => Some(joined),
        () = stops[0].cancelled() => None,
        () = stops[1].cancelled() => None,
        () = is_late => None,
    };
    let joined = match joined {
        Some(joined) => joined,
        None => {
            interrupt.interrupt();
            task.await
        }
    };
    drop(interrupt);
    match joined {
        Ok(Some(owner_and_result)) => Ok(owner_and_result),
        Ok(None) => Err(Deadline::passed().map_or_else(stopped, |deadline| deadline.error())),
        Err(_) => Err(panicked()),
    }
}

/// Runs `work`, which has no connection that could be interrupted, on a thread for blocking work.
pub(super) async fn run_to_end<T: Send + 'static>(work: impl FnOnce() -> T + Send + 'static) -> Result<T> {
    tokio::task::spawn_blocking(work).await.map_err(|_| panicked())
}

/// The error of a statement that was stopped before it began.
pub(super) fn stopped() -> Error {
    Error::new(ErrorCode::StatementTimeout, "the statement was stopped before its end")
}

fn panicked() -> Error {
    Error::internal("the statement failed unexpectedly and had no effect")
}
