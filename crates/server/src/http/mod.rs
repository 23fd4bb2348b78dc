//! The REST contract over HTTP.

mod answer;
mod body;
mod extract;
mod guard;
mod handlers;
mod listener;
mod metrics;
mod openapi;
mod peers;
mod queries;
mod request_id;
mod server;
mod trace;

use std::sync::Arc;

use axum::{
    Router,
    middleware::from_fn_with_state,
    routing::{MethodFilter, MethodRouter, get, on},
};
use phantomdb_protocol::{API_PREFIX, Call, Endpoint, Method, ROUTES, Route, ServerEndpoint};

pub use self::{
    listener::{Listener, PortUse},
    peers::Peers,
    server::{HttpOptions, HttpServer},
};

/// The whole contract as a router, under `/` and under `/api/v1`.
pub fn router(server: Arc<HttpServer>) -> Router {
    let calls =
        ROUTES.iter().fold(Router::new(), |router, route| router.route(route.path, method_router(route)));
    Router::new()
        .merge(calls.clone())
        // A nested `/` answers without the slash only.
        .route(&format!("{API_PREFIX}/"), method_router(Call::ServerInfo.route()))
        .nest(API_PREFIX, calls)
        .fallback(handlers::no_such_path)
        .method_not_allowed_fallback(handlers::no_such_method)
        .layer(from_fn_with_state(Arc::clone(&server), guard::guard))
        .with_state(server)
}

fn method_router(route: &'static Route) -> MethodRouter<Arc<HttpServer>> {
    match route.endpoint {
        Endpoint::Call(read) => on(method_filter(route.method), move |server, caller, segments, request| {
            handlers::call(route, read, server, caller, segments, request)
        }),
        Endpoint::Server(ServerEndpoint::Health) => get(handlers::health),
        Endpoint::Server(ServerEndpoint::Ready) => get(handlers::ready),
        Endpoint::Server(ServerEndpoint::Metrics) => get(handlers::metrics),
        Endpoint::Server(ServerEndpoint::OpenApi) => get(handlers::openapi),
        Endpoint::Server(ServerEndpoint::Queries) => on(method_filter(route.method), queries::queries),
    }
}

const fn method_filter(method: Method) -> MethodFilter {
    match method {
        Method::Get => MethodFilter::GET,
        Method::Post => MethodFilter::POST,
        Method::Put => MethodFilter::PUT,
        Method::Patch => MethodFilter::PATCH,
        Method::Delete => MethodFilter::DELETE,
    }
}
