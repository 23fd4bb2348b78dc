//! The guard through which every request goes before it reaches its route: it sets the request id, checks the token and
//! reads the headers of the contract.

use std::{
    net::{IpAddr, Ipv4Addr},
    sync::Arc,
    time::{Duration, Instant},
};

use axum::{
    extract::{ConnectInfo, MatchedPath, Request, State},
    middleware::Next,
    response::{IntoResponse, Response},
};
use http::{HeaderMap, HeaderValue, StatusCode, header};
use phantomdb_protocol::{
    API_PREFIX, CallContext, CallTransaction, Error, ErrorCode, ROUTES, Route, UnreachableReason,
    headers::{self, Header},
};
use phantomdb_service::Grant;
use tracing::Instrument as _;

use super::{
    answer::{HttpError, LogsItself, with_error_body},
    console, console_path,
    extract::Caller,
    forward::ForwardOutcome,
    listener::{Peer, PortUse},
    observe,
    request_id::{REQUEST_ID, request_id},
    server::HttpServer,
    spans::RequestSpan,
    trace::TraceParent,
    web_access::{CorsHeaders, WebAccess},
};
use crate::tokens::{Failure, Identity};

pub(super) async fn guard(
    State(server): State<Arc<HttpServer>>,
    mut request: Request,
    next: Next,
) -> Response {
    let start = Instant::now();
    let (id, caller) = (request_id(request.headers()), TraceParent::of(request.headers()));
    let route = route_of(&request);
    let mut request_span =
        RequestSpan::begin(server.options.traces.as_ref(), &mut request, caller.as_ref(), route);
    let own = request_span.as_ref().map(RequestSpan::trace_parent);
    let trace = own.as_ref().or(caller.as_ref());
    let peer = request.extensions().get::<ConnectInfo<Peer>>().map(|ConnectInfo(peer)| *peer);
    let span = tracing::info_span!(
        "request",
        id = id.to_str().unwrap_or_default(),
        method = %request.method(),
        // Without the query parameters, in which the values are.
        path = request.uri().path(),
        peer = peer.map(|peer| tracing::field::display(peer.address)),
        trace = trace.map(TraceParent::trace_id),
        parent = caller.as_ref().map(TraceParent::parent_id),
        token = tracing::field::Empty,
        database = tracing::field::Empty,
        statement = tracing::field::Empty,
    );
    let cors = server.options.web.answer_headers(request.headers());
    let answering = async {
        let call = server.calls.token();
        let answering = answered(&server, request, next, &id, trace, peer);
        // A call that is cut off is dropped, which interrupts its statement.
        let response = server.cut_off.run_until_cancelled(answering).await;
        let response = response.unwrap_or_else(|| HttpError::stopping().into_response());
        if response.extensions().get::<LogsItself>().is_none() {
            log(&response, start);
        }
        drop(call);
        response
    };
    let response = answering.instrument(span).await;
    let code = response.extensions().get::<Error>().map(|error| error.code);
    let mut response = with_error_body(response, &id, trace);
    server.metrics.record(route.map(|route| route.name), response.status(), code, start.elapsed());
    cors.add_to(response.headers_mut());
    if let Some(span) = &mut request_span {
        span.answered(&id, peer, response.status(), code);
    }
    response.headers_mut().insert(REQUEST_ID, id);
    match request_span {
        None => response,
        Some(span) => span.within(response),
    }
}

/// The answer to a request: that of its route, of the server that the route's call belongs to, or a refusal.
async fn answered(
    server: &HttpServer,
    mut request: Request,
    next: Next,
    id: &HeaderValue,
    trace: Option<&TraceParent>,
    peer: Option<Peer>,
) -> Response {
    if let Some(welcome) = console::welcome(server, &request) {
        return welcome;
    }
    match admitted(server, &request, id, trace, peer) {
        Ok(Admission::Preflight) => CorsHeaders::preflight_answer(),
        Ok(_) if server.is_draining() && !is_open(&request) => HttpError::stopping().into_response(),
        Ok(Admission::Caller(caller)) => {
            // Whoever has no token may ask this server only, and not another one through it.
            let forwarding = if is_open(&request) {
                None
            } else {
                server.options.peers.forwarding(&request, &caller.context)
            };
            request.extensions_mut().insert(*caller);
            match forwarding {
                None => next.run(request).await,
                Some(forwarding) => match forwarding.send(request, &server.options).await {
                    ForwardOutcome::Answered(response) => response,
                    ForwardOutcome::Unreachable(request) => next.run(request).await,
                },
            }
        }
        Err(refused) => {
            tokio::time::sleep(refused.delay).await;
            refused.error.into_response()
        }
    }
}

