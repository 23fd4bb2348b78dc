//! The last calls that took long, for those who watch over the server. A statement is kept without its literals.

use std::{collections::VecDeque, time::Duration};

use parking_lot::Mutex;
use phantomdb_protocol::{Error, SlowCall};
use phantomdb_service::Grant;

/// The calls that are kept.
const KEPT: usize = 100;
/// From when on a call is slow where the server has no limit of its own.
const SLOW_AFTER: Duration = Duration::from_millis(500);
#[derive(Debug)]
pub(super) struct SlowCalls {
    pub(super) slow_after: Duration,
    /// The oldest first.
    calls: Mutex<VecDeque<SlowCall>>,
}

/// Describes a call, with its statement without literals.
pub(super) struct CallDescription {
    pub(super) route: &'static str,
    pub(super) database: Option<String>,
    pub(super) token: Option<String>,
    pub(super) text: Option<String>,
}

impl SlowCalls {
    pub(super) fn new(slow_after: Option<Duration>) -> Self {
        Self { slow_after: slow_after.unwrap_or(SLOW_AFTER), calls: Mutex::default() }
    }

    /// Keeps a call that has ended, if it was slow. `describe` says what it was.
    pub(super) fn record(
        &self,
        took: Duration,
        error: Option<&Error>,
        describe: impl FnOnce() -> CallDescription,
    ) {
        if took < self.slow_after {
            return;
        }
        let CallDescription { route, database, token, text } = describe();
        let slow = SlowCall {
            at: jiff::Timestamp::now().to_string(),
            route: route.to_owned(),
            database,
            token,
            took_ms: took.as_secs_f64() * 1000.0,
            code: error.map(|error| error.code),
            text,
        };
        let mut calls = self.calls.lock();
        if calls.len() == KEPT {
            calls.pop_front();
        }
        calls.push_back(slow);
    }

    /// The calls that the grant covers, the newest first.
    pub(super) fn list(&self, grant: &Grant) -> Vec<SlowCall> {
        let is_covered =
            |call: &&SlowCall| call.database.as_deref().is_none_or(|database| grant.covers(database));
        self.calls.lock().iter().rev().filter(is_covered).cloned().collect()
    }
}

#[cfg(test)]
mod tests {
    use phantomdb_service::DatabasePattern;

    use super::*;

    fn call(database: &str, text: &str) -> CallDescription {
        let (database, text) = (Some(database.to_owned()), Some(text.to_owned()));
        CallDescription { route: "query", database, token: Some("app".into()), text }
    }

    #[test]
    fn it_keeps_the_last_slow_calls() {
        let slow = SlowCalls::new(Some(Duration::from_millis(10)));
        slow.record(Duration::from_millis(9), None, || panic!("a call that is not slow is not described"));
        for _ in 0..KEPT {
            slow.record(Duration::from_millis(10), None, || call("shop", "SELECT ?"));
        }
        slow.record(Duration::from_secs(1), None, || call("crm", "SELECT * FROM t"));
        let all = slow.list(&Grant::everything());
        assert_eq!(all.len(), KEPT);
        let newest = &all[0];
        assert_eq!((newest.took_ms, newest.token.as_deref()), (1000.0, Some("app")));
        assert_eq!(newest.text.as_deref(), Some("SELECT * FROM t"));
        let grant = Grant::new("t", std::iter::empty().collect(), vec![DatabasePattern::new("crm")]);
        assert_eq!(slow.list(&grant).len(), 1);
    }
}
