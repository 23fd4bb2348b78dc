//! The parts of a request as axum extracts them, with the errors of the contract.

use std::sync::Arc;

use axum::extract::{FromRequestParts, RawPathParams, rejection::RawPathParamsRejection};
use http::request::Parts;
use phantomdb_protocol::{CallContext, Error, ErrorCode};
use phantomdb_service::Grant;

use super::answer::HttpError;

/// The context of the call and what the caller may do, which the guard has put into the request.
#[derive(Clone)]
pub(super) struct Caller {
    pub(super) context: CallContext,
    pub(super) grant: Arc<Grant>,
}

impl<S: Send + Sync> FromRequestParts<S> for Caller {
    type Rejection = HttpError;

    async fn from_request_parts(parts: &mut Parts, _: &S) -> Result<Self, Self::Rejection> {
        let missing = || Error::internal("the request has not passed the guard").into();
        parts.extensions.remove().ok_or_else(missing)
    }
}

/// The variable segments of the path, decoded, in order.
pub(super) struct Segments(pub(super) Vec<String>);

impl<S: Send + Sync> FromRequestParts<S> for Segments {
    type Rejection = HttpError;

    async fn from_request_parts(parts: &mut Parts, state: &S) -> Result<Self, Self::Rejection> {
        match RawPathParams::from_request_parts(parts, state).await {
            Ok(segments) => Ok(Self(segments.iter().map(|(_, text)| text.to_owned()).collect())),
            Err(RawPathParamsRejection::InvalidUtf8InPathParam(_)) => Err(HttpError::new(
                ErrorCode::BadRequest,
                "the path cannot be read: its names must be percent-encoded UTF-8",
            )),
            // The path has no variable segment.
            Err(_) => Ok(Self(Vec::new())),
        }
    }
}
