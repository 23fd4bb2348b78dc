//! The options of a server that is one of several, or whose PostgreSQL has replicas.

use std::{collections::HashMap, time::Duration};

use clap::Args;
use phantomdb_engine_postgres::PostgresOptions;
use phantomdb_protocol::transaction_id::is_server_name;

use super::error::CommandError;
use crate::http::Peers;

#[derive(Debug, Args)]
pub(super) struct ClusterOptions {
    /// A streaming replica of the PostgreSQL server, to read from as well. You can give the option several times; in
    /// the environment variable, put spaces between the URLs.
    #[arg(
        long = "replica",
        env = "PHANTOMDB_REPLICAS",
        hide_env_values = true,
        value_name = "URL",
        value_delimiter = ' ',
        requires = "engine"
    )]
    replicas: Vec<String>,
    /// How far a replica may be behind and still serve reads: milliseconds, or a duration like 500ms, 2s or 1m.
    #[arg(
        long,
        env = "PHANTOMDB_MAX_LAG",
        default_value = "1s",
        value_name = "DURATION",
        value_parser = duration
    )]
    max_lag: Duration,
    /// The name of this server among several over the same databases: letters, digits, - and _, 32 at most. The ids of
    /// its transactions end with a dot and this name.
    #[arg(long, env = "PHANTOMDB_SERVER_NAME", value_name = "NAME", value_parser = server_name)]
    server_name: Option<String>,
    /// Another server over the same databases, with the URL at which this one reaches it. This server forwards calls
    /// for the other's transactions to it. You can give the option several times; in the environment variable, put
    /// spaces between the peers.
    #[arg(
        long = "peer",
        env = "PHANTOMDB_PEERS",
        value_name = "NAME=URL",
        value_delimiter = ' ',
        requires = "server_name",
        value_parser = peer
    )]
    peers: Vec<(String, String)>,
    /// The URL at which clients reach this server itself. Clients get it when they begin a transaction, and send the
    /// calls of the transaction there.
    #[arg(long, env = "PHANTOMDB_ADVERTISE", value_name = "URL", value_parser = http_url)]
    advertise: Option<String>,
}

impl ClusterOptions {
    pub(super) fn engine(&self, options: PostgresOptions) -> PostgresOptions {
        PostgresOptions { replicas: self.replicas.clone(), max_lag: self.max_lag, ..options }
    }

    pub(super) fn server_name(&self) -> Option<String> {
        self.server_name.clone()
    }

    pub(super) fn advertise(&self) -> Option<String> {
        self.advertise.clone()
    }

    /// The other servers. The list can hold this server itself, so that all can be started alike.
    pub(super) fn peers(&self) -> Result<Peers, CommandError> {
        let others = self.peers.iter().filter(|(name, _)| self.server_name.as_ref() != Some(name));
        let urls: HashMap<String, String> = others.cloned().collect();
        Peers::new(urls).map_err(|error| CommandError::misused(error.to_string()))
    }
}

pub(super) fn duration(text: &str) -> Result<Duration, String> {
    let digits = text.trim_end_matches(|c: char| c.is_ascii_alphabetic());
    let unit = match &text[digits.len()..] {
        "" | "ms" => 1,
        "s" => 1_000,
        "m" => 60_000,
        _ => return Err("it is written like 500, 500ms, 2s or 1m".to_owned()),
    };
    let count: u32 = digits.parse().map_err(|_| "it is written like 500, 500ms, 2s or 1m".to_owned())?;
    Ok(Duration::from_millis(u64::from(count) * unit))
}

fn server_name(text: &str) -> Result<String, String> {
    let name = is_server_name(text).then(|| text.to_owned());
    name.ok_or_else(|| "it has 1 to 32 letters, digits, - and _".to_owned())
}

fn http_url(text: &str) -> Result<String, String> {
    let wrong = || "it is written like http://HOST:PORT or https://HOST".to_owned();
    let url = reqwest::Url::parse(text).map_err(|_| wrong())?;
    let plain = url.username().is_empty()
        && url.password().is_none()
        && url.query().is_none()
        && url.fragment().is_none();
    if !plain || !matches!(url.scheme(), "http" | "https") {
        return Err(wrong());
    }
    Ok(url.as_str().trim_end_matches('/').to_owned())
}

fn peer(text: &str) -> Result<(String, String), String> {
    let (name, url) = text.split_once('=').ok_or_else(|| "it is written like NAME=URL".to_owned())?;
    Ok((server_name(name)?, http_url(url)?))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn it_reads_durations_with_and_without_a_unit() {
        let read = |text: &str| duration(text).map(|duration| duration.as_millis());
        assert_eq!(["500", "20ms", "2s", "1m"].map(read), [Ok(500), Ok(20), Ok(2_000), Ok(60_000)]);
        assert!(["", "s", "-1", "1.5s", "2 s", "1h"].into_iter().all(|text| duration(text).is_err()));
    }

    #[test]
    fn it_reads_peers_by_name() {
        let read = peer("a-1=http://10.0.0.1:8080/").unwrap();
        assert_eq!(read, ("a-1".to_owned(), "http://10.0.0.1:8080".to_owned()));
        for wrong in ["a", "=http://h", "a.b=http://h", "a=h:80", "a=ftp://h", "a=http://u:p@h"] {
            assert!(peer(wrong).is_err(), "{wrong}");
        }
    }
}
