//! TLS: the certificate that a server shows, whose certificates are trusted, and what went wrong in words.

mod identity;
mod pem;
mod problem;
mod trust;

pub use identity::Identity;
pub use problem::Problem;
pub use trust::Trust;
pub use trust::client_config;

use std::sync::Arc;

use rustls::crypto::{CryptoProvider, ring};

/// The cryptography that TLS is spoken with everywhere.
pub fn provider() -> Arc<CryptoProvider> {
    Arc::new(ring::default_provider())
}
