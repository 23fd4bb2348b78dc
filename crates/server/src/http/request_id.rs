//! The id under which errors and logs know a request.

use http::{HeaderMap, HeaderName, HeaderValue};
use phantomdb_protocol::headers;

pub(super) const REQUEST_ID: HeaderName = HeaderName::from_static(headers::REQUEST_ID.name);
const LENGTH_MAX: usize = 128;

/// The caller's own id when it is a valid one, so that the logs of both sides agree; otherwise a new one.
pub(super) fn request_id(headers: &HeaderMap) -> HeaderValue {
    if let Some(id) = headers.get(REQUEST_ID)
        && id.to_str().is_ok_and(is_request_id)
    {
        return id.clone();
    }
    let mut buffer = uuid::Uuid::encode_buffer();
    let id = uuid::Uuid::new_v4().hyphenated().encode_lower(&mut buffer);
    HeaderValue::from_str(id).unwrap_or_else(|_| HeaderValue::from_static("none"))
}

/// True when the text can stand for a request in logs: it is short and has no control characters.
pub(super) fn is_request_id(text: &str) -> bool {
    (1..=LENGTH_MAX).contains(&text.len())
        && text.bytes().all(|byte| byte == b'\t' || (b' '..=b'~').contains(&byte))
}
