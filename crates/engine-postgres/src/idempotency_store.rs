//! The idempotency store: the answers to keyed writes, committed with the writes themselves. They are rows of a table of
//! PhantomDB's own, which is created when it is first needed, so every server over the database finds them.

use std::{
    sync::{
        Mutex,
        atomic::{AtomicBool, Ordering},
    },
    time::{Duration, Instant},
};

use futures_util::future::join;
use phantomdb_protocol::{Error, ErrorCode, Result};
use serde::{Serialize, de::DeserializeOwned};
use tokio_postgres::{Row, Statement, error::SqlState, types::Type};

use crate::{
    connection::Connection,
    error,
    receipt_sql::{CREATE, FIND, FORGET, INSERT, TABLE},
    record_layout::{self, unreadable},
    rows::affected_rows,
    run_error::RunError,
    sync::lock,
    transaction_work::TransactionWork,
    wal_position::{self, WalPosition},
};
use phantomdb_engine::IdempotentCall;

/// The errors of a role that may not create the table: not in this schema, or nowhere because it only reads.
const UNWILLING: [ErrorCode; 3] = [ErrorCode::Forbidden, ErrorCode::UnknownTable, ErrorCode::BadRequest];

/// The time between two deletions of old answers by one server.
const FORGET_EVERY: Duration = Duration::from_secs(60);

/// The state of the store of one database: whether answers can be stored, and when old ones were last deleted.
#[derive(Default)]
pub(crate) struct IdempotencyStore {
    /// True when the role may not create the table.
    forbidden: AtomicBool,
    forgotten: Mutex<Option<Instant>>,
}

impl IdempotencyStore {
    pub(crate) fn are_kept(&self) -> bool {
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
    pub(crate) fn forget_now(&self) -> bool {
        let mut forgotten = lock(&self.forgotten);
        let due = forgotten.is_none_or(|when| when.elapsed() > FORGET_EVERY);
        if due {
            *forgotten = Some(Instant::now());
        }
        due
    }
}

pub(crate) async fn forget(connection: &Connection) {
    if let Err(error) = connection.run(FORGET).await {
        tracing::debug!(%error, "old answers could not be forgotten");
    }
}

pub(crate) fn cancelled() -> Error {
    Error::new(ErrorCode::StatementTimeout, "the call was cancelled")
}

/// A write of a call. Each write of a call has a receipt of its own.
#[derive(Debug, Clone)]
pub(crate) struct KeyedWrite {
    pub(crate) once: IdempotentCall,
    /// The number of the write in its call, from 0.
    pub(crate) write: i32,
}

impl KeyedWrite {
    /// Runs work in a transaction of its own and commits its answer with it. When an answer was stored under this key,
    /// the work is not run, and that answer is given. With `at_once` all of the work is sent before the first result is
    /// read.
    ///
    /// Gives `None`, and runs nothing, when no answers can be stored.
    pub(crate) async fn once<W>(
        &self,
        connection: &Connection,
        answers: &IdempotencyStore,
        work: &W,
        at_once: bool,
        tracked: bool,
    ) -> Result<Option<(W::Answer, Option<WalPosition>)>, RunError>
    where
        W: TransactionWork,
        W::Answer: Serialize + DeserializeOwned + Sync,
    {
        let Some(keeping) = prepared(connection, answers).await? else { return Ok(None) };
        let working = self.once.cancelled.run_until_cancelled(begin(connection, work, at_once)).await;
        let Some(worked) = working else {
            // The statement may still run, so the connection must not be used again.
            connection.condemn();
            return Err(cancelled().into());
        };
        let failure = match worked {
            Ok(answer) => match self.commit(connection, keeping, answer, tracked).await {
                Ok(kept) => return Ok(Some(kept)),
                Err(error) => RunError::Failed(error),
            },
            Err(failure) => failure,
        };
        roll_back(connection).await;
        self.kept_instead(connection, failure, tracked).await.map(Some)
    }

    /// Gives the stored answer after a write has failed. A repeated write mostly fails, because it has taken effect
    /// before.
    pub(crate) async fn kept_instead<T: DeserializeOwned>(
        &self,
        connection: &Connection,
        failure: RunError,
        tracked: bool,
    ) -> Result<(T, Option<WalPosition>), RunError> {
        let Some(answer) = self.find(connection).await? else { return Err(failure) };
        let position = if tracked { Some(wal_position::primary_position(connection).await?) } else { None };
        Ok((answer, position))
    }

