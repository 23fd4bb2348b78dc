//! A stored state of a database.

use std::{any::Any, path::Path, sync::Arc};

use phantomdb_protocol::Result;

/// A database as it was at one moment.
///
/// A snapshot outlives the database and the engine that it was taken from. Any database of an engine of the same type can
/// be restored to it. The engine recovers its own snapshot type with [`Snapshot::into_any`].
pub trait Snapshot: Any + Send + Sync {
    /// The size in bytes.
    fn bytes(&self) -> usize;

    /// Writes the snapshot to a file and replaces an existing one. A failure leaves the existing file unchanged.
    fn save(&self, path: &Path) -> Result<()>;

    /// Returns the snapshot as a value that can be downcast.
    fn into_any(self: Arc<Self>) -> Arc<dyn Any + Send + Sync>;
}
