//! Snapshots that this process holds.

use std::path::{Path, PathBuf};
use std::sync::{Arc, LazyLock, Mutex, PoisonError};
use std::time::SystemTime;

use phantomdb_engine::Snapshot;
use phantomdb_engine_sqlite as sqlite;
use phantomdb_protocol::{Error, Result};
use phantomdb_service::Snapshots;

/// Those of every embedded engine, so that what one has kept another can begin as. Each lives as long as its [`Held`].
pub(super) static SNAPSHOTS: LazyLock<Arc<Snapshots>> = LazyLock::new(Arc::default);

/// Keeps a snapshot of this process until it is dropped.
pub struct Held(String);

impl Held {
    /// Of the snapshot with that id, which an embedded engine has made.
    pub fn new(id: String) -> Self {
        Self(id)
    }

    pub(crate) fn id(&self) -> &str {
        &self.0
    }

    pub fn snapshot(&self) -> Result<Arc<dyn Snapshot>> {
        SNAPSHOTS.find(&self.0, None)
    }
}

impl Drop for Held {
    fn drop(&mut self) {
        // It fails when the snapshot was let go of by its id.
        let _ = SNAPSHOTS.remove(&self.0, None);
    }
}

/// Reads a file that a snapshot was saved to, and holds the snapshot. `NOT_FOUND` when there is no such file.
pub(crate) async fn hold_file(path: PathBuf) -> Result<Held> {
    let read = tokio::task::spawn_blocking(move || load(&path)).await;
    let snapshot = read.unwrap_or_else(|_| Err(Error::internal("reading the template broke off")))?;
    SNAPSHOTS.add(snapshot, "", None).map(Held::new)
}

/// A file as it was when it was read.
struct Read {
    path: PathBuf,
    version: (Option<SystemTime>, u64),
    snapshot: Arc<dyn Snapshot>,
}

/// Reads a file, unless it is the one that was read last: many test files of one process begin as the same.
fn load(path: &Path) -> Result<Arc<dyn Snapshot>> {
    static LAST: Mutex<Option<Read>> = Mutex::new(None);
    let mut last = LAST.lock().unwrap_or_else(PoisonError::into_inner);
    let version = path.metadata().map(|about| (about.modified().ok(), about.len())).unwrap_or_default();
    if let Some(read) = last.as_ref().filter(|read| read.path == path && read.version == version) {
        return Ok(Arc::clone(&read.snapshot));
    }
    let snapshot: Arc<dyn Snapshot> = Arc::new(sqlite::Snapshot::load(path)?);
    *last = Some(Read { path: path.to_owned(), version, snapshot: Arc::clone(&snapshot) });
    Ok(snapshot)
}
