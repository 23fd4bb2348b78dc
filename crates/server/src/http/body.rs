//! The body of a request, within the limit of the server.

use std::time::Duration;

use axum::body::Body;
use http_body_util::BodyExt as _;
use phantomdb_protocol::ErrorCode;

use super::answer::HttpError;

/// A client that still sends reads no answer, so a body beyond the limit is read and thrown away, up to this many times the
/// limit and for this long.
const DISCARD_FACTOR: usize = 4;
const DISCARD_FOR: Duration = Duration::from_secs(5);

/// Reads a body of at most `max` bytes.
pub(super) async fn read(mut body: Body, max: usize) -> Result<Vec<u8>, HttpError> {
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

async fn discard(mut body: Body, max: usize) {
    let mut discarded = 0;
    while let Some(Ok(frame)) = body.frame().await {
        discarded += frame.data_ref().map_or(0, |data| data.len());
        if discarded > max {
            return;
        }
    }
}
