//! Why a request got no response.

use std::error::Error as StdError;

use phantomdb_protocol::Error;

#[derive(Debug)]
pub(crate) enum TransportError {
    /// No connection could be made.
    Connect(Box<dyn StdError + Send + Sync>),
    ConnectTimeout,
    /// A connection was made, and it broke.
    Exchange(hyper::Error),
    /// The response ended before it was complete.
    Incomplete,
    ResponseTimeout,
    /// The client cannot make any connection, for example for lack of trusted certificates.
    Unusable(Error),
}
