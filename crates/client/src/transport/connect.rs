//! New connections.

use std::{
    io,
    sync::{Arc, OnceLock},
    time::{Duration, Instant},
};

use bytes::Bytes;
use http::Uri;
use http_body_util::Full;
use hyper::client::conn::http1::{self, SendRequest};
use hyper_util::{client::legacy::connect::HttpConnector, rt::TokioIo};
use phantomdb_tls::Trust;
use rustls::pki_types::ServerName;
use tokio::net::TcpStream;
use tokio_rustls::TlsConnector;
use tower_service::Service as _;

use super::error::TransportError;
use crate::{
    event_loop::{AsyncStream, current},
    runtime::{spawn, timeout_at},
};

/// Sends requests over one connection.
pub(crate) type Sender = SendRequest<Full<Bytes>>;

pub(super) struct Connector {
    trust: Trust,
    timeout: Duration,
    /// Made with the first connection that needs it, as that reads the certificates of the system.
    tls: OnceLock<TlsConnector>,
}

impl Connector {
    pub(super) fn new(trust: Trust, timeout: Duration) -> Self {
        Self { trust, timeout, tls: OnceLock::new() }
    }

    pub(super) async fn connect(&self, uri: &Uri) -> Result<Sender, TransportError> {
        let deadline = Instant::now() + self.timeout;
        let opened = timeout_at(deadline, self.open(uri)).await;
        let io = opened.ok_or(TransportError::ConnectTimeout)??;
        let (sender, connection) = http1::handshake(TokioIo::new(io))
            .await
            .map_err(|error| TransportError::Connect(error.into()))?;
        // Its error also reaches the request that waits for a response on the connection.
        spawn(async move { drop(connection.await) });
        Ok(sender)
    }

    async fn open(&self, uri: &Uri) -> Result<Box<dyn AsyncStream>, TransportError> {
        let stream = self.dial(uri.clone()).await?;
        let io: Box<dyn AsyncStream> = match current() {
            Some(event_loop) => stream
                .into_std()
                .and_then(|stream| event_loop.adopt(stream))
                .map_err(|error| TransportError::Connect(error.into()))?,
            None => Box::new(stream),
        };
        if uri.scheme_str() != Some("https") {
            return Ok(io);
        }
        let failed = |error: io::Error| TransportError::Connect(error.into());
        let host = uri.host().unwrap_or_default().trim_start_matches('[').trim_end_matches(']');
        let name = ServerName::try_from(host.to_owned()).map_err(|error| failed(io::Error::other(error)))?;
        let secure = self.tls()?.connect(name, io).await.map_err(failed)?;
        Ok(Box::new(secure))
    }

    /// Looks the name up and connects. This runs on tokio even when the call runs on an event loop.
    async fn dial(&self, uri: Uri) -> Result<TcpStream, TransportError> {
        let mut connector = HttpConnector::new();
        connector.enforce_http(false);
        connector.set_nodelay(true);
        connector.set_connect_timeout(Some(self.timeout));
        let dial = async move { connector.call(uri).await };
        let dialing = match current() {
            Some(event_loop) => event_loop.tokio_runtime().spawn(dial),
            None => tokio::spawn(dial),
        };
        match dialing.await {
            Ok(Ok(stream)) => Ok(stream.into_inner()),
            Ok(Err(error)) => Err(TransportError::Connect(error.into())),
            Err(error) => Err(TransportError::Connect(error.into())),
        }
    }

    fn tls(&self) -> Result<&TlsConnector, TransportError> {
        if let Some(tls) = self.tls.get() {
            return Ok(tls);
        }
        let config = self.trust.client_config().map_err(TransportError::Unusable)?;
        Ok(self.tls.get_or_init(|| TlsConnector::from(Arc::new(config))))
    }
}
