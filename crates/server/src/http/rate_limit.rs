//! The requests in a second for each token, or for each address when the server has no tokens, and the length of their
//! headers.

use std::{
    collections::HashMap,
    hash::{BuildHasher as _, RandomState},
    net::IpAddr,
    num::NonZeroU32,
    sync::Arc,
    time::{Duration, Instant},
};

use axum::{
    extract::{ConnectInfo, Request, State},
    middleware::Next,
    response::{IntoResponse as _, Response},
};
use http::StatusCode;
use parking_lot::Mutex;
use phantomdb_engine::limits::{HEADER_BYTES_MAX, RATE_LIMIT};

use super::{answer::HttpError, extract, listener::Peer, server::HttpServer};
use crate::tokens::network;

/// The callers that are remembered. Beyond it those are forgotten whose bucket is full, and the others wait a little less.
const CALLERS_MAX: usize = 100_000;

/// A bucket for each caller. Each request takes a token out of it, and tokens come back at the rate of the limit, up to those
/// of one second.
#[derive(Debug)]
pub(super) struct RateLimiter {
    rate: f64,
    start: Instant,
    hasher: RandomState,
    /// For each caller, when its bucket will be full again, in seconds after `start`.
    full_at: Mutex<HashMap<u64, f64>>,
}

impl RateLimiter {
    pub(super) fn new(rate: NonZeroU32) -> Self {
        Self {
            rate: f64::from(rate.get()),
            start: Instant::now(),
            hasher: RandomState::new(),
            full_at: Mutex::default(),
        }
    }

    /// Counts a request. Returns how long to wait when there were too many.
    fn count(&self, caller: &Caller<'_>, now: Instant) -> Result<(), Duration> {
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
enum Caller<'a> {
    /// By the hash of its token.
    Token(&'a str),
    /// By its network.
    Address(IpAddr),
    Unknown,
}

/// Refuses a request that comes too soon, or whose headers are too long.
pub(super) async fn limit(State(server): State<Arc<HttpServer>>, request: Request, next: Next) -> Response {
    if let Err(refused) = check_headers(&request, server.options.connections.header_bytes_max) {
        return refused.into_response();
    }
    let Some(limiter) = &server.rate_limiter else { return next.run(request).await };
    match limiter.count(&caller_of(&request), Instant::now()) {
        Ok(()) => next.run(request).await,
        // The wait is less than a second, and the guard adds Retry-After with one.
        Err(_) => {
            let what = format!("more than {} requests came within a second", limiter.rate);
            HttpError::from(RATE_LIMIT.exceeded(&what)).into_response()
        }
    }
}

/// The caller as the guard knows it. What it sent would not do: `Authorization` can be written in many ways, and holds anything
/// where no token is needed.
fn caller_of(request: &Request) -> Caller<'_> {
    let known = request.extensions().get::<extract::Caller>();
    if let Some(token) = known.and_then(|caller| caller.context.token.as_deref()) {
        return Caller::Token(token);
    }
    match request.extensions().get::<ConnectInfo<Peer>>() {
        Some(ConnectInfo(peer)) => Caller::Address(network(peer.address.ip())),
        None => Caller::Unknown,
    }
}

fn check_headers(request: &Request, max: usize) -> Result<(), HttpError> {
    let url = request.uri().path_and_query().map_or(0, |url| url.as_str().len());
    let headers: usize =
        request.headers().iter().map(|(name, value)| name.as_str().len() + value.len() + 4).sum();
    if url + headers <= max {
        return Ok(());
    }
    let (what, status) = if url > headers {
        ("the URL", StatusCode::URI_TOO_LONG)
    } else {
        ("the headers", StatusCode::REQUEST_HEADER_FIELDS_TOO_LARGE)
    };
    let mut error =
        HttpError::from(HEADER_BYTES_MAX.exceeded(&format!("{what} are longer than {max} bytes")));
    error.status = status;
    Err(error)
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
