//! A connection to a PostgreSQL server, and the statements that are prepared on it.

use std::sync::{
    Arc,
    atomic::{AtomicBool, Ordering},
};

use hashlink::LruCache;
use parking_lot::Mutex;
use phantomdb_engine::ResultLimits;
use phantomdb_protocol::{Error, ErrorCode, Result};
use tokio::{sync::OnceCell, task::AbortHandle};
use tokio_postgres::{
    Client, Config, Error as PostgresError, RowStream, SimpleQueryMessage, Statement, types::ToSql,
};
use tokio_postgres_rustls::MakeRustlsConnect;

use super::database_code::DatabaseCode;
use crate::{
    adapt::SessionEffect,
    cancel::{Cancellations, Canceller, NotingTls},
    error,
    options::PostgresOptions,
    prepared::{Prepared, PreparedForms},
    server_traits::ServerTraits,
};

/// The most statements that are prepared on one connection at a time.
const PREPARED_MAX: usize = 500;

/// A connection, which one request uses at a time, unless it belongs to the pipeline.
pub(crate) struct Connection {
    client: Client,
    cancellations: Arc<Cancellations>,
    pub(crate) traits: ServerTraits,
    /// The number of the server's process.
    pub(crate) process: u64,
    /// How large a result may be.
    pub(crate) results: ResultLimits,
    pub(crate) prepared: Mutex<LruCache<u64, PreparedForms>>,
    pub(crate) receipt_insert: OnceCell<Statement>,
    unusable: AtomicBool,
    /// True when a statement may have changed the session.
    changed: AtomicBool,
    /// The code that the database is known to store.
    code: Mutex<Arc<DatabaseCode>>,
    /// The statements that set the session up.
    settings: String,
    /// The task that reads and writes the connection.
    driver: AbortHandle,
}

impl Connection {
    /// `UNAVAILABLE` when no server answers, `UNKNOWN_DATABASE` when it has no such database.
    pub(crate) async fn open(
        config: &Config,
        tls: MakeRustlsConnect,
        options: &PostgresOptions,
    ) -> Result<Self> {
        let tls = NotingTls::new(tls);
        let (client, driver) =
            config.connect(tls.clone()).await.map_err(|error| error::explain_connection(&error, config))?;
        let cancellations = Cancellations::of(config, &tls);
        let driver = tokio::spawn(async move {
            // The callers that wait for a result get an error too.
            if let Err(error) = driver.await {
                tracing::debug!(%error, "a connection to PostgreSQL ended");
            }
        })
        .abort_handle();
        let settings = settings(options);
        let (traits, process) = set_up_session(&client, &settings, options).await?;
        let prepared = Mutex::new(LruCache::new(PREPARED_MAX));
        let receipt_insert = OnceCell::new();
        let (unusable, changed) = (AtomicBool::new(false), AtomicBool::new(false));
        Ok(Self {
            client,
            cancellations,
            traits,
            process,
            results: options.results.clone(),
            prepared,
            receipt_insert,
            unusable,
            changed,
            code: Mutex::default(),
            settings,
            driver,
        })
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
        !self.is_closed() && !self.unusable.load(Ordering::Relaxed) && self.cancellations.is_certain()
    }

    /// Waits until no request to cancel can hit what is run next.
    pub(crate) async fn settled(&self) {
        self.cancellations.settled().await;
    }

    /// Notes what a statement may do to the session. If that is no longer as it was when it began, no other caller may get
    /// it.
    pub(crate) fn note(&self, effect: &SessionEffect) {
        if *effect != SessionEffect::Neutral && !effect.is_neutral_with(&self.code().neutral) {
            self.changed.store(true, Ordering::Relaxed);
        }
    }

    /// The code that the database is known to store.
    pub(crate) fn code(&self) -> Arc<DatabaseCode> {
        Arc::clone(&self.code.lock())
    }

    pub(crate) fn set_code(&self, code: Arc<DatabaseCode>) {
        *self.code.lock() = code;
    }

