//! Backups: a database as the body of an answer, and the body of a request as a database. Neither is in memory as a whole.

use std::{
    io::{self, Write},
    sync::Arc,
};

use axum::{
    body::Body,
    extract::{Request, State},
    response::Response,
};
use base64::{Engine as _, prelude::BASE64_STANDARD};
use bytes::Bytes;
use futures_util::stream;
use http::{HeaderMap, HeaderValue, StatusCode, header};
use http_body_util::BodyExt as _;
use phantomdb_protocol::{CallContext, Error, ErrorCode, ServerEndpoint, headers};
use phantomdb_service::Grant;
use sha2::{Digest as _, Sha256};
use tempfile::{NamedTempFile, TempPath};
use tokio::sync::mpsc::{self, Receiver, Sender};

use super::{
    answer::{HttpError, respond},
    extract::{Caller, Segments},
    observe::AUDIT,
    server::HttpServer,
};

/// The size of a part of an answer, in bytes, and how many may wait for the client.
const PART: usize = 256 << 10;
const PARTS: usize = 4;
/// How many parts of a request may wait for the disk.
const PARTS_TO_WRITE: usize = 16;

/// Answers with the database as it is now.
pub(super) async fn backup(
    State(server): State<Arc<HttpServer>>,
    Caller { context, grant }: Caller,
    Segments(segments): Segments,
) -> Result<Response, HttpError> {
    let database = allowed(segments, ServerEndpoint::Backup, &grant)?;
    let mut backup = server.service.backup(&database, &context).await?;
    audit("read as a whole", &database, &context, &grant);
    let (length, digest) = (backup.bytes(), repr_digest(&backup.sha256()));
    let (sender, mut parts) = mpsc::channel::<io::Result<Bytes>>(PARTS);
    // It ends with an error when the client goes away.
    tokio::task::spawn_blocking(move || {
        let mut out = PartWriter { sender, part: Vec::with_capacity(PART) };
        if let Err(error) = backup.write_to(&mut out).and_then(|()| out.flush()) {
            tracing::warn!(%error, "a backup broke off");
            let _ = out.sender.blocking_send(Err(error));
        }
    });
    let body = Body::from_stream(stream::poll_fn(move |context| parts.poll_recv(context)));
    let mut response = respond(StatusCode::OK, HeaderValue::from_static(headers::SQLITE_FILE), body);
    response.headers_mut().insert(header::CONTENT_LENGTH, length.into());
    if let Ok(digest) = HeaderValue::from_str(&digest) {
        response.headers_mut().insert(headers::REPR_DIGEST, digest);
    }
    Ok(response)
}

/// Creates a database from the body.
pub(super) async fn create(
    State(server): State<Arc<HttpServer>>,
    Caller { context, grant }: Caller,
    Segments(segments): Segments,
    request: Request,
) -> Result<StatusCode, HttpError> {
    let database = allowed(segments, ServerEndpoint::CreateFromBackup, &grant)?;
    let taken = take(&server, &context, &database, request, false).await?;
    audit("created from a backup", &database, &context, &grant);
    Ok(taken)
}

/// Puts the body in the place of a database, or creates one.
pub(super) async fn restore(
    State(server): State<Arc<HttpServer>>,
    Caller { context, grant }: Caller,
    Segments(segments): Segments,
    request: Request,
) -> Result<StatusCode, HttpError> {
    let database = allowed(segments, ServerEndpoint::RestoreBackup, &grant)?;
    let taken = take(&server, &context, &database, request, true).await?;
    audit("restored from a backup", &database, &context, &grant);
    Ok(taken)
}

