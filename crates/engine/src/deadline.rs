//! The moment by which a call must have ended. It is known wherever the call runs, on whatever thread, without being
//! passed along.

use std::{future::Future, time::Duration};

use phantomdb_protocol::{Error, ErrorCode, Result, headers};
use tokio::time::{Instant, timeout_at};

use crate::limits::STATEMENT_TIMEOUT;

tokio::task_local! {
    static CURRENT: Deadline;
}

/// The moment by which a call must have ended.
#[derive(Debug, Clone, Copy)]
pub struct Deadline {
    at: Instant,
    limit: Duration,
    /// True when the caller asked for less time than the server gives.
    by_caller: bool,
}

impl Deadline {
    /// The deadline of a call that begins now. `asked` is the time that the caller gives it, which can only be less than
    /// the `limit` of all calls.
    pub fn new(limit: Option<Duration>, asked: Option<Duration>) -> Option<Self> {
        let by_caller = asked.is_some_and(|asked| limit.is_none_or(|limit| asked < limit));
        let limit = if by_caller { asked } else { limit }?;
        // A time that does not fit is as good as none.
        Some(Self { at: Instant::now().checked_add(limit)?, limit, by_caller })
    }

    /// The deadline of the call that runs.
    pub fn current() -> Option<Self> {
        CURRENT.try_with(|deadline| *deadline).ok()
    }

    /// The deadline of the call that runs, if it has passed.
    pub fn passed() -> Option<Self> {
        Self::current().filter(|deadline| deadline.at <= Instant::now())
    }

    /// Fails once the deadline of the call that runs has passed. Work of many steps calls it between them.
    pub fn check() -> Result<()> {
        match Self::passed() {
            None => Ok(()),
            Some(deadline) => Err(deadline.error()),
        }
    }

    pub fn at(&self) -> Instant {
        self.at
    }

    /// The error of a call that did not end in time.
    pub fn error(&self) -> Error {
        let what = format!(
            "the statement was stopped, because its call took longer than {} ms",
            self.limit.as_millis()
        );
        if self.by_caller {
            let message = format!(
                "{what}; {}, or give it more time with statementTimeoutMs (the header {})",
                STATEMENT_TIMEOUT.remedy,
                headers::STATEMENT_TIMEOUT.title
            );
            return Error::new(ErrorCode::StatementTimeout, message);
        }
        STATEMENT_TIMEOUT.exceeded(&what)
    }
}

/// Runs `work`, whose statements must end by the deadline.
pub async fn within<T>(deadline: Option<Deadline>, work: impl Future<Output = T>) -> T {
    match deadline {
        None => work.await,
        Some(deadline) => CURRENT.scope(deadline, work).await,
    }
}

/// Runs `work` on this thread, whose statements must end by the deadline.
pub fn within_sync<T>(deadline: Option<Deadline>, work: impl FnOnce() -> T) -> T {
    match deadline {
        None => work(),
        Some(deadline) => CURRENT.sync_scope(deadline, work),
    }
}

/// Runs `work`, and drops it when the deadline of the call passes. It is for work that may be dropped, such as waiting.
pub async fn unless_passed<T>(work: impl Future<Output = Result<T>>) -> Result<T> {
    match Deadline::current() {
        None => work.await,
        Some(deadline) => timeout_at(deadline.at, work).await.unwrap_or_else(|_| Err(deadline.error())),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const SECOND: Duration = Duration::from_secs(1);

    #[test]
    fn a_caller_can_ask_for_less_and_not_for_more() {
        let limit_of = |limit, asked| Deadline::new(limit, asked).map(|found| (found.limit, found.by_caller));
        assert_eq!(limit_of(None, None), None);
        assert_eq!(limit_of(None, Some(SECOND)), Some((SECOND, true)));
        assert_eq!(limit_of(Some(SECOND), Some(SECOND / 2)), Some((SECOND / 2, true)));
        assert_eq!(limit_of(Some(SECOND), Some(2 * SECOND)), Some((SECOND, false)));
    }

    #[test]
    fn the_work_of_a_call_knows_its_deadline() {
        let deadline = Deadline::new(Some(Duration::ZERO), None);
        assert!(Deadline::check().is_ok());
        let error = within_sync(deadline, Deadline::check).unwrap_err();
        assert_eq!(error.code, ErrorCode::StatementTimeout);
        assert!(error.message.contains("--statement-timeout"), "{}", error.message);
        assert!(within_sync(Deadline::new(Some(SECOND), None), Deadline::check).is_ok());
    }
}
