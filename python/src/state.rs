//! What a session knows between its calls.

use std::pin::Pin;

use phantomdb_protocol::Result;

use crate::operation::{Mode, Outcome};

/// An operation that is under way.
pub(crate) type Work = Pin<Box<dyn Future<Output = Result<Outcome>> + Send>>;

/// The state of a session.
pub(crate) struct State {
    /// The id of the open transaction.
    pub(crate) transaction: Option<String>,
    pub(crate) mode: Mode,
    pub(crate) closed: bool,
}
