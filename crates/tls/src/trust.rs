//! The certificates that are trusted.

use std::{path::Path, sync::Arc};

use phantomdb_protocol::{Error, ErrorCode, Result};
use rustls::{
    ClientConfig, RootCertStore,
    client::{WebPkiServerVerifier, danger::ServerCertVerifier},
    pki_types::CertificateDer,
};
use rustls_platform_verifier::Verifier;

use super::{pem, provider::provider};

/// The environment variable of Node that names a file of certificates to trust beside the usual ones.
const EXTRA: &str = "NODE_EXTRA_CA_CERTS";

/// The certificates that are trusted.
#[derive(Debug, Clone)]
pub enum Trust {
    /// The certificates that the system trusts, and those of the file that the environment variable `NODE_EXTRA_CA_CERTS`
    /// names.
    System,
    /// Only certificates that these authorities have signed.
    Authorities(Arc<RootCertStore>),
}

impl Trust {
    /// Trusts the authorities whose certificates are in these PEM texts, one or several in each. Fails with `BAD_REQUEST`
    /// when one cannot be read; the message begins with `name`.
    pub fn authorities<T: AsRef<[u8]>>(name: &str, pems: &[T]) -> Result<Self> {
        let mut roots = RootCertStore::empty();
        for pem in pems {
            let found = pem::authorities(pem.as_ref()).map_err(|fault| wrong(name, &fault))?;
            roots.add_parsable_certificates(found);
        }
        if roots.is_empty() {
            return Err(wrong(name, "holds no certificate"));
        }
        Ok(Self::Authorities(Arc::new(roots)))
    }

    /// Trusts the authorities whose certificates are in a file.
    pub fn file(name: &str, path: &Path) -> Result<Self> {
        let text = pem::read(path).map_err(|fault| wrong(name, &fault))?;
        Self::authorities(name, &[text])
    }

    pub fn verifier(&self) -> Result<Arc<dyn ServerCertVerifier>> {
        Ok(match self {
            Self::System => Arc::new(Verifier::new_with_extra_roots(extra(), provider()).map_err(|_| {
                Error::new(
                    ErrorCode::Unavailable,
                    "the system has no certificates of authorities to trust; install them (the package \
                     ca-certificates), or name a file of your own in NODE_EXTRA_CA_CERTS",
                )
            })?),
            Self::Authorities(roots) => {
                WebPkiServerVerifier::builder_with_provider(Arc::clone(roots), provider())
                    .build()
                    .map_err(|error| Error::internal(format!("TLS cannot be set up: {error}")))?
            }
        })
    }

    /// The client's side of a connection. It shows no certificate of its own.
    pub fn client_config(&self) -> Result<ClientConfig> {
        client_config(self.verifier()?)
    }
}

pub fn client_config(verifier: Arc<dyn ServerCertVerifier>) -> Result<ClientConfig> {
    Ok(ClientConfig::builder_with_provider(provider())
        .with_safe_default_protocol_versions()
        .map_err(|error| Error::internal(format!("TLS cannot be set up: {error}")))?
        .dangerous()
        .with_custom_certificate_verifier(verifier)
        .with_no_client_auth())
}

fn wrong(name: &str, fault: &str) -> Error {
    Error::new(ErrorCode::BadRequest, format!("{name} {fault}"))
}

/// The certificates of the file that Node's variable names. A file that cannot be used is ignored, as Node ignores it.
fn extra() -> Vec<CertificateDer<'static>> {
    let Some(path) = std::env::var_os(EXTRA).filter(|path| !path.is_empty()) else { return Vec::new() };
    let found = pem::read(Path::new(&path)).and_then(|text| pem::authorities(&text));
    found.unwrap_or_else(|fault| {
        tracing::warn!("the file of {EXTRA} is left out: it {fault}");
        Vec::new()
    })
}
