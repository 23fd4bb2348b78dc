//! The way connections come in, with TLS and without.

use std::{io, net::SocketAddr, time::Duration};

use axum::{
    extract::connect_info::Connected,
    serve::{IncomingStream, Listener as Accepting},
};
use tokio::{
    net::{TcpListener, TcpStream},
    task::JoinSet,
    time::timeout,
};
use tokio_rustls::{TlsAcceptor, server::TlsStream};
use tokio_util::either::Either;

/// A caller that has not said by then how to speak securely is hung up on.
const HANDSHAKE_TIMEOUT: Duration = Duration::from_secs(10);
/// The first byte of everything that a caller who speaks TLS begins with.
const TLS_HANDSHAKE: u8 = 22;

type Stream = Either<TcpStream, TlsStream<TcpStream>>;

/// A port. Each handshake is a task of its own, so that none of them keeps the next caller waiting.
pub struct Listener {
    port: TcpListener,
    tls: Option<TlsAcceptor>,
    handshakes: JoinSet<Option<(Stream, Reached)>>,
}

/// How a caller has come in.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Reached {
    /// As the port is meant to be used.
    Properly,
    /// In plain HTTP where TLS is spoken. Its calls are refused.
    Unsecured,
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

impl Accepting for Listener {
    type Io = Stream;
    type Addr = Reached;

    async fn accept(&mut self) -> (Stream, Reached) {
        loop {
            let (stream, address) = tokio::select! {
                accepted = Accepting::accept(&mut self.port) => accepted,
                Some(made) = self.handshakes.join_next() => match made {
                    Ok(Some(connection)) => return connection,
                    _ => continue,
                },
            };
            if let Err(error) = stream.set_nodelay(true) {
                tracing::debug!(%error, "TCP_NODELAY could not be set");
            }
            let Some(tls) = &self.tls else { return (Either::Left(stream), Reached::Properly) };
            self.handshakes.spawn(secured(tls.clone(), stream, address));
        }
    }

    /// Nobody asks where; see `accept`.
    fn local_addr(&self) -> io::Result<Reached> {
        Ok(Reached::Properly)
    }
}

impl Connected<IncomingStream<'_, Listener>> for Reached {
    fn connect_info(stream: IncomingStream<'_, Listener>) -> Self {
        *stream.remote_addr()
    }
}

/// The connection once it is secure, or one that is not at all; none when the handshake failed.
async fn secured(tls: TlsAcceptor, stream: TcpStream, address: SocketAddr) -> Option<(Stream, Reached)> {
    let made = timeout(HANDSHAKE_TIMEOUT, async {
        let mut first = [TLS_HANDSHAKE];
        stream.peek(&mut first).await?;
        if first[0] != TLS_HANDSHAKE {
            return Ok((Either::Left(stream), Reached::Unsecured));
        }
        tls.accept(stream).await.map(|stream| (Either::Right(stream), Reached::Properly))
    });
    match made.await {
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
