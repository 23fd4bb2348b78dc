//! Running statements on a connection.

use std::{pin::pin, sync::Arc};

use futures_util::TryStreamExt as _;
use phantomdb_protocol::{Error, Result, ResultSet, Statement};
use tokio_postgres::{Error as PostgresError, error::SqlState, types::ToSql};

use super::{
    bind::{self, BoundValue},
    connection::Connection,
    error,
    plan::Plan,
    prepare::Prepared,
    rows::RowWriter,
};
use phantomdb_engine::{json_rows, parameters::check_count};
use phantomdb_sql::Kind;

/// Why a statement did not end well.
#[derive(Debug)]
pub(super) enum RunError {
    /// What was prepared may not fit the tables any more. Nothing has come of it; prepared again it may run.
    StalePlan(PostgresError),
    Failed(Error),
}

impl From<Error> for RunError {
    fn from(error: Error) -> Self {
        Self::Failed(error)
    }
}

impl RunError {
    pub(super) fn into_error(self) -> Error {
        match self {
            Self::StalePlan(error) => error::explain(&error),
            Self::Failed(error) => error,
        }
    }
}

/// A statement with what it takes to run it: nothing more has to be asked of the server.
pub(super) struct ReadyStatement<'a> {
    pub(super) plan: &'a Plan,
    pub(super) prepared: Arc<Prepared>,
    pub(super) bound: Vec<BoundValue<'a>>,
}

impl<'a> ReadyStatement<'a> {
    pub(super) fn new(plan: &'a Plan, prepared: Arc<Prepared>, statement: &'a Statement) -> Result<Self> {
        check_count(prepared.statement.params().len(), &statement.parameters)?;
        Ok(Self { plan, prepared, bound: bind::bind(&statement.parameters, 0)? })
    }

    /// Everything is sent when this is first polled, so that what is polled together travels together.
    pub(super) async fn send(&self, connection: &Connection) -> Result<ResultSet, RunError> {
        send(connection, &self.prepared, &self.bound, &self.plan.adapted.kind).await
    }
}

/// See [`ReadyStatement::send`].
pub(super) async fn send(
    connection: &Connection,
    prepared: &Prepared,
    bound: &[BoundValue<'_>],
    kind: &Kind,
) -> Result<ResultSet, RunError> {
    let parameters = bound.iter().map(|bound| bound as &(dyn ToSql + Sync));
    let rows = connection.client().query_raw(&prepared.statement, parameters).await.map_err(failed)?;
    let mut rows = pin!(rows);
    let mut writer = RowWriter::new(&prepared.columns, &prepared.decoders);
    while let Some(row) = rows.try_next().await.map_err(failed)? {
        writer.push(&row)?;
    }
    let affected =
        if matches!(kind, Kind::Read | Kind::LockingRead) { 0 } else { rows.rows_affected().unwrap_or(0) };
    Ok(writer.finish(affected)?)
}

/// What is said of a statement when a table is not what it was: "cached plan must not change result type", "cache lookup
/// failed for type", or that a value is not of the type that the parameter had.
const STALE: [SqlState; 8] = [
    SqlState::FEATURE_NOT_SUPPORTED,
    SqlState::INTERNAL_ERROR,
    SqlState::INVALID_SQL_STATEMENT_NAME,
    SqlState::INVALID_TEXT_REPRESENTATION,
    SqlState::INVALID_BINARY_REPRESENTATION,
    SqlState::INVALID_DATETIME_FORMAT,
    SqlState::DATETIME_FIELD_OVERFLOW,
    // A time zone that is none.
    SqlState::INVALID_PARAMETER_VALUE,
];

pub(super) fn failed(error: PostgresError) -> RunError {
    let stale = error.as_db_error().is_some_and(|error| {
        let code = error.code();
        STALE.contains(code) || code.code().starts_with("42")
    });
    if stale { RunError::StalePlan(error) } else { RunError::Failed(error::explain(&error)) }
}

/// The answer of a statement that write_result none.
pub(super) fn empty() -> ResultSet {
    ResultSet { columns: Vec::new(), rows: json_rows::empty(), affected_rows: 0 }
}
