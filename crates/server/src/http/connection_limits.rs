//! How long and how many connections may be.

use std::time::Duration;

/// The limits of the connections of a port.
#[derive(Debug, Clone)]
pub struct ConnectionLimits {
    /// The most connections at a time.
    pub max: usize,
    /// How long a connection may be open without a request.
    pub idle_timeout: Duration,
    /// How long the headers of a request may take to arrive.
    pub header_timeout: Duration,
    /// The longest headers of a request, in bytes.
    pub header_bytes_max: usize,
    /// How long a caller may take nothing of an answer.
    pub write_timeout: Duration,
}

impl Default for ConnectionLimits {
    fn default() -> Self {
        Self {
            max: 10_000,
            idle_timeout: Duration::from_secs(120),
            header_timeout: Duration::from_secs(10),
            header_bytes_max: 64 << 10,
            write_timeout: Duration::from_secs(30),
        }
    }
}
