//! The state that all requests share.

use std::sync::Arc;

use phantomdb_service::Service;
use tokio_util::{sync::CancellationToken, task::TaskTracker};

use super::{metrics::Metrics, options::HttpOptions, rate_limiter::RateLimiter, slow_calls::SlowCalls};
use crate::tokens::Failures;

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
