//! Runs prepared statements on a connection.

use std::{pin::pin, sync::Arc};

use futures_util::{TryStreamExt as _, future::join};
use phantomdb_engine::{ResultLimits, parameters::check_count};
use phantomdb_protocol::{Result, ResultSet, Statement};
use phantomdb_sql::Kind;
use tokio_postgres::types::ToSql;

use crate::{
    bind::{self, BoundValue},
    connection::Connection,
    plan_cache::Plan,
    prepared::Prepared,
    rows::RowWriter,
    run_error::{RunError, failed},
    transaction_work::TransactionWork,
};

/// A statement with its prepared form and its encoded parameters. It runs without any other question to the server.
pub(crate) struct ReadyStatement<'a> {
    pub(crate) plan: &'a Plan,
    pub(crate) prepared: Arc<Prepared>,
    pub(crate) bound: Vec<BoundValue<'a>>,
}

impl<'a> ReadyStatement<'a> {
    pub(crate) fn new(plan: &'a Plan, prepared: Arc<Prepared>, statement: &'a Statement) -> Result<Self> {
        check_count(prepared.statement.params().len(), &statement.parameters)?;
        Ok(Self { plan, prepared, bound: bind::bind(&statement.parameters, 0)? })
    }

    /// Runs the statement, which does not commit before its result is read, or only reads. All of it is sent when the
    /// future is first polled, so statements that are polled together are pipelined.
    pub(crate) async fn send(&self, connection: &Connection) -> Result<ResultSet, RunError> {
        send(connection, &self.prepared, &self.bound, &self.plan.adapted.kind, &connection.results).await
    }

    /// True when the statement has to be undone if its result is too large. Then it must not commit before all of its
    /// rows have come.
    pub(crate) fn commits_after_rows(&self, connection: &Connection) -> bool {
        self.plan.adapted.may_change_before_rows()
            && !self.prepared.columns.is_empty()
            && !connection.results.are_none()
    }

    /// Runs the statement by itself: in one message, unless [`Self::commits_after_rows`].
    pub(crate) async fn send_alone(&self, connection: &Connection) -> Result<ResultSet, RunError> {
        if self.commits_after_rows(connection) {
            return Box::pin(self.send_and_commit(connection)).await;
        }
        let adapted = &self.plan.adapted;
        // A row that was given has been written when it comes back, so its size must not be an error any more.
        let reads = matches!(adapted.kind, Kind::Read | Kind::LockingRead);
        let limits = if reads { &connection.results } else { &ResultLimits::default() };
        send(connection, &self.prepared, &self.bound, &adapted.kind, limits).await
    }

    async fn send_and_commit(&self, connection: &Connection) -> Result<ResultSet, RunError> {
        let (begun, outcome) = join(connection.run("BEGIN"), self.send(connection)).await;
        begun?;
        if outcome.is_ok() {
            connection.run("COMMIT").await?;
        } else if let Err(error) = connection.run("ROLLBACK").await {
            // The connection was lost, and the transaction with it.
            tracing::debug!(%error, "a transaction could not be rolled back");
        }
        outcome
    }
}

impl TransactionWork for ReadyStatement<'_> {
    type Output = ResultSet;

    async fn run(&self, connection: &Connection) -> Result<ResultSet, RunError> {
        self.send(connection).await
    }
}

/// See [`ReadyStatement::send`].
pub(crate) async fn send(
    connection: &Connection,
    prepared: &Prepared,
    bound: &[BoundValue<'_>],
    kind: &Kind,
    limits: &ResultLimits,
) -> Result<ResultSet, RunError> {
    let parameters = bound.iter().map(|bound| bound as &(dyn ToSql + Sync));
    let mut rows = pin!(connection.query(prepared, parameters).await.map_err(failed)?);
    let reads = matches!(kind, Kind::Read | Kind::LockingRead);
    let mut writer = RowWriter::new(&prepared.columns, &prepared.decoders, limits);
    while let Some(row) = rows.try_next().await.map_err(failed)? {
        if let Err(error) = writer.push(&row) {
            // The server goes on to send rows, for which nobody should wait.
            connection.mark_unusable();
            return Err(error.into());
        }
    }
    let affected = if reads { 0 } else { rows.rows_affected().unwrap_or(0) };
    Ok(writer.finish(affected)?)
}
