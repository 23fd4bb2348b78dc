//! The functions that answer requests: one for all calls, and one for each request that the server answers by itself.

use std::sync::{Arc, LazyLock};

use axum::{
    Json,
    extract::{Request, State},
    response::{IntoResponse, Response},
};
use http::{HeaderValue, StatusCode};
use phantomdb_protocol::{
    Call, ErrorCode, GrantDescription, OpenTransactions, ROUTES, RequestReader, Route, SlowCalls, Status,
    headers,
};

use super::{
    answer::{HttpError, JSON, reply_response, respond, set_begun},
    body,
    extract::{Caller, Segments},
    held::Held,
    observe, openapi,
    server::HttpServer,
};
use crate::otlp::Traces;

type ReadCall = fn(&mut RequestReader<'_>) -> phantomdb_protocol::Result<Call>;

/// Reads the call of a request as its route says, and answers it.
pub(super) async fn call(
    route: &'static Route,
    read: ReadCall,
    State(server): State<Arc<HttpServer>>,
    Caller { context, grant }: Caller,
    Segments(segments): Segments,
    request: Request,
) -> Result<Response, HttpError> {
    let call = {
        let (parts, body) = request.into_parts();
        let body = match route.body {
            Some(_) => body::read(body, &server.options).await?,
            None => Held::new(Vec::new(), None),
        };
        let query = parts.uri.query().unwrap_or_default();
        read(&mut route.reader(segments, query, &body)?)?
    };
    let begun = context.new_transaction.as_ref().map(|new| Arc::clone(&new.begun));
    let status = StatusCode::from_u16(route.status).unwrap_or_default();
    let mut response = match observe::call(&server, call, context, grant).await {
        Ok(reply) => reply_response(status, reply, server.options.bytes_in_flight.as_ref()),
        Err(error) => HttpError::from(error).into_response(),
    };
    if let Some(begun) = begun.as_ref().and_then(|begun| begun.get()) {
        set_begun(&mut response, begun);
    }
    Ok(response)
}

pub(super) async fn no_such_path() -> HttpError {
    HttpError::new(ErrorCode::NotFound, "there is no such path; GET /openapi.json lists the calls")
}

pub(super) async fn no_such_method() -> HttpError {
    let message = "this path does not take this method; the header Allow names those it takes";
    let mut error = HttpError::new(ErrorCode::BadRequest, message);
    error.status = StatusCode::METHOD_NOT_ALLOWED;
    error
}

pub(super) async fn health() -> Json<Status> {
    Json(Status { status: "healthy" })
}

pub(super) async fn openapi() -> Response {
    static DOCUMENT: LazyLock<String> = LazyLock::new(|| openapi::document(ROUTES));
    respond(StatusCode::OK, JSON, DOCUMENT.as_str())
}

pub(super) async fn grant(Caller { context: _, grant }: Caller) -> Json<GrantDescription> {
    Json(GrantDescription {
        name: grant.name().map(str::to_owned),
        rights: grant.rights().iter().collect(),
        databases: grant.databases().iter().map(|pattern| pattern.as_str().to_owned()).collect(),
    })
}

pub(super) async fn open_transactions(
    State(server): State<Arc<HttpServer>>,
    Caller { context: _, grant }: Caller,
) -> Result<Json<OpenTransactions>, HttpError> {
    Ok(Json(server.service.open_transactions(&grant).await?))
}

pub(super) async fn end_transaction(
    State(server): State<Arc<HttpServer>>,
    Caller { context: _, grant }: Caller,
    Segments(segments): Segments,
) -> Result<StatusCode, HttpError> {
    let id = segments.first().map(String::as_str).unwrap_or_default();
    server.service.end_transaction(id, &grant).await?;
    tracing::info!(target: observe::AUDIT, event = "ended", transaction = id, token = grant.name());
    Ok(StatusCode::NO_CONTENT)
}

pub(super) async fn slow_calls(
    State(server): State<Arc<HttpServer>>,
    Caller { context: _, grant }: Caller,
) -> Json<SlowCalls> {
    let slow_after = u64::try_from(server.slow_calls.slow_after.as_millis()).unwrap_or(u64::MAX);
    Json(SlowCalls { slow_after, calls: server.slow_calls.list(&grant) })
}

pub(super) async fn ready(State(server): State<Arc<HttpServer>>) -> Response {
    if server.is_draining() {
        return HttpError::stopping().into_response();
    }
    match server.service.ready().await {
        Ok(()) => Json(Status { status: "ready" }).into_response(),
        Err(error) => {
            tracing::error!(code = ?error.code, "the engine is not ready");
            let message = match error.code {
                ErrorCode::StorageFull => "there is no space left on the disk of the databases",
                _ => "the engine cannot take writes",
            };
            HttpError::new(ErrorCode::Unavailable, message).into_response()
        }
    }
}

pub(super) async fn metrics(State(server): State<Arc<HttpServer>>) -> Result<Response, HttpError> {
    let lost_spans = server.options.traces.as_ref().map(Traces::lost);
    let text = server.metrics.text(&server.service, lost_spans).await?;
    Ok(respond(StatusCode::OK, HeaderValue::from_static(headers::METRICS), text))
}
