//! The calls over HTTP.

mod answer;
mod calls;
mod extract;
mod guard;
mod listener;
mod metrics;
mod openapi;
mod peers;
mod queries;
mod query_string;
mod routes;
mod trace;

use std::sync::Arc;

use axum::{Router, middleware::from_fn_with_state, routing::get};
use tokio_util::task::TaskTracker;

pub use self::listener::{Listener, Reached};
use self::metrics::Metrics;
pub use self::peers::Peers;
use phantomdb_service::Service;

/// How the service is reached over HTTP.
#[derive(Debug, Clone)]
pub struct HttpOptions {
    /// A caller must show one of these as its bearer token. Without any, every caller is let in.
    pub tokens: Vec<String>,
    /// The longest request body, in bytes.
    pub body_max: usize,
    /// Calls for transactions of these servers are passed on to them.
    pub peers: Peers,
}

impl Default for HttpOptions {
    fn default() -> Self {
        Self { tokens: Vec::new(), body_max: 16 * 1024 * 1024, peers: Peers::default() }
    }
}

/// What all requests share.
pub struct HttpServer {
    service: Arc<Service>,
    options: HttpOptions,
    metrics: Metrics,
    /// The calls that are being answered; closed when the server is about to stop.
    calls: TaskTracker,
}

impl HttpServer {
    pub fn new(service: Arc<Service>, options: HttpOptions) -> Arc<Self> {
        Arc::new(Self { service, options, metrics: Metrics::new(), calls: TaskTracker::new() })
    }

    /// From now on every call is told that the server is about to stop, and `/ready` says so. Transactions that are
    /// open are rolled back, so that nothing waits for them. Done when the calls that came before are answered.
    pub async fn drain(&self) {
        self.calls.close();
        self.service.roll_back_open().await;
        self.calls.wait().await;
    }

    fn is_draining(&self) -> bool {
        self.calls.is_closed()
    }
}

/// The whole contract as a router, under `/` and `/api/v1`.
pub fn router(server: Arc<HttpServer>) -> Router {
    let calls =
        calls::all().into_iter().fold(Router::new(), |router, entry| router.route(entry.path, entry.handler));
    Router::new()
        .merge(calls.clone())
        // A nested `/` answers without the slash only.
        .route("/api/v1/", get(routes::info))
        .nest("/api/v1", calls)
        .fallback(routes::no_such_path)
        .method_not_allowed_fallback(routes::no_such_method)
        .layer(from_fn_with_state(Arc::clone(&server), guard::guard))
        .with_state(server)
}
