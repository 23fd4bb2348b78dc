//! The states of databases that are kept for callers.
//!
//! A snapshot belongs to the token that made it. Another token gets the same answer as for an id that never was, so
//! that ids cannot be probed.

use std::{
    collections::HashMap,
    sync::{Arc, Mutex, MutexGuard, PoisonError},
    time::Duration,
};

use phantomdb_protocol::{Call, CallContext, Error, ErrorCode, Result, SnapshotMade};
use tokio::time::Instant;

use super::{Service, answer};
use phantomdb_engine::Snapshot;

/// How long one that nobody uses keeps its place when others need it.
const UNUSED_FOR: Duration = Duration::from_secs(3600);

/// How many snapshots may be kept at once.
#[derive(Debug, Clone, Copy)]
pub struct SnapshotLimits {
    pub count: usize,
    /// Of all of them together.
    pub bytes: usize,
}

struct Kept {
    snapshot: Arc<dyn Snapshot>,
    owner: Option<String>,
    database: String,
    last_use: Instant,
}

/// The snapshots that are kept, by their ids. They do not depend on the databases they were made of.
#[derive(Default)]
pub struct Snapshots {
    kept: Mutex<HashMap<String, Kept>>,
    limits: Option<SnapshotLimits>,
}

fn unknown() -> Error {
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

    fn kept(&self) -> MutexGuard<'_, HashMap<String, Kept>> {
        self.kept.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// Keeps a snapshot; answers its id. `TOO_MANY_REQUESTS` when that would be beyond the limits.
    pub fn add(&self, snapshot: Arc<dyn Snapshot>, database: &str, owner: Option<&str>) -> Result<String> {
        let mut kept = self.kept();
        if let Some(limits) = self.limits {
            let is_full = |kept: &HashMap<String, Kept>| {
                let bytes: usize = kept.values().map(|kept| kept.snapshot.bytes()).sum();
                kept.len() >= limits.count || bytes + snapshot.bytes() > limits.bytes
            };
            if is_full(&kept) {
                kept.retain(|_, kept| kept.last_use.elapsed() < UNUSED_FOR);
            }
            if is_full(&kept) {
                let message = format!(
                    "the server keeps {} snapshots of {} bytes altogether at most; release some first",
                    limits.count, limits.bytes
                );
                return Err(Error::new(ErrorCode::TooManyRequests, message));
            }
        }
        let id = uuid::Uuid::new_v4().to_string();
        let (owner, database) = (owner.map(str::to_owned), database.to_owned());
        kept.insert(id.clone(), Kept { snapshot, owner, database, last_use: Instant::now() });
        Ok(id)
    }

    /// `NOT_FOUND` when there is none of that id for that owner.
    pub fn find(&self, id: &str, owner: Option<&str>) -> Result<Arc<dyn Snapshot>> {
        let mut kept = self.kept();
        let kept = kept.get_mut(id).filter(|kept| kept.owner.as_deref() == owner).ok_or_else(unknown)?;
        kept.last_use = Instant::now();
        Ok(Arc::clone(&kept.snapshot))
    }

    /// Lets go of one. `NOT_FOUND` as in [`Self::find`].
    pub fn remove(&self, id: &str, owner: Option<&str>) -> Result<()> {
        self.find(id, owner)?;
        self.kept().remove(id);
        Ok(())
    }

    /// Those of a database that was dropped go with it, where there is not room for all.
    fn forget_database(&self, database: &str) {
        if self.limits.is_some() {
            self.kept().retain(|_, kept| kept.database != database);
        }
    }
}

impl Service {
    pub(super) async fn run_on_snapshot(&self, call: Call, context: &CallContext) -> Result<String> {
        self.refuse_snapshots()?;
        let owner = context.token.as_deref();
        match call {
            Call::CreateSnapshot { database } => {
                let snapshot = self.engine.snapshot(&database).await?;
                let bytes = snapshot.bytes();
                let snapshot_id = self.snapshots.add(snapshot, &database, owner)?;
                answer::json(&SnapshotMade { snapshot_id, bytes })
            }
            Call::RestoreSnapshot { database, id } => {
                let snapshot = self.snapshots.find(&id, owner)?;
                self.engine.restore(&database, &snapshot).await?;
                Ok(String::new())
            }
            Call::DropSnapshot { id, .. } => {
                self.snapshots.remove(&id, owner)?;
                Ok(String::new())
            }
            _ => Err(Error::internal("the call has no place here")),
        }
    }

    pub(super) async fn create_database(
        &self,
        name: &str,
        template: Option<&str>,
        context: &CallContext,
    ) -> Result<()> {
        let Some(template) = template else { return self.engine.create_database(name).await };
        self.refuse_snapshots()?;
        let snapshot = self.snapshots.find(template, context.token.as_deref())?;
        self.engine.create_database_from(name, &snapshot).await
    }

    pub(super) async fn drop_database(&self, name: &str) -> Result<()> {
        self.engine.drop_database(name).await?;
        self.snapshots.forget_database(name);
        Ok(())
    }

    fn refuse_snapshots(&self) -> Result<()> {
        if self.options.allow_snapshots {
            return Ok(());
        }
        let message = "this server keeps no snapshots, as to restore one discards what everybody has written since; a \
                       server for tests is started with --memory or --allow-snapshots";
        Err(Error::new(ErrorCode::Forbidden, message))
    }
}
