//! The port that a server listens on, with TLS and without.

use std::{io, net::SocketAddr, time::Duration};

use axum::{
    extract::connect_info::Connected,
    serve::{IncomingStream, Listener as AxumListener},
};
use tokio::{
    net::{TcpListener, TcpStream},
    task::JoinSet,
    time::timeout,
};
use tokio_rustls::{TlsAcceptor, server::TlsStream};
use tokio_util::either::Either;

/// A connection whose TLS handshake takes longer is closed.
const HANDSHAKE_TIMEOUT: Duration = Duration::from_secs(10);
/// The first byte of a TLS connection.
const TLS_HANDSHAKE: u8 = 22;

type Stream = Either<TcpStream, TlsStream<TcpStream>>;

/// A port. Each handshake is a task of its own, so that a slow one does not keep other callers waiting.
pub struct Listener {
    port: TcpListener,
    tls: Option<TlsAcceptor>,
    handshakes: JoinSet<Option<(Stream, Peer)>>,
}

/// The other end of a connection.
#[derive(Debug, Clone, Copy)]
pub struct Peer {
    pub address: SocketAddr,
    pub port_use: PortUse,
}

/// How a caller uses the port.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum PortUse {
    /// The port is used as intended.
    Correct,
    /// In plain HTTP where TLS is spoken. Its calls are refused.
    PlainInsteadOfTls,
}

impl Listener {
    /// Plain HTTP.
    pub fn plain(port: TcpListener) -> Self {
        Self { port, tls: None, handshakes: JoinSet::new() }
    }

    /// HTTPS.
    pub fn secured(port: TcpListener, tls: TlsAcceptor) -> Self {
        Self { tls: Some(tls), ..Self::plain(port) }
    }
}

impl AxumListener for Listener {
    type Io = Stream;
    type Addr = Peer;

    async fn accept(&mut self) -> (Stream, Peer) {
        loop {
            let (stream, address) = tokio::select! {
                accepted = AxumListener::accept(&mut self.port) => accepted,
                Some(handshake) = self.handshakes.join_next() => match handshake {
                    Ok(Some(connection)) => return connection,
                    _ => continue,
                },
            };
            if let Err(error) = stream.set_nodelay(true) {
                tracing::debug!(%error, "TCP_NODELAY could not be set");
            }
            let Some(tls) = &self.tls else {
                return (Either::Left(stream), Peer { address, port_use: PortUse::Correct });
            };
            self.handshakes.spawn(secured(tls.clone(), stream, address));
        }
    }

    fn local_addr(&self) -> io::Result<Peer> {
        self.port.local_addr().map(|address| Peer { address, port_use: PortUse::Correct })
    }
}

impl Connected<IncomingStream<'_, Listener>> for Peer {
    fn connect_info(stream: IncomingStream<'_, Listener>) -> Self {
        *stream.remote_addr()
    }
}

/// The connection after its handshake, or without one if it is plain HTTP; `None` when the handshake failed.
async fn secured(tls: TlsAcceptor, stream: TcpStream, address: SocketAddr) -> Option<(Stream, Peer)> {
    let handshake = timeout(HANDSHAKE_TIMEOUT, async {
        let mut first = [TLS_HANDSHAKE];
        stream.peek(&mut first).await?;
        if first[0] != TLS_HANDSHAKE {
            return Ok((Either::Left(stream), Peer { address, port_use: PortUse::PlainInsteadOfTls }));
        }
        let peer = Peer { address, port_use: PortUse::Correct };
        tls.accept(stream).await.map(|stream| (Either::Right(stream), peer))
    });
    match handshake.await {
        Ok(Ok(connection)) => Some(connection),
        Ok(Err(error)) => {
            tracing::debug!(%address, %error, "a TLS handshake failed");
            None
        }
        Err(_) => {
            tracing::debug!(%address, "a TLS handshake took too long");
            None
        }
    }
}
