//! HTTP/1.1 connections, kept for the next request.
//!
//! A connection lives where the call was made that opened it: on the event loop of that thread, or on tokio.

use std::{
    sync::atomic::{AtomicBool, Ordering},
    time::Duration,
};

use http::Response;
use hyper::body::Incoming;
use phantomdb_tls::Trust;

use super::{
    connect::{Connector, Sender},
    error::TransportError,
    idle::Connections,
    origin::{Origin, OutgoingRequest},
};

pub(crate) struct Transport {
    connector: Connector,
    /// The connections of the callers that have none of their own.
    shared: Connections,
    is_closed: AtomicBool,
}

/// A response whose body is still to be read. The connection is closed if this is dropped before [`Transport::keep`].
pub(crate) struct PendingResponse {
    response: Response<Incoming>,
    sender: Sender,
}

impl Transport {
    pub(crate) fn new(trust: Trust, connect_timeout: Duration) -> Self {
        let connector = Connector::new(trust, connect_timeout);
        Self { connector, shared: Connections::default(), is_closed: AtomicBool::new(false) }
    }

    /// Closes the idle connections. Those in use are closed when their response was read.
    pub(crate) fn close(&self) {
        self.is_closed.store(true, Ordering::SeqCst);
        self.shared.clear();
    }

    pub(crate) fn is_closed(&self) -> bool {
        self.is_closed.load(Ordering::SeqCst)
    }

    /// The connections of the caller.
    fn connections(&self) -> Connections {
        Connections::of_scope().unwrap_or_else(|| self.shared.clone())
    }

    pub(crate) async fn send(
        &self,
        origin: &Origin,
        outgoing: OutgoingRequest,
    ) -> Result<PendingResponse, TransportError> {
        let mut request = outgoing.to(origin)?;
        let connections = self.connections();
        while let Some(mut sender) = connections.take(&origin.base) {
            // Giving up a connection that is not ready yet would cost a new one.
            if sender.ready().await.is_err() {
                continue;
            }
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

    /// Keeps a connection for the next request. The body of the response must have been read to its end.
    pub(crate) fn keep(&self, origin: &Origin, sender: Sender) {
        if !sender.is_closed() {
            self.connections().keep(&origin.base, sender, || self.is_closed());
        }
    }
}

impl PendingResponse {
    pub(crate) fn into_parts(self) -> (Response<Incoming>, Sender) {
        (self.response, self.sender)
    }
}
