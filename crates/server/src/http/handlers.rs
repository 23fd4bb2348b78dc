//! The functions that answer requests: one for all calls, and one for each request that the server answers by itself.

use std::sync::{Arc, LazyLock};

use axum::{
    Json,
    extract::{Request, State},
    response::{IntoResponse, Response},
};
use http::{HeaderValue, StatusCode};
use phantomdb_protocol::{Call, ErrorCode, ROUTES, RequestReader, Route, Status, headers};

use super::{
    answer::{HttpError, JSON, reply_response, respond},
    body,
    extract::{Caller, Segments},
    openapi,
    server::HttpServer,
};

type ReadCall = fn(&mut RequestReader<'_>) -> phantomdb_protocol::Result<Call>;

/// Reads the call of a request as its route says, and answers it.
pub(super) async fn call(
    route: &'static Route,
    read: ReadCall,
    State(server): State<Arc<HttpServer>>,
    Caller(context): Caller,
    Segments(segments): Segments,
    request: Request,
) -> Result<Response, HttpError> {
    let call = {
        let (parts, body) = request.into_parts();
        let body = match route.body {
            Some(_) => body::read(body, server.options.body_max).await?,
            None => Vec::new(),
        };
        let query = parts.uri.query().unwrap_or_default();
        read(&mut route.reader(segments, query, &body)?)?
    };
    let reply = server.service.call(call, context).await?;
    Ok(reply_response(StatusCode::from_u16(route.status).unwrap_or_default(), reply))
}

pub(super) async fn no_such_path() -> HttpError {
    HttpError::new(ErrorCode::NotFound, "there is no such path; the calls are listed in the REST contract")
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

pub(super) async fn ready(State(server): State<Arc<HttpServer>>) -> Response {
    if server.is_draining() {
        return HttpError::stopping().into_response();
    }
    match server.service.ready().await {
        Ok(()) => Json(Status { status: "ready" }).into_response(),
        Err(error) => {
            tracing::error!(code = ?error.code, "the engine is not ready");
            HttpError::new(ErrorCode::Unavailable, "the engine cannot be reached").into_response()
        }
    }
}

pub(super) async fn metrics(State(server): State<Arc<HttpServer>>) -> Response {
    let text = server.metrics.text(&server.service);
    respond(StatusCode::OK, HeaderValue::from_static(headers::METRICS), text)
}