    async fn commit<T: Serialize>(
        &self,
        connection: &Connection,
        keeping: &Statement,
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
            .map_err(|_| Error::internal("the answer of the write could not be kept"))?;
        let (kept, (ended, position)) = join(self.keep(connection, keeping, &text), ending).await;
        kept.map_err(|error| explained(connection, error))?;
        ended.map(|()| (answer, position))
    }

    /// Stores the answer in the open transaction.
    async fn keep(&self, connection: &Connection, keeping: &Statement, answer: &str) -> Result<()> {
        let (key, call) = (&self.once.key[..], &self.once.call[..]);
        let answer = answer.as_bytes();
        let kept = connection.client().execute(keeping, &[&key, &self.write, &call, &answer]).await;
        kept.map(drop).map_err(|error| error::explain(&error))
    }

    /// The answer that was committed with the write; none when the write was not committed. `BAD_REQUEST` when the key
    /// belongs to another call.
    async fn find<T: DeserializeOwned>(&self, connection: &Connection) -> Result<Option<T>> {
        let Some(kept) = self.row(connection).await? else { return Ok(None) };
        if kept.call != self.once.call {
            let message = "this idempotency key was used for a different call; each call needs a fresh one";
            return Err(Error::new(ErrorCode::BadRequest, message));
        }
        let answer = serde_json::from_slice(&kept.json()?);
        answer.map(Some).map_err(|_| unreadable())
    }

    pub(crate) async fn is_kept(&self, connection: &Connection) -> Result<bool> {
        Ok(self.row(connection).await?.is_some_and(|kept| kept.call == self.once.call))
    }

    async fn row(&self, connection: &Connection) -> Result<Option<Kept>> {
        let key = &self.once.key[..];
        let parameters = [(&key as _, Type::BYTEA), (&self.write as _, Type::INT4)];
        let row = match connection.client().query_typed_opt(FIND, &parameters).await {
            Err(error) if is_missing(&error) => return Ok(None),
            row => row.map_err(|error| error::explain(&error))?,
        };
        row.map(|row| Kept::read(&row)).transpose().map_err(|error| error::explain(&error))
    }

    /// Commits the open transaction, and stores that it was committed under this key.
    pub(crate) async fn commit_open(&self, connection: &Connection, keeping: &Statement) -> Result<()> {
        let (kept, ended) = join(self.keep(connection, keeping, "null"), connection.run("COMMIT")).await;
        kept.map_err(|error| explained(connection, error)).and(ended)
    }
}

/// A row of the table.
struct Kept {
    call: Vec<u8>,
    layout: Option<String>,
    affected: Option<i64>,
    answer: Option<Vec<u8>>,
}

impl Kept {
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
pub(crate) fn run_already() -> Error {
    Error::new(ErrorCode::Unavailable, "the same call has just been run; ask again for its answer")
}

/// Explains why an answer could not be stored. When the table was dropped, the statement that is prepared for it is
/// useless.
fn explained(connection: &Connection, error: Error) -> Error {
    match error.code {
        ErrorCode::UnknownTable | ErrorCode::Internal => {
            connection.condemn();
            Error::new(ErrorCode::Unavailable, "the table that answers are kept in was dropped; try again")
        }
        ErrorCode::UniqueViolation => run_already(),
        _ => error,
    }
}

/// The prepared statement that stores an answer. The table is created when it is missing; `None` when the role may not.
pub(crate) async fn prepared<'a>(
    connection: &'a Connection,
    answers: &IdempotencyStore,
) -> Result<Option<&'a Statement>> {
    if !answers.are_kept() {
        return Ok(None);
    }
    let prepare =
        || connection.client().prepare_typed(INSERT, &[Type::BYTEA, Type::INT4, Type::BYTEA, Type::BYTEA]);
    let preparing = connection.receipt_statement.get_or_try_init(|| async {
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
        Err(error) if UNWILLING.contains(&error.code) => {
            answers.forbid(&error);
            Ok(None)
        }
        Err(error) => Err(error),
    }
}

async fn begin<W: TransactionWork>(
    connection: &Connection,
    work: &W,
    at_once: bool,
) -> Result<W::Answer, RunError> {
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
