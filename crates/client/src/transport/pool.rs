//! HTTP/1.1 connections, kept for the next request.
//!
//! A connection lives where the call was made that opened it: on the event loop of that thread, or on tokio.

use std::{
    collections::HashMap,
    sync::{Mutex, MutexGuard, PoisonError},
    time::{Duration, Instant},
};

use http::Response;
use hyper::body::Incoming;
use phantomdb_tls::Trust;

use super::{
    connect::{Connector, Sender},
    error::TransportError,
    origin::{Origin, OutgoingRequest},
};

/// A connection that was idle for longer is not used again, as a firewall or proxy on the way may have dropped it.
const IDLE_MAX: Duration = Duration::from_secs(90);

pub(crate) struct Transport {
    connector: Connector,
    idle: Mutex<IdleConnections>,
}

#[derive(Default)]
struct IdleConnections {
    /// By the URL of the server; the connection used last is at the end.
    by_server: HashMap<String, Vec<IdleConnection>>,
    is_closed: bool,
}

struct IdleConnection {
    sender: Sender,
    since: Instant,
}

/// A response whose body is still to be read. The connection is closed if this is dropped before [`Transport::keep`].
pub(crate) struct PendingResponse {
    response: Response<Incoming>,
    sender: Sender,
}

impl Transport {
    pub(crate) fn new(trust: Trust, connect_timeout: Duration) -> Self {
        Self { connector: Connector::new(trust, connect_timeout), idle: Mutex::default() }
    }

    /// Closes the idle connections. Those in use are closed when their response was read.
    pub(crate) fn close(&self) {
        let mut idle = self.idle();
        idle.is_closed = true;
        idle.by_server.clear();
    }

    pub(crate) fn is_closed(&self) -> bool {
        self.idle().is_closed
    }

    pub(crate) async fn send(
        &self,
        origin: &Origin,
        outgoing: OutgoingRequest,
    ) -> Result<PendingResponse, TransportError> {
        let mut request = outgoing.to(origin)?;
        while let Some(mut sender) = self.take(&origin.base) {
            match sender.try_send_request(request).await {
                Ok(response) => return Ok(PendingResponse { response, sender }),
                Err(mut failed) => match failed.take_message() {
                    // The server had closed the connection, and nothing of the request was sent.
                    Some(unsent) => request = unsent,
                    None => return Err(TransportError::Exchange(failed.into_error())),
                },
            }
        }
        let mut sender = self.connector.connect(&origin.uri).await?;
        let response = sender.send_request(request).await.map_err(TransportError::Exchange)?;
        Ok(PendingResponse { response, sender })
    }

    fn take(&self, base: &str) -> Option<Sender> {
        let mut idle = self.idle();
        let connections = idle.by_server.get_mut(base)?;
        while let Some(last) = connections.pop() {
            if last.since.elapsed() > IDLE_MAX {
                // The others have been idle for even longer.
                connections.clear();
            } else if last.sender.is_ready() {
                return Some(last.sender);
            }
        }
        None
    }

    /// Keeps a connection for the next request. The body of the response must have been read to its end.
    pub(crate) fn keep(&self, origin: &Origin, sender: Sender) {
        let mut idle = self.idle();
        if idle.is_closed || sender.is_closed() {
            return;
        }
        let connection = IdleConnection { sender, since: Instant::now() };
        match idle.by_server.get_mut(&origin.base) {
            Some(connections) => connections.push(connection),
            None => drop(idle.by_server.insert(origin.base.clone(), vec![connection])),
        }
    }

    fn idle(&self) -> MutexGuard<'_, IdleConnections> {
        self.idle.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl PendingResponse {
    pub(crate) fn into_parts(self) -> (Response<Incoming>, Sender) {
        (self.response, self.sender)
    }
}
