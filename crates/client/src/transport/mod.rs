//! HTTP/1.1 connections to servers, kept for the next request.
//!
//! All of it runs where the call was made: on the loop of Node's thread, or on a runtime of tokio's where there is no such loop.

mod clock;
mod dial;

use std::{
    collections::HashMap,
    error::Error as StdError,
    sync::{Mutex, MutexGuard, PoisonError},
    time::{Duration, Instant},
};

use bytes::Bytes;
use http::{HeaderMap, HeaderValue, Method, Request, Response, Uri, header::HOST};
use http_body_util::Full;
use hyper::{body::Incoming, client::conn::http1::SendRequest};
use phantomdb_protocol::{Error, Result};
use phantomdb_tls::Trust;

pub(super) use self::clock::{pause, within};
use self::dial::Dialer;

/// A connection that was not used for so long is not used again: somebody in between may have forgotten it.
const IDLE_MAX: Duration = Duration::from_secs(90);

type Sender = SendRequest<Full<Bytes>>;

/// Why a request got no answer.
#[derive(Debug)]
pub(super) enum Broken {
    /// No connection was made.
    Connecting(Box<dyn StdError + Send + Sync>),
    ConnectingTooLong,
    /// The connection was, and broke.
    Exchanging(hyper::Error),
    /// The answer ended before all of it was there.
    TooShort,
    TooLong,
    /// None can be made from here.
    Unable(Error),
}

/// Where requests go.
#[derive(Debug)]
pub(super) struct Origin {
    /// The URL, without a slash at the end.
    pub(super) base: String,
    uri: Uri,
    host: HeaderValue,
    /// What every path begins with.
    prefix: String,
}

impl Origin {
    /// `base` is the URL of a server, as it was checked.
    pub(super) fn new(base: &str) -> Result<Self> {
        let read = || {
            let uri: Uri = base.parse().ok()?;
            let host = HeaderValue::from_str(uri.authority()?.as_str()).ok()?;
            let prefix = uri.path().trim_end_matches('/').to_owned();
            Some(Self { base: base.to_owned(), uri, host, prefix })
        };
        read().ok_or_else(|| Error::internal("the URL of the server cannot be used"))
    }
}

/// What is sent, as often as it takes.
#[derive(Clone)]
pub(super) struct Outgoing {
    pub(super) method: Method,
    /// Below the URL of the server.
    pub(super) path: String,
    pub(super) headers: HeaderMap,
    pub(super) body: Bytes,
}

pub(super) struct Transport {
    dialer: Dialer,
    idle: Mutex<Pool>,
}

#[derive(Default)]
struct Pool {
    /// By the URL of the server, those used last at the end.
    connections: HashMap<String, Vec<Idle>>,
    is_closed: bool,
}

struct Idle {
    sender: Sender,
    since: Instant,
}

/// An answer whose body is still to be read. Dropped before it was, its connection is closed.
pub(super) struct Answering {
    pub(super) response: Response<Incoming>,
    sender: Sender,
}

impl Transport {
    pub(super) fn new(trust: Trust, connect_timeout: Duration) -> Self {
        Self { dialer: Dialer::new(trust, connect_timeout), idle: Mutex::default() }
    }

    /// Lets go of the connections that are idle, and keeps none any more.
    pub(super) fn close(&self) {
        let mut pool = self.pool();
        pool.is_closed = true;
        pool.connections.clear();
    }

    pub(super) fn is_closed(&self) -> bool {
        self.pool().is_closed
    }

    pub(super) async fn send(&self, origin: &Origin, outgoing: Outgoing) -> Result<Answering, Broken> {
        let mut request = request(origin, outgoing)?;
        while let Some(mut sender) = self.take(&origin.base) {
            match sender.try_send_request(request).await {
                Ok(response) => return Ok(Answering { response, sender }),
                Err(mut failed) => match failed.take_message() {
                    // The server had closed the connection: nothing of the request was sent on it.
                    Some(unsent) => request = unsent,
                    None => return Err(Broken::Exchanging(failed.into_error())),
                },
            }
        }
        let mut sender = self.dialer.connect(&origin.uri).await?;
        let response = sender.send_request(request).await.map_err(Broken::Exchanging)?;
        Ok(Answering { response, sender })
    }

    /// A connection that waits for its next use.
    fn take(&self, base: &str) -> Option<Sender> {
        let mut pool = self.pool();
        let idle = pool.connections.get_mut(base)?;
        while let Some(last) = idle.pop() {
            if last.since.elapsed() > IDLE_MAX {
                idle.clear();
            } else if last.sender.is_ready() {
                return Some(last.sender);
            }
        }
        None
    }

    /// The body of the answer was read to its end.
    pub(super) fn keep(&self, origin: &Origin, sender: Sender) {
        let mut pool = self.pool();
        if pool.is_closed || sender.is_closed() {
            return;
        }
        let idle = Idle { sender, since: Instant::now() };
        match pool.connections.get_mut(&origin.base) {
            Some(connections) => connections.push(idle),
            None => drop(pool.connections.insert(origin.base.clone(), vec![idle])),
        }
    }

    fn pool(&self) -> MutexGuard<'_, Pool> {
        self.idle.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl Answering {
    pub(super) fn split(self) -> (Response<Incoming>, Sender) {
        (self.response, self.sender)
    }
}

fn request(origin: &Origin, outgoing: Outgoing) -> Result<Request<Full<Bytes>>, Broken> {
    let mut request = Request::new(Full::new(outgoing.body));
    *request.method_mut() = outgoing.method;
    *request.headers_mut() = outgoing.headers;
    request.headers_mut().insert(HOST, origin.host.clone());
    let uri = match origin.prefix.as_str() {
        "" => outgoing.path.parse(),
        prefix => [prefix, &outgoing.path].concat().parse(),
    };
    *request.uri_mut() = uri.map_err(|error: http::uri::InvalidUri| Broken::Connecting(error.into()))?;
    Ok(request)
}
