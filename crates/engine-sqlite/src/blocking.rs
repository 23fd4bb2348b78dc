//! SQLite's work on threads for blocking work, so that the threads of the async runtime never wait for it.

use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};

use phantomdb_engine::Deadline;
use phantomdb_engine::deadline::within_sync;
use phantomdb_protocol::{Error, ErrorCode, Result};
use tokio_util::sync::CancellationToken;

tokio::task_local! {
    static STOP: Stop;
}

/// The flag that stops the work of a thread. Every connection reads it while a statement runs. SQLite has an interrupt of its
/// own, but ignores it before a statement's first step, so that a stop in that moment would be lost.
#[derive(Debug, Clone, Default)]
struct Stop(Arc<AtomicBool>);

impl Stop {
    fn set(&self) {
        self.0.store(true, Ordering::Relaxed);
    }

    fn is_set(&self) -> bool {
        self.0.load(Ordering::Relaxed)
    }
}

/// True when the work of this thread is to stop, because nobody waits for it any more or its database closes.
pub(super) fn is_stopped() -> bool {
    STOP.try_with(Stop::is_set).unwrap_or(false)
}

/// Stops the work when the future that waits for it is dropped.
struct StopOnDrop(Stop);

impl Drop for StopOnDrop {
    fn drop(&mut self) {
        self.0.set();
    }
}

/// Runs `work` on a thread for blocking work and returns `owner`, which holds the connection, with the result.
///
/// When one of the `stops` is cancelled or the deadline of the call passes, the statement is stopped and its outcome is
/// returned as usual.
pub(super) async fn run<O, T>(
    mut owner: O,
    stops: [&CancellationToken; 2],
    work: impl FnOnce(&mut O) -> T + Send + 'static,
) -> Result<(O, T)>
where
    O: Send + 'static,
    T: Send + 'static,
{
    let stop = StopOnDrop(Stop::default());
    let heard = stop.0.clone();
    let deadline = Deadline::current();
    let mut task = tokio::task::spawn_blocking(move || {
        if heard.is_set() {
            return None;
        }
        let result = STOP.sync_scope(heard, || within_sync(deadline, || work(&mut owner)));
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
            stop.0.set();
            task.await
        }
    };
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

#[cfg(test)]
mod tests {
    use std::sync::mpsc::{self, RecvTimeoutError};
    use std::time::Duration;

    use rusqlite::ffi::ErrorCode as SqliteCode;

    use super::*;
    use crate::connection::{self, Location, Mode};
    use crate::memory_vfs::MemoryFile;

    const ENDLESS: &str =
        "WITH RECURSIVE n(i) AS (SELECT 1 UNION ALL SELECT i + 1 FROM n) SELECT count(*) FROM n";
    const TIMEOUT: Duration = Duration::from_secs(60);

    #[tokio::test(flavor = "multi_thread")]
    async fn a_statement_whose_caller_left_before_its_first_step_ends() {
        let location = Location::Memory(MemoryFile::new().unwrap());
        let connection = connection::open(&location, true, TIMEOUT, Mode::ReadWrite).unwrap();
        let never = CancellationToken::new();
        let (begin, begun) = tokio::sync::oneshot::channel();
        let (go_on, waiting) = mpsc::channel();
        let (end, ended) = mpsc::channel();
        let running = run(connection, [&never, &never], move |connection| {
            begin.send(()).unwrap();
            waiting.recv_timeout(TIMEOUT).unwrap();
            let outcome = connection.query_row(ENDLESS, [], |row| row.get::<_, i64>(0));
            end.send(outcome.map_err(|error| error.sqlite_error_code())).unwrap();
        });
        tokio::select! {
            _ = running => panic!("the statement has no end"),
            begun = begun => begun.unwrap(),
        }
        go_on.send(()).unwrap();
        let outcome = tokio::task::spawn_blocking(move || ended.recv_timeout(TIMEOUT)).await.unwrap();
        assert_ne!(outcome, Err(RecvTimeoutError::Timeout));
        assert_eq!(outcome, Ok(Err(Some(SqliteCode::OperationInterrupted))));
    }
}
