//! The idempotency store: the answers to keyed writes, committed with the writes themselves. They are rows of a table of
//! PhantomDB's own, which is created when it is first needed, so every server over the database finds them.

use std::{
    sync::atomic::{AtomicBool, Ordering},
    time::{Duration, Instant},
};

use futures_util::future::join;
use parking_lot::Mutex;
use phantomdb_engine::IdempotentCall;
use phantomdb_protocol::{Error, ErrorCode, Result};
use serde::{Serialize, de::DeserializeOwned};
use tokio_postgres::{Row, Statement, error::SqlState, types::Type};

use crate::{
    connection::Connection,
    error,
    receipt_sql::{CREATE, DELETE_OLD, FIND, INSERT, TABLE},
    record_layout::{self, unreadable},
    rows::affected_rows,
    run_error::RunError,
    transaction_work::TransactionWork,
    wal_position::{self, WalPosition},
};

/// The errors of a role that may not create the table: not in this schema, or nowhere because it only reads.
const NOT_PERMITTED: [ErrorCode; 3] = [ErrorCode::Forbidden, ErrorCode::UnknownTable, ErrorCode::BadRequest];

/// The time between two deletions of old answers by one server.
const CLEANUP_INTERVAL: Duration = Duration::from_secs(60);

/// The state of the store of one database: whether answers can be stored, and when old ones were last deleted.
#[derive(Default)]
pub(crate) struct IdempotencyStore {
    /// True when the role may not create the table.
    forbidden: AtomicBool,
    last_cleanup: Mutex<Option<Instant>>,
}

impl IdempotencyStore {
    pub(crate) fn is_available(&self) -> bool {
        !self.forbidden.load(Ordering::Relaxed)
    }

    fn forbid(&self, error: &Error) {
        if !self.forbidden.swap(true, Ordering::Relaxed) {
            tracing::warn!(
                code = ?error.code,
                "the role may not make tables in the schema public: answers by idempotency key are kept in memory only"
            );
        }
    }

    /// True when it is time to delete old answers. The caller then does it.
    pub(crate) fn cleanup_is_due(&self) -> bool {
        let mut last_cleanup = self.last_cleanup.lock();
        let due = last_cleanup.is_none_or(|when| when.elapsed() > CLEANUP_INTERVAL);
        if due {
            *last_cleanup = Some(Instant::now());
        }
        due
    }
}

pub(crate) async fn delete_old(connection: &Connection) {
    if let Err(error) = connection.run(DELETE_OLD).await {
        tracing::debug!(%error, "old answers could not be deleted");
    }
}

pub(crate) fn cancelled() -> Error {
    Error::new(ErrorCode::StatementTimeout, "the call was cancelled")
}

/// A write of a call. Each write of a call has a receipt of its own.
#[derive(Debug, Clone)]
pub(crate) struct KeyedWrite {
    pub(crate) call: IdempotentCall,
    /// The number of the write in its call, from 0.
    pub(crate) write: i32,
}

impl KeyedWrite {
    /// Runs work in a transaction of its own and commits its answer with it. When an answer was stored under this key,
    /// the work is not run, and that answer is given. With `at_once` all of the work is sent before the first result is
    /// read.
    ///
    /// Gives `None`, and runs nothing, when no answers can be stored.
    pub(crate) async fn run_in_transaction<W>(
        &self,
        connection: &Connection,
        store: &IdempotencyStore,
        work: &W,
        at_once: bool,
        tracked: bool,
    ) -> Result<Option<(W::Output, Option<WalPosition>)>, RunError>
    where
        W: TransactionWork,
        W::Output: Serialize + DeserializeOwned + Sync,
    {
        let Some(insert) = prepare_insert(connection, store).await? else { return Ok(None) };
        let outcome =
            self.call.cancelled.run_until_cancelled(run_after_begin(connection, work, at_once)).await;
        let Some(outcome) = outcome else {
            // The statement may still run, so the connection must not be used again.
            connection.mark_unusable();
            return Err(cancelled().into());
        };
        let failure = match outcome {
            Ok(answer) => match self.commit(connection, insert, answer, tracked).await {
                Ok(committed) => return Ok(Some(committed)),
                Err(error) => RunError::Failed(error),
            },
            Err(failure) => failure,
        };
        roll_back(connection).await;
        self.stored_answer_or(connection, failure, tracked).await.map(Some)
    }

