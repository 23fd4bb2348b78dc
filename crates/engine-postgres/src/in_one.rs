//! A write and what keeps its answer as one statement, which commits by itself: one round trip.
//!
//! The rows that come back are kept in the form in which PostgreSQL sends them, by `record_send`, with the layout that
//! they are read by: the first answer costs no second form, and one that is asked for again is read as the first was.

use std::{
    future::Future,
    pin::pin,
    sync::atomic::{AtomicBool, Ordering},
    time::Duration,
};

use futures_util::{TryStreamExt as _, future::join};
use phantomdb_protocol::{Error, ErrorCode, Result, ResultSet, Statement};
use tokio_postgres::types::ToSql;

use super::{
    adapt::{Adapted, WriteResult},
    answers::{self, KeyedWrite, cancelled},
    bind::{self, BoundValue},
    connection::Connection,
    plan::PreparableSql,
    position::{self, WalPosition},
    prepare::Prepared,
    rows::{Decoder, RowWriter},
    run::{self, RunError, empty},
};
use phantomdb_engine::IdempotentCall;
use phantomdb_sql::Kind;

/// Parameters after the write's own: key, number of the write, call, layout. The protocol has room for them, as a
/// statement may have half as many as it could carry.
const PARAMETERS_ADDED: usize = 4;

/// Between two orders to stop a statement: one that comes before the statement has begun is without effect.
const STOP_AGAIN: Duration = Duration::from_millis(200);

/// Why PostgreSQL refuses to have a statement within another one, as it does when there are rules on the table.
const REFUSALS: [ErrorCode; 3] = [ErrorCode::Unsupported, ErrorCode::SyntaxError, ErrorCode::TypeMismatch];

/// How a plan is run together with what keeps its answer.
#[derive(Debug)]
pub(super) struct ReceiptForm {
    /// What the statements prepared for it are found by.
    pub(super) id: u64,
    write_result: WriteResult,
    /// It has to be run in a transaction.
    refused: AtomicBool,
}

impl ReceiptForm {
    /// None for what is not one change of rows and nothing else.
    pub(super) fn of(id: u64, adapted: &Adapted) -> Option<Self> {
        adapted.write_result.map(|write_result| Self { id, write_result, refused: AtomicBool::new(false) })
    }

    /// Whether the statement can be run so, as far as is known. Where it has not the parameters that its text asks for,
    /// it is told so elsewhere.
    pub(super) fn takes(&self, adapted: &Adapted, statement: &Statement) -> bool {
        !self.refused.load(Ordering::Relaxed) && statement.parameters.len() == adapted.parameter_count
    }

    /// What was refused in this form has run in a transaction, and is run there from now on.
    pub(super) fn refuse(&self) {
        self.refused.store(true, Ordering::Relaxed);
    }

    /// Whether the plan may be one that can never be run in this form.
    pub(super) fn is_refusal(error: &Error) -> bool {
        REFUSALS.contains(&error.code)
    }

    pub(super) fn sql(&self, bare: &PreparableSql<'_>) -> String {
        let (sql, first) = (bare.sql, bare.adapted.parameter_count + 1);
        let entry = format!("${first}::bytea, ${}::int4, ${}::bytea", first + 1, first + 2);
        let table = answers::TABLE;
        match self.write_result {
            WriteResult::RowCount => format!(
                "WITH phantomdb_write AS ({sql} RETURNING 1) \
                INSERT INTO {table} (key, write, call, affected) \
                SELECT {entry}, count(*) FROM phantomdb_write RETURNING affected"
            ),
            WriteResult::Rows => format!(
                "WITH phantomdb_write AS ({sql}), phantomdb_kept AS (\
                INSERT INTO {table} (key, write, call, layout, answer) \
                SELECT {entry}, ${}::text, string_agg(record_send(phantomdb_write), ''::bytea) \
                FROM phantomdb_write) SELECT * FROM phantomdb_write",
                first + 3
            ),
        }
    }