async fn take(
    server: &HttpServer,
    context: &CallContext,
    database: &str,
    request: Request,
    replace: bool,
) -> Result<StatusCode, HttpError> {
    let (parts, body) = request.into_parts();
    let expected = digest_of(&parts.headers)?;
    let (sender, received) = mpsc::channel::<Bytes>(PARTS_TO_WRITE);
    let scratch = server.service.scratch();
    let writing = tokio::task::spawn_blocking(move || {
        let file = tempfile::Builder::new().prefix(".restore-").tempfile_in(scratch)?;
        write_parts(file, received)
    });
    let sent = send_parts(body, sender).await;
    let (file, digest) = writing
        .await
        .map_err(|_| Error::internal("the file could not be received"))?
        .map_err(|error| not_written(&error))?;
    sent?;
    if expected.is_some_and(|expected| expected != digest) {
        let message = "the body is not the file of its Repr-Digest; send it again";
        return Err(HttpError::new(ErrorCode::BadRequest, message));
    }
    server.service.restore_backup(database, &file, replace, context).await?;
    Ok(StatusCode::NO_CONTENT)
}

/// The database of the path, if the caller has the right that the route needs there.
fn allowed(mut segments: Vec<String>, endpoint: ServerEndpoint, grant: &Grant) -> Result<String, HttpError> {
    let database = segments.pop().ok_or_else(|| Error::internal("the route has no database"))?;
    if let Some(right) = endpoint.route().needs {
        grant.check(right, Some(&database))?;
    }
    Ok(database)
}

fn audit(event: &'static str, database: &str, context: &CallContext, grant: &Grant) {
    tracing::info!(target: AUDIT, event, database, token = grant.name(), request = context.request_id);
}

/// Hands the body on. An error of the disk ends it early, and is known by the writer.
async fn send_parts(mut body: Body, sender: Sender<Bytes>) -> Result<(), HttpError> {
    while let Some(frame) = body.frame().await {
        let frame =
            frame.map_err(|_| HttpError::new(ErrorCode::BadRequest, "the body of the request broke off"))?;
        if let Ok(data) = frame.into_data()
            && sender.send(data).await.is_err()
        {
            break;
        }
    }
    Ok(())
}

fn write_parts(mut file: NamedTempFile, mut parts: Receiver<Bytes>) -> io::Result<(TempPath, [u8; 32])> {
    let mut sha256 = Sha256::new();
    while let Some(part) = parts.blocking_recv() {
        file.write_all(&part)?;
        sha256.update(&part);
    }
    Ok((file.into_temp_path(), sha256.finalize().into()))
}

fn not_written(error: &io::Error) -> Error {
    match error.kind() {
        io::ErrorKind::StorageFull | io::ErrorKind::QuotaExceeded => Error::new(
            ErrorCode::StorageFull,
            "there is no space left for the file; free some, then try again",
        ),
        kind => Error::internal(format!("the file could not be written: {kind}")),
    }
}

fn repr_digest(sha256: &[u8; 32]) -> String {
    format!("sha-256=:{}:", BASE64_STANDARD.encode(sha256))
}

/// The SHA-256 of the body, when its header tells one.
fn digest_of(map: &HeaderMap) -> Result<Option<[u8; 32]>, HttpError> {
    let Some(value) = map.get(headers::REPR_DIGEST) else { return Ok(None) };
    let text = value.to_str().unwrap_or_default();
    let sha256 = text.split(',').find_map(|one| one.trim().strip_prefix("sha-256=:")?.strip_suffix(':'));
    let bytes = sha256.and_then(|text| BASE64_STANDARD.decode(text).ok()?.try_into().ok());
    bytes.map(Some).ok_or_else(|| {
        HttpError::new(ErrorCode::BadRequest, "the header Repr-Digest is written like sha-256=:BASE64:")
    })
}

/// Collects what is written into parts of the answer. Fails once nobody takes them.
struct PartWriter {
    sender: Sender<io::Result<Bytes>>,
    part: Vec<u8>,
}

impl Write for PartWriter {
    fn write(&mut self, bytes: &[u8]) -> io::Result<usize> {
        if self.part.len() + bytes.len() > PART {
            self.flush()?;
        }
        self.part.extend_from_slice(bytes);
        Ok(bytes.len())
    }

    fn flush(&mut self) -> io::Result<()> {
        if self.part.is_empty() {
            return Ok(());
        }
        let part = std::mem::replace(&mut self.part, Vec::with_capacity(PART));
        self.sender.blocking_send(Ok(part.into())).map_err(|_| io::ErrorKind::BrokenPipe.into())
    }
}
