//! The snapshots of databases that are kept for callers.
//!
//! A snapshot belongs to the token that made it, for as long as the token is for the database that it was made of: whoever
//! restores it elsewhere reads that database. Everybody else gets the same answer as for an id that never existed, so that
//! ids cannot be probed.

use std::{collections::HashMap, sync::Arc, time::Duration};

use parking_lot::Mutex;
use phantomdb_engine::Snapshot;
use phantomdb_protocol::{Error, ErrorCode, Result};
use tokio::time::Instant;

use crate::grant::Grant;

/// A snapshot that nobody has used for this long is removed when there is no room for a new one.
const UNUSED_FOR: Duration = Duration::from_secs(3600);

/// The most snapshots that are kept at once.
#[derive(Debug, Clone, Copy)]
pub struct SnapshotLimits {
    pub count: usize,
    /// The size of all of them together.
    pub bytes: usize,
}

struct StoredSnapshot {
    snapshot: Arc<dyn Snapshot>,
    owner: Option<String>,
    database: String,
    last_use: Instant,
}

/// The snapshots that are kept, by their ids. A snapshot does not depend on the database that it was made of.
#[derive(Default)]
pub struct Snapshots {
    stored: Mutex<HashMap<String, StoredSnapshot>>,
    limits: Option<SnapshotLimits>,
}

fn unknown_snapshot() -> Error {
    Error::new(
        ErrorCode::NotFound,
        "there is no such snapshot: it was released, or its database was dropped, or the server was restarted since; \
         make a new one",
    )
}

impl Snapshots {
    pub fn with_limits(limits: SnapshotLimits) -> Self {
        Self { limits: Some(limits), ..Self::default() }
    }

    /// Stores a snapshot and returns its id. Fails with `TOO_MANY_REQUESTS` when that would exceed the limits.
    pub fn add(&self, snapshot: Arc<dyn Snapshot>, database: &str, owner: Option<&str>) -> Result<String> {
        let mut stored = self.stored.lock();
        if let Some(limits) = self.limits {
            let is_full = |stored: &HashMap<String, StoredSnapshot>| {
                let bytes: usize = stored.values().map(|entry| entry.snapshot.bytes()).sum();
                stored.len() >= limits.count || bytes + snapshot.bytes() > limits.bytes
            };
            if is_full(&stored) {
                stored.retain(|_, entry| entry.last_use.elapsed() < UNUSED_FOR);
            }
            if is_full(&stored) {
                let message = format!(
                    "the server keeps {} snapshots of {} bytes altogether at most; release some first",
                    limits.count, limits.bytes
                );
                return Err(Error::new(ErrorCode::TooManyRequests, message));
            }
        }
        let id = uuid::Uuid::new_v4().to_string();
        let (owner, database) = (owner.map(str::to_owned), database.to_owned());
        stored.insert(id.clone(), StoredSnapshot { snapshot, owner, database, last_use: Instant::now() });
        Ok(id)
    }

    /// Fails with `NOT_FOUND` when the owner has no snapshot with this id, or is not for its database any more.
    pub fn find(&self, id: &str, owner: Option<&str>, grant: &Grant) -> Result<Arc<dyn Snapshot>> {
        let mut stored = self.stored.lock();
        let entry = stored
            .get_mut(id)
            .filter(|entry| entry.owner.as_deref() == owner && grant.covers(&entry.database))
            .ok_or_else(unknown_snapshot)?;
        entry.last_use = Instant::now();
        Ok(Arc::clone(&entry.snapshot))
    }

    /// Removes a snapshot. Fails with `NOT_FOUND` as [`Self::find`] does.
    pub fn remove(&self, id: &str, owner: Option<&str>, grant: &Grant) -> Result<()> {
        self.find(id, owner, grant)?;
        self.stored.lock().remove(id);
        Ok(())
    }

    /// Removes the snapshots of a database that was dropped, unless there is room for any number of snapshots.
    pub(super) fn forget_database(&self, database: &str) {
        if self.limits.is_some() {
            self.stored.lock().retain(|_, entry| entry.database != database);
        }
    }
}
