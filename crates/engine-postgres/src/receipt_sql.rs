//! The table of receipts, which are the answers to keyed writes, and the statement that is a write and stores its receipt.

use std::sync::atomic::{AtomicBool, Ordering};

use phantomdb_engine::ResultLimits;
use phantomdb_protocol::{Error, ErrorCode, Statement};
use tokio_postgres::Error as PostgresError;

use crate::adapt::{Adapted, WriteResult};

/// The table of receipts. Tables whose names begin like this are not listed among the user's.
pub(crate) const TABLE: &str = "public.phantomdb_writes";

/// A receipt has one of three forms: an answer as JSON text; the rows of a write with the layout that they are read by;
/// the number of affected rows.
pub(crate) const CREATE: &str = "CREATE TABLE IF NOT EXISTS public.phantomdb_writes (key BYTEA NOT NULL, write INT4 NOT NULL, \
    call BYTEA NOT NULL, at TIMESTAMPTZ NOT NULL DEFAULT now(), layout TEXT, affected INT8, answer BYTEA, \
    PRIMARY KEY (key, write))";

pub(crate) const INSERT: &str =
    "INSERT INTO public.phantomdb_writes (key, write, call, answer) VALUES ($1, $2, $3, $4)";

pub(crate) const FIND: &str =
    "SELECT call, layout, affected, answer FROM public.phantomdb_writes WHERE key = $1 AND write = $2";

pub(crate) const DELETE_OLD: &str =
    "DELETE FROM public.phantomdb_writes WHERE at < now() - INTERVAL '10 minutes'";

/// The parameters that a receipt adds to the write's own: key, number of the write, call, layout. There is room for
/// them, because a statement may have only half as many as the protocol allows.
pub(crate) const PARAMETERS_ADDED: usize = 4;

/// The most rows that an answer may have, and the most bytes of their text, where the answer must not be found too large after
/// the statement has committed. A larger one comes from a transaction.
const SMALL_ROWS: u64 = 1000;
const SMALL_BYTES: usize = 64 << 10;

/// The most bytes of JSON that a byte of a text becomes.
const JSON_PER_BYTE: usize = 6;

/// Stands in the error of a statement whose answer is not small.
const NOT_SMALL: &str = "phantomdb_not_small";

/// The errors with which PostgreSQL refuses a statement within another one, as it does when the table has rules.
const REFUSALS: [ErrorCode; 3] = [ErrorCode::Unsupported, ErrorCode::SyntaxError, ErrorCode::TypeMismatch];

/// The form of a plan that stores its own receipt.
#[derive(Debug)]
pub(crate) struct ReceiptForm {
    /// The key of the statements that connections have prepared for it.
    pub(crate) id: u64,
    pub(crate) write_result: WriteResult,
    /// True when the write has to run in a transaction.
    refused: AtomicBool,
}

impl ReceiptForm {
    /// The form; none for a statement that is more or less than one change of rows.
    pub(crate) fn new(id: u64, adapted: &Adapted) -> Option<Self> {
        adapted.write_result.map(|write_result| Self { id, write_result, refused: AtomicBool::new(false) })
    }

    /// True when the statement can be run in this form, as far as is known. A wrong number of parameters is reported by
    /// the ordinary form.
    pub(crate) fn takes(&self, adapted: &Adapted, statement: &Statement) -> bool {
        !self.refused.load(Ordering::Relaxed) && statement.parameters.len() == adapted.parameter_count
    }

    /// Makes the plan run in a transaction from now on, after it was refused in this form and succeeded there.
    pub(crate) fn refuse(&self) {
        self.refused.store(true, Ordering::Relaxed);
    }

    /// True when the error may mean that the plan can never run in this form.
    pub(crate) fn is_refusal(error: &Error) -> bool {
        REFUSALS.contains(&error.code)
    }

    /// True when the statement has not run, because its answer would not have been small.
    pub(crate) fn is_not_small(error: &PostgresError) -> bool {
        error.as_db_error().is_some_and(|error| error.message().contains(NOT_SMALL))
    }

    /// The statement. With limits it fails when its answer is not small, or could be beyond them.
    pub(crate) fn sql(&self, sql: &str, parameter_count: usize, limits: Option<&ResultLimits>) -> String {
        let first = parameter_count + 1;
        let entry = format!("${first}::bytea, ${}::int4, ${}::bytea", first + 1, first + 2);
        match self.write_result {
            WriteResult::RowCount => format!(
                "WITH phantomdb_write AS ({sql} RETURNING 1) \
                INSERT INTO {TABLE} (key, write, call, affected) \
                SELECT {entry}, count(*) FROM phantomdb_write RETURNING affected"
            ),
            WriteResult::Rows => {
                let rows = "string_agg(record_send(phantomdb_write), ''::bytea)";
                let only_small = |limits: &ResultLimits| {
                    let most_rows = limits.rows.unwrap_or(SMALL_ROWS).min(SMALL_ROWS);
                    let most_bytes =
                        limits.bytes.map_or(SMALL_BYTES, |bytes| bytes / JSON_PER_BYTE).min(SMALL_BYTES);
                    // The cast fails. Without the aggregate PostgreSQL would compute it in any case.
                    format!(
                        "CASE WHEN count(*) <= {most_rows} \
                        AND coalesce(sum(octet_length(phantomdb_write::text)), 0) <= {most_bytes} THEN {rows} \
                        ELSE int4send(concat('{NOT_SMALL}', count(*))::int4) END"
                    )
                };
                let answer = limits.map_or_else(|| rows.to_owned(), only_small);
                format!(
                    "WITH phantomdb_write AS ({sql}), phantomdb_kept AS (\
                    INSERT INTO {TABLE} (key, write, call, layout, answer) \
                    SELECT {entry}, ${}::text, {answer} FROM phantomdb_write) SELECT * FROM phantomdb_write",
                    first + 3
                )
            }
        }
    }
}
