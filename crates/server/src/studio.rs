//! The console of a database that runs within a program.

use std::{net::Ipv4Addr, sync::Arc, time::Duration};

use phantomdb_protocol::{Error, Result};
use phantomdb_service::Service;
use tokio::{net::TcpListener, task::JoinHandle};
use tokio_util::sync::CancellationToken;

use crate::{
    http::{HttpOptions, HttpServer, Listener, WebAccess, router, serve_connections},
    tokens::{Tokens, random_token},
};

/// How long the connections of browsers may take to close.
const CLOSE_TIMEOUT: Duration = Duration::from_secs(3);

/// Serves the console of a service on a free port of this computer, until it is stopped.
pub struct Studio {
    url: String,
    server: Arc<HttpServer>,
    stop: CancellationToken,
    serving: JoinHandle<()>,
}

impl Studio {
    /// Other users of the computer reach the port too, so that a new token is needed, which is in the fragment of the URL: a
    /// browser sends it to nobody. Fails where no port can be opened.
    pub async fn start(service: Arc<Service>) -> Result<Self> {
        let failed =
            |error: &dyn std::fmt::Display| Error::internal(format!("the console cannot be served: {error}"));
        let port = TcpListener::bind((Ipv4Addr::LOCALHOST, 0)).await.map_err(|error| failed(&error))?;
        let address = port.local_addr().map_err(|error| failed(&error))?;
        let token = random_token().map_err(|error| failed(&error))?;
        let url = format!("http://{address}/console/#token={token}");
        let options = HttpOptions {
            tokens: Tokens::of([token]),
            web: WebAccess::default().with_own_pages(),
            console: true,
            ..HttpOptions::default()
        };
        let limits = options.connections.clone();
        let server = HttpServer::new(service, options);
        let stop = CancellationToken::new();
        let router = router(Arc::clone(&server));
        let serving = tokio::spawn(serve_connections(Listener::plain(port), router, limits, stop.clone()));
        Ok(Self { url, server, stop, serving })
    }

    /// The URL of the page, with the token.
    pub fn url(&self) -> &str {
        &self.url
    }

    /// Interrupts the calls that run, closes the port and the connections, and lets go of the service.
    pub async fn stop(mut self) {
        self.server.cut_off();
        self.stop.cancel();
        if tokio::time::timeout(CLOSE_TIMEOUT, &mut self.serving).await.is_err() {
            tracing::warn!("the connections of the console did not close in time");
            self.serving.abort();
        }
    }
}
