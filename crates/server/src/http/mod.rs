//! The REST contract over HTTP.

mod activity;
mod answer;
mod backup;
mod body;
mod connection_limits;
mod connections;
mod console;
mod console_path;
mod extract;
mod forward;
mod guard;
mod handed_out;
mod handlers;
mod held;
mod listener;
mod metrics;
mod observe;
mod openapi;
mod options;
mod peers;
mod polled_again;
mod queries;
mod rate_limit;
mod rate_limiter;
mod request_id;
mod right;
mod server;
mod slow_calls;
mod spans;
mod stream;
mod trace;
mod web_access;

use std::sync::Arc;

use axum::{
    Router,
    middleware::from_fn_with_state,
    routing::{MethodFilter, MethodRouter, get, on},
};
use phantomdb_protocol::{API_PREFIX, Call, Endpoint, Method, ROUTES, Route, ServerEndpoint};

pub use self::{
    listener::{Listener, Peer, PortUse},
    peers::Peers,
    server::HttpServer,
    web_access::{WebAccess, host_name, origin},
};
pub use connection_limits::ConnectionLimits;
pub use options::HttpOptions;

pub(crate) use self::connections::serve as serve_connections;
/// The metrics and the state of the server as a router of their own, for callers without a token.
pub fn admin_router(server: Arc<HttpServer>, web: WebAccess) -> Router {
    let endpoints = [ServerEndpoint::Health, ServerEndpoint::Ready, ServerEndpoint::Metrics];
    let routes = endpoints.into_iter().fold(Router::new(), |router, endpoint| {
        router.route(endpoint.route().path, method_router(endpoint.route()))
    });
    routes
        .fallback(handlers::no_such_path)
        .method_not_allowed_fallback(handlers::no_such_method)
        .layer(from_fn_with_state(Arc::new(web), guard::admin_guard))
        .with_state(server)
}

/// The whole contract as a router, under `/` and under `/api/v1`, and the console.
pub fn router(server: Arc<HttpServer>) -> Router {
    let calls =
        ROUTES.iter().fold(Router::new(), |router, route| router.route(route.path, method_router(route)));
    Router::new()
        .merge(calls.clone())
        // A nested `/` answers without the slash only.
        .route(&format!("{API_PREFIX}/"), method_router(Call::ServerInfo.route()))
        .nest(API_PREFIX, calls)
        .merge(console::router())
        .fallback(handlers::no_such_path)
        .method_not_allowed_fallback(handlers::no_such_method)
        .layer(from_fn_with_state(Arc::clone(&server), rate_limit::limit))
        .layer(from_fn_with_state(Arc::clone(&server), guard::guard))
        .with_state(server)
}

/// Answers the requests of a route, each after the check of the right that the route needs.
fn method_router(route: &'static Route) -> MethodRouter<Arc<HttpServer>> {
    handler(route).route_layer(from_fn_with_state(route, right::check))
}

fn handler(route: &'static Route) -> MethodRouter<Arc<HttpServer>> {
    match route.endpoint {
        Endpoint::Call(read) => on(method_filter(route.method), move |server, caller, segments, request| {
            handlers::call(route, read, server, caller, segments, request)
        }),
        Endpoint::Server(ServerEndpoint::Health) => get(handlers::health),
        Endpoint::Server(ServerEndpoint::Ready) => get(handlers::ready),
        Endpoint::Server(ServerEndpoint::Metrics) => get(handlers::metrics),
        Endpoint::Server(ServerEndpoint::OpenApi) => get(handlers::openapi),
        Endpoint::Server(ServerEndpoint::Grant) => get(handlers::grant),
        Endpoint::Server(ServerEndpoint::OpenTransactions) => get(handlers::open_transactions),
        Endpoint::Server(ServerEndpoint::EndTransaction) => {
            on(method_filter(route.method), handlers::end_transaction)
        }
        Endpoint::Server(ServerEndpoint::SlowCalls) => get(handlers::slow_calls),
        Endpoint::Server(ServerEndpoint::Backup) => on(method_filter(route.method), backup::backup),
        Endpoint::Server(ServerEndpoint::CreateFromBackup) => on(method_filter(route.method), backup::create),
        Endpoint::Server(ServerEndpoint::RestoreBackup) => on(method_filter(route.method), backup::restore),
        Endpoint::Server(ServerEndpoint::Queries) => on(method_filter(route.method), queries::queries),
        Endpoint::Server(ServerEndpoint::Stream) => on(method_filter(route.method), stream::stream),
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
