//! What happens to every request before its route: the request id, the token, the headers of the contract.

use std::sync::Arc;

use axum::{
    extract::{Request, State},
    middleware::Next,
    response::{IntoResponse, Response},
};
use http::{HeaderMap, HeaderName, HeaderValue, header};
use phantomdb_protocol::{CallContext, ErrorCode};
use subtle::{Choice, ConstantTimeEq};

use super::{
    HttpServer,
    answer::{HttpError, with_error_body},
};

const REQUEST_ID: HeaderName = HeaderName::from_static("x-request-id");
const TRANSACTION: &str = "phantomdb-transaction";
const IDEMPOTENCY_KEY: &str = "idempotency-key";
/// Makes a find answer its rows as arrays.
const ROWS: &str = "application/vnd.phantomdb.rows+json";
const REQUEST_ID_LENGTH_MAX: usize = 128;

pub(super) async fn guard(
    State(server): State<Arc<HttpServer>>,
    mut request: Request,
    next: Next,
) -> Response {
    let id = request_id(request.headers());
    let response = match context(&server, &request, &id) {
        Ok(context) => {
            request.extensions_mut().insert(context);
            next.run(request).await
        }
        Err(refused) => refused.into_response(),
    };
    let mut response = with_error_body(response, &id);
    server.metrics.count(response.status());
    response.headers_mut().insert(REQUEST_ID, id);
    response
}

/// The caller's own id when it is a sane one, so that both logs agree; else a new one.
fn request_id(headers: &HeaderMap) -> HeaderValue {
    if let Some(id) = headers.get(REQUEST_ID) {
        let sane = |text: &str| (1..=REQUEST_ID_LENGTH_MAX).contains(&text.len());
        if id.to_str().is_ok_and(sane) {
            return id.clone();
        }
    }
    let mut buffer = uuid::Uuid::encode_buffer();
    let id = uuid::Uuid::new_v4().hyphenated().encode_lower(&mut buffer);
    HeaderValue::from_str(id).unwrap_or_else(|_| HeaderValue::from_static("none"))
}

fn context(server: &HttpServer, request: &Request, id: &HeaderValue) -> Result<CallContext, HttpError> {
    let headers = request.headers();
    let token = bearer(headers);
    // A load balancer asks for the first two and has no token; the third holds no secret.
    let path = request.uri().path();
    let open = matches!(path.strip_prefix("/api/v1").unwrap_or(path), "/health" | "/ready" | "/openapi.json");
    if !open && !server.options.tokens.is_empty() {
        let allowed = token.is_some_and(|token| is_one_of(token, &server.options.tokens));
        if !allowed {
            let message = "this server needs a token: send it as `Authorization: Bearer TOKEN`";
            return Err(HttpError::new(ErrorCode::Unauthorized, message));
        }
    }
    Ok(CallContext {
        transaction: text(headers, TRANSACTION)?,
        idempotency_key: text(headers, IDEMPOTENCY_KEY)?,
        request_id: id.to_str().ok().map(str::to_owned),
        token: token.map(str::to_owned),
        read_only: false,
        rows_as_arrays: accepts_rows(headers),
    })
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
