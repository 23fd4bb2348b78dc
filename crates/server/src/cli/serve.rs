//! `phantomdb serve`.

use std::{io::Write as _, net::SocketAddr, num::NonZeroUsize, path::PathBuf, sync::Arc, time::Duration};

use clap::Args;
use phantomdb_engine::Engine;
use phantomdb_engine_postgres::{PostgresEngine, PostgresOptions};
use phantomdb_engine_sqlite::SqliteEngine;
use phantomdb_service::{Service, ServiceOptions};
use tokio::net::TcpListener;
use tokio_util::sync::CancellationToken;

use super::{
    access::AccessOptions,
    cluster::{ClusterOptions, duration},
    console::ConsoleOptions,
    error::{CommandError, complain},
    limits::{LimitOptions, Limits},
    logging::LogOptions,
    postgres::{self, PostgresAccess},
    tls::TlsOptions,
    traces::TraceOptions,
};
use crate::{
    http::{HttpOptions, HttpServer, Listener, WebAccess, admin_router, host_name, serve_connections},
    serve::{hang_ups, serve, stop_signal},
};

#[derive(Debug, Args)]
pub(super) struct ServeOptions {
    /// The address and port to listen on; port 0 takes a free one. An address that other computers can reach needs a
    /// token.
    #[arg(long, env = "PHANTOMDB_LISTEN", default_value = "127.0.0.1:8080", value_name = "ADDRESS:PORT")]
    listen: String,
    /// Keep the databases in a PostgreSQL server, or in one that speaks its protocol, instead of files:
    /// postgres://USER:PASSWORD@HOST:PORT/DATABASE, with several hosts separated by commas.
    #[arg(
        long,
        env = "PHANTOMDB_ENGINE",
        hide_env_values = true,
        value_name = "URL",
        conflicts_with_all = ["memory", "data"]
    )]
    pub(super) engine: Option<String>,
    #[command(flatten)]
    postgres: PostgresAccess,
    /// The number of connections to each database of the PostgreSQL server.
    #[arg(
        long,
        env = "PHANTOMDB_ENGINE_CONNECTIONS",
        default_value_t = PostgresOptions::default().connections,
        value_name = "N"
    )]
    engine_connections: usize,
    /// The number of threads that serve. The default is the number of cores, and half of it with --engine: there the
    /// threads mostly wait for PostgreSQL, and a call that stays on its thread is answered sooner.
    #[arg(long, env = "PHANTOMDB_THREADS", value_name = "N")]
    pub(super) threads: Option<NonZeroUsize>,
    #[command(flatten)]
    cluster: ClusterOptions,
    /// The directory of the databases. It is created if it does not exist.
    #[arg(
        long,
        env = "PHANTOMDB_DATA",
        default_value = "./phantomdb-data",
        value_name = "DIR",
        conflicts_with = "memory"
    )]
    data: PathBuf,
    /// Keep the databases in memory; they are gone when the server stops.
    #[arg(long)]
    memory: bool,
    #[command(flatten)]
    access: AccessOptions,
    #[command(flatten)]
    console: ConsoleOptions,
    #[command(flatten)]
    tls: TlsOptions,
    /// Another address and port for /metrics, /health and /ready, which need no token there. Let only those reach it
    /// who watch over the server.
    #[arg(long, env = "PHANTOMDB_ADMIN_LISTEN", value_name = "ADDRESS:PORT")]
    admin_listen: Option<String>,
    /// The time in which the server stops when it is asked to: requests may end, and what still runs near its end is
    /// interrupted. Milliseconds, or a duration like 500ms, 9s or 1m.
    #[arg(
        long,
        env = "PHANTOMDB_GRACE",
        default_value = "9s",
        value_name = "DURATION",
        value_parser = duration
    )]
    grace: Duration,
    /// A TOML file with options: its keys are the options of this command without --. Options on the command line and
    /// in the environment go before those in the file.
    #[arg(long, env = "PHANTOMDB_CONFIG", value_name = "FILE")]
    config: Option<PathBuf>,
    /// Refuse statements in the engine's own SQL (`{ native: true }`), which would reach the engine unchanged.
    #[arg(long, env = "PHANTOMDB_NO_NATIVE")]
    no_native: bool,
    /// Let callers make snapshots of databases and restore them, which discards what everybody has written since. Use
    /// it for tests only. With --memory snapshots are always allowed.
    #[arg(long, env = "PHANTOMDB_ALLOW_SNAPSHOTS")]
    allow_snapshots: bool,
    #[command(flatten)]
    pub(super) log: LogOptions,
    #[command(flatten)]
    traces: TraceOptions,
    // At the end, because options that come after it would stand under its heading in the help.
    #[command(flatten)]
    limits: LimitOptions,
}

impl ServeOptions {
    pub(super) const fn uses_postgres(&self) -> bool {
        self.engine.is_some() || self.postgres.engine_file.is_some()
    }
}

