//! Serves the connections of a port: a limited number, each for as long as its caller uses it.

use std::{convert::Infallible, sync::Arc, time::Duration};

use axum::{
    Router,
    body::Body,
    extract::{ConnectInfo, Request},
    response::Response,
    serve::Listener as AxumListener,
};
use hyper::{body::Incoming, service::service_fn};
use hyper_util::{
    rt::{TokioExecutor, TokioIo, TokioTimer},
    server::conn::auto::Builder,
};
use phantomdb_engine::limits::CONNECTIONS_MAX;
use tokio::{io::AsyncWriteExt as _, sync::Semaphore, task::JoinSet};
use tokio_util::sync::CancellationToken;
use tower_service::Service as _;

use super::{
    activity::{Activity, Verdict, WatchedBody, WatchedStream},
    connection_limits::ConnectionLimits,
    listener::{Listener, Peer},
    polled_again::PolledAgain,
};

/// The most connections of the port for metrics: those who watch over a server are few, and their connections must not take
/// the files of the others.
const ADMIN_MAX: usize = 100;

impl ConnectionLimits {
    /// The limits of the port for metrics.
    pub(crate) fn for_admin(&self) -> Self {
        Self { max: self.max.min(ADMIN_MAX), ..self.clone() }
    }
}

/// The connections that are told so when there are too many. Others are closed without a word.
const REFUSALS_MAX: usize = 100;
const REFUSAL_TIMEOUT: Duration = Duration::from_secs(1);

/// Headers that are this much too long are refused with a body that says so, and longer ones without.
const HEADER_TOLERANCE: usize = 64 << 10;

/// Accepts connections until `stop` is cancelled. Then each connection is closed after the requests on it, and the function
/// returns when all are. Dropping its future closes all at once.
pub(crate) async fn serve(
    mut listener: Listener,
    router: Router,
    limits: ConnectionLimits,
    stop: CancellationToken,
) {
    let limits = Arc::new(limits);
    let slots = Arc::new(Semaphore::new(limits.max));
    let (mut connections, mut refusals) = (JoinSet::new(), JoinSet::new());
    loop {
        let (stream, peer) = tokio::select! {
            accepted = listener.accept() => accepted,
            Some(_) = connections.join_next() => continue,
            Some(_) = refusals.join_next() => continue,
            () = stop.cancelled() => break,
        };
        let Ok(slot) = Arc::clone(&slots).try_acquire_owned() else {
            if refusals.len() < REFUSALS_MAX {
                refusals.spawn(refuse(stream, limits.max));
            }
            continue;
        };
        let (router, limits, stop) = (router.clone(), Arc::clone(&limits), stop.clone());
        connections.spawn(PolledAgain::new(async move {
            serve_connection(stream, peer, router, &limits, stop).await;
            drop(slot);
        }));
    }
    drop(listener);
    while connections.join_next().await.is_some() {}
}

async fn serve_connection<S>(
    stream: S,
    peer: Peer,
    router: Router,
    limits: &ConnectionLimits,
    stop: CancellationToken,
) where
    S: tokio::io::AsyncRead + tokio::io::AsyncWrite + Unpin + Send + 'static,
{
    let activity = Activity::new();
    let watched = TokioIo::new(WatchedStream { stream, activity: Arc::clone(&activity) });
    let requests = Arc::clone(&activity);
    let service = service_fn(move |request: hyper::Request<Incoming>| {
        let (mut router, token) = (router.clone(), requests.request());
        let mut request: Request = request.map(Body::new);
        request.extensions_mut().insert(ConnectInfo(peer));
        async move {
            // A router is always ready.
            let response: Response =
                router.call(request).await.unwrap_or_else(|never: Infallible| match never {});
            Ok::<_, Infallible>(response.map(|body| WatchedBody::new(body, token)))
        }
    });
    let mut builder = Builder::new(TokioExecutor::new());
    builder
        .http1()
        .timer(TokioTimer::new())
        // The activity tells when headers are slow, and knows an idle connection from one.
        .header_read_timeout(None)
        .max_buf_size(limits.header_bytes_max.saturating_add(HEADER_TOLERANCE));
    let header_list_max = limits.header_bytes_max.saturating_add(HEADER_TOLERANCE);
    builder
        .http2()
        .timer(TokioTimer::new())
        .max_header_list_size(u32::try_from(header_list_max).unwrap_or(u32::MAX));
    let mut connection = std::pin::pin!(builder.serve_connection(watched, service));
    let mut is_ending = false;
    loop {
        tokio::select! {
            served = connection.as_mut() => {
                if let Err(error) = served {
                    tracing::debug!(address = %peer.address, %error, "a connection broke off");
                }
                return;
            }
            () = stop.cancelled(), if !is_ending => {
                is_ending = true;
                connection.as_mut().graceful_shutdown();
            }
            verdict = activity.verdict(limits) => {
                tracing::debug!(address = %peer.address, ?verdict, "a connection is closed");
                if verdict != Verdict::Idle || is_ending {
                    return;
                }
                connection.as_mut().graceful_shutdown();
                // Frames of HTTP/2 are exchanged until both ends know it.
                let _ = tokio::time::timeout(REFUSAL_TIMEOUT, connection.as_mut()).await;
                return;
            }
        }
    }
}

/// Tells a caller that there are too many connections.
async fn refuse<S: tokio::io::AsyncRead + tokio::io::AsyncWrite + Unpin>(mut stream: S, max: usize) {
    let error = CONNECTIONS_MAX.exceeded(&format!("{max} connections are open, which is as many as may"));
    let body = serde_json::to_string(&error).unwrap_or_default();
    let answer = format!(
        "HTTP/1.1 503 Service Unavailable\r\ncontent-type: application/json\r\ncontent-length: {}\r\nretry-after: 1\r\n\
         connection: close\r\n\r\n{body}",
        body.len()
    );
    let telling = async {
        stream.write_all(answer.as_bytes()).await?;
        stream.shutdown().await?;
        // The answer would be lost if the connection were closed while the request still comes.
        tokio::io::copy(&mut stream, &mut tokio::io::sink()).await
    };
    let _ = tokio::time::timeout(REFUSAL_TIMEOUT, telling).await;
}
