//! The options of the HTTP server.

use std::{num::NonZeroU32, sync::Arc, time::Duration};

use phantomdb_engine::BytesInFlight;

use super::{connection_limits::ConnectionLimits, peers::Peers, web_access::WebAccess};
use crate::{otlp::Traces, tokens::Tokens};

/// The options of the HTTP side of a server.
#[derive(Debug, Clone)]
pub struct HttpOptions {
    /// The bearer tokens that callers must show. Without a source of tokens, every caller is let in.
    pub tokens: Arc<Tokens>,
    /// The web pages that may call, and the names of the server.
    pub web: WebAccess,
    /// True to serve the console. `web` then lets its page call.
    pub console: bool,
    /// A call that takes longer is written into the log of slow calls.
    pub slow_after: Option<Duration>,
    /// Makes spans of requests and statements, unless there is no collector for them.
    pub traces: Option<Traces>,
    /// The longest request body, in bytes.
    pub body_max: usize,
    /// How long a body may take to arrive.
    pub body_timeout: Duration,
    /// The bytes of all bodies and answers; `None` when they are not limited.
    pub bytes_in_flight: Option<Arc<BytesInFlight>>,
    /// The most requests in a second for each caller.
    pub rate_limit: Option<NonZeroU32>,
    pub connections: ConnectionLimits,
    /// Calls for transactions of these servers are forwarded to them.
    pub peers: Peers,
}

impl Default for HttpOptions {
    fn default() -> Self {
        Self {
            tokens: Arc::default(),
            web: WebAccess::default(),
            console: false,
            slow_after: None,
            traces: None,
            body_max: 64 * 1024 * 1024,
            body_timeout: Duration::from_secs(60),
            bytes_in_flight: None,
            rate_limit: None,
            connections: ConnectionLimits::default(),
            peers: Peers::default(),
        }
    }
}
