//! Runs a write together with the INSERT of its receipt, as one statement that commits by itself: one round trip.
//!
//! The rows that come back are stored in the form in which PostgreSQL sends them, by `record_send`, with the layout that
//! they are read by: the first answer needs no second form, and a repeated call reads it as the first one did.

use std::{future::Future, pin::pin, time::Duration};

use futures_util::{TryStreamExt as _, future::join};
use phantomdb_engine::{IdempotentCall, ResultLimits};
use phantomdb_protocol::{Error, ErrorCode, Result, ResultSet, Statement};
use phantomdb_sql::Kind;
use tokio_postgres::types::ToSql;

use crate::{
    adapt::WriteResult,
    bind::{self, BoundValue},
    connection::Connection,
    idempotency_store::{KeyedWrite, already_run, cancelled, is_about_receipts},
    prepared::Prepared,
    receipt_sql::{PARAMETERS_ADDED, ReceiptForm},
    rows::affected_rows,
    run,
    run_error::{RunError, failed},
    wal_position::{self, WalPosition},
};

/// The time between two cancellations of a statement. One that comes before the statement has begun has no effect.
const STOP_AGAIN: Duration = Duration::from_millis(200);

async fn send(
    form: &ReceiptForm,
    connection: &Connection,
    prepared: &Prepared,
    bound: &[BoundValue<'_>],
) -> Result<ResultSet, RunError> {
    if form.write_result == WriteResult::Rows {
        return run::send(connection, prepared, bound, &Kind::Write, &ResultLimits::default()).await;
    }
    let parameters = bound.iter().map(|bound| bound as &(dyn ToSql + Sync));
    let mut rows = pin!(connection.query(prepared, parameters).await.map_err(failed)?);
    let mut affected = 0;
    while let Some(row) = rows.try_next().await.map_err(failed)? {
        affected = row.try_get(0).map_err(failed)?;
    }
    Ok(affected_rows(affected))
}

impl KeyedWrite {
    /// Runs a write in the form that stores its receipt. When an answer was stored under this key, nothing is run, and
    /// that answer is given.
    pub(crate) async fn run_with_receipt(
        &self,
        connection: &Connection,
        form: &ReceiptForm,
        prepared: &Prepared,
        statement: &Statement,
        tracked: bool,
    ) -> Result<(ResultSet, Option<WalPosition>), RunError> {
        let mut bound = bind::bind(&statement.parameters, PARAMETERS_ADDED)?;
        bound.push(BoundValue::Blob(&self.call.key));
        bound.push(BoundValue::Integer(self.write.into()));
        bound.push(BoundValue::Blob(&self.call.call));
        if form.write_result == WriteResult::Rows {
            bound.push(BoundValue::Text(prepared.layout()?.into()));
        }
        let running = async {
            let sending = send(form, connection, prepared, &bound);
            if !tracked {
                return (sending.await, None);
            }
            let (outcome, position) = join(sending, wal_position::primary_position(connection)).await;
            (outcome, position.ok())
        };
        let (outcome, position) = to_its_end(&self.call, connection, running).await?;
        let failure = match outcome {
            Ok(answer) => return Ok((answer, position)),
            Err(RunError::Failed(error)) => RunError::Failed(self.explained(error)),
            Err(stale) => stale,
        };
        self.stored_answer_or(connection, failure, tracked).await
    }

    fn explained(&self, error: Error) -> Error {
        match error.code {
            ErrorCode::StatementTimeout if self.call.cancelled.is_cancelled() => cancelled(),
            ErrorCode::UniqueViolation if is_about_receipts(&error) => already_run(),
            _ => error,
        }
    }
}

/// Runs a statement that commits by itself. When its call is cancelled, the statement is cancelled too, but its outcome
/// is awaited, because only that tells whether it took effect.
async fn to_its_end<T>(
    call: &IdempotentCall,
    connection: &Connection,
    running: impl Future<Output = T>,
) -> Result<T> {
    if call.cancelled.is_cancelled() {
        return Err(cancelled());
    }
    let mut running = pin!(running);
    if let Some(outcome) = call.cancelled.run_until_cancelled(running.as_mut()).await {
        return Ok(outcome);
    }
    // A late cancellation would hit the next statement.
    connection.mark_unusable();
    let stopping = async {
        loop {
            connection.canceller().cancel().await;
            tokio::time::sleep(STOP_AGAIN).await;
        }
    };
    tokio::select! {
        outcome = running => Ok(outcome),
        never = stopping => never,
    }
}