/// The guard of the port for metrics: it keeps web pages out, and asks for no token.
pub(super) async fn admin_guard(
    State(web): State<Arc<WebAccess>>,
    mut request: Request,
    next: Next,
) -> Response {
    let id = request_id(request.headers());
    let response = match web.check(&request) {
        Ok(()) => {
            let grant = Arc::new(Grant::everything());
            request.extensions_mut().insert(Caller { context: CallContext::default(), grant });
            next.run(request).await
        }
        Err(refused) => refused.into_response(),
    };
    let mut response = with_error_body(response, &id, None);
    response.headers_mut().insert(REQUEST_ID, id);
    response
}

/// The route of a request; none for a path that is no route.
fn route_of(request: &Request) -> Option<&'static Route> {
    let path = request.extensions().get::<MatchedPath>()?.as_str();
    let path = match path.strip_prefix(API_PREFIX) {
        Some("") => "/",
        Some(path) => path,
        None => path,
    };
    let method = request.method().as_str();
    ROUTES.iter().find(|route| route.path == path && route.method.as_str() == method)
}

/// A request that may go on.
enum Admission {
    /// A browser asks whether a page may send a request.
    Preflight,
    Caller(Box<Caller>),
}

/// Writes one line for each request, in the span that has its id.
fn log(response: &Response, start: Instant) {
    let status = response.status().as_u16();
    let took_ms = start.elapsed().as_secs_f64() * 1000.0;
    if let Some(error) = response.extensions().get::<Error>() {
        observe::refusal(error);
    }
    match response.extensions().get::<Error>() {
        None => tracing::info!(status, took_ms, "answered"),
        Some(error) if error.code == ErrorCode::Internal => {
            tracing::error!(status, took_ms, code = ?error.code, error.message, "failed");
        }
        // A caller's mistake is not a fault of the server, and its message may hold the caller's data.
        Some(error) => tracing::info!(status, took_ms, code = ?error.code, "refused"),
    }
}

/// A request that may not go on, and how long its answer is kept back.
struct Refused {
    error: HttpError,
    delay: Duration,
}

impl From<HttpError> for Box<Refused> {
    fn from(error: HttpError) -> Self {
        Self::new(Refused { error, delay: Duration::ZERO })
    }
}

/// Checks who the caller is, and reads what travels beside the call.
fn admitted(
    server: &HttpServer,
    request: &Request,
    id: &HeaderValue,
    trace: Option<&TraceParent>,
    peer: Option<Peer>,
) -> Result<Admission, Box<Refused>> {
    if peer.is_some_and(|peer| peer.port_use == PortUse::PlainInsteadOfTls) {
        return Err(HttpError::from(https_only()).into());
    }
    let web = &server.options.web;
    web.check(request)?;
    if web.is_preflight(request) {
        return Ok(Admission::Preflight);
    }
    let map = request.headers();
    refuse_repeated(map)?;
    refuse_encoded(map)?;
    let token = bearer(map);
    let identity = match server.options.tokens.identify(token) {
        Some(identity) => identity,
        // A route that needs no right looks at none.
        None if is_open(request) => Identity { grant: Arc::new(Grant::nothing()), owner: None },
        None => return Err(refuse_token(server, token, peer)),
    };
    if let Some(name) = identity.grant.name() {
        tracing::Span::current().record("token", name);
    }
    let transaction = text(map, headers::TRANSACTION)?.map(CallTransaction::parse).transpose();
    let transaction = transaction.map_err(HttpError::from)?;
    let (transaction, new_transaction) = transaction.map(CallTransaction::into_parts).unwrap_or_default();
    let context = CallContext {
        transaction,
        new_transaction,
        position: text(map, headers::POSITION)?,
        statement_timeout: milliseconds(map, headers::STATEMENT_TIMEOUT)?,
        idempotency_key: text(map, headers::IDEMPOTENCY_KEY)?,
        request_id: id.to_str().ok().map(str::to_owned),
        token: identity.owner,
        traceparent: trace.map(TraceParent::to_string),
        tracestate: trace.and_then(|_| text(map, headers::TRACESTATE).ok().flatten()),
        read_only: false,
        rows_as_arrays: accepts_rows(map),
    };
    Ok(Admission::Caller(Box::new(Caller { context, grant: identity.grant })))
}

