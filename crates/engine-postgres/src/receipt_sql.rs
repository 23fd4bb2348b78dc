//! The table of receipts, which are the answers to keyed writes, and the statement that is a write and stores its receipt.

use std::sync::atomic::{AtomicBool, Ordering};

use phantomdb_protocol::{Error, ErrorCode, Statement};

use crate::adapt::{Adapted, WriteResult};

/// A user's tables are listed without those whose names begin like this.
pub(crate) const TABLE: &str = "public.phantomdb_writes";

/// An answer is JSON text; or the rows of a write, with the layout that they are read by; or no more than how many rows
/// were affected. See [`in_one`](super::in_one).
pub(crate) const CREATE: &str = "CREATE TABLE IF NOT EXISTS public.phantomdb_writes (key BYTEA NOT NULL, write INT4 NOT NULL, \
    call BYTEA NOT NULL, at TIMESTAMPTZ NOT NULL DEFAULT now(), layout TEXT, affected INT8, answer BYTEA, \
    PRIMARY KEY (key, write))";

pub(crate) const INSERT: &str =
    "INSERT INTO public.phantomdb_writes (key, write, call, answer) VALUES ($1, $2, $3, $4)";

pub(crate) const FIND: &str =
    "SELECT call, layout, affected, answer FROM public.phantomdb_writes WHERE key = $1 AND write = $2";

pub(crate) const FORGET: &str =
    "DELETE FROM public.phantomdb_writes WHERE at < now() - INTERVAL '10 minutes'";

/// Parameters after the write's own: key, number of the write, call, layout. The protocol has room for them, as a
/// statement may have half as many as it could carry.
pub(crate) const PARAMETERS_ADDED: usize = 4;

/// Why PostgreSQL refuses to have a statement within another one, as it does when there are rules on the table.
const REFUSALS: [ErrorCode; 3] = [ErrorCode::Unsupported, ErrorCode::SyntaxError, ErrorCode::TypeMismatch];

/// How a plan is run together with what keeps its answer.
#[derive(Debug)]
pub(crate) struct ReceiptForm {
    /// What the statements prepared for it are found by.
    pub(crate) id: u64,
    pub(crate) write_result: WriteResult,
    /// It has to be run in a transaction.
    refused: AtomicBool,
}

impl ReceiptForm {
    /// None for what is not one change of rows and nothing else.
    pub(crate) fn of(id: u64, adapted: &Adapted) -> Option<Self> {
        adapted.write_result.map(|write_result| Self { id, write_result, refused: AtomicBool::new(false) })
    }

    /// Whether the statement can be run so, as far as is known. Where it has not the parameters that its text asks for,
    /// it is told so elsewhere.
    pub(crate) fn takes(&self, adapted: &Adapted, statement: &Statement) -> bool {
        !self.refused.load(Ordering::Relaxed) && statement.parameters.len() == adapted.parameter_count
    }

    /// What was refused in this form has run in a transaction, and is run there from now on.
    pub(crate) fn refuse(&self) {
        self.refused.store(true, Ordering::Relaxed);
    }

    /// Whether the plan may be one that can never be run in this form.
    pub(crate) fn is_refusal(error: &Error) -> bool {
        REFUSALS.contains(&error.code)
    }

    pub(crate) fn sql(&self, sql: &str, parameter_count: usize) -> String {
        let first = parameter_count + 1;
        let entry = format!("${first}::bytea, ${}::int4, ${}::bytea", first + 1, first + 2);
        match self.write_result {
            WriteResult::RowCount => format!(
                "WITH phantomdb_write AS ({sql} RETURNING 1) \
                INSERT INTO {TABLE} (key, write, call, affected) \
                SELECT {entry}, count(*) FROM phantomdb_write RETURNING affected"
            ),
            WriteResult::Rows => format!(
                "WITH phantomdb_write AS ({sql}), phantomdb_kept AS (\
                INSERT INTO {TABLE} (key, write, call, layout, answer) \
                SELECT {entry}, ${}::text, string_agg(record_send(phantomdb_write), ''::bytea) \
                FROM phantomdb_write) SELECT * FROM phantomdb_write",
                first + 3
            ),
        }
    }
}
