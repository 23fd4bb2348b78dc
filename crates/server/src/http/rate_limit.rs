//! The requests in a second for each token, or for each address when the server has no tokens, and the length of their
//! headers.

use std::{sync::Arc, time::Instant};

use axum::{
    extract::{ConnectInfo, Request, State},
    middleware::Next,
    response::{IntoResponse as _, Response},
};
use http::StatusCode;
use phantomdb_engine::limits::{HEADER_BYTES_MAX, RATE_LIMIT};

use super::{answer::HttpError, extract, listener::Peer, rate_limiter::Caller, server::HttpServer};
use crate::tokens::network;

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
