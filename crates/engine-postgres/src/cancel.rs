//! Cancels what a connection runs.
//!
//! PostgreSQL takes a request to cancel on a connection of its own, and closes that connection once it has interrupted the
//! process. Until then the request can hit whatever the process runs, also a statement that was sent later. So requests are
//! counted until the server has closed their connections, and [`Cancellations::settled`] waits for that.

use std::{
    io,
    sync::{
        Arc,
        atomic::{AtomicBool, Ordering},
    },
    time::Duration,
};

use futures_util::future::join_all;
use parking_lot::Mutex;
use tokio::{
    io::{AsyncRead, AsyncReadExt as _, AsyncWrite},
    net::{TcpStream, lookup_host},
    runtime::Handle,
    sync::watch,
    task::JoinHandle,
    time::timeout,
};
use tokio_postgres::{
    CancelToken, Config, Error as PostgresError, Socket, config::Host, tls::MakeTlsConnect,
};
use tokio_postgres_rustls::MakeRustlsConnect;

/// The port of PostgreSQL where the URL has none.
const PORT: u16 = 5432;

/// How long the server may take to interrupt a process. It takes a millisecond.
const SETTLED_WITHIN: Duration = Duration::from_secs(5);

/// The time between the two cancellations of a statement whose caller has gone away.
const CANCEL_AGAIN: Duration = Duration::from_secs(1);

/// Opens TLS, and notes which of several hosts a connection is made to: that with the last attempt.
#[derive(Clone)]
pub(crate) struct NotingTls {
    tls: MakeRustlsConnect,
    host: Arc<Mutex<String>>,
}

impl NotingTls {
    pub(crate) fn new(tls: MakeRustlsConnect) -> Self {
        Self { tls, host: Arc::default() }
    }
}

impl MakeTlsConnect<Socket> for NotingTls {
    type Stream = <MakeRustlsConnect as MakeTlsConnect<Socket>>::Stream;
    type TlsConnect = <MakeRustlsConnect as MakeTlsConnect<Socket>>::TlsConnect;
    type Error = <MakeRustlsConnect as MakeTlsConnect<Socket>>::Error;

    fn make_tls_connect(&mut self, host: &str) -> Result<Self::TlsConnect, Self::Error> {
        host.clone_into(&mut self.host.lock());
        MakeTlsConnect::<Socket>::make_tls_connect(&mut self.tls, host)
    }
}

/// Where a server listens.
#[derive(Debug, Clone, PartialEq, Eq)]
enum Endpoint {
    Tcp(String, u16),
    #[cfg(unix)]
    Unix(std::path::PathBuf),
}

/// The requests to cancel what one connection runs.
pub(crate) struct Cancellations {
    /// The name of the server in its certificate.
    host: String,
    /// All that the name stands for. A server of another connection ignores a request, because it does not know its secret.
    endpoints: Vec<Endpoint>,
    connect_timeout: Duration,
    tls: MakeRustlsConnect,
    /// The requests that may still hit a statement.
    running: watch::Sender<usize>,
    /// True when it is not known whether one can.
    is_uncertain: AtomicBool,
}

impl Cancellations {
    /// For a connection that was just made with this configuration and TLS.
    pub(crate) fn of(config: &Config, noting: &NotingTls) -> Arc<Self> {
        let host = noting.host.lock().clone();
        Arc::new(Self {
            endpoints: endpoints(config, &host),
            host,
            connect_timeout: config.get_connect_timeout().copied().unwrap_or(SETTLED_WITHIN),
            tls: noting.tls.clone(),
            running: watch::Sender::new(0),
            is_uncertain: AtomicBool::new(false),
        })
    }

    /// Returns when no request can hit what the connection runs next, unless [`Self::is_certain`] says otherwise.
    pub(crate) async fn settled(&self) {
        // An error means that the sender is gone, which is this.
        let _ = self.running.subscribe().wait_for(|running| *running == 0).await;
    }

