//! Snapshots that this process holds.

use std::path::{Path, PathBuf};
use std::sync::{Arc, LazyLock};
use std::time::SystemTime;

use parking_lot::Mutex;
use phantomdb_engine::Snapshot;
use phantomdb_engine_sqlite as sqlite;
use phantomdb_protocol::{Error, Result};
use phantomdb_service::{Grant, Snapshots};

/// The snapshots of all embedded engines, so that a database of one engine can start as a snapshot of another. Each lives as
/// long as its [`HeldSnapshot`].
pub(super) static SNAPSHOTS: LazyLock<Arc<Snapshots>> = LazyLock::new(Arc::default);

/// Keeps a snapshot of this process until it is dropped.
pub struct HeldSnapshot(String);

impl HeldSnapshot {
    /// `id` is the id of a snapshot that an embedded engine has made.
    pub fn new(id: String) -> Self {
        Self(id)
    }

    pub(crate) fn id(&self) -> &str {
        &self.0
    }

    pub fn snapshot(&self) -> Result<Arc<dyn Snapshot>> {
        SNAPSHOTS.find(&self.0, None, &Grant::everything())
    }
}

impl Drop for HeldSnapshot {
    fn drop(&mut self) {
        // It fails when the snapshot was dropped by its id before.
        let _ = SNAPSHOTS.remove(&self.0, None, &Grant::everything());
    }
}

/// Reads a file that a snapshot was saved to, and holds the snapshot. `NOT_FOUND` when there is no such file.
pub(crate) async fn hold_file(path: PathBuf) -> Result<HeldSnapshot> {
    let read = tokio::task::spawn_blocking(move || load(&path)).await;
    let snapshot = read.unwrap_or_else(|_| Err(Error::internal("reading the template broke off")))?;
    SNAPSHOTS.add(snapshot, "", None).map(HeldSnapshot::new)
}

/// A snapshot, and the file it was loaded from as the file was then.
struct LoadedFile {
    path: PathBuf,
    version: (Option<SystemTime>, u64),
    snapshot: Arc<dyn Snapshot>,
}

/// Loads a snapshot from a file. The last file is kept, since many test files of one process start with the same one.
fn load(path: &Path) -> Result<Arc<dyn Snapshot>> {
    static LAST: Mutex<Option<LoadedFile>> = Mutex::new(None);
    let mut last = LAST.lock();
    let version = path.metadata().map(|about| (about.modified().ok(), about.len())).unwrap_or_default();
    if let Some(loaded) = last.as_ref().filter(|loaded| loaded.path == path && loaded.version == version) {
        return Ok(Arc::clone(&loaded.snapshot));
    }
    let snapshot: Arc<dyn Snapshot> = Arc::new(sqlite::Snapshot::load(path)?);
    *last = Some(LoadedFile { path: path.to_owned(), version, snapshot: Arc::clone(&snapshot) });
    Ok(snapshot)
}
