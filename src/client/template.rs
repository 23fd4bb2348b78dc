//! Snapshots in this process, and what new databases begin as.

use std::path::{Path, PathBuf};
use std::sync::{Arc, LazyLock, Mutex, PoisonError};
use std::time::SystemTime;

use phantomdb_protocol::{Error, Result};
use phantomdb_server::engine::Snapshot;
use phantomdb_server::service::Snapshots;
use serde::Deserialize;
use tokio::sync::OnceCell;

/// Those of every embedded engine, so that what one has kept another can begin as. Each lives as long as its [`Held`].
pub(super) static SNAPSHOTS: LazyLock<Arc<Snapshots>> = LazyLock::new(Arc::default);

/// Keeps a snapshot of this process until it is dropped.
pub struct Held(String);

impl Held {
    /// Of the snapshot with that id, which an embedded engine has made.
    pub fn new(id: String) -> Self {
        Self(id)
    }

    pub fn snapshot(&self) -> Result<Arc<Snapshot>> {
        SNAPSHOTS.find(&self.0, None)
    }
}

impl Drop for Held {
    fn drop(&mut self) {
        // It fails when the snapshot was let go of by its id.
        let _ = SNAPSHOTS.remove(&self.0, None);
    }
}

/// What databases begin as that are made when they are first used.
#[derive(Debug, Clone, Deserialize)]
#[serde(rename_all = "camelCase")]
pub enum TemplateOption {
    /// A file that a snapshot was saved to.
    Path(PathBuf),
    /// The id of a snapshot.
    Snapshot(String),
}

pub(super) struct Template {
    option: TemplateOption,
    loaded: OnceCell<Held>,
}

impl Template {
    pub(super) fn new(option: TemplateOption) -> Self {
        Self { option, loaded: OnceCell::new() }
    }

    /// The id of the snapshot. The file is read when the first database is made, and not again.
    pub(super) async fn id(&self) -> Result<String> {
        let path = match &self.option {
            TemplateOption::Snapshot(id) => return Ok(id.clone()),
            TemplateOption::Path(path) => path.clone(),
        };
        let load = async || {
            let read = tokio::task::spawn_blocking(move || load(&path)).await;
            let snapshot = read.unwrap_or_else(|_| Err(Error::internal("reading the template broke off")))?;
            SNAPSHOTS.add(snapshot, "", None).map(Held::new)
        };
        Ok(self.loaded.get_or_try_init(load).await?.0.clone())
    }
}

/// A file as it was when it was read.
struct Read {
    path: PathBuf,
    version: (Option<SystemTime>, u64),
    snapshot: Arc<Snapshot>,
}

/// Reads a file, unless it is the one that was read last: many test files of one process begin as the same.
fn load(path: &Path) -> Result<Arc<Snapshot>> {
    static LAST: Mutex<Option<Read>> = Mutex::new(None);
    let mut last = LAST.lock().unwrap_or_else(PoisonError::into_inner);
    let version = path.metadata().map(|about| (about.modified().ok(), about.len())).unwrap_or_default();
    if let Some(read) = last.as_ref().filter(|read| read.path == path && read.version == version) {
        return Ok(Arc::clone(&read.snapshot));
    }
    let snapshot = Arc::new(Snapshot::load(path)?);
    *last = Some(Read { path: path.to_owned(), version, snapshot: Arc::clone(&snapshot) });
    Ok(snapshot)
}
