//! The certificate that a server shows, from files that are renewed while it serves.

use std::{
    fmt,
    path::{Path, PathBuf},
    sync::{Arc, Mutex, PoisonError, RwLock},
    time::Duration,
};

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
    provider,
};

/// How often the files are looked at. Their content is compared, as it says more than their times: of links that lead
/// elsewhere, and of volumes that are swapped.
const LOOK: Duration = Duration::from_secs(5);

/// A certificate chain and its key.
pub struct Identity {
    certificate: PathBuf,
    key: PathBuf,
    current: RwLock<Arc<CertifiedKey>>,
    /// What the files were when they were last looked at, good or not.
    seen: Mutex<Fingerprint>,
}

/// Of what was read, or of why nothing was.
type Fingerprint = [u8; 32];

struct Files {
    certificate: Result<Vec<u8>, Fault>,
    key: Result<Vec<u8>, Fault>,
}

/// What a look at the files brought.
enum Look {
    Same,
    Renewed,
    /// The certificate from before stays in use.
    Refused(String),
}

impl Identity {
    /// Reads a chain, the server's own certificate first, and the key of that one, both PEM. `BAD_REQUEST` when they
    /// cannot be used; the message names the file, and has none of its content.
    pub fn load(certificate: &Path, key: &Path) -> Result<Arc<Self>> {
        let files = Files::read(certificate, key);
        let seen = Mutex::new(files.fingerprint());
        let current =
            files.certified(certificate, key).map_err(|why| Error::new(ErrorCode::BadRequest, why))?;
        let (certificate, key) = (certificate.to_owned(), key.to_owned());
        Ok(Arc::new(Self { certificate, key, current: RwLock::new(Arc::new(current)), seen }))
    }

    /// What makes the server's side of connections secure: TLS 1.2 and 1.3, with HTTP/2 and HTTP/1.1 inside.
    pub fn acceptor(self: &Arc<Self>) -> Result<TlsAcceptor> {
        let mut config = ServerConfig::builder_with_provider(provider())
            .with_safe_default_protocol_versions()
            .map_err(|error| Error::internal(format!("TLS cannot be set up: {error}")))?
            .with_no_client_auth()
            .with_cert_resolver(Arc::clone(self) as Arc<dyn ResolvesServerCert>);
        config.alpn_protocols = vec![b"h2".to_vec(), b"http/1.1".to_vec()];
        Ok(TlsAcceptor::from(Arc::new(config)))
    }

    /// Takes up what the files hold, for the connections that are made from then on, when they change and when the
    /// process gets SIGHUP, which from this call on does not end it. The work never ends.
    pub fn follow(self: Arc<Self>) -> impl Future<Output = ()> + Send + 'static {
        let mut hung_up = HangUps::new();
        async move {
            let mut looks = tokio::time::interval(LOOK);
            looks.set_missed_tick_behavior(MissedTickBehavior::Delay);
            loop {
                let told = tokio::select! {
                    () = hung_up.next() => true,
                    _ = looks.tick() => false,
                };
                let identity = Arc::clone(&self);
                match tokio::task::spawn_blocking(move || identity.look()).await {
                    Ok(Look::Renewed) => tracing::info!("the renewed certificate is in use"),
                    Ok(Look::Same) if told => tracing::info!("the certificate is the same as before"),
                    Ok(Look::Same) => {}
                    Ok(Look::Refused(why)) => {
                        tracing::error!("the certificate from before stays in use: {why}");
                    }
                    Err(error) => tracing::error!(%error, "the certificate could not be looked at"),
                }
            }
        }
    }

    fn look(&self) -> Look {
        let files = Files::read(&self.certificate, &self.key);
        let fingerprint = files.fingerprint();
        let mut seen = self.seen.lock().unwrap_or_else(PoisonError::into_inner);
        if *seen == fingerprint {
            return Look::Same;
        }
        *seen = fingerprint;
        match files.certified(&self.certificate, &self.key) {
            Ok(certified) => {
                *self.current.write().unwrap_or_else(PoisonError::into_inner) = Arc::new(certified);
                Look::Renewed
            }
            Err(why) => Look::Refused(why),
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
        Some(Arc::clone(&self.current.read().unwrap_or_else(PoisonError::into_inner)))
    }
}

impl fmt::Debug for Identity {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Identity").field("certificate", &self.certificate).finish_non_exhaustive()
    }
}

/// SIGHUP, where there is such a signal.
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
