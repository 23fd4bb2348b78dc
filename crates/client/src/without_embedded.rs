//! Stands in for `embedded` without that feature: `memory:` and `file:` are refused with an error.

use std::{convert::Infallible, path::PathBuf};

use phantomdb_protocol::{Call, CallContext, Error, Result};

use super::embedded_options::EmbeddedOptions;
use crate::connection::Storage;

/// Cannot be made.
pub(crate) struct Embedded(Infallible);

impl Embedded {
    pub(crate) fn new(_storage: Storage, _makes_directory: bool, _options: EmbeddedOptions) -> Result<Self> {
        Err(refused())
    }

    pub(crate) fn is_in_memory(&self) -> bool {
        match self.0 {}
    }

    pub(crate) async fn call(&self, _call: Call, _context: CallContext) -> Result<String> {
        match self.0 {}
    }

    pub(crate) async fn has_database(&self, _name: &str) -> Result<bool> {
        match self.0 {}
    }

    pub(crate) async fn close(&self) -> Result<()> {
        match self.0 {}
    }
}

/// Cannot be made: only embedded databases keep snapshots in this process.
pub struct HeldSnapshot(Infallible);

impl HeldSnapshot {
    pub(crate) fn id(&self) -> &str {
        match self.0 {}
    }
}

pub(crate) async fn hold_file(_path: PathBuf) -> Result<HeldSnapshot> {
    Err(refused())
}

fn refused() -> Error {
    Error::unsupported(
        "this build of the client has no database of its own (memory:, file:); connect to a server with http://",
    )
}
