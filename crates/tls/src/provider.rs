//! The cryptography that TLS uses.

use std::sync::Arc;

use rustls::crypto::{CryptoProvider, ring};

/// The cryptography of every TLS connection.
pub fn provider() -> Arc<CryptoProvider> {
    Arc::new(ring::default_provider())
}
