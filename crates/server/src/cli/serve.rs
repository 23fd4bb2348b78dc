//! `phantomdb serve`.

use std::{
    io::Write as _,
    net::SocketAddr,
    num::NonZeroUsize,
    path::{Path, PathBuf},
    sync::Arc,
    time::Duration,
};

use clap::Args;
use phantomdb_engine::Engine;
use phantomdb_engine_postgres::{PostgresEngine, PostgresOptions};
use phantomdb_engine_sqlite::{SqliteEngine, SqliteOptions};
use phantomdb_service::{Service, ServiceOptions};
use tokio::net::TcpListener;

use super::{
    cluster::ClusterOptions,
    error::{CommandError, complain},
    tls::TlsOptions,
};
use crate::{
    http::{HttpOptions, HttpServer, Listener},
    serve::{serve, stop_signal},
};

/// How long requests may take to end once the server is asked to stop.
const GRACE: Duration = Duration::from_secs(10);

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
    /// Stop a statement in the PostgreSQL server after this many milliseconds.
    #[arg(long, env = "PHANTOMDB_STATEMENT_TIMEOUT", value_name = "MILLISECONDS")]
    statement_timeout: Option<u64>,
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
    /// A file with the tokens that callers may show, one on each line. Without this option the token is the value of
    /// the environment variable PHANTOMDB_TOKEN.
    #[arg(long, env = "PHANTOMDB_TOKEN_FILE", value_name = "FILE")]
    token_file: Option<PathBuf>,
    #[command(flatten)]
    tls: TlsOptions,
    /// The longest request body that is accepted, in bytes.
    #[arg(long, env = "PHANTOMDB_BODY_MAX", default_value_t = HttpOptions::default().body_max, value_name = "BYTES")]
    body_max: usize,
    /// Roll back a transaction that holds a database's write lock and runs no statement for this many milliseconds
    /// while others wait for the lock.
    #[arg(long, env = "PHANTOMDB_LOCK_IDLE_TIMEOUT", default_value_t = 5000, value_name = "MILLISECONDS")]
    lock_idle_timeout: u64,
    /// The most transactions that may be open at once. The server refuses the next with TOO_MANY_REQUESTS until another
    /// ends.
    #[arg(long, env = "PHANTOMDB_TRANSACTIONS_MAX", default_value_t = ServiceOptions::default().transactions_max, value_name = "COUNT")]
    transactions_max: usize,
    /// Refuse statements in the engine's own SQL (`{ native: true }`), which would reach the engine unchanged.
    #[arg(long, env = "PHANTOMDB_NO_NATIVE")]
    no_native: bool,
    /// Let callers make snapshots of databases and restore them, which discards what everybody has written since. Use
    /// it for tests only. With --memory snapshots are always allowed.
    #[arg(long, env = "PHANTOMDB_ALLOW_SNAPSHOTS")]
    allow_snapshots: bool,
    /// The level of the log on stderr: error, warn, info, debug or trace, or directives like `phantomdb_server=debug`.
    #[arg(long, env = "PHANTOMDB_LOG_LEVEL", default_value = "warn", value_name = "LEVEL")]
    pub(super) log_level: String,
}