    /// True when no request can hit what the connection runs next.
    pub(crate) fn is_certain(&self) -> bool {
        *self.running.borrow() == 0 && !self.is_uncertain.load(Ordering::Relaxed)
    }

    async fn send(&self, token: &CancelToken) {
        join_all(self.endpoints.iter().map(|endpoint| self.send_to(endpoint, token))).await;
    }

    async fn send_to(&self, endpoint: &Endpoint, token: &CancelToken) {
        match endpoint {
            Endpoint::Tcp(host, port) => match lookup_host((host.as_str(), *port)).await {
                Ok(addresses) => {
                    let sent = addresses.map(|address| async move {
                        let stream = self.connected(TcpStream::connect(address)).await?.into_std()?;
                        let rest = TcpStream::from_std(stream.try_clone()?)?;
                        self.ask(TcpStream::from_std(stream)?, rest, token).await;
                        Ok(())
                    });
                    join_all(sent).await.into_iter().for_each(log_unreachable);
                }
                Err(error) => log_unreachable(Err(error)),
            },
            #[cfg(unix)]
            Endpoint::Unix(path) => {
                let send = async {
                    let stream = self.connected(tokio::net::UnixStream::connect(path)).await?.into_std()?;
                    let rest = tokio::net::UnixStream::from_std(stream.try_clone()?)?;
                    self.ask(tokio::net::UnixStream::from_std(stream)?, rest, token).await;
                    Ok(())
                };
                log_unreachable(send.await);
            }
        }
    }

    async fn connected<S>(&self, connecting: impl Future<Output = io::Result<S>>) -> io::Result<S> {
        timeout(self.connect_timeout, connecting)
            .await
            .unwrap_or_else(|_| Err(io::ErrorKind::TimedOut.into()))
    }

    /// Sends the request, and waits until the server closes the connection, of which `rest` is a second handle.
    async fn ask<S>(&self, stream: S, mut rest: S, token: &CancelToken)
    where
        S: AsyncRead + AsyncWrite + Unpin + Send + 'static,
    {
        let asking = async {
            let mut tls = self.tls.clone();
            let Ok(tls) = MakeTlsConnect::<S>::make_tls_connect(&mut tls, &self.host);
            token.cancel_query_raw(stream, tls).await?;
            let mut ignored = [0; 256];
            while rest.read(&mut ignored).await.is_ok_and(|length| length > 0) {}
            Ok::<_, PostgresError>(())
        };
        let why = match timeout(SETTLED_WITHIN, asking).await {
            Ok(Ok(())) => return,
            Ok(Err(error)) => error.to_string(),
            Err(_) => format!("the server took longer than {SETTLED_WITHIN:?}"),
        };
        tracing::debug!(why, "a statement may be cancelled late");
        self.is_uncertain.store(true, Ordering::Relaxed);
    }
}

/// A request that was not sent can hit nothing.
fn log_unreachable(sent: io::Result<()>) {
    if let Err(error) = sent {
        tracing::debug!(%error, "a statement could not be cancelled at an address of its server");
    }
}

/// The endpoints of the servers whose certificates have this name. A socket file has none.
fn endpoints(config: &Config, name: &str) -> Vec<Endpoint> {
    let (hosts, addresses, ports) = (config.get_hosts(), config.get_hostaddrs(), config.get_ports());
    let count = hosts.len().max(addresses.len());
    let all = (0..count).filter_map(|index| {
        let host = hosts.get(index);
        let port = ports.get(index).or_else(|| ports.first()).copied().unwrap_or(PORT);
        let is_named = match host {
            Some(Host::Tcp(host)) => host == name,
            _ => name.is_empty(),
        };
        let endpoint = match (addresses.get(index), host) {
            (Some(address), _) => Endpoint::Tcp(address.to_string(), port),
            (None, Some(Host::Tcp(host))) => Endpoint::Tcp(host.clone(), port),
            #[cfg(unix)]
            (None, Some(Host::Unix(directory))) => Endpoint::Unix(directory.join(format!(".s.PGSQL.{port}"))),
            (None, None) => return None,
        };
        is_named.then_some(endpoint)
    });
    all.collect()
}