    /// Gives the stored answer after a write has failed. A repeated write mostly fails, because it has taken effect
    /// before.
    pub(crate) async fn stored_answer_or<T: DeserializeOwned>(
        &self,
        connection: &Connection,
        failure: RunError,
        tracked: bool,
    ) -> Result<(T, Option<WalPosition>), RunError> {
        let Some(answer) = self.stored_answer(connection).await? else { return Err(failure) };
        let position = if tracked { Some(wal_position::primary_position(connection).await?) } else { None };
        Ok((answer, position))
    }

    async fn commit<T: Serialize>(
        &self,
        connection: &Connection,
        insert: &Statement,
        answer: T,
        tracked: bool,
    ) -> Result<(T, Option<WalPosition>)> {
        let ending = async {
            join(connection.run("COMMIT"), async {
                if tracked { wal_position::primary_position(connection).await.ok() } else { None }
            })
            .await
        };
        let text = serde_json::to_string(&answer)
            .map_err(|_| Error::internal("the answer of the write could not be stored"))?;
        let (stored, (ended, position)) = join(self.store(connection, insert, &text), ending).await;
        stored.map_err(|error| explain_store_error(connection, error))?;
        ended.map(|()| (answer, position))
    }

    /// Stores the answer in the open transaction.
    async fn store(&self, connection: &Connection, insert: &Statement, answer: &str) -> Result<()> {
        let (key, call) = (&self.call.key[..], &self.call.call[..]);
        let answer = answer.as_bytes();
        let stored = connection.client().execute(insert, &[&key, &self.write, &call, &answer]).await;
        stored.map(drop).map_err(|error| error::explain(&error))
    }

    /// The answer that was committed with the write; none when the write was not committed. `BAD_REQUEST` when the key
    /// belongs to another call.
    async fn stored_answer<T: DeserializeOwned>(&self, connection: &Connection) -> Result<Option<T>> {
        let Some(receipt) = self.receipt(connection).await? else { return Ok(None) };
        if receipt.call != self.call.call {
            let message = "this idempotency key was used for a different call; each call needs a fresh one";
            return Err(Error::new(ErrorCode::BadRequest, message));
        }
        let answer = serde_json::from_slice(&receipt.json()?);
        answer.map(Some).map_err(|_| unreadable())
    }

    pub(crate) async fn is_stored(&self, connection: &Connection) -> Result<bool> {
        Ok(self.receipt(connection).await?.is_some_and(|receipt| receipt.call == self.call.call))
    }

    async fn receipt(&self, connection: &Connection) -> Result<Option<Receipt>> {
        let key = &self.call.key[..];
        let parameters = [(&key as _, Type::BYTEA), (&self.write as _, Type::INT4)];
        let row = match connection.client().query_typed_opt(FIND, &parameters).await {
            Err(error) if is_missing(&error) => return Ok(None),
            row => row.map_err(|error| error::explain(&error))?,
        };
        row.map(|row| Receipt::read(&row)).transpose().map_err(|error| error::explain(&error))
    }

    /// Commits the open transaction, and stores that it was committed under this key.
    pub(crate) async fn commit_transaction(&self, connection: &Connection, insert: &Statement) -> Result<()> {
        let (stored, ended) = join(self.store(connection, insert, "null"), connection.run("COMMIT")).await;
        stored.map_err(|error| explain_store_error(connection, error)).and(ended)
    }
}

/// A row of the table.
struct Receipt {
    call: Vec<u8>,
    layout: Option<String>,
    affected: Option<i64>,
    answer: Option<Vec<u8>>,
}

