//! What happens to every request before its route: the request id, the token, the headers of the contract.

use std::{sync::Arc, time::Instant};

use axum::{
    extract::{ConnectInfo, Request, State},
    middleware::Next,
    response::{IntoResponse, Response},
};
use http::{HeaderMap, HeaderName, HeaderValue, header};
use phantomdb_protocol::{CallContext, Error, ErrorCode};
use subtle::{Choice, ConstantTimeEq};
use tracing::Instrument as _;

use super::{
    HttpServer, Reached,
    answer::{HttpError, with_error_body},
    peers::Passed,
    queries::LoggedAtItsEnd,
    trace::TraceParent,
};

const REQUEST_ID: HeaderName = HeaderName::from_static("x-request-id");
pub(super) const TRANSACTION: &str = "phantomdb-transaction";
pub(super) const POSITION: &str = "phantomdb-position";
const IDEMPOTENCY_KEY: &str = "idempotency-key";
/// Makes a find answer its rows as arrays.
const ROWS: &str = "application/vnd.phantomdb.rows+json";
const REQUEST_ID_LENGTH_MAX: usize = 128;

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
        // Without what follows the `?`, where the values are.
        path = request.uri().path(),
        trace = trace.as_ref().map(TraceParent::trace_id),
        parent = trace.as_ref().map(TraceParent::parent_id),
    );
    let answered = async {
        let begun = Instant::now();
        let call = server.calls.token();
        let response = match context(&server, &request, &id, trace.as_ref()) {
            Ok(_) if server.is_draining() && !is_open(&request) => HttpError::stopping().into_response(),
            Ok(context) => {
                let target = server.options.peers.target(&request, &context);
                request.extensions_mut().insert(context);
                match target {
                    None => next.run(request).await,
                    Some(target) => match target.pass(request, server.options.body_max).await {
                        Passed::Answered(response) => response,
                        Passed::Unreached(request) => next.run(request).await,
                    },
                }
            }
            Err(refused) => refused.into_response(),
        };
        if response.extensions().get::<LoggedAtItsEnd>().is_none() {
            log(&response, begun);
        }
        drop(call);
        response
    };
    let response = answered.instrument(span).await;
    let mut response = with_error_body(response, &id, trace.as_ref());
    server.metrics.count(response.status());
    response.headers_mut().insert(REQUEST_ID, id);
    response
}

/// One line for each request, in the span that has its id.
fn log(response: &Response, begun: Instant) {
    let status = response.status().as_u16();
    let took_ms = begun.elapsed().as_secs_f64() * 1000.0;
    match response.extensions().get::<Error>() {
        None => tracing::info!(status, took_ms, "answered"),
        Some(error) if error.code == ErrorCode::Internal => {
            tracing::error!(status, took_ms, code = ?error.code, error.message, "failed");
        }
        // A caller's mistake is no fault of the server, and its message may name what is the caller's.
        Some(error) => tracing::info!(status, took_ms, code = ?error.code, "refused"),
    }
}

/// The caller's own id when it is a sane one, so that both logs agree; else a new one.
fn request_id(headers: &HeaderMap) -> HeaderValue {
    if let Some(id) = headers.get(REQUEST_ID)
        && id.to_str().is_ok_and(is_request_id)
    {
        return id.clone();
    }
    let mut buffer = uuid::Uuid::encode_buffer();
    let id = uuid::Uuid::new_v4().hyphenated().encode_lower(&mut buffer);
    HeaderValue::from_str(id).unwrap_or_else(|_| HeaderValue::from_static("none"))
}

/// Whether the text may stand for a request in logs: a short one without control characters.
pub(super) fn is_request_id(text: &str) -> bool {
    (1..=REQUEST_ID_LENGTH_MAX).contains(&text.len())
        && text.bytes().all(|byte| byte == b'\t' || (b' '..=b'~').contains(&byte))
}

fn context(
    server: &HttpServer,
    request: &Request,
    id: &HeaderValue,
    trace: Option<&TraceParent>,
) -> Result<CallContext, HttpError> {
    if let Some(ConnectInfo(Reached::Unsecured)) = request.extensions().get() {
        return Err(unsecured().into());
    }
    let headers = request.headers();
    let token = bearer(headers);
    if !is_open(request) && !server.options.tokens.is_empty() {
        let allowed = token.is_some_and(|token| is_one_of(token, &server.options.tokens));
        if !allowed {
            let message = "this server needs a token: send it as `Authorization: Bearer TOKEN`";
            return Err(HttpError::new(ErrorCode::Unauthorized, message));
        }
    }
    Ok(CallContext {
        transaction: text(headers, TRANSACTION)?,
        position: text(headers, POSITION)?,
        idempotency_key: text(headers, IDEMPOTENCY_KEY)?,
        request_id: id.to_str().ok().map(str::to_owned),
        token: token.map(str::to_owned),
        traceparent: trace.map(TraceParent::to_string),
        tracestate: trace.and_then(|_| text(headers, "tracestate").ok().flatten()),
        read_only: false,
        rows_as_arrays: accepts_rows(headers),
    })
}

/// A load balancer asks for the first two and has no token; the third holds no secret. None of them needs the database.
fn is_open(request: &Request) -> bool {
    let path = request.uri().path();
    matches!(path.strip_prefix("/api/v1").unwrap_or(path), "/health" | "/ready" | "/openapi.json")
}

/// A token that came this way has been seen by others; nothing is done with it.
fn unsecured() -> Error {
    let message = "this port speaks HTTPS only; begin the URL with https://";
    let mut error = Error::new(ErrorCode::BadRequest, message);
    error.details.value = Some("invalid_url".to_owned());
    error
}

fn bearer(headers: &HeaderMap) -> Option<&str> {
    let (scheme, token) = headers.get(header::AUTHORIZATION)?.to_str().ok()?.split_once(' ')?;
    scheme.eq_ignore_ascii_case("bearer").then_some(token.trim())
}

/// In a time that does not tell how much of the token is right, nor which one it is like.
fn is_one_of(token: &str, tokens: &[String]) -> bool {
    tokens
        .iter()
        .fold(Choice::from(0), |found, known| found | known.as_bytes().ct_eq(token.as_bytes()))
        .into()
}

fn text(headers: &HeaderMap, name: &str) -> Result<Option<String>, HttpError> {
    headers
        .get(name)
        .map(|value| value.to_str().map(str::to_owned))
        .transpose()
        .map_err(|_| HttpError::new(ErrorCode::BadRequest, format!("the header {name} must be ASCII")))
}

fn accepts_rows(headers: &HeaderMap) -> bool {
    headers.get(header::ACCEPT).and_then(|accept| accept.to_str().ok()).is_some_and(|accept| {
        accept.split(',').any(|one| one.split(';').next().is_some_and(|kind| kind.trim() == ROWS))
    })
}
