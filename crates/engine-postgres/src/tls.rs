//! TLS to the server, as strict as `sslmode` asks for.

use std::{error::Error as StdError, sync::Arc};

use phantomdb_protocol::Result;
use phantomdb_tls::{Problem, Trust, client_config, provider};
use rustls::{
    CertificateError, DigitallySignedStruct, SignatureScheme,
    client::danger::{HandshakeSignatureValid, ServerCertVerified, ServerCertVerifier},
    crypto::{WebPkiSupportedAlgorithms, verify_tls12_signature, verify_tls13_signature},
    pki_types::{CertificateDer, ServerName, UnixTime},
};
use tokio_postgres::{Config, Error as PostgresError, config::SslMode};
use tokio_postgres_rustls::MakeRustlsConnect;

use crate::options::{Target, Verification};

/// `invalid_authorization_specification`, which is also the error of `pg_hba.conf`.
const NOT_LET_IN: &str = "28000";
/// The message of tokio-postgres when TLS is required and not offered. There is no other sign of it.
const NO_TLS: &str = "server does not support TLS";

/// Makes the TLS connector for a server. `BAD_REQUEST` when its `sslrootcert` cannot be used.
pub fn connector(target: &Target) -> Result<MakeRustlsConnect> {
    Ok(MakeRustlsConnect::new(client_config(verifier(target)?)?))
}

/// Explains why a connection failed, when TLS is the reason. The text follows the name of the server, and has no name
/// or address of its own.
pub fn obstacle(error: &PostgresError, config: &Config) -> Option<String> {
    if let Some(problem) = Problem::of(error) {
        return Some(format!("{problem}; see the sslmode and sslrootcert of its URL"));
    }
    if error.source().is_some_and(|source| source.to_string() == NO_TLS) {
        return Some("it offers no TLS, which the sslmode of its URL demands".to_owned());
    }
    let not_let_in = error.code().is_some_and(|code| code.code() == NOT_LET_IN);
    (not_let_in && config.get_ssl_mode() == SslMode::Disable).then(|| {
        "it does not let this user in without TLS, and its URL says sslmode=disable; say sslmode=require"
            .to_owned()
    })
}

fn verifier(target: &Target) -> Result<Arc<dyn ServerCertVerifier>> {
    let algorithms = provider().signature_verification_algorithms;
    if target.verification == Verification::None {
        return Ok(Arc::new(LenientVerifier { authority: None, algorithms }));
    }
    let trust = match &target.root_certificate {
        None => Trust::System,
        Some(path) => Trust::file(&format!("the sslrootcert {}", path.display()), path)?,
    };
    let full = trust.verifier()?;
    Ok(match target.verification {
        Verification::Full => full,
        _ => Arc::new(LenientVerifier { authority: Some(full), algorithms }),
    })
}

/// Checks the signature of a certificate, or nothing at all, but never its name.
#[derive(Debug)]
struct LenientVerifier {
    authority: Option<Arc<dyn ServerCertVerifier>>,
    algorithms: WebPkiSupportedAlgorithms,
}

impl ServerCertVerifier for LenientVerifier {
    fn verify_server_cert(
        &self,
        end_entity: &CertificateDer<'_>,
        intermediates: &[CertificateDer<'_>],
        server_name: &ServerName<'_>,
        ocsp_response: &[u8],
        now: UnixTime,
    ) -> Result<ServerCertVerified, rustls::Error> {
        let Some(authority) = &self.authority else { return Ok(ServerCertVerified::assertion()) };
        match authority.verify_server_cert(end_entity, intermediates, server_name, ocsp_response, now) {
            // The name is checked last, so everything else is in order.
            Err(rustls::Error::InvalidCertificate(
                CertificateError::NotValidForName | CertificateError::NotValidForNameContext { .. },
            )) => Ok(ServerCertVerified::assertion()),
            verified => verified,
        }
    }

    fn verify_tls12_signature(
        &self,
        message: &[u8],
        certificate: &CertificateDer<'_>,
        signature: &DigitallySignedStruct,
    ) -> Result<HandshakeSignatureValid, rustls::Error> {
        verify_tls12_signature(message, certificate, signature, &self.algorithms)
    }

    fn verify_tls13_signature(
        &self,
        message: &[u8],
        certificate: &CertificateDer<'_>,
        signature: &DigitallySignedStruct,
    ) -> Result<HandshakeSignatureValid, rustls::Error> {
        verify_tls13_signature(message, certificate, signature, &self.algorithms)
    }

    fn supported_verify_schemes(&self) -> Vec<SignatureScheme> {
        self.algorithms.supported_schemes()
    }
}
