//! The calls over HTTP.

mod answer;
mod extract;
mod guard;
mod metrics;
mod peers;
mod query_string;
mod routes;
mod trace;

use std::sync::{
    Arc,
    atomic::{AtomicBool, Ordering},
};

use axum::{
    Router,
    middleware::from_fn_with_state,
    routing::{get, post},
};

use self::metrics::Metrics;
pub use self::peers::Peers;
use crate::service::Service;

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
    draining: AtomicBool,
}

impl HttpServer {
    pub fn new(service: Arc<Service>, options: HttpOptions) -> Arc<Self> {
        Arc::new(Self { service, options, metrics: Metrics::new(), draining: AtomicBool::new(false) })
    }

    /// From now on `/ready` says that the server is about to stop.
    pub fn drain(&self) {
        self.draining.store(true, Ordering::Relaxed);
    }

    fn is_draining(&self) -> bool {
        self.draining.load(Ordering::Relaxed)
    }
}

/// The whole contract as a router, under `/` and `/api/v1`.
pub fn router(server: Arc<HttpServer>) -> Router {
    let calls = Router::new()
        .route("/", get(routes::info))
        .route("/health", get(routes::health))
        .route("/ready", get(routes::ready))
        .route("/metrics", get(routes::metrics))
        .route("/databases", get(routes::list_databases).post(routes::create_database))
        .route("/databases/{db}", axum::routing::delete(routes::drop_database))
        .route("/databases/{db}/tables", get(routes::list_tables).post(routes::create_table))
        .route(
            "/databases/{db}/tables/{table}",
            get(routes::find).put(routes::update_rows).delete(routes::drop_table).patch(routes::alter_table),
        )
        .route("/databases/{db}/tables/{table}/schema", get(routes::describe_table))
        .route("/databases/{db}/tables/{table}/indexes", post(routes::create_index))
        .route("/databases/{db}/tables/{table}/indexes/{name}", axum::routing::delete(routes::drop_index))
        .route("/databases/{db}/tables/{table}/rows", post(routes::insert_rows).delete(routes::delete_rows))
        .route("/databases/{db}/query", post(routes::query))
        .route("/databases/{db}/batch", post(routes::batch))
        .route("/transactions", post(routes::begin_transaction))
        .route("/transactions/{id}/commit", post(routes::commit_transaction))
        .route("/transactions/{id}/rollback", post(routes::rollback_transaction));
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
