//! The certificate that a server shows, from files that are renewed while it serves.

use std::{
    fmt,
    path::{Path, PathBuf},
    sync::Arc,
    time::Duration,
};

use parking_lot::Mutex;
use phantomdb_protocol::{Error, ErrorCode, Result};
use rustls::{
    Error as TlsError, ServerConfig,
    server::{ClientHello, ResolvesServerCert},
    sign::CertifiedKey,
};
use sha2::{Digest as _, Sha256};
use tokio::time::MissedTickBehavior;
use tokio_rustls::TlsAcceptor;

use super::{
    pem::{self, Fault},
    provider::provider,
};

/// How often the files are read. Their content is compared, not their times, which tell nothing when a link is changed or a
/// volume is swapped.
const POLL_INTERVAL: Duration = Duration::from_secs(5);

/// A certificate chain and its key.
pub struct Identity {
    certificate: PathBuf,
    key: PathBuf,
    current: Mutex<Arc<CertifiedKey>>,
    /// The fingerprint of the files when they were last read, whether they could be used or not.
    fingerprint: Mutex<Fingerprint>,
}

/// A digest of the content of both files, or of the fault of a file that cannot be read.
type Fingerprint = [u8; 32];

struct Files {
    certificate: Result<Vec<u8>, Fault>,
    key: Result<Vec<u8>, Fault>,
}

/// The outcome of reading the files again.
enum Reload {
    Unchanged,
    Renewed,
    /// The files cannot be used, for this reason. The certificate from before stays in use.
    Refused(String),
}

impl Identity {
    /// Reads a chain, the server's own certificate first, and the key of that certificate, both PEM. Fails with
    /// `BAD_REQUEST` when they cannot be used; the message names the file and repeats none of its content.
    pub fn load(certificate: &Path, key: &Path) -> Result<Arc<Self>> {
        let files = Files::read(certificate, key);
        let fingerprint = Mutex::new(files.fingerprint());
        let current =
            files.certified(certificate, key).map_err(|why| Error::new(ErrorCode::BadRequest, why))?;
        let (certificate, key) = (certificate.to_owned(), key.to_owned());
        Ok(Arc::new(Self { certificate, key, current: Mutex::new(Arc::new(current)), fingerprint }))
    }

    /// The server's side of connections: TLS 1.2 and 1.3, with HTTP/2 and HTTP/1.1 inside.
    pub fn acceptor(self: &Arc<Self>) -> Result<TlsAcceptor> {
        let mut config = ServerConfig::builder_with_provider(provider())
            .with_safe_default_protocol_versions()
            .map_err(|error| Error::internal(format!("TLS cannot be set up: {error}")))?
            .with_no_client_auth()
            .with_cert_resolver(Arc::clone(self) as Arc<dyn ResolvesServerCert>);
        config.alpn_protocols = vec![b"h2".to_vec(), b"http/1.1".to_vec()];
        Ok(TlsAcceptor::from(Arc::new(config)))
    }

    /// Reads the files again when they change and when the process gets SIGHUP, and uses them for the connections that are
    /// made from then on. From this call on SIGHUP does not end the process. The future never ends.
    pub fn follow(self: Arc<Self>) -> impl Future<Output = ()> + Send + 'static {
        let mut hang_ups = HangUps::new();
        async move {
            let mut polls = tokio::time::interval(POLL_INTERVAL);
            polls.set_missed_tick_behavior(MissedTickBehavior::Delay);
            loop {
                let is_asked_for = tokio::select! {
                    () = hang_ups.next() => true,
                    _ = polls.tick() => false,
                };
                let identity = Arc::clone(&self);
                match tokio::task::spawn_blocking(move || identity.reload()).await {
                    Ok(Reload::Renewed) => tracing::info!("the renewed certificate is in use"),
                    Ok(Reload::Unchanged) if is_asked_for => {
                        tracing::info!("the certificate is the same as before")
                    }
                    Ok(Reload::Unchanged) => {}
                    Ok(Reload::Refused(why)) => {
                        tracing::error!("the certificate from before stays in use: {why}");
                    }
                    Err(error) => tracing::error!(%error, "the certificate could not be looked at"),
                }
            }
        }
    }

    fn reload(&self) -> Reload {
        let files = Files::read(&self.certificate, &self.key);
        let fingerprint = files.fingerprint();
        let mut seen = self.fingerprint.lock();
        if *seen == fingerprint {
            return Reload::Unchanged;
        }
        *seen = fingerprint;
        match files.certified(&self.certificate, &self.key) {
            Ok(certified) => {
                *self.current.lock() = Arc::new(certified);
                Reload::Renewed
            }
            Err(why) => Reload::Refused(why),
        }
    }
}

impl Files {
    fn read(certificate: &Path, key: &Path) -> Self {
        Self { certificate: pem::read(certificate), key: pem::read(key) }
    }

    fn fingerprint(&self) -> Fingerprint {
        let mut digest = Sha256::new();
        for file in [&self.certificate, &self.key] {
            let (is_read, bytes) = match file {
                Ok(bytes) => (1, bytes.as_slice()),
                Err(fault) => (0, fault.as_bytes()),
            };
            digest.update([is_read]);
            digest.update(bytes.len().to_be_bytes());
            digest.update(bytes);
        }
        digest.finalize().into()
    }

    fn certified(self, certificate: &Path, key: &Path) -> Result<CertifiedKey, String> {
        let of = |what: &str, path: &Path, fault: Fault| format!("the {what} {} {fault}", path.display());
        let chain = self.certificate.and_then(|text| pem::certificates(&text));
        let chain = chain.map_err(|fault| of("certificate", certificate, fault))?;
        let private = self.key.and_then(|text| pem::key(&text)).map_err(|fault| of("key", key, fault))?;
        CertifiedKey::from_der(chain, private, &provider()).map_err(|error| match error {
            TlsError::InconsistentKeys(_) => format!(
                "the key {} does not belong to the certificate {}, of which the first in the file must be the \
                 server's own",
                key.display(),
                certificate.display()
            ),
            TlsError::InvalidCertificate(_) => {
                of("certificate", certificate, "holds a certificate that cannot be read".to_owned())
            }
            _ => of("key", key, "holds a key of a kind that is not supported, or a broken one".to_owned()),
        })
    }
}

impl ResolvesServerCert for Identity {
    fn resolve(&self, _: ClientHello<'_>) -> Option<Arc<CertifiedKey>> {
        Some(Arc::clone(&self.current.lock()))
    }
}

impl fmt::Debug for Identity {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Identity").field("certificate", &self.certificate).finish_non_exhaustive()
    }
}

/// SIGHUP, on systems that have it.
struct HangUps {
    #[cfg(unix)]
    signal: Option<tokio::signal::unix::Signal>,
}

impl HangUps {
    fn new() -> Self {
        Self {
            #[cfg(unix)]
            signal: tokio::signal::unix::signal(tokio::signal::unix::SignalKind::hangup())
                .inspect_err(|error| tracing::warn!(%error, "SIGHUP cannot be listened for"))
                .ok(),
        }
    }

    async fn next(&mut self) {
        #[cfg(unix)]
        if let Some(signal) = &mut self.signal
            && signal.recv().await.is_some()
        {
            return;
        }
        std::future::pending().await
    }
}