impl Receipt {
    fn read(row: &Row) -> Result<Self, tokio_postgres::Error> {
        Ok(Self {
            call: row.try_get(0)?,
            layout: row.try_get(1)?,
            affected: row.try_get(2)?,
            answer: row.try_get(3)?,
        })
    }

    /// The answer as JSON text.
    fn json(self) -> Result<Vec<u8>> {
        match self {
            Self { layout: None, affected: None, answer: Some(json), .. } => Ok(json),
            Self { layout, affected, answer, .. } => {
                let answer = match layout {
                    Some(layout) => record_layout::decode(&layout, answer.as_deref().unwrap_or_default())?,
                    None => affected_rows(affected.unwrap_or_default()),
                };
                serde_json::to_vec(&answer).map_err(|_| unreadable())
            }
        }
    }
}

/// True when the error is about the table of receipts.
pub(crate) fn is_about_receipts(error: &Error) -> bool {
    // The names of tables in the schema `public` are reported without it.
    error.details.table.as_deref() == TABLE.strip_prefix("public.")
}

/// The error of a write whose answer appeared while it ran, and was gone when it was looked for.
pub(crate) fn already_run() -> Error {
    Error::new(ErrorCode::Unavailable, "the same call has just been run; ask again for its answer")
}

/// Explains why an answer could not be stored. When the table was dropped, the statement that is prepared for it is
/// useless.
fn explain_store_error(connection: &Connection, error: Error) -> Error {
    match error.code {
        ErrorCode::UnknownTable | ErrorCode::Internal => {
            connection.mark_unusable();
            Error::new(ErrorCode::Unavailable, "the table that answers are kept in was dropped; try again")
        }
        ErrorCode::UniqueViolation => already_run(),
        _ => error,
    }
}

/// The prepared statement that stores an answer. The table is created when it is missing; `None` when the role may not.
pub(crate) async fn prepare_insert<'a>(
    connection: &'a Connection,
    store: &IdempotencyStore,
) -> Result<Option<&'a Statement>> {
    if !store.is_available() {
        return Ok(None);
    }
    let prepare =
        || connection.client().prepare_typed(INSERT, &[Type::BYTEA, Type::INT4, Type::BYTEA, Type::BYTEA]);
    let preparing = connection.receipt_insert.get_or_try_init(|| async {
        let missing = match prepare().await {
            Err(error) if is_missing(&error) => error,
            prepared => return prepared.map_err(|error| error::explain(&error)),
        };
        tracing::debug!(error = %missing, "the table of answers is made");
        // When another server creates the table at the same time, one of the two fails.
        if connection.run(CREATE).await.is_err() {
            connection.run(CREATE).await?;
        }
        prepare().await.map_err(|error| error::explain(&error))
    });
    match preparing.await {
        Ok(statement) => Ok(Some(statement)),
        Err(error) if NOT_PERMITTED.contains(&error.code) => {
            store.forbid(&error);
            Ok(None)
        }
        Err(error) => Err(error),
    }
}

async fn run_after_begin<W: TransactionWork>(
    connection: &Connection,
    work: &W,
    at_once: bool,
) -> Result<W::Output, RunError> {
    if !at_once {
        connection.run("BEGIN").await?;
        return work.run(connection).await;
    }
    let (begun, answer) = join(connection.run("BEGIN"), work.run(connection)).await;
    begun?;
    answer
}

async fn roll_back(connection: &Connection) {
    if let Err(error) = connection.run("ROLLBACK").await {
        // The connection was lost, and the transaction with it.
        tracing::debug!(%error, "a transaction could not be rolled back");
    }
}

fn is_missing(error: &tokio_postgres::Error) -> bool {
    let missing = [SqlState::UNDEFINED_TABLE, SqlState::INVALID_SCHEMA_NAME, SqlState::UNDEFINED_SCHEMA];
    error.code().is_some_and(|code| missing.contains(code))
}
