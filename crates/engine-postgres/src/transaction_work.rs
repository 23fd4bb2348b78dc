//! Work that runs in a transaction and is undone when it fails.

use std::future::Future;

use phantomdb_protocol::Result;

use crate::{connection::Connection, run_error::RunError};

pub(crate) trait TransactionWork: Sync {
    type Output: Send;

    /// Runs the work in the open transaction. After an error the caller rolls back.
    fn run(&self, connection: &Connection) -> impl Future<Output = Result<Self::Output, RunError>> + Send;
}

/// No work at all: what is sent before it gets its result.
pub(crate) struct NoWork;

impl TransactionWork for NoWork {
    type Output = ();

    async fn run(&self, _: &Connection) -> Result<(), RunError> {
        Ok(())
    }
}