    /// Makes the session what it was when it began, except for its prepared statements. When a prepared statement was made or
    /// removed in SQL, the connection fails.
    pub(crate) async fn reset(&self) -> Result<()> {
        let sql = format!(
            "CLOSE ALL; SET SESSION AUTHORIZATION DEFAULT; RESET ALL; UNLISTEN *; SELECT pg_advisory_unlock_all(); \
             DISCARD TEMP; DISCARD SEQUENCES; {} SELECT count(*) FROM pg_catalog.pg_prepared_statements WHERE from_sql",
            self.settings
        );
        let answers = self.client.simple_query(&sql).await.map_err(|error| error::explain(&error))?;
        let made = answers.iter().rev().find_map(|answer| match answer {
            SimpleQueryMessage::Row(row) => row.get(0),
            _ => None,
        });
        if made == Some("0") { Ok(()) } else { Err(Error::internal("the session has statements of others")) }
    }

    pub(crate) fn is_changed(&self) -> bool {
        self.changed.load(Ordering::Relaxed)
    }

    /// Ends the session at once, and with it its locks, settings and temporary tables. Another session is the only one
    /// that certainly has nothing of this one: DISCARD ALL keeps the connections of dblink, the seed of random() and the
    /// variables of procedural languages.
    pub(crate) fn close(&self) {
        self.mark_unusable();
        self.driver.abort();
    }

    /// Runs a prepared statement.
    pub(crate) async fn query<'a>(
        &self,
        prepared: &Prepared,
        parameters: impl ExactSizeIterator<Item = &'a (dyn ToSql + Sync)>,
    ) -> std::result::Result<RowStream, PostgresError> {
        self.note(&prepared.session);
        self.client.query_raw(&prepared.statement, parameters).await
    }

    pub(crate) fn canceller(&self) -> Canceller {
        Canceller::new(self.client.cancel_token(), &self.cancellations)
    }

    /// Runs statements without parameters, whose results are not needed.
    pub(crate) async fn run(&self, sql: &str) -> Result<()> {
        self.client.batch_execute(sql).await.map_err(|error| error::explain(&error))
    }

    pub(crate) fn forget(&self, plan: u64) {
        self.prepared.lock().remove(&plan);
    }

    /// Forgets the prepared statements of every plan.
    pub(crate) fn forget_all(&self) {
        self.prepared.lock().clear();
    }
}

/// Adds to a SELECT whether the role can leave its database: by being a superuser, or by the roles for files and programs.
const IS_POWERFUL: &str = ", current_setting('is_superuser') <> 'off' OR EXISTS (SELECT FROM pg_catalog.pg_roles \
     WHERE rolname IN ('pg_read_server_files', 'pg_write_server_files', 'pg_execute_server_program') \
     AND pg_has_role(current_user, oid, 'MEMBER'))";

fn powerful_role() -> Error {
    Error::new(
        ErrorCode::Forbidden,
        "the PostgreSQL role of the server's --engine URL is a superuser, or may read files and run programs of the \
         database server, and so could every caller. Make a role with CREATE ROLE phantomdb LOGIN CREATEDB PASSWORD \
         '…' and use it in the URL, or start the server with --allow-superuser",
    )
}

/// Sets the session up as statements expect it, and finds out which kind of server it is and which of its processes.
async fn set_up_session(
    client: &Client,
    settings: &str,
    options: &PostgresOptions,
) -> Result<(ServerTraits, u64)> {
    let mut sql = settings.to_owned();
    sql.push_str(" SELECT version(), pg_catalog.pg_backend_pid()");
    if !options.allow_superuser {
        sql.push_str(IS_POWERFUL);
    }
    let answers = client.simple_query(&sql).await.map_err(|error| error::explain(&error))?;
    let row = answers.iter().find_map(|answer| match answer {
        SimpleQueryMessage::Row(row) => Some(row),
        _ => None,
    });
    if row.is_some_and(|row| row.columns().len() > 2 && row.get(2) != Some("f")) {
        return Err(powerful_role());
    }
    let version = row.and_then(|row| row.get(0));
    let version = version.ok_or_else(|| {
        Error::new(ErrorCode::Unavailable, "the server does not say what it is; is it a PostgreSQL server?")
    })?;
    let process = row.and_then(|row| row.get(1)).and_then(|process| process.parse().ok());
    // YugabyteDB calls itself PostgreSQL 15.2-YB-2025.1.
    let has_xmax = !version.starts_with("CockroachDB") && !version.contains("-YB-");
    Ok((ServerTraits { has_xmax }, process.unwrap_or_default()))
}

fn settings(options: &PostgresOptions) -> String {
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
    sql
}
