//! `NativeSnapshot`: a state of a database, kept in this process.

use std::path::Path;

use napi::Either;
use napi_derive::napi;
use parking_lot::Mutex;
use phantomdb_client::HeldSnapshot;
use phantomdb_protocol::{Error, ErrorCode};

use crate::error::{Failure, outcome};

/// Keeps a snapshot that an embedded engine made, until it is released or the object is collected.
#[napi]
pub struct NativeSnapshot {
    held: Mutex<Option<HeldSnapshot>>,
}

#[napi]
impl NativeSnapshot {
    #[napi(constructor, catch_unwind)]
    pub fn new(id: String) -> Self {
        Self { held: Mutex::new(Some(HeldSnapshot::new(id))) }
    }

    /// Writes the snapshot to a file, as a database of SQLite. Resolves to the failure, or to nothing.
    #[napi]
    pub async fn save(&self, path: String) -> napi::Result<Either<(), Failure>> {
        let snapshot = self.held.lock().as_ref().ok_or_else(released).and_then(HeldSnapshot::snapshot);
        let saved = match snapshot {
            Ok(snapshot) => tokio::task::spawn_blocking(move || snapshot.save(Path::new(&path)))
                .await
                .unwrap_or_else(|_| Err(Error::internal("saving the snapshot broke off"))),
            Err(error) => Err(error),
        };
        Ok(outcome(saved))
    }

    /// Frees its memory.
    #[napi(catch_unwind)]
    pub fn release(&self) {
        self.held.lock().take();
    }
}

impl NativeSnapshot {}

fn released() -> Error {
    Error::new(ErrorCode::NotFound, "the snapshot was released; make a new one")
}
