//! Where a PostgreSQL server is.

use tokio_postgres::{Config, config::Host};

const DEFAULT_PORT: u16 = 5432;

/// The addresses at which a connection is tried, as `HOST:PORT, HOST:PORT`. They tell no password.
pub fn addresses(config: &Config) -> String {
    let ports = config.get_ports();
    let hosts = config.get_hosts().iter().enumerate().map(|(index, host)| {
        let port = ports.get(index).or(ports.first()).copied().unwrap_or(DEFAULT_PORT);
        match host {
            Host::Tcp(name) => format!("{name}:{port}"),
            #[cfg(unix)]
            Host::Unix(path) => path.display().to_string(),
        }
    });
    hosts.collect::<Vec<_>>().join(", ")
}
