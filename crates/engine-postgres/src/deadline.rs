//! Ends what runs on a connection when the deadline of its call passes.

use std::{future::Future, pin::pin, time::Duration};

use phantomdb_engine::Deadline;
use phantomdb_protocol::{Error, ErrorCode, Result};
use tokio::time::{timeout, timeout_at};

use crate::{cancel::Canceller, connection::Connection};

/// The time between two cancellations of a statement. One that comes before the statement has begun has no effect. The time
/// is enough to undo the statement, which a cancellation would break off.
const STOP_AGAIN: Duration = Duration::from_secs(1);

/// Runs work on a connection that is not used again when the work is cancelled, because a cancellation may come late.
pub(crate) async fn until_deadline<T>(
    connection: &Connection,
    work: impl Future<Output = Result<T>>,
) -> Result<T> {
    let (outcome, cancelled) = cancel_at_deadline(|| connection.canceller(), work).await;
    if cancelled {
        connection.mark_unusable();
    }
    outcome
}

/// Runs work, and cancels what it runs once the deadline of the call passes. The outcome is awaited even so, because only
/// that tells whether the work took effect. Returns true when it was cancelled.
pub(crate) async fn cancel_at_deadline<T>(
    canceller: impl Fn() -> Canceller,
    work: impl Future<Output = Result<T>>,
) -> (Result<T>, bool) {
    let Some(deadline) = Deadline::current() else { return (work.await, false) };
    let mut work = pin!(work);
    if let Ok(outcome) = timeout_at(deadline.at(), work.as_mut()).await {
        return (outcome, false);
    }
    let outcome = loop {
        let stopping = async {
            canceller().cancel().await;
            std::future::pending::<()>().await;
        };
        let stopped = async {
            tokio::select! {
                outcome = work.as_mut() => outcome,
                () = stopping => Err(Error::internal("a cancellation does not end")),
            }
        };
        if let Ok(outcome) = timeout(STOP_AGAIN, stopped).await {
            break outcome;
        }
    };
    (outcome.map_err(|error| explained(error, deadline)), true)
}

/// A statement that was cancelled fails because of the deadline.
pub(crate) fn explained(error: Error, deadline: Deadline) -> Error {
    if error.code == ErrorCode::StatementTimeout {
        let details = error.details;
        return Error { details, ..deadline.error() };
    }
    error
}
