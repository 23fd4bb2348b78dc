//! Runs prepared statements on a connection.

use std::{pin::pin, sync::Arc};

use futures_util::TryStreamExt as _;
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

    /// Runs the statement. All of it is sent when the future is first polled, so statements that are polled together
    /// are pipelined.
    pub(crate) async fn send(&self, connection: &Connection) -> Result<ResultSet, RunError> {
        send(connection, &self.prepared, &self.bound, &self.plan.adapted.kind).await
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
) -> Result<ResultSet, RunError> {
    let parameters = bound.iter().map(|bound| bound as &(dyn ToSql + Sync));
    let mut rows = pin!(connection.query(prepared, parameters).await.map_err(failed)?);
    let reads = matches!(kind, Kind::Read | Kind::LockingRead);
    // A write has taken effect when its first row comes, so it must not fail because of the others.
    let limits = if reads { &connection.results } else { &ResultLimits::default() };
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