/// Serves until the process is asked to stop.
pub(super) async fn run(options: ServeOptions) -> Result<(), CommandError> {
    let tokens = tokens(options.token_file.as_deref(), std::env::var("PHANTOMDB_TOKEN").ok())?;
    let addresses = addresses(&options.listen).await?;
    let identity = options.tls.identity()?;
    if tokens.is_empty() && addresses.iter().any(|address| !address.ip().is_loopback()) {
        return Err(CommandError::misused(format!(
            "--listen {} can be reached from other computers, so callers must show a token: put one in a file \
                 and give it with --token-file FILE, or in the environment variable PHANTOMDB_TOKEN; or listen on \
                 127.0.0.1",
            options.listen
        )));
    }
    let stop = stop_signal()
        .await
        .map_err(|error| CommandError::failed(format!("signals cannot be listened for: {error}")))?;
    let listener = TcpListener::bind(&addresses[..])
        .await
        .map_err(|error| CommandError::failed(format!("cannot listen on {}: {error}", options.listen)))?;
    let address = listener
        .local_addr()
        .map_err(|error| CommandError::failed(format!("the port is not known: {error}")))?;
    if tokens.is_empty() {
        complain("no token is set, so only callers on this computer are served");
    }
    let service = Service::new(
        engine(&options)?,
        ServiceOptions {
            allow_native: !options.no_native,
            allow_snapshots: options.allow_snapshots || options.memory,
            transactions_max: options.transactions_max,
            server_name: options.cluster.server_name(),
            advertise: options.cluster.advertise(),
            ..ServiceOptions::default()
        },
    );
    let http = HttpOptions { tokens, body_max: options.body_max, peers: options.cluster.peers()? };
    let server = HttpServer::new(Arc::clone(&service), http);
    let listener = match &identity {
        None => Listener::plain(listener),
        Some(identity) => {
            let acceptor = identity.acceptor().map_err(|error| CommandError::failed(error.message))?;
            tokio::spawn(Arc::clone(identity).follow());
            Listener::secured(listener, acceptor)
        }
    };
    print_address(if identity.is_some() { "https" } else { "http" }, address);
    serve(listener, server, service, stop, GRACE)
        .await
        .map_err(|error| CommandError::failed(format!("serving ended: {error}")))
}

fn engine(options: &ServeOptions) -> Result<Arc<dyn Engine>, CommandError> {
    if let Some(url) = &options.engine {
        let settings = PostgresOptions {
            connections: options.engine_connections,
            statement_timeout: options.statement_timeout.map(Duration::from_millis),
            ..PostgresOptions::default()
        };
        let settings = options.cluster.engine(settings);
        let engine =
            PostgresEngine::open(url, settings).map_err(|error| CommandError::misused(error.to_string()))?;
        return Ok(Arc::new(engine));
    }
    let settings = SqliteOptions {
        lock_idle_timeout: Duration::from_millis(options.lock_idle_timeout),
        ..SqliteOptions::default()
    };
    if options.memory {
        return Ok(Arc::new(SqliteEngine::memory().with_options(settings)));
    }
    match SqliteEngine::open(&options.data) {
        Ok(engine) => Ok(Arc::new(engine.with_options(settings))),
        Err(error) => Err(CommandError::failed(format!(
            "the data in {} cannot be opened: {error}",
            options.data.display()
        ))),
    }
}

/// Writes the one line on stdout. Programs that start the server wait for it.
fn print_address(scheme: &str, address: SocketAddr) {
    let mut stdout = std::io::stdout().lock();
    let written =
        writeln!(stdout, "phantomdb listening on {scheme}://{address}").and_then(|()| stdout.flush());
    if let Err(error) = written {
        tracing::warn!(%error, "the address could not be written to stdout");
    }
}

async fn addresses(listen: &str) -> Result<Vec<SocketAddr>, CommandError> {
    let found = tokio::net::lookup_host(listen).await.map(Iterator::collect::<Vec<_>>);
    match found {
        Ok(addresses) if !addresses.is_empty() => Ok(addresses),
        _ => Err(CommandError::misused(format!(
            "--listen {listen} is not an address with a port, like 127.0.0.1:8080 or [::1]:0"
        ))),
    }
}

/// The tokens of the file, else the one of the environment.
fn tokens(file: Option<&Path>, environment: Option<String>) -> Result<Vec<String>, CommandError> {
    let Some(file) = file else {
        return Ok(environment
            .map(|token| token.trim().to_owned())
            .filter(|t| !t.is_empty())
            .into_iter()
            .collect());
    };
    let text = std::fs::read_to_string(file).map_err(|error| {
        CommandError::misused(format!("the token file {} cannot be read: {error}", file.display()))
    })?;
    let tokens: Vec<String> =
        text.lines().map(str::trim).filter(|line| !line.is_empty()).map(str::to_owned).collect();
    if tokens.is_empty() {
        return Err(CommandError::misused(format!("the token file {} has no token", file.display())));
    }
    Ok(tokens)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn it_takes_the_token_of_the_environment_unless_a_file_is_given() {
        assert_eq!(tokens(None, Some(" t ".into())).unwrap(), ["t"]);
        assert!(tokens(None, Some("  ".into())).unwrap().is_empty());
        let missing = tokens(Some(Path::new("/nowhere/token")), Some("t".into())).unwrap_err();
        assert!(missing.message.contains("cannot be read"));
    }
}
