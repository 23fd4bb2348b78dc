//! A state of a database that an engine keeps.

use std::{any::Any, path::Path, sync::Arc};

use phantomdb_protocol::Result;

/// A database as it was at one moment. It outlives the database and its engine, and any database of the same kind of
/// engine can be brought to it. An engine finds its own kind by [`Snapshot::into_any`].
pub trait Snapshot: Any + Send + Sync {
    /// Its size in bytes.
    fn bytes(&self) -> usize;

    /// Writes it to a file, in place of what is there: as a whole or not at all.
    fn save(&self, path: &Path) -> Result<()>;

    fn into_any(self: Arc<Self>) -> Arc<dyn Any + Send + Sync>;
}
