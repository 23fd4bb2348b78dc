//! New connections.

use std::{
    io,
    sync::{Arc, OnceLock},
    time::{Duration, Instant},
};

use http::Uri;
use hyper::client::conn::http1;
use hyper_util::{client::legacy::connect::HttpConnector, rt::TokioIo};
use phantomdb_tls::Trust;
use rustls::pki_types::ServerName;
use tokio::net::TcpStream;
use tokio_rustls::TlsConnector;
use tower_service::Service as _;

use super::{Broken, Sender, clock::within};
use crate::event_loop::{Io, current};

pub(super) struct Dialer {
    trust: Trust,
    timeout: Duration,
    /// Made with the first connection that needs it: the certificates of the system are read for it.
    tls: OnceLock<TlsConnector>,
}

impl Dialer {
    pub(super) fn new(trust: Trust, timeout: Duration) -> Self {
        Self { trust, timeout, tls: OnceLock::new() }
    }

    pub(super) async fn connect(&self, uri: &Uri) -> Result<Sender, Broken> {
        let deadline = Instant::now() + self.timeout;
        let io = within(deadline, self.open(uri)).await.ok_or(Broken::ConnectingTooLong)??;
        let (sender, connection) =
            http1::handshake(TokioIo::new(io)).await.map_err(|error| Broken::Connecting(error.into()))?;
        // How it ends is told to whoever waits for an answer on it.
        spawn(async move { drop(connection.await) });
        Ok(sender)
    }

    async fn open(&self, uri: &Uri) -> Result<Box<dyn Io>, Broken> {
        let stream = self.dial(uri.clone()).await?;
        let io: Box<dyn Io> = match current() {
            Some(event_loop) => stream
                .into_std()
                .and_then(|stream| event_loop.stream(stream))
                .map_err(|error| Broken::Connecting(error.into()))?,
            None => Box::new(stream),
        };
        if uri.scheme_str() != Some("https") {
            return Ok(io);
        }
        let connecting = |error: io::Error| Broken::Connecting(error.into());
        let host = uri.host().unwrap_or_default().trim_start_matches('[').trim_end_matches(']');
        let name =
            ServerName::try_from(host.to_owned()).map_err(|error| connecting(io::Error::other(error)))?;
        let secure = self.tls()?.connect(name, io).await.map_err(connecting)?;
        Ok(Box::new(secure))
    }

    /// Names are looked up, and connections made, by threads that may wait.
    async fn dial(&self, uri: Uri) -> Result<TcpStream, Broken> {
        let mut connector = HttpConnector::new();
        connector.enforce_http(false);
        connector.set_nodelay(true);
        connector.set_connect_timeout(Some(self.timeout));
        let dial = async move { connector.call(uri).await };
        let dialing = match current() {
            Some(event_loop) => event_loop.tokio().spawn(dial),
            None => tokio::spawn(dial),
        };
        match dialing.await {
            Ok(Ok(stream)) => Ok(stream.into_inner()),
            Ok(Err(error)) => Err(Broken::Connecting(error.into())),
            Err(error) => Err(Broken::Connecting(error.into())),
        }
    }

    fn tls(&self) -> Result<&TlsConnector, Broken> {
        if let Some(tls) = self.tls.get() {
            return Ok(tls);
        }
        let config = self.trust.client_config().map_err(Broken::Unable)?;
        Ok(self.tls.get_or_init(|| TlsConnector::from(Arc::new(config))))
    }
}

fn spawn(future: impl Future<Output = ()> + Send + 'static) {
    match current() {
        Some(event_loop) => event_loop.spawn(Box::pin(future)),
        None => drop(tokio::spawn(future)),
    }
}
