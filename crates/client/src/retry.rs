//! The decision whether a call is tried again, and after how long.

use std::time::{Duration, Instant};

use phantomdb_protocol::{Call, CallContext};

use super::failure::Failure;

const BACKOFF: Duration = Duration::from_millis(50);
const BACKOFF_MAX: Duration = Duration::from_secs(1);
/// A server that has answered before and now stops, or refuses connections, is taken to be restarting. The client waits
/// this long for it, however many attempts that takes.
const COMES_BACK_WITHIN: Duration = Duration::from_secs(10);

/// When a call may be sent again.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Repeat {
    /// At any time: the call only reads.
    Freely,
    /// If it carries an idempotency key, under which the server runs it once.
    WithKey,
    /// Never: the call is part of a transaction, whose state after a failure is not known.
    Never,
}

impl Repeat {
    /// A call that begins a transaction can be repeated freely: the transaction that an attempt whose answer was lost began
    /// is never committed.
    pub(super) fn of(call: &Call, context: &CallContext) -> Self {
        let repeats = call.only_reads() || context.read_only || context.new_transaction.is_some();
        Self::of_statement(context.transaction.is_some(), repeats)
    }

    pub(super) fn of_statement(in_transaction: bool, only_reads: bool) -> Self {
        match (in_transaction, only_reads) {
            (true, _) => Self::Never,
            (false, true) => Self::Freely,
            (false, false) => Self::WithKey,
        }
    }
}

/// How a call goes on that was sent before, together with others.
pub struct Again {
    pub(super) attempts: Attempts,
    /// The failure of the first attempt; `None` when the statement was not tried.
    pub(super) failure: Option<Failure>,
}

/// The attempts at one call.
#[derive(Clone, Copy)]
pub(super) struct Attempts {
    repeat: Repeat,
    left: u32,
    made: u32,
    begun: Instant,
    deadline: Instant,
}

impl Attempts {
    pub(super) fn new(repeat: Repeat, retries: u32, timeout: Duration) -> Self {
        let begun = Instant::now();
        Self { repeat, left: retries, made: 0, begun, deadline: begun + timeout }
    }

    /// The same attempts, at a call that may be repeated in another way.
    pub(super) fn of(&self, repeat: Repeat) -> Self {
        Self { repeat, ..*self }
    }

    /// The time at which the last attempt must have ended.
    pub(super) fn deadline(&self) -> Instant {
        self.deadline
    }

    /// The time to wait before the next attempt; `None` when there is to be none. `reached` is true when the server has
    /// answered before, to this call or another one.
    pub(super) fn pause_after(&mut self, failure: &Failure, reached: bool) -> Option<Duration> {
        if !failure.passing || self.left == 0 || self.repeat == Repeat::Never {
            return None;
        }
        let comes_back = reached && failure.is_away() && self.begun.elapsed() < COMES_BACK_WITHIN;
        let backoff = (BACKOFF * 2_u32.saturating_pow(self.made.min(16))).min(BACKOFF_MAX);
        let pause = jittered(backoff).max(failure.retry_after.unwrap_or_default());
        self.left -= u32::from(!comes_back);
        self.made += 1;
        (pause < self.deadline.saturating_duration_since(Instant::now())).then_some(pause)
    }
}

/// A random time between half of the pause and all of it, so that clients that failed together do not return together.
fn jittered(pause: Duration) -> Duration {
    let half = pause / 2;
    half + half.mul_f64(fastrand::f64())
}

#[cfg(test)]
mod tests {
    use phantomdb_protocol::{Statement, UnreachableReason};

    use super::*;
    use crate::failure::unreachable;

    fn failure(passing: bool, retry_after: Option<Duration>) -> Failure {
        Failure { error: unreachable(UnreachableReason::Closed, ""), passing, retry_after }
    }

    #[test]
    fn it_tells_reads_writes_and_calls_of_a_transaction_apart() {
        let query = Call::Query {
            database: "d".into(),
            statement: Statement { query: "SELECT 1".into(), parameters: vec![], ..Statement::default() },
        };
        let read = CallContext { read_only: true, ..CallContext::default() };
        let within = CallContext { transaction: Some("t".into()), ..read.clone() };
        assert_eq!(Repeat::of(&query, &CallContext::default()), Repeat::WithKey);
        assert_eq!(Repeat::of(&query, &read), Repeat::Freely);
        assert_eq!(Repeat::of(&query, &within), Repeat::Never);
        assert_eq!(Repeat::of(&Call::ListDatabases, &CallContext::default()), Repeat::Freely);
    }

    #[test]
    fn it_waits_longer_each_time_and_gives_up() {
        let mut attempts = Attempts::new(Repeat::WithKey, 3, Duration::from_secs(60));
        for most in [50, 100, 200] {
            let pause = attempts.pause_after(&failure(true, None), false).unwrap();
            assert!(pause >= Duration::from_millis(most / 2) && pause <= Duration::from_millis(most));
        }
        assert_eq!(attempts.pause_after(&failure(true, None), false), None);
    }

    #[test]
    fn it_waits_as_long_as_the_server_asks_and_not_beyond_the_time_out() {
        let mut attempts = Attempts::new(Repeat::Freely, 3, Duration::from_secs(5));
        let asked = Some(Duration::from_secs(1));
        assert_eq!(attempts.pause_after(&failure(true, asked), false), asked);
        assert_eq!(attempts.pause_after(&failure(true, Some(Duration::from_secs(6))), false), None);
    }

    #[test]
    fn it_waits_for_a_server_that_answered_before_however_many_attempts_that_takes() {
        let away = |reason| Failure { error: unreachable(reason, ""), passing: true, retry_after: None };
        for reason in [UnreachableReason::Refused, UnreachableReason::Stopping] {
            for (reached, expected) in [(true, 20), (false, 1)] {
                let mut attempts = Attempts::new(Repeat::Freely, 1, Duration::from_secs(60));
                let made =
                    (0..20).take_while(|_| attempts.pause_after(&away(reason), reached).is_some()).count();
                assert_eq!(made, expected);
            }
            let mut unwilling = Attempts::new(Repeat::Freely, 0, Duration::from_secs(60));
            assert_eq!(unwilling.pause_after(&away(reason), true), None);
        }
    }

    #[test]
    fn it_never_tries_again_in_a_transaction_or_what_will_fail_again() {
        let mut within = Attempts::new(Repeat::Never, 3, Duration::from_secs(60));
        assert_eq!(within.pause_after(&failure(true, None), false), None);
        let mut read = Attempts::new(Repeat::Freely, 3, Duration::from_secs(60));
        assert_eq!(read.pause_after(&failure(false, None), false), None);
    }
}
