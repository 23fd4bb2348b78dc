//! The state that all requests share.

use std::sync::Arc;

use phantomdb_service::Service;
use tokio_util::task::TaskTracker;

use super::{metrics::Metrics, peers::Peers};

/// The options of the HTTP side of a server.
#[derive(Debug, Clone)]
pub struct HttpOptions {
    /// A caller must show one of these as its bearer token. Without any, every caller is let in.
    pub tokens: Vec<String>,
    /// The longest request body, in bytes.
    pub body_max: usize,
    /// Calls for transactions of these servers are forwarded to them.
    pub peers: Peers,
}

impl Default for HttpOptions {
    fn default() -> Self {
        Self { tokens: Vec::new(), body_max: 64 * 1024 * 1024, peers: Peers::default() }
    }
}

/// The state that all requests share.
pub struct HttpServer {
    pub(super) service: Arc<Service>,
    pub(super) options: HttpOptions,
    pub(super) metrics: Metrics,
    /// The calls that are being answered; closed when the server is about to stop.
    pub(super) calls: TaskTracker,
}

impl HttpServer {
    pub fn new(service: Arc<Service>, options: HttpOptions) -> Arc<Self> {
        Arc::new(Self { service, options, metrics: Metrics::new(), calls: TaskTracker::new() })
    }

    /// Refuses new calls and makes `/ready` fail, because the server is about to stop. Rolls back open transactions, so that
    /// nothing waits for them, and returns when the calls that came before are answered.
    pub async fn drain(&self) {
        self.calls.close();
        self.service.roll_back_open().await;
        self.calls.wait().await;
    }

    pub(super) fn is_draining(&self) -> bool {
        self.calls.is_closed()
    }
}
