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

use crate::{
    error, options::PostgresOptions, prepared::PreparedForms, server_traits::ServerTraits, sync::lock,
};

/// Statements that are prepared on one connection at a time.
const PREPARED_MAX: usize = 500;

/// A connection. One request has it at a time.
pub(crate) struct Connection {
    client: Client,
    tls: MakeRustlsConnect,
    pub(crate) traits: ServerTraits,
    pub(crate) prepared: Mutex<LruCache<u64, PreparedForms>>,
    pub(crate) receipt_statement: OnceCell<Statement>,
    condemned: AtomicBool,
}

impl Connection {
    /// `UNAVAILABLE` when no server answers, `UNKNOWN_DATABASE` when it has no such database.
    pub(crate) async fn open(
        config: &Config,
        tls: MakeRustlsConnect,
        options: &PostgresOptions,
    ) -> Result<Self> {
        let (client, driver) =
            config.connect(tls.clone()).await.map_err(|error| error::connecting(&error, config))?;
        tokio::spawn(async move {
            // Whoever waits for an answer is told as well.
            if let Err(error) = driver.await {
                tracing::debug!(%error, "a connection to PostgreSQL ended");
            }
        });
        let traits = settle(&client, options).await?;
        let prepared = Mutex::new(LruCache::new(PREPARED_MAX));
        let receipt_statement = OnceCell::new();
        Ok(Self { client, tls, traits, prepared, receipt_statement, condemned: AtomicBool::new(false) })
    }

    pub(crate) fn client(&self) -> &Client {
        &self.client
    }

    fn is_closed(&self) -> bool {
        self.client.is_closed()
    }

    /// Nobody shall have it again: what state it is in is not known.
    pub(crate) fn condemn(&self) {
        self.condemned.store(true, Ordering::Relaxed);
    }

    pub(crate) fn can_be_used(&self) -> bool {
        !self.is_closed() && !self.condemned.load(Ordering::Relaxed)
    }

    pub(crate) fn canceller(&self) -> Canceller {
        Canceller { token: self.client.cancel_token(), tls: self.tls.clone() }
    }

    /// Runs statements without parameters whose results nobody needs.
    pub(crate) async fn run(&self, sql: &str) -> Result<()> {
        self.client.batch_execute(sql).await.map_err(|error| error::explain(&error))
    }

    pub(crate) fn forget(&self, plan: u64) {
        lock(&self.prepared).remove(&plan);
    }
}

/// Brings a session into the state that statements count on, and tells what kind of server it is.
async fn settle(client: &Client, options: &PostgresOptions) -> Result<ServerTraits> {
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

/// Stops what a connection is running.
#[derive(Clone)]
pub(crate) struct Canceller {
    token: CancelToken,
    tls: MakeRustlsConnect,
}

impl Canceller {
    /// Done when the server has passed it on. It may come too late, and is then without effect, or stops what the
    /// connection runs next.
    pub(crate) async fn cancel(self) {
        if let Err(error) = self.token.cancel_query(self.tls).await {
            tracing::debug!(%error, "a statement could not be cancelled");
        }
    }

    /// Cancels without waiting for it. None when there is no runtime any more, and soon no connection either.
    pub(crate) fn spawn(self) -> Option<JoinHandle<()>> {
        Handle::try_current().ok().map(|runtime| runtime.spawn(self.cancel()))
    }
}
