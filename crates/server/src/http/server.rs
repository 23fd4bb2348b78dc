//! The state that all requests share.

use std::{num::NonZeroU32, sync::Arc, time::Duration};

use phantomdb_engine::BytesInFlight;
use phantomdb_service::Service;
use tokio_util::{sync::CancellationToken, task::TaskTracker};

use super::{
    connections::ConnectionLimits, metrics::Metrics, peers::Peers, rate_limit::RateLimiter,
    slow_calls::SlowCalls, web_access::WebAccess,
};
use crate::{
    otlp::Traces,
    tokens::{Failures, Tokens},
};

/// The options of the HTTP side of a server.
#[derive(Debug, Clone)]
pub struct HttpOptions {
    /// The bearer tokens that callers must show. Without a source of tokens, every caller is let in.
    pub tokens: Arc<Tokens>,
    /// The web pages that may call, and the names of the server.
    pub web: WebAccess,
    /// True to serve the console. `web` then lets its page call.
    pub console: bool,
    /// A call that takes longer is written into the log of slow calls.
    pub slow_after: Option<Duration>,
    /// Makes spans of requests and statements, unless there is no collector for them.
    pub traces: Option<Traces>,
    /// The longest request body, in bytes.
    pub body_max: usize,
    /// How long a body may take to arrive.
    pub body_timeout: Duration,
    /// The bytes of all bodies and answers; `None` when they are not limited.
    pub bytes_in_flight: Option<Arc<BytesInFlight>>,
    /// The most requests in a second for each caller.
    pub rate_limit: Option<NonZeroU32>,
    pub connections: ConnectionLimits,
    /// Calls for transactions of these servers are forwarded to them.
    pub peers: Peers,
}

impl Default for HttpOptions {
    fn default() -> Self {
        Self {
            tokens: Arc::default(),
            web: WebAccess::default(),
            console: false,
            slow_after: None,
            traces: None,
            body_max: 64 * 1024 * 1024,
            body_timeout: Duration::from_secs(60),
            bytes_in_flight: None,
            rate_limit: None,
            connections: ConnectionLimits::default(),
            peers: Peers::default(),
        }
    }
}

/// The state that all requests share.
pub struct HttpServer {
    pub(super) service: Arc<Service>,
    pub(super) options: HttpOptions,
    pub(super) metrics: Metrics,
    pub(super) slow_calls: SlowCalls,
    pub(super) rate_limiter: Option<RateLimiter>,
    /// The calls that are being answered; closed when the server is about to stop.
    pub(crate) calls: TaskTracker,
    /// The wrong tokens that callers have shown.
    pub(super) failures: Failures,
    /// Cancelled when the calls that still run must end.
    pub(super) cut_off: CancellationToken,
}

impl HttpServer {
    pub fn new(service: Arc<Service>, options: HttpOptions) -> Arc<Self> {
        Arc::new(Self {
            service,
            rate_limiter: options.rate_limit.map(RateLimiter::new),
            slow_calls: SlowCalls::new(options.slow_after),
            options,
            metrics: Metrics::new(),
            calls: TaskTracker::new(),
            failures: Failures::default(),
            cut_off: CancellationToken::new(),
        })
    }

    pub fn options(&self) -> &HttpOptions {
        &self.options
    }

    /// Refuses new calls and makes `/ready` fail, because the server is about to stop. Rolls back open transactions, so that
    /// nothing waits for them, and returns when the calls that came before are answered.
    pub async fn drain(&self) {
        self.calls.close();
        self.service.roll_back_open().await;
        self.calls.wait().await;
    }

    /// Ends the calls that still run: their statements are interrupted, and their callers told that the server stops.
    pub fn cut_off(&self) {
        self.cut_off.cancel();
    }

    pub(super) fn is_draining(&self) -> bool {
        self.calls.is_closed()
    }
}