    async fn send(
        &self,
        connection: &Connection,
        prepared: &Prepared,
        bound: &[BoundValue<'_>],
    ) -> Result<ResultSet, RunError> {
        if self.write_result == WriteResult::Rows {
            return run::send(connection, prepared, bound, &Kind::Write).await;
        }
        let parameters = bound.iter().map(|bound| bound as &(dyn ToSql + Sync));
        let rows = connection.client().query_raw(&prepared.statement, parameters).await;
        let mut rows = pin!(rows.map_err(run::failed)?);
        let mut affected = 0;
        while let Some(row) = rows.try_next().await.map_err(run::failed)? {
            affected = row.try_get(0).map_err(run::failed)?;
        }
        Ok(counted(affected))
    }
}

/// The answer of a write that write_result no rows.
fn counted(affected: i64) -> ResultSet {
    ResultSet { affected_rows: affected.unsigned_abs(), ..empty() }
}

/// What rows in the form of `record_send` are read by: the names of the columns, and how their values are.
pub(super) fn layout(prepared: &Prepared) -> Result<String> {
    let names = prepared.columns.iter().map(|column| column.name.as_str());
    let layout: Vec<(&str, &Decoder)> = names.zip(&prepared.decoders).collect();
    serde_json::to_string(&layout)
        .map_err(|_| Error::internal("what the answer is to be read by could not be written"))
}

/// The answer as it was kept: of no rows only the number of those affected.
pub(super) fn kept(layout: Option<&str>, records: Option<&[u8]>, affected: Option<i64>) -> Result<ResultSet> {
    let Some(layout) = layout else { return Ok(counted(affected.unwrap_or_default())) };
    let layout: Vec<(String, Decoder)> = serde_json::from_str(layout).map_err(|_| answers::unreadable())?;
    let (names, decoders): (Vec<_>, Vec<_>) = layout.into_iter().unzip();
    let columns = super::prepare::columns(names, &decoders);
    let mut writer = RowWriter::new(&columns, &decoders);
    let rows = writer.push_records(records.unwrap_or_default())?;
    writer.finish(rows)
}

impl KeyedWrite {
    /// Runs a write in the form in which it keeps its answer, unless there is one by this key: that is the answer then,
    /// and nothing has run.
    pub(super) async fn in_one(
        &self,
        connection: &Connection,
        form: &ReceiptForm,
        prepared: &Prepared,
        statement: &Statement,
        tracked: bool,
    ) -> Result<(ResultSet, Option<WalPosition>), RunError> {
        let mut bound = bind::bind(&statement.parameters, PARAMETERS_ADDED)?;
        bound.push(BoundValue::Blob(&self.once.key));
        bound.push(BoundValue::Integer(self.write.into()));
        bound.push(BoundValue::Blob(&self.once.call));
        if form.write_result == WriteResult::Rows {
            bound.push(BoundValue::Text(prepared.layout()?.into()));
        }
        let running = async {
            let sending = form.send(connection, prepared, &bound);
            if !tracked {
                return (sending.await, None);
            }
            let (outcome, position) = join(sending, position::primary_position(connection)).await;
            (outcome, position.ok())
        };
        let (outcome, position) = to_its_end(&self.once, connection, running).await?;
        let failure = match outcome {
            Ok(answer) => return Ok((answer, position)),
            Err(RunError::Failed(error)) => RunError::Failed(self.explained(error)),
            Err(stale) => stale,
        };
        self.kept_instead(connection, failure, tracked).await
    }

    fn explained(&self, error: Error) -> Error {
        match error.code {
            ErrorCode::StatementTimeout if self.once.cancelled.is_cancelled() => cancelled(),
            ErrorCode::UniqueViolation if answers::is_of_table(&error) => answers::run_already(),
            _ => error,
        }
    }
}

/// Runs what commits by itself. When nobody waits for it any more it is stopped, but not left alone: its outcome says
/// whether it took effect.
async fn to_its_end<T>(
    once: &IdempotentCall,
    connection: &Connection,
    running: impl Future<Output = T>,
) -> Result<T> {
    if once.cancelled.is_cancelled() {
        return Err(cancelled());
    }
    let mut running = pin!(running);
    if let Some(outcome) = once.cancelled.run_until_cancelled(running.as_mut()).await {
        return Ok(outcome);
    }
    // The order to stop may come late, and would hit what runs next.
    connection.condemn();
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
