//! The body of a request, within the limits of the server.

use std::time::Duration;

use axum::body::Body;
use http::StatusCode;
use http_body::Body as _;
use http_body_util::BodyExt as _;
use phantomdb_engine::{
    Reservation,
    limits::{BODY_MAX, BODY_TIMEOUT},
};
use phantomdb_protocol::ErrorCode;

use super::{answer::HttpError, held::Held, options::HttpOptions};

/// A client that still sends reads no answer, so a body beyond the limit is read and thrown away, up to this many times the
/// limit and for this long.
const DISCARD_FACTOR: usize = 4;
const DISCARD_FOR: Duration = Duration::from_secs(5);

/// A short body is not counted among the bytes in flight.
const UNCOUNTED_MAX: usize = 16 << 10;

/// Reads a body that is neither too long nor too slow. Its bytes are counted among those in flight until it is dropped.
pub(super) async fn read(body: Body, options: &HttpOptions) -> Result<Held<Vec<u8>>, HttpError> {
    tokio::time::timeout(options.body_timeout, read_in_time(body, options)).await.unwrap_or_else(|_| {
        let what =
            format!("the body of the request did not arrive within {} ms", options.body_timeout.as_millis());
        let mut error = HttpError::from(BODY_TIMEOUT.exceeded(&what));
        error.status = StatusCode::REQUEST_TIMEOUT;
        Err(error)
    })
}

async fn read_in_time(mut body: Body, options: &HttpOptions) -> Result<Held<Vec<u8>>, HttpError> {
    let max = options.body_max;
    if body.size_hint().lower() > max as u64 {
        return Err(too_long(body, max).await);
    }
    let mut bytes = Vec::new();
    let mut counted: Option<Reservation> = None;
    while let Some(frame) = body.frame().await {
        let frame =
            frame.map_err(|_| HttpError::new(ErrorCode::BadRequest, "the body of the request broke off"))?;
        let Some(data) = frame.data_ref() else { continue };
        if bytes.len() + data.len() > max {
            return Err(too_long(body, max).await);
        }
        bytes.extend_from_slice(data);
        if let Some(all) = &options.bytes_in_flight
            && bytes.len() > UNCOUNTED_MAX
        {
            let counted = counted.get_or_insert_with(|| all.hold(0));
            counted.grow_to(bytes.capacity())?;
        }
    }
    Ok(Held::new(bytes, counted))
}

/// The refusal of a body, once its sender can read it.
async fn too_long(body: Body, max: usize) -> HttpError {
    // Over time or not, the answer is the same.
    let _ = tokio::time::timeout(DISCARD_FOR, discard(body, max.saturating_mul(DISCARD_FACTOR))).await;
    BODY_MAX.exceeded(&format!("the body is longer than {max} bytes")).into()
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
