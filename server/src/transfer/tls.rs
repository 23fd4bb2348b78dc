//! TLS with the certificates that the system trusts.

use phantomdb_protocol::{Error, Result};
use rustls::{ClientConfig, crypto::ring};
use rustls_platform_verifier::BuilderVerifierExt as _;

pub(crate) fn config() -> Result<ClientConfig> {
    let failed = |error: rustls::Error| Error::internal(format!("TLS cannot be set up: {error}"));
    Ok(ClientConfig::builder_with_provider(ring::default_provider().into())
        .with_safe_default_protocol_versions()
        .map_err(failed)?
        .with_platform_verifier()
        .map_err(failed)?
        .with_no_client_auth())
}
