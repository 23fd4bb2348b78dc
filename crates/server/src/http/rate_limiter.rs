//! A bucket of requests for each caller.

use std::{
    collections::HashMap,
    hash::{BuildHasher as _, RandomState},
    net::IpAddr,
    num::NonZeroU32,
    time::{Duration, Instant},
};

use parking_lot::Mutex;

/// The callers that are remembered. Beyond it those are forgotten whose bucket is full, and the others wait a little less.
pub(crate) const CALLERS_MAX: usize = 100_000;

/// A bucket for each caller. Each request takes a token out of it, and tokens come back at the rate of the limit, up to those
/// of one second.
#[derive(Debug)]
pub(crate) struct RateLimiter {
    pub(crate) rate: f64,
    pub(crate) start: Instant,
    pub(crate) hasher: RandomState,
    /// For each caller, when its bucket will be full again, in seconds after `start`.
    pub(crate) full_at: Mutex<HashMap<u64, f64>>,
}

impl RateLimiter {
    pub(crate) fn new(rate: NonZeroU32) -> Self {
        Self {
            rate: f64::from(rate.get()),
            start: Instant::now(),
            hasher: RandomState::new(),
            full_at: Mutex::default(),
        }
    }

    /// Counts a request. Returns how long to wait when there were too many.
    pub(crate) fn count(&self, caller: &Caller<'_>, now: Instant) -> Result<(), Duration> {
        let key = self.hasher.hash_one(caller);
        let now = now.saturating_duration_since(self.start).as_secs_f64();
        let mut full_at = self.full_at.lock();
        if full_at.len() >= CALLERS_MAX && !full_at.contains_key(&key) {
            full_at.retain(|_, full| *full > now);
            if full_at.len() >= CALLERS_MAX {
                full_at.clear();
            }
        }
        let full = full_at.entry(key).or_insert(now);
        let next = full.max(now) + 1.0 / self.rate;
        // A bucket holds the tokens of one second.
        let excess = next - now - 1.0;
        if excess > 1e-9 {
            return Err(Duration::from_secs_f64(excess));
        }
        *full = next;
        Ok(())
    }
}

#[derive(Hash)]
pub(crate) enum Caller<'a> {
    /// By the hash of its token.
    Token(&'a str),
    /// By its network.
    Address(IpAddr),
    Unknown,
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_caller_has_the_requests_of_one_second_and_then_waits() {
        let limiter = RateLimiter::new(NonZeroU32::new(10).unwrap());
        let (caller, other) = (Caller::Token("t"), Caller::Address(IpAddr::from([127, 0, 0, 1])));
        let start = Instant::now();
        for _ in 0..10 {
            assert!(limiter.count(&caller, start).is_ok());
        }
        let wait = limiter.count(&caller, start).unwrap_err();
        assert!(wait <= Duration::from_millis(101), "{wait:?}");
        assert!(limiter.count(&other, start).is_ok());
        assert!(limiter.count(&caller, start + Duration::from_millis(110)).is_ok());
        assert!(limiter.count(&caller, start + Duration::from_millis(110)).is_err());
    }
}
