//! The calls that carry SQL.

use phantomdb_protocol::{Batch, Error, ErrorCode, Result, Statement};

use crate::{
    context::ExecutionContext,
    reply::{batch_json, json},
    service::Service,
};

impl Service {
    pub(super) async fn query(
        &self,
        database: String,
        statement: Statement,
        context: &ExecutionContext,
    ) -> Result<String> {
        self.refuse_native(std::slice::from_ref(&statement))?;
        self.count_statements(1);
        let session = self.session(&database, context).await?;
        json(&session.execute(statement).await?)
    }

    pub(super) async fn batch(
        &self,
        database: String,
        batch: Batch,
        context: &ExecutionContext,
    ) -> Result<String> {
        self.refuse_native(&batch.statements)?;
        self.refuse_too_many(batch.statements.len())?;
        self.count_statements(batch.statements.len());
        let session = self.session(&database, context).await?;
        batch_json(session.execute_batch(batch.statements, batch.atomic).await?)
    }

    fn refuse_native(&self, statements: &[Statement]) -> Result<()> {
        if self.options.allow_native || statements.iter().all(|statement| !statement.native) {
            return Ok(());
        }
        let message =
            "this server takes PhantomDB SQL only; a statement in the engine's own SQL (native) is forbidden";
        Err(Error::new(ErrorCode::Forbidden, message))
    }
}
