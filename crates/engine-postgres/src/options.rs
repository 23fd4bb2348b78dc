//! The options of the engine, and the server's address from a URL.

use std::{path::PathBuf, time::Duration};

use phantomdb_engine::ResultLimits;
use phantomdb_protocol::{Error, ErrorCode, Result};
use tokio_postgres::{Config, config::SslMode};

/// The value of `sslrootcert` that means the certificates of the system.
const SYSTEM: &str = "system";

/// The options of the engine.
#[derive(Debug, Clone)]
pub struct PostgresOptions {
    /// The number of connections to each database.
    pub connections: usize,
    /// How long a statement waits for a free connection.
    pub acquire_timeout: Duration,
    /// How long opening a connection may take, unless the URL has a `connect_timeout`.
    pub connect_timeout: Duration,
    /// How long a statement may run; none for no limit.
    pub statement_timeout: Option<Duration>,
    /// How large the result of a read may be.
    pub results: ResultLimits,
    /// How long a statement waits for a lock; none for no limit.
    pub lock_timeout: Option<Duration>,
    /// The URLs of the server's streaming replicas, which serve reads too.
    pub replicas: Vec<String>,
    /// Whether the role may be a superuser, or one that reads files or runs programs on the database server. The command
    /// line refuses such roles unless it is told otherwise.
    pub allow_superuser: bool,
    /// How far behind the primary a replica may be to serve reads.
    pub max_lag: Duration,
}

impl Default for PostgresOptions {
    fn default() -> Self {
        Self {
            connections: 20,
            acquire_timeout: Duration::from_secs(10),
            connect_timeout: Duration::from_secs(10),
            statement_timeout: None,
            results: ResultLimits::default(),
            lock_timeout: None,
            replicas: Vec::new(),
            allow_superuser: true,
            max_lag: Duration::from_secs(1),
        }
    }
}

/// How much of the server's certificate is checked, in libpq's levels.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Verification {
    /// `prefer` and `require`: encrypted, whoever the server is.
    None,
    /// `verify-ca`: the certificate is signed by a trusted authority.
    Authority,
    /// `verify-full`: it is also issued for the host in the URL.
    Full,
}

/// A parsed URL.
#[derive(Debug, Clone)]
pub struct Target {
    pub config: Config,
    pub(crate) verification: Verification,
    /// `sslrootcert`: the file of the certificates to trust instead of the system's.
    pub(crate) root_certificate: Option<PathBuf>,
}

impl Target {
    /// Parses `postgres://user:password@host1:5432,host2:5432/database?sslmode=…&target_session_attrs=…`. The URL's
    /// `connect_timeout` wins over the given one.
    ///
    /// `BAD_REQUEST` when the URL cannot be read. The message does not repeat the URL, which may have a password.
    pub fn parse(url: &str, connect_timeout: Duration) -> Result<Self> {
        let unreadable = |what: &str| Error::new(ErrorCode::BadRequest, format!("{what} cannot be read"));
        let (base, query) = url.split_once('?').unwrap_or((url, ""));
        if !["postgres://", "postgresql://"].iter().any(|scheme| base.starts_with(scheme)) {
            return Err(unreadable("the URL of PostgreSQL, which begins with postgres://,"));
        }
        let (mut mode, mut root_certificate) = (None, None);
        let mut rest = Vec::new();
        for pair in query.split('&').filter(|pair| !pair.is_empty()) {
            let (name, value) = pair.split_once('=').unwrap_or((pair, ""));
            let value = percent_encoding::percent_decode_str(value).decode_utf8_lossy();
            match name {
                "sslmode" => mode = Some(value.into_owned()),
                "sslrootcert" => root_certificate = Some(PathBuf::from(value.into_owned())),
                _ => rest.push(pair),
            }
        }
        let url = if rest.is_empty() { base.to_owned() } else { format!("{base}?{}", rest.join("&")) };
        let mut config: Config = url.parse().map_err(|_| unreadable("the URL of PostgreSQL"))?;
        // Anybody can get a certificate that the system trusts, so libpq checks the host's name then.
        let of_system = root_certificate.take_if(|path| path.as_os_str() == SYSTEM).is_some();
        if of_system && mode.as_deref().is_some_and(|mode| mode != "verify-full") {
            return Err(Error::new(
                ErrorCode::BadRequest,
                "the URL of PostgreSQL says sslrootcert=system, which goes with sslmode=verify-full only",
            ));
        }
        // With an `sslrootcert` of its own, libpq checks certificates even when `sslmode` does not ask for it.
        let required = if root_certificate.is_some() { Verification::Authority } else { Verification::None };
        let (ssl_mode, verification) = match mode.as_deref() {
            Some("verify-full") => (SslMode::Require, Verification::Full),
            None if of_system => (SslMode::Require, Verification::Full),
            Some("disable") => (SslMode::Disable, Verification::None),
            None | Some("prefer" | "allow") => (SslMode::Prefer, Verification::None),
            Some("require") => (SslMode::Require, required),
            Some("verify-ca") => (SslMode::Require, Verification::Authority),
            Some(_) => {
                return Err(unreadable(
                    "the sslmode of the URL of PostgreSQL (disable, prefer, require, verify-ca or verify-full)",
                ));
            }
        };
        config.ssl_mode(ssl_mode);
        if config.get_application_name().is_none() {
            config.application_name("phantomdb");
        }
        if config.get_connect_timeout().is_none() {
            config.connect_timeout(connect_timeout);
        }
        Ok(Self { config, verification, root_certificate })
    }
}

#[cfg(test)]
mod tests {
    use tokio_postgres::config::{Host, TargetSessionAttrs};

    use super::*;

    fn parse(url: &str) -> Result<Target> {
        Target::parse(url, Duration::from_secs(10))
    }

    #[test]
    fn it_reads_several_hosts_and_the_session_that_is_wanted() {
        let target =
            parse("postgres://me:secret@a:5433,b/db?target_session_attrs=read-write&sslmode=disable")
                .unwrap();
        assert_eq!(target.config.get_hosts(), [Host::Tcp("a".into()), Host::Tcp("b".into())]);
        assert_eq!(target.config.get_ports(), [5433, 5432]);
        assert_eq!(target.config.get_target_session_attrs(), TargetSessionAttrs::ReadWrite);
        assert_eq!(target.config.get_ssl_mode(), SslMode::Disable);
        assert_eq!(target.config.get_connect_timeout(), Some(&Duration::from_secs(10)));
    }

    #[test]
    fn it_checks_certificates_as_sslmode_says() {
        let verification = |query: &str| parse(&format!("postgres://h/d?{query}")).unwrap().verification;
        assert_eq!(verification(""), Verification::None);
        assert_eq!(verification("sslmode=require"), Verification::None);
        assert_eq!(verification("sslmode=require&sslrootcert=%2Fca.pem"), Verification::Authority);
        assert_eq!(verification("sslmode=verify-ca"), Verification::Authority);
        assert_eq!(verification("sslmode=verify-full"), Verification::Full);
        assert_eq!(verification("sslrootcert=system"), Verification::Full);
        assert!(parse("postgres://h/d?sslrootcert=system&sslmode=require").is_err());
    }

    #[test]
    fn it_does_not_repeat_a_url_that_it_cannot_read() {
        for url in ["postgres://u:secret@h:x/d", "mysql://u:secret@h/d", "postgres://u:secret@h/d?sslmode=no"]
        {
            let error = parse(url).unwrap_err();
            assert_eq!(error.code, ErrorCode::BadRequest);
            assert!(!error.message.contains("secret"), "{}", error.message);
        }
    }
}
