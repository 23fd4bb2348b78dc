//! Sends a request on to the server that has its transaction.

use axum::{
    body::Body,
    extract::Request,
    response::{IntoResponse, Response},
};
use http::{HeaderName, HeaderValue, header, request::Parts};
use phantomdb_protocol::{ErrorCode, headers};
use phantomdb_tls::Problem;

use super::{answer::HttpError, body, options::HttpOptions, peers::Forwarding};

pub(crate) enum ForwardOutcome {
    Answered(Response),
    /// No server is there, so the call has not run; here is the request again.
    Unreachable(Request),
}

impl Forwarding {
    pub(crate) async fn send(self, request: Request, options: &HttpOptions) -> ForwardOutcome {
        let (parts, body) = request.into_parts();
        let body = match body::read(body, options).await {
            Ok(body) => body.into_bytes(),
            Err(refused) => return ForwardOutcome::Answered(refused.into_response()),
        };
        match self.exchange(&parts, body.clone()).await {
            Err(error) if error.is_connect() => {
                let why = Problem::of(&error).map(|problem| problem.to_string());
                tracing::warn!(why, "another server, whose transaction a call is for, cannot be reached");
                ForwardOutcome::Unreachable(Request::from_parts(parts, Body::from(body)))
            }
            Err(error) => {
                tracing::warn!(%error, "the answer of another server was lost");
                let message = "the server of this transaction was lost before it answered";
                let error = HttpError::new(ErrorCode::Unavailable, message);
                ForwardOutcome::Answered(error.into_response())
            }
            Ok(response) => ForwardOutcome::Answered(response),
        }
    }

    pub(crate) async fn exchange(&self, parts: &Parts, body: Vec<u8>) -> reqwest::Result<Response> {
        let mut request = self.client.request(parts.method.clone(), &self.url).body(body);
        for name in REQUEST_HEADERS {
            if let Some(value) = parts.headers.get(name) {
                request = request.header(name, value);
            }
        }
        let request = request.header(headers::REQUEST_ID.name, &self.request_id);
        let answer = request.header(headers::FORWARDED.name, HeaderValue::from_static("1")).send().await?;
        let (status, answer_headers) = (answer.status(), answer.headers().clone());
        let mut response = Response::new(Body::from(answer.bytes().await?));
        *response.status_mut() = status;
        for name in RESPONSE_HEADERS {
            if let Some(value) = answer_headers.get(name) {
                response.headers_mut().insert(HeaderName::from_static(name), value.clone());
            }
        }
        if let Some(length) = answer_headers.get(header::CONTENT_LENGTH) {
            response.headers_mut().insert(header::CONTENT_LENGTH, length.clone());
        }
        Ok(response)
    }
}

/// The headers of a request that are forwarded with it.
pub(crate) const REQUEST_HEADERS: [&str; 9] = [
    "accept",
    "authorization",
    "content-type",
    headers::IDEMPOTENCY_KEY.name,
    headers::POSITION.name,
    headers::STATEMENT_TIMEOUT.name,
    headers::TRANSACTION.name,
    headers::TRACEPARENT.name,
    headers::TRACESTATE.name,
];

/// The headers of an answer that are handed on with it.
pub(crate) const RESPONSE_HEADERS: [&str; 4] =
    ["content-type", headers::POSITION.name, "retry-after", "www-authenticate"];