/// Serves until the process is asked to stop.
pub(super) async fn run(options: ServeOptions) -> Result<(), CommandError> {
    tracing::debug!(config = ?options.config, "the options were read");
    let addresses = addresses("--listen", &options.listen).await?;
    let tokens = options.access.tokens(&options.listen, &addresses)?;
    let console = options.console.is_served(&options.access, &tokens, &addresses)?;
    let identity = options.tls.identity()?;
    let no_signals = |error| CommandError::failed(format!("signals cannot be listened for: {error}"));
    let stop = stop_signal().await.map_err(no_signals)?;
    let hang_ups = hang_ups().map_err(no_signals)?;
    let listener = bind(&options.listen, &addresses).await?;
    let admin = match &options.admin_listen {
        Some(listen) => {
            Some((bind(listen, &self::addresses("--admin-listen", listen).await?).await?, listen))
        }
        None => None,
    };
    let address = listener
        .local_addr()
        .map_err(|error| CommandError::failed(format!("the port is not known: {error}")))?;
    if !tokens.are_needed() {
        complain("no token is set, so only callers on this computer are served");
    }
    let limits = options.limits.take_effect();
    let engine = engine(&options, &limits)?;
    if options.uses_postgres() {
        postgres::check(&*engine).await?;
    }
    let service = Service::new(
        engine,
        ServiceOptions {
            allow_native: !options.no_native,
            allow_snapshots: options.allow_snapshots || options.memory,
            server_name: options.cluster.server_name(),
            advertise: options.cluster.advertise(),
            ..limits.service()
        },
    );
    let http = HttpOptions {
        web: options.access.web(&tokens, &options.listen, console),
        console,
        tokens: Arc::clone(&tokens),
        slow_after: options.log.slow_after(),
        traces: options.traces.traces(options.cluster.server_name())?,
        peers: options.cluster.peers()?,
        ..limits.http()
    };
    let server = HttpServer::new(Arc::clone(&service), http);
    let listener = match &identity {
        None => Listener::plain(listener),
        Some(identity) => {
            let acceptor = identity.acceptor().map_err(|error| CommandError::failed(error.message))?;
            tokio::spawn(Arc::clone(identity).follow());
            Listener::secured(listener, acceptor)
        }
    };
    tokio::spawn(tokens.follow(hang_ups));
    if let Some((listener, listen)) = admin {
        serve_admin(listener, listen, &server)?;
    }
    let scheme = if identity.is_some() { "https" } else { "http" };
    print_address(scheme, address, &options.console.described(console, &format!("{scheme}://{address}")));
    serve(listener, server, service, stop, options.grace).await;
    Ok(())
}

async fn bind(listen: &str, addresses: &[SocketAddr]) -> Result<TcpListener, CommandError> {
    let bound = TcpListener::bind(addresses).await;
    bound.map_err(|error| CommandError::failed(format!("cannot listen on {listen}: {error}")))
}

/// Serves the metrics and the state of the server on a port of their own, for as long as the process lives.
fn serve_admin(listener: TcpListener, listen: &str, server: &Arc<HttpServer>) -> Result<(), CommandError> {
    let address = listener
        .local_addr()
        .map_err(|error| CommandError::failed(format!("the port of --admin-listen is not known: {error}")))?;
    let own = listen.rsplit_once(':').and_then(|(host, _)| host_name(host).ok());
    let web = if address.ip().is_loopback() { WebAccess::hosts(own) } else { WebAccess::any_host() };
    let router = admin_router(Arc::clone(server), web);
    let limits = server.options().connections.for_admin();
    tracing::info!(%address, "the metrics are served");
    tokio::spawn(serve_connections(Listener::plain(listener), router, limits, CancellationToken::new()));
    Ok(())
}

fn engine(options: &ServeOptions, limits: &Limits) -> Result<Arc<dyn Engine>, CommandError> {
    if let Some(url) = options.postgres.url(options.engine.as_deref())? {
        let settings = PostgresOptions {
            connections: options.engine_connections,
            allow_superuser: options.postgres.allow_superuser,
            ..limits.postgres()
        };
        let settings = options.cluster.engine(settings);
        let engine =
            PostgresEngine::open(&url, settings).map_err(|error| CommandError::misused(error.to_string()))?;
        return Ok(Arc::new(engine));
    }
    let settings = limits.sqlite();
    if options.memory {
        return Ok(Arc::new(SqliteEngine::memory().with_options(settings)));
    }
    match SqliteEngine::open_alone(&options.data) {
        Ok(engine) => Ok(Arc::new(engine.with_options(settings))),
        Err(error) => Err(CommandError::failed(format!(
            "the data in {} cannot be opened: {error}",
            options.data.display()
        ))),
    }
}

/// Writes the lines on stdout. Programs that start the server wait for the first of them.
fn print_address(scheme: &str, address: SocketAddr, console: &str) {
    let mut stdout = std::io::stdout().lock();
    let written = writeln!(stdout, "phantomdb listening on {scheme}://{address}\nthe console {console}")
        .and_then(|()| stdout.flush());
    if let Err(error) = written {
        tracing::warn!(%error, "the address could not be written to stdout");
    }
}

async fn addresses(option: &str, listen: &str) -> Result<Vec<SocketAddr>, CommandError> {
    let found = tokio::net::lookup_host(listen).await.map(Iterator::collect::<Vec<_>>);
    match found {
        Ok(addresses) if !addresses.is_empty() => Ok(addresses),
        _ => Err(CommandError::misused(format!(
            "{option} {listen} is not an address with a port, like 127.0.0.1:8080 or [::1]:0"
        ))),
    }
}
