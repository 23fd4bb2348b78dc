//! The calls on snapshots.

use phantomdb_protocol::{Error, ErrorCode, Result, SnapshotMade};

use crate::{context::ExecutionContext, reply::json, service::Service};

impl Service {
    pub(super) async fn create_snapshot(
        &self,
        database: String,
        context: &ExecutionContext,
    ) -> Result<String> {
        context.refuse_in_transaction()?;
        self.refuse_snapshots()?;
        let snapshot = self.engine.snapshot(&database).await?;
        let bytes = snapshot.bytes();
        let snapshot_id = self.snapshots.add(snapshot, &database, context.token.as_deref())?;
        json(&SnapshotMade { snapshot_id, bytes })
    }

    pub(super) async fn restore_snapshot(
        &self,
        database: String,
        id: String,
        context: &ExecutionContext,
    ) -> Result<String> {
        context.refuse_in_transaction()?;
        self.refuse_snapshots()?;
        let snapshot = self.snapshots.find(&id, context.token.as_deref(), &context.grant)?;
        self.engine.restore(&database, &snapshot).await?;
        Ok(String::new())
    }

    pub(super) async fn drop_snapshot(&self, id: String, context: &ExecutionContext) -> Result<String> {
        context.refuse_in_transaction()?;
        self.refuse_snapshots()?;
        self.snapshots.remove(&id, context.token.as_deref(), &context.grant)?;
        Ok(String::new())
    }

    /// Creates a database that begins as a snapshot.
    pub(super) async fn create_database_from(
        &self,
        name: &str,
        snapshot_id: &str,
        context: &ExecutionContext,
    ) -> Result<()> {
        self.refuse_snapshots()?;
        let snapshot = self.snapshots.find(snapshot_id, context.token.as_deref(), &context.grant)?;
        self.engine.create_database_from(name, &snapshot).await
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
