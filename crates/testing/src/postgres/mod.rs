//! A real PostgreSQL for tests: the one that `PHANTOMDB_TEST_POSTGRES_URL` names, or one that is started for the process.

mod cluster;
mod programs;
pub mod replica;

use std::{path::Path, sync::OnceLock};

use self::cluster::{Cluster, Tls};

/// A server of the test's own, gone with it.
pub struct Server {
    pub url: String,
    /// `Some` when this process started the server and must stop it.
    _cluster: Option<Cluster>,
}

/// The URL of the server that the tests of this process share. The first caller waits until the server is ready.
pub fn postgres_url() -> &'static str {
    static SERVER: OnceLock<Server> = OnceLock::new();
    let server = SERVER.get_or_init(|| match std::env::var("PHANTOMDB_TEST_POSTGRES_URL") {
        Ok(url) => Server { url, _cluster: None },
        Err(_) => Server::of(Cluster::start(&[], None)),
    });
    &server.url
}

/// Starts a server that refuses callers without TLS. `certificate` and `key` are PEM files.
pub fn start_with_tls_only(certificate: &Path, key: &Path) -> Server {
    Server::of(Cluster::start(&["-c", "ssl=on"], Some(Tls { certificate, key })))
}

impl Server {
    fn of(cluster: Cluster) -> Self {
        Self { url: cluster.url(), _cluster: Some(cluster) }
    }
}
