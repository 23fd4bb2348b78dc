//! The options of a server that speaks TLS.

use std::{path::PathBuf, sync::Arc};

use clap::Args;
use phantomdb_tls::Identity;

use super::error::CommandError;

#[derive(Debug, Args)]
pub(super) struct TlsOptions {
    /// Serve HTTPS with the certificates in this PEM file: the server's own first, then the intermediate ones. The
    /// server reads the file again when it changes and on SIGHUP.
    #[arg(long = "tls-cert", env = "PHANTOMDB_TLS_CERT", value_name = "FILE", requires = "key")]
    certificate: Option<PathBuf>,
    /// The key of the server's certificate: a PEM file, not encrypted.
    #[arg(long = "tls-key", env = "PHANTOMDB_TLS_KEY", value_name = "FILE", requires = "certificate")]
    key: Option<PathBuf>,
}

impl TlsOptions {
    /// The certificate and key of the server. `None` when it serves plain HTTP.
    pub(super) fn identity(&self) -> Result<Option<Arc<Identity>>, CommandError> {
        let (Some(certificate), Some(key)) = (&self.certificate, &self.key) else { return Ok(None) };
        Identity::load(certificate, key).map(Some).map_err(|error| CommandError::misused(error.message))
    }
}
