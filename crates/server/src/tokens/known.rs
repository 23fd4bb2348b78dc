//! A token as the server knows it: by its hash.

use std::sync::Arc;

use jiff::Timestamp;
use phantomdb_service::Grant;
use sha2::{Digest as _, Sha256};

/// The SHA-256 of a token.
pub type TokenHash = [u8; 32];

/// The hash under which a token is known.
pub fn hash(token: &str) -> TokenHash {
    Sha256::digest(token.as_bytes()).into()
}

/// A token that may be shown, and what it allows.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct KnownToken {
    pub hash: TokenHash,
    pub grant: Arc<Grant>,
    pub expires: Option<Timestamp>,
}

/// Bytes as hexadecimal text.
pub fn hex(bytes: &[u8]) -> String {
    bytes.iter().map(|byte| format!("{byte:02x}")).collect()
}
