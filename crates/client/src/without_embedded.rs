//! The client without the feature `embedded`: `memory:` and `file:` are refused by name.

use std::{convert::Infallible, path::PathBuf, time::Duration};

use phantomdb_protocol::{Call, CallContext, Error, Result};

use super::connection::Place;

/// There is none.
pub(super) struct Embedded(Infallible);

impl Embedded {
    pub(super) fn new(_place: Place, _lock_idle_timeout: Option<Duration>) -> Result<Self> {
        Err(refused())
    }

    pub(super) fn is_in_memory(&self) -> bool {
        match self.0 {}
    }

    pub(super) async fn call(&self, _call: Call, _context: CallContext) -> Result<String> {
        match self.0 {}
    }

    pub(super) async fn has_database(&self, _name: &str) -> Result<bool> {
        match self.0 {}
    }

    pub(super) async fn close(&self) -> Result<()> {
        match self.0 {}
    }
}

/// There is none either: a snapshot of this process is one of an embedded database.
pub struct Held(Infallible);

impl Held {
    pub(crate) fn id(&self) -> &str {
        match self.0 {}
    }
}

pub(crate) async fn hold_file(_path: PathBuf) -> Result<Held> {
    Err(refused())
}

fn refused() -> Error {
    Error::unsupported(
        "this build of the client has no database of its own (memory:, file:); connect to a server with http://",
    )
}
