//! The guard through which every request goes before it reaches its route: it sets the request id, checks the token and
//! reads the headers of the contract.

use std::{sync::Arc, time::Instant};

use axum::{
    extract::{ConnectInfo, Request, State},
    middleware::Next,
    response::{IntoResponse, Response},
};
use http::{HeaderMap, HeaderValue, header};
use phantomdb_protocol::{
    API_PREFIX, CallContext, Error, ErrorCode, ServerEndpoint, UnreachableReason,
    headers::{self, Header},
};
use subtle::{Choice, ConstantTimeEq};
use tracing::Instrument as _;

use super::{
    answer::{HttpError, LogsItself, with_error_body},
    listener::PortUse,
    peers::ForwardOutcome,
    request_id::{REQUEST_ID, request_id},
    server::HttpServer,
    trace::TraceParent,
};

/// Answered without a token. A load balancer asks for the first two and has none; the third holds no secret. None of them
/// needs the database.
const OPEN: [ServerEndpoint; 3] = [ServerEndpoint::Health, ServerEndpoint::Ready, ServerEndpoint::OpenApi];

pub(super) async fn guard(
    State(server): State<Arc<HttpServer>>,
    mut request: Request,
    next: Next,
) -> Response {
    let (id, trace) = (request_id(request.headers()), TraceParent::of(request.headers()));
    let span = tracing::info_span!(
        "request",
        id = id.to_str().unwrap_or_default(),
        method = %request.method(),
        // Without the query parameters, in which the values are.
        path = request.uri().path(),
        trace = trace.as_ref().map(TraceParent::trace_id),
        parent = trace.as_ref().map(TraceParent::parent_id),
    );
    let answering = async {
        let start = Instant::now();
        let call = server.calls.token();
        let response = match context(&server, &request, &id, trace.as_ref()) {
            Ok(_) if server.is_draining() && !is_open(&request) => HttpError::stopping().into_response(),
            Ok(context) => {
                // Whoever has no token may ask this server only, and not another one through it.
                let forwarding = if is_open(&request) {
                    None
                } else {
                    server.options.peers.forwarding(&request, &context)
                };
                request.extensions_mut().insert(context);
                match forwarding {
                    None => next.run(request).await,
                    Some(forwarding) => match forwarding.send(request, server.options.body_max).await {
                        ForwardOutcome::Answered(response) => response,
                        ForwardOutcome::Unreachable(request) => next.run(request).await,
                    },
                }
            }
            Err(refused) => refused.into_response(),
        };
        if response.extensions().get::<LogsItself>().is_none() {
            log(&response, start);
        }
        drop(call);
        response
    };
    let response = answering.instrument(span).await;
    let mut response = with_error_body(response, &id, trace.as_ref());
    server.metrics.count(response.status());
    response.headers_mut().insert(REQUEST_ID, id);
    response
}

/// Writes one line for each request, in the span that has its id.
fn log(response: &Response, start: Instant) {
    let status = response.status().as_u16();
    let took_ms = start.elapsed().as_secs_f64() * 1000.0;
    match response.extensions().get::<Error>() {
        None => tracing::info!(status, took_ms, "answered"),
        Some(error) if error.code == ErrorCode::Internal => {
            tracing::error!(status, took_ms, code = ?error.code, error.message, "failed");
        }
        // A caller's mistake is not a fault of the server, and its message may hold the caller's data.
        Some(error) => tracing::info!(status, took_ms, code = ?error.code, "refused"),
    }
}

/// Checks the token, and reads what travels beside the call.
fn context(
    server: &HttpServer,
    request: &Request,
    id: &HeaderValue,
    trace: Option<&TraceParent>,
) -> Result<CallContext, HttpError> {
    if let Some(ConnectInfo(PortUse::PlainInsteadOfTls)) = request.extensions().get() {
        return Err(https_only().into());
    }
    let map = request.headers();
    let token = bearer(map);
    if !is_open(request) && !server.options.tokens.is_empty() {
        let allowed = token.is_some_and(|token| is_one_of(token, &server.options.tokens));
        if !allowed {
            let message = "this server needs a token: send it as `Authorization: Bearer TOKEN`";
            return Err(HttpError::new(ErrorCode::Unauthorized, message));
        }
    }
    Ok(CallContext {
        transaction: text(map, headers::TRANSACTION)?,
        position: text(map, headers::POSITION)?,
        idempotency_key: text(map, headers::IDEMPOTENCY_KEY)?,
        request_id: id.to_str().ok().map(str::to_owned),
        token: token.map(str::to_owned),
        traceparent: trace.map(TraceParent::to_string),
        tracestate: trace.and_then(|_| text(map, headers::TRACESTATE).ok().flatten()),
        read_only: false,
        rows_as_arrays: accepts_rows(map),
    })
}

fn is_open(request: &Request) -> bool {
    let path = request.uri().path();
    let path = path.strip_prefix(API_PREFIX).unwrap_or(path);
    OPEN.iter().any(|endpoint| endpoint.route().path == path)
}

/// Others may have read a token that came over plain HTTP, so the request is refused before anything is done with it.
fn https_only() -> Error {
    let message = "this port speaks HTTPS only; begin the URL with https://";
    Error::new(ErrorCode::BadRequest, message).with_reason(UnreachableReason::InvalidUrl)
}

fn bearer(map: &HeaderMap) -> Option<&str> {
    let (scheme, token) = map.get(header::AUTHORIZATION)?.to_str().ok()?.split_once(' ')?;
    scheme.eq_ignore_ascii_case("bearer").then_some(token.trim())
}

/// Compares in constant time: how long it takes tells neither how much of the token is right nor which token it resembles.
fn is_one_of(token: &str, tokens: &[String]) -> bool {
    tokens
        .iter()
        .fold(Choice::from(0), |found, valid| found | valid.as_bytes().ct_eq(token.as_bytes()))
        .into()
}

fn text(map: &HeaderMap, header: Header) -> Result<Option<String>, HttpError> {
    map.get(header.name).map(|value| value.to_str().map(str::to_owned)).transpose().map_err(|_| {
        HttpError::new(ErrorCode::BadRequest, format!("the header {} must be ASCII", header.name))
    })
}

fn accepts_rows(map: &HeaderMap) -> bool {
    map.get(header::ACCEPT).and_then(|accept| accept.to_str().ok()).is_some_and(|accept| {
        accept
            .split(',')
            .any(|range| range.split(';').next().is_some_and(|name| name.trim() == headers::ROWS))
    })
}