/// The answer to a caller without a token, or with one that is not known. Each wrong one is answered later than the one
/// before.
fn refuse_token(server: &HttpServer, token: Option<&str>, peer: Option<Peer>) -> Box<Refused> {
    if token.is_none() {
        let message = "this server needs a token: send it as `Authorization: Bearer TOKEN`";
        return HttpError::new(ErrorCode::Unauthorized, message).into();
    }
    let address = peer.map_or(IpAddr::V4(Ipv4Addr::UNSPECIFIED), |peer| peer.address.ip());
    match server.failures.record(address, Instant::now()) {
        Failure::Blocked(wait) => {
            let seconds = wait.as_secs_f64().ceil();
            let message = format!("too many wrong tokens came from your address; try again in {seconds} s");
            let mut error = HttpError::new(ErrorCode::TooManyRequests, message);
            error.retry_after = Some(wait);
            error.into()
        }
        Failure::Delayed { delay, count } => {
            // Each of the first, then ever fewer of them, so that guessing does not fill the log.
            if count <= 10 || count.is_power_of_two() {
                tracing::warn!(%address, wrong_tokens = count, "a wrong or expired token was refused");
            }
            let message = "the token is wrong, or it has expired or was revoked";
            Box::new(Refused { error: HttpError::new(ErrorCode::Unauthorized, message), delay })
        }
    }
}

/// True for a request that is answered without a token. A load balancer asks `/health` and `/ready` and has none;
/// `/openapi.json` and the page of the console hold no secret.
fn is_open(request: &Request) -> bool {
    let path = request.uri().path();
    if console_path::is_path(path) {
        return true;
    }
    let path = path.strip_prefix(API_PREFIX).unwrap_or(path);
    ROUTES.iter().any(|route| route.needs.is_none() && route.path == path)
}

/// Others may have read a token that came over plain HTTP, so the request is refused before anything is done with it.
fn https_only() -> Error {
    let message = "this port speaks HTTPS only; begin the URL with https://";
    Error::new(ErrorCode::BadRequest, message).with_reason(UnreachableReason::InvalidUrl)
}

/// A proxy may look at another of two headers than this server does, so neither counts.
fn refuse_repeated(map: &HeaderMap) -> Result<(), HttpError> {
    const ONCE: [&str; 6] = [
        "host",
        "authorization",
        headers::TRANSACTION.name,
        headers::IDEMPOTENCY_KEY.name,
        headers::POSITION.name,
        headers::STATEMENT_TIMEOUT.name,
    ];
    match ONCE.into_iter().find(|name| map.get_all(*name).iter().nth(1).is_some()) {
        None => Ok(()),
        Some(name) => {
            let message = format!("the header {name} may be sent once only");
            Err(HttpError::new(ErrorCode::BadRequest, message))
        }
    }
}

/// A small compressed body can be a large one, so none is taken.
fn refuse_encoded(map: &HeaderMap) -> Result<(), HttpError> {
    match map.get(header::CONTENT_ENCODING) {
        Some(encoding) if encoding != "identity" => {
            let message = "the server takes no compressed bodies; send it without Content-Encoding";
            let mut error = HttpError::new(ErrorCode::BadRequest, message);
            error.status = StatusCode::UNSUPPORTED_MEDIA_TYPE;
            Err(error)
        }
        _ => Ok(()),
    }
}

fn bearer(map: &HeaderMap) -> Option<&str> {
    let (scheme, token) = map.get(header::AUTHORIZATION)?.to_str().ok()?.split_once(' ')?;
    scheme.eq_ignore_ascii_case("bearer").then_some(token.trim())
}

fn text(map: &HeaderMap, header: Header) -> Result<Option<String>, HttpError> {
    map.get(header.name).map(|value| value.to_str().map(str::to_owned)).transpose().map_err(|_| {
        HttpError::new(ErrorCode::BadRequest, format!("the header {} must be ASCII", header.name))
    })
}

fn milliseconds(map: &HeaderMap, header: Header) -> Result<Option<u64>, HttpError> {
    let Some(text) = text(map, header)? else { return Ok(None) };
    match text.trim().parse() {
        Ok(milliseconds) if milliseconds > 0 => Ok(Some(milliseconds)),
        _ => {
            let message =
                format!("the header {} must be a whole number of milliseconds above 0", header.title);
            Err(HttpError::new(ErrorCode::BadRequest, message))
        }
    }
}

fn accepts_rows(map: &HeaderMap) -> bool {
    map.get(header::ACCEPT).and_then(|accept| accept.to_str().ok()).is_some_and(|accept| {
        accept
            .split(',')
            .any(|range| range.split(';').next().is_some_and(|name| name.trim() == headers::ROWS))
    })
}