/// A request that may still hit a statement.
struct Running(Arc<Cancellations>);

impl Running {
    fn begin(cancellations: &Arc<Cancellations>) -> Self {
        cancellations.running.send_modify(|running| *running += 1);
        Self(Arc::clone(cancellations))
    }
}

impl Drop for Running {
    fn drop(&mut self) {
        self.0.running.send_modify(|running| *running -= 1);
    }
}

/// Cancels what a connection is running.
#[derive(Clone)]
pub(crate) struct Canceller {
    token: CancelToken,
    cancellations: Arc<Cancellations>,
}

impl Canceller {
    pub(crate) fn new(token: CancelToken, cancellations: &Arc<Cancellations>) -> Self {
        Self { token, cancellations: Arc::clone(cancellations) }
    }

    /// Ends when the server has interrupted the process. When this is dropped, the request goes on, and is waited for by
    /// whoever uses the connection next.
    pub(crate) async fn cancel(self) {
        if let Some(task) = self.spawn() {
            // When the task failed, there is nothing to wait for.
            let _ = task.await;
        }
    }

    /// Cancels without waiting for it. Gives none when the runtime is gone, and the connection soon will be.
    pub(crate) fn spawn(self) -> Option<JoinHandle<()>> {
        let runtime = Handle::try_current().ok()?;
        let running = Running::begin(&self.cancellations);
        Some(runtime.spawn(async move { running.0.send(&self.token).await }))
    }

    /// Cancels now, and once more for a statement that has not begun yet, since a request that comes before has no effect.
    /// It is for a connection that is not used again.
    pub(crate) fn spawn_twice(self) {
        if let Ok(runtime) = Handle::try_current() {
            runtime.spawn(async move {
                self.clone().cancel().await;
                tokio::time::sleep(CANCEL_AGAIN).await;
                self.cancel().await;
            });
        }
    }
}

/// Cancels the running statement when it is dropped before the statement has ended, and notes that.
pub(crate) struct CancelOnDrop {
    canceller: Option<Canceller>,
    is_interrupted: Arc<AtomicBool>,
}

impl CancelOnDrop {
    pub(crate) fn new(canceller: Canceller, is_interrupted: &Arc<AtomicBool>) -> Self {
        Self { canceller: Some(canceller), is_interrupted: Arc::clone(is_interrupted) }
    }

    pub(crate) fn finish(mut self) {
        self.canceller = None;
    }
}

impl Drop for CancelOnDrop {
    fn drop(&mut self) {
        if let Some(canceller) = self.canceller.take() {
            self.is_interrupted.store(true, Ordering::Relaxed);
            // Whoever uses the connection next waits until the request is settled.
            drop(canceller.spawn());
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn it_finds_the_endpoints_of_a_host() {
        let config: Config = "host=a,b,a hostaddr=10.0.0.1,10.0.0.2,10.0.0.3 port=1,2,3".parse().unwrap();
        assert_eq!(endpoints(&config, "b"), [Endpoint::Tcp("10.0.0.2".into(), 2)]);
        let both = [Endpoint::Tcp("10.0.0.1".into(), 1), Endpoint::Tcp("10.0.0.3".into(), 3)];
        assert_eq!(endpoints(&config, "a"), both);
        let config: Config = "postgres://u@a,b/d".parse().unwrap();
        assert_eq!(endpoints(&config, "b"), [Endpoint::Tcp("b".into(), 5432)]);
    }

    #[cfg(unix)]
    #[test]
    fn it_finds_the_file_of_a_socket() {
        let config: Config = "host=/run/postgresql port=7".parse().unwrap();
        assert_eq!(endpoints(&config, ""), [Endpoint::Unix("/run/postgresql/.s.PGSQL.7".into())]);
    }
}
