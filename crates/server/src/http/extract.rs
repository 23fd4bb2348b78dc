//! The parts of a request, with errors of the contract for those that cannot be read.

use std::{sync::Arc, time::Duration};

use axum::extract::{FromRequest, FromRequestParts, Path, Request};
use http::request::Parts;
use http_body_util::BodyExt as _;
use phantomdb_protocol::{CallContext, ErrorCode};
use serde::de::DeserializeOwned;

use super::{HttpServer, answer::HttpError};

/// A client that still sends reads no answer, so what is beyond the limit is read and thrown away, up to this many
/// times the limit and for this long.
const DISCARD_FACTOR: usize = 4;
const DISCARD_FOR: Duration = Duration::from_secs(5);

/// What travels beside the call; the guard put it there.
pub(super) struct Caller(pub(super) CallContext);

impl<S: Send + Sync> FromRequestParts<S> for Caller {
    type Rejection = HttpError;

    async fn from_request_parts(parts: &mut Parts, _: &S) -> Result<Self, Self::Rejection> {
        Ok(Self(parts.extensions.remove().unwrap_or_default()))
    }
}

/// The names in the path.
pub(super) struct Names<T>(pub(super) T);

impl<S: Send + Sync, T: DeserializeOwned + Send> FromRequestParts<S> for Names<T> {
    type Rejection = HttpError;

    async fn from_request_parts(parts: &mut Parts, state: &S) -> Result<Self, Self::Rejection> {
        match Path::from_request_parts(parts, state).await {
            Ok(Path(names)) => Ok(Self(names)),
            Err(_) => Err(HttpError::new(
                ErrorCode::BadRequest,
                "the path cannot be read: its names must be percent-encoded UTF-8",
            )),
        }
    }
}

/// The body as JSON, whatever its content type says.
pub(super) struct Body<T>(pub(super) T);

impl<T: DeserializeOwned> FromRequest<Arc<HttpServer>> for Body<T> {
    type Rejection = HttpError;

    async fn from_request(request: Request, server: &Arc<HttpServer>) -> Result<Self, Self::Rejection> {
        let body = read(request.into_body(), server.options.body_max).await?;
        serde_json::from_slice(&body).map(Self).map_err(|error| unreadable(&error))
    }
}

pub(super) async fn read(mut body: axum::body::Body, max: usize) -> Result<Vec<u8>, HttpError> {
    let mut bytes = Vec::new();
    while let Some(frame) = body.frame().await {
        let frame =
            frame.map_err(|_| HttpError::new(ErrorCode::BadRequest, "the body of the request broke off"))?;
        let Some(data) = frame.data_ref() else { continue };
        if bytes.len() + data.len() > max {
            // Over time or not, the answer is the same.
            let _ =
                tokio::time::timeout(DISCARD_FOR, discard(body, max.saturating_mul(DISCARD_FACTOR))).await;
            let message = format!("the body is longer than {max} bytes; send it in parts");
            return Err(HttpError::new(ErrorCode::TooLarge, message));
        }
        bytes.extend_from_slice(data);
    }
    Ok(bytes)
}

async fn discard(mut body: axum::body::Body, max: usize) {
    let mut discarded = 0;
    while let Some(Ok(frame)) = body.frame().await {
        discarded += frame.data_ref().map_or(0, |data| data.len());
        if discarded > max {
            return;
        }
    }
}

/// Says where and what, and repeats no value: a body holds the user's data.
fn unreadable(error: &serde_json::Error) -> HttpError {
    let (line, column) = (error.line(), error.column());
    let why = error.to_string();
    let message = if !error.is_data() {
        format!("the body is not JSON (line {line}, column {column})")
    } else if why.starts_with("invalid ") || why.starts_with("unknown variant") {
        let expected = why.split(" at line ").next().and_then(|why| why.rsplit_once(", expected "));
        match expected {
            Some((_, expected)) => format!(
                "the body is not what this call takes: expected {expected} (line {line}, column {column})"
            ),
            None => format!("the body is not what this call takes (line {line}, column {column})"),
        }
    } else {
        format!("the body is not what this call takes: {why}")
    };
    HttpError::new(ErrorCode::BadRequest, message)
}
