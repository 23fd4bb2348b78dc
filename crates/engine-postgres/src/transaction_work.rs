//! Work that runs in a transaction and is undone when it fails.

use std::future::Future;

use phantomdb_protocol::Result;

use crate::{connection::Connection, run_error::RunError};

pub(crate) trait TransactionWork: Sync {
    type Answer: Send;

    /// Runs it in the transaction that is open; after an error the caller rolls back.
    fn run(&self, connection: &Connection) -> impl Future<Output = Result<Self::Answer, RunError>> + Send;
}

/// Sees that what it sends is received.
pub(crate) struct NoWork;

impl TransactionWork for NoWork {
    type Answer = ();

    async fn run(&self, _: &Connection) -> Result<(), RunError> {
        Ok(())
    }
}
