//! Backups from and to a server, in parts.

use std::{io::Write as _, path::Path, pin::Pin, time::Duration};

use base64::{Engine as _, prelude::BASE64_STANDARD};
use bytes::Bytes;
use futures_util::stream;
use http_body_util::StreamBody;
use phantomdb_protocol::{Error, ErrorCode, Result, ServerEndpoint, headers};
use phantomdb_tls::{Problem, Trust};
use reqwest::{Body, Client, Method, RequestBuilder, Response};
use tokio::sync::mpsc;

use super::file::{NewFile, not_read, sha256_of};
use crate::progress::Progress;

const CONNECT_TIMEOUT: Duration = Duration::from_secs(10);
/// The size of a part that is sent, in bytes, and how many may wait.
const PART: usize = 256 << 10;
const PARTS: usize = 4;

/// Writes the backup of a database into a file. Returns the checksum that the server has told.
pub(super) async fn download(
    url: &str,
    database: &str,
    file: &mut NewFile,
    progress: &Progress,
) -> Result<[u8; 32]> {
    let request = request(url, database, ServerEndpoint::Backup)?;
    let mut answer = checked(request.send().await.map_err(|error| unreachable(&error))?).await?;
    let digest = answer.headers().get(headers::REPR_DIGEST).and_then(|value| value.to_str().ok());
    let digest = digest.and_then(|text| text.strip_prefix("sha-256=:")?.strip_suffix(':'));
    let expected: Option<[u8; 32]> =
        digest.and_then(|text| BASE64_STANDARD.decode(text).ok()?.try_into().ok());
    let expected = expected.ok_or_else(|| {
        Error::new(
            ErrorCode::Unsupported,
            "the server tells no checksum of the backup; is it a PhantomDB server?",
        )
    })?;
    progress.begin(&format!("backup {database}"), answer.content_length().unwrap_or_default());
    while let Some(part) = answer.chunk().await.map_err(|error| unreachable(&error))? {
        let mut out = file.with_progress(progress);
        out.write_all(&part).map_err(|error| out.explain(&error))?;
    }
    Ok(expected)
}

/// Sends a file as the new content of a database.
pub(super) async fn upload(
    url: &str,
    database: &str,
    file: &Path,
    replace: bool,
    progress: &Progress,
) -> Result<()> {
    let endpoint = if replace { ServerEndpoint::RestoreBackup } else { ServerEndpoint::CreateFromBackup };
    let sha256 = tokio::task::block_in_place(|| sha256_of(file))?;
    let length = std::fs::metadata(file).map_err(|error| not_read(file, &error))?.len();
    progress.begin(&format!("restore {database}"), length);
    let (sender, mut parts) = mpsc::channel::<std::io::Result<Bytes>>(PARTS);
    let path = file.to_owned();
    let reading = tokio::task::spawn_blocking(move || {
        let read = || -> std::io::Result<()> {
            let mut file = std::fs::File::open(&path)?;
            loop {
                let mut part = vec![0; PART];
                let count = std::io::Read::read(&mut file, &mut part)?;
                part.truncate(count);
                if count == 0 || sender.blocking_send(Ok(part.into())).is_err() {
                    return Ok(());
                }
            }
        };
        if let Err(error) = read() {
            let _ = sender.blocking_send(Err(error));
        }
    });
    let (count, sent) = (progress.counter(), stream::poll_fn(move |context| parts.poll_recv(context)));
    let mut sent = Box::pin(sent);
    let frames = stream::poll_fn(move |context| {
        let frame = futures_util::Stream::poll_next(Pin::as_mut(&mut sent), context);
        frame.map(|part| {
            part.map(|part| {
                part.map(|part| {
                    count.advance(part.len() as u64);
                    http_body::Frame::data(part)
                })
            })
        })
    });
    let request = request(url, database, endpoint)?
        .header(headers::REPR_DIGEST, format!("sha-256=:{}:", BASE64_STANDARD.encode(sha256)))
        .header("content-type", headers::SQLITE_FILE)
        .header("content-length", length)
        .body(Body::wrap(StreamBody::new(frames)));
    let answer = request.send().await.map_err(|error| unreachable(&error))?;
    reading.abort();
    checked(answer).await.map(drop)
}

fn request(url: &str, database: &str, endpoint: ServerEndpoint) -> Result<RequestBuilder> {
    let route = endpoint.route();
    let client = Client::builder()
        .tls_backend_preconfigured(Trust::System.client_config()?)
        .http1_only()
        .no_proxy()
        // The token is for this server.
        .redirect(reqwest::redirect::Policy::none())
        .connect_timeout(CONNECT_TIMEOUT)
        .build()
        .map_err(|_| Error::internal("the HTTP client could not be set up"))?;
    let method = Method::from_bytes(route.method.as_str().as_bytes())
        .map_err(|_| Error::internal("the route has no method"))?;
    let path = route.path_of(&[database]);
    let request = client.request(method, format!("{}{path}", url.trim_end_matches('/')));
    Ok(match std::env::var("PHANTOMDB_TOKEN").ok().filter(|token| !token.trim().is_empty()) {
        Some(token) => request.bearer_auth(token.trim()),
        None => request,
    })
}

/// The answer, unless it is an error.
async fn checked(answer: Response) -> Result<Response> {
    if answer.status().is_success() {
        return Ok(answer);
    }
    let status = answer.status();
    let text = answer.text().await.unwrap_or_default();
    Err(serde_json::from_str(&text).unwrap_or_else(|_| {
        Error::new(ErrorCode::Unavailable, format!("the server answers {status}; is it a PhantomDB server?"))
    }))
}

fn unreachable(error: &reqwest::Error) -> Error {
    let why =
        Problem::of(error).map_or_else(|| "it does not answer".to_owned(), |problem| problem.to_string());
    Error::new(ErrorCode::Unavailable, format!("the server cannot be used: {why}"))
}
