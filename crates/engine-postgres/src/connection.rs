//! A connection to a PostgreSQL server, and the statements that are prepared on it.

use std::sync::{
    Mutex,
    atomic::{AtomicBool, Ordering},
};

use hashlink::LruCache;
use phantomdb_protocol::{Error, ErrorCode, Result};
use tokio::{runtime::Handle, sync::OnceCell, task::JoinHandle};
use tokio_postgres::{CancelToken, Client, Config, SimpleQueryMessage, Statement};
use tokio_postgres_rustls::MakeRustlsConnect;

use crate::{error, options::PostgresOptions, prepared::PreparedForms, server_traits::ServerTraits};
use phantomdb_engine::sync::lock;

/// The most statements that are prepared on one connection at a time.
const PREPARED_MAX: usize = 500;

/// A connection, which one request uses at a time, unless it belongs to the pipeline.
pub(crate) struct Connection {
    client: Client,
    tls: MakeRustlsConnect,
    pub(crate) traits: ServerTraits,
    pub(crate) prepared: Mutex<LruCache<u64, PreparedForms>>,
    pub(crate) receipt_insert: OnceCell<Statement>,
    unusable: AtomicBool,
}

impl Connection {
    /// `UNAVAILABLE` when no server answers, `UNKNOWN_DATABASE` when it has no such database.
    pub(crate) async fn open(
        config: &Config,
        tls: MakeRustlsConnect,
        options: &PostgresOptions,
    ) -> Result<Self> {
        let (client, driver) =
            config.connect(tls.clone()).await.map_err(|error| error::explain_connection(&error, config))?;
        tokio::spawn(async move {
            // The callers that wait for a result get an error too.
            if let Err(error) = driver.await {
                tracing::debug!(%error, "a connection to PostgreSQL ended");
            }
        });
        let traits = set_up_session(&client, options).await?;
        let prepared = Mutex::new(LruCache::new(PREPARED_MAX));
        let receipt_insert = OnceCell::new();
        Ok(Self { client, tls, traits, prepared, receipt_insert, unusable: AtomicBool::new(false) })
    }

    pub(crate) fn client(&self) -> &Client {
        &self.client
    }

    fn is_closed(&self) -> bool {
        self.client.is_closed()
    }

    /// Excludes the connection from further use, because its state is unknown.
    pub(crate) fn mark_unusable(&self) {
        self.unusable.store(true, Ordering::Relaxed);
    }

    pub(crate) fn is_usable(&self) -> bool {
        !self.is_closed() && !self.unusable.load(Ordering::Relaxed)
    }

    pub(crate) fn canceller(&self) -> Canceller {
        Canceller { token: self.client.cancel_token(), tls: self.tls.clone() }
    }

    /// Runs statements without parameters, whose results are not needed.
    pub(crate) async fn run(&self, sql: &str) -> Result<()> {
        self.client.batch_execute(sql).await.map_err(|error| error::explain(&error))
    }

    pub(crate) fn forget(&self, plan: u64) {
        lock(&self.prepared).remove(&plan);
    }
}

/// Sets the session up as statements expect it, and finds out which kind of server it is.
async fn set_up_session(client: &Client, options: &PostgresOptions) -> Result<ServerTraits> {
    let mut sql = String::from(
        "SET TimeZone = 'UTC'; SET DateStyle = 'ISO, MDY'; SET standard_conforming_strings = on; \
         SET client_min_messages = warning;",
    );
    for (setting, value) in
        [("statement_timeout", options.statement_timeout), ("lock_timeout", options.lock_timeout)]
    {
        if let Some(value) = value {
            sql.push_str(&format!(" SET {setting} = {};", value.as_millis()));
        }
    }
    sql.push_str(" SELECT version()");
    let answers = client.simple_query(&sql).await.map_err(|error| error::explain(&error))?;
    let version = answers.iter().find_map(|answer| match answer {
        SimpleQueryMessage::Row(row) => row.get(0),
        _ => None,
    });
    let version = version.ok_or_else(|| {
        Error::new(ErrorCode::Unavailable, "the server does not say what it is; is it a PostgreSQL server?")
    })?;
    // YugabyteDB calls itself PostgreSQL 15.2-YB-2025.1.
    Ok(ServerTraits { has_xmax: !version.starts_with("CockroachDB") && !version.contains("-YB-") })
}

/// Cancels what a connection is running.
#[derive(Clone)]
pub(crate) struct Canceller {
    token: CancelToken,
    tls: MakeRustlsConnect,
}

impl Canceller {
    /// Ends when the server has passed the request on. A request that comes too late has no effect, or cancels what the
    /// connection runs next.
    pub(crate) async fn cancel(self) {
        if let Err(error) = self.token.cancel_query(self.tls).await {
            tracing::debug!(%error, "a statement could not be cancelled");
        }
    }

    /// Cancels without waiting for it. Gives none when the runtime is gone, and the connection soon will be.
    pub(crate) fn spawn(self) -> Option<JoinHandle<()>> {
        Handle::try_current().ok().map(|runtime| runtime.spawn(self.cancel()))
    }
}
