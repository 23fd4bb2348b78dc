//! Certificates and keys in PEM. A message about a file repeats none of its text, which may be a key.

use std::path::Path;

use rustls::{
    RootCertStore,
    pki_types::{
        CertificateDer, PrivateKeyDer,
        pem::{Error as PemError, PemObject as _},
    },
};

/// Why a file or a text cannot be used. The message follows the name of the file: `cannot be read: …`, `holds no certificate …`.
pub(super) type Fault = String;

pub(super) fn read(path: &Path) -> Result<Vec<u8>, Fault> {
    std::fs::read(path).map_err(|error| format!("cannot be read: {error}"))
}

/// The certificates of the text, at least one, in their order.
pub(super) fn certificates(pem: &[u8]) -> Result<Vec<CertificateDer<'static>>, Fault> {
    let found: Vec<_> = CertificateDer::pem_slice_iter(pem).collect::<Result<_, _>>().map_err(malformed)?;
    if found.is_empty() {
        return Err("holds no certificate (`-----BEGIN CERTIFICATE-----`, PEM)".to_owned());
    }
    Ok(found)
}

/// The certificates of authorities, at least one. Each can be used to check others.
pub(super) fn authorities(pem: &[u8]) -> Result<Vec<CertificateDer<'static>>, Fault> {
    let found = certificates(pem)?;
    let mut roots = RootCertStore::empty();
    for certificate in &found {
        roots.add(certificate.clone()).map_err(|_| "holds a certificate that cannot be read".to_owned())?;
    }
    Ok(found)
}

pub(super) fn key(pem: &[u8]) -> Result<PrivateKeyDer<'static>, Fault> {
    PrivateKeyDer::from_pem_slice(pem).map_err(|error| match error {
        PemError::NoItemsFound => {
            "holds no private key (`-----BEGIN PRIVATE KEY-----`, PEM, not encrypted)".to_owned()
        }
        other => malformed(other),
    })
}

/// The parser's own message repeats text of the file, so it is left out.
fn malformed(_: PemError) -> Fault {
    "is not well-formed PEM".to_owned()
}
