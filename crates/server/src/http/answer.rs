//! Answers and errors as HTTP responses.

use std::{sync::Arc, time::Duration};

use axum::{
    body::Body,
    response::{IntoResponse, Response},
};
use http::{HeaderValue, StatusCode, header};
use phantomdb_engine::BytesInFlight;
use phantomdb_protocol::{BegunTransaction, Error, ErrorCode, UnreachableReason, headers};
use phantomdb_service::Reply;

use super::{held, trace::TraceParent};

pub(super) const JSON: HeaderValue = HeaderValue::from_static(headers::JSON);

/// Marks a response that logs itself when all of its body is sent.
#[derive(Debug, Clone, Copy)]
pub(super) struct LogsItself;

/// An error as the answer to a request.
#[derive(Debug)]
pub(super) struct HttpError {
    pub(super) error: Error,
    pub(super) status: StatusCode,
    /// When the caller may try again, if that is known.
    pub(super) retry_after: Option<Duration>,
}

/// Goes with the response of an error until its headers are written.
#[derive(Debug, Clone, Copy)]
struct RetryAfter(Duration);

impl From<Error> for HttpError {
    fn from(error: Error) -> Self {
        let status =
            StatusCode::from_u16(error.code.http_status()).unwrap_or(StatusCode::INTERNAL_SERVER_ERROR);
        Self { error, status, retry_after: None }
    }
}

impl HttpError {
    pub(super) fn new(code: ErrorCode, message: impl Into<String>) -> Self {
        Error::new(code, message).into()
    }

    /// The reason tells a client that it is worthwhile to wait for the server that is started next.
    pub(super) fn stopping() -> Self {
        Error::new(ErrorCode::Unavailable, "the server is stopping; try again soon")
            .with_reason(UnreachableReason::Stopping)
            .into()
    }
}

impl IntoResponse for HttpError {
    /// Leaves the body empty: the guard, through which every response goes, writes it with the request id.
    fn into_response(self) -> Response {
        let mut response = Response::new(Body::empty());
        *response.status_mut() = self.status;
        response.extensions_mut().insert(self.error);
        if let Some(wait) = self.retry_after {
            response.extensions_mut().insert(RetryAfter(wait));
        }
        response
    }
}

/// Writes the body of a response that an error became.
pub(super) fn with_error_body(
    response: Response,
    request_id: &HeaderValue,
    trace: Option<&TraceParent>,
) -> Response {
    let (mut parts, body) = response.into_parts();
    let Some(mut error) = parts.extensions.remove::<Error>() else {
        return Response::from_parts(parts, body);
    };
    error.request_id = request_id.to_str().ok().map(str::to_owned);
    error.trace_id = trace.map(|trace| trace.trace_id().to_owned());
    let body = serde_json::to_vec(&error).unwrap_or_default();
    parts.headers.insert(header::CONTENT_TYPE, JSON);
    match error.code {
        ErrorCode::Unauthorized => {
            parts.headers.insert(header::WWW_AUTHENTICATE, HeaderValue::from_static("Bearer"));
        }
        ErrorCode::TooManyRequests | ErrorCode::Unavailable => {
            let wait = parts.extensions.remove().map_or(1.0, |RetryAfter(wait)| wait.as_secs_f64().ceil());
            parts.headers.insert(header::RETRY_AFTER, HeaderValue::from(wait as u64));
        }
        _ => {}
    }
    Response::from_parts(parts, body.into())
}

pub(super) fn respond(status: StatusCode, media_type: HeaderValue, body: impl Into<Body>) -> Response {
    let mut response = Response::new(body.into());
    *response.status_mut() = status;
    response.headers_mut().insert(header::CONTENT_TYPE, media_type);
    response
}

/// Names the transaction that began with the call, also beside an error: the transaction goes on.
pub(super) fn set_begun(response: &mut Response, begun: &BegunTransaction) {
    let BegunTransaction { id, server } = begun;
    for (header, text) in [(headers::TRANSACTION, Some(id)), (headers::SERVER, server.as_ref())] {
        if let Some(value) = text.and_then(|text| HeaderValue::from_str(text).ok()) {
            response.headers_mut().insert(header.name, value);
        }
    }
}

/// The response for a reply of the service: 204 when the reply has no body. Its bytes are counted until they are sent.
pub(super) fn reply_response(
    status: StatusCode,
    reply: Reply,
    in_flight: Option<&Arc<BytesInFlight>>,
) -> Response {
    let mut response = if reply.body.is_empty() {
        let mut response = Response::new(Body::empty());
        *response.status_mut() = StatusCode::NO_CONTENT;
        response
    } else {
        respond(status, JSON, held::answer(reply.body.into_bytes(), in_flight))
    };
    if let Some(position) = reply.position.and_then(|position| HeaderValue::from_str(&position).ok()) {
        response.headers_mut().insert(headers::POSITION.name, position);
    }
    response
}
