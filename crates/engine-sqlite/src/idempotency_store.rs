//! The answers of writes with an idempotency key, committed together with the writes.
//!
//! They are stored in the database file, in a table of PhantomDB's own, so that they outlive the process.

use std::time::{SystemTime, UNIX_EPOCH};

use phantomdb_engine::IdempotentCall;
use phantomdb_protocol::{Error, ErrorCode, Result};
use phantomdb_sql::own_tables::OwnTable;
use rusqlite::{Connection, OptionalExtension, params};
use serde::{Serialize, de::DeserializeOwned};

use crate::{error, own_tables};

/// The columns `seq`, `at` (seconds since 1970) and `upto` (the size of all answers so far in bytes) grow from row to row,
/// so the oldest answers come first.
const DEFINITION: &str = "(seq INTEGER PRIMARY KEY, key BLOB NOT NULL, \
    write INTEGER NOT NULL, call BLOB NOT NULL, at INTEGER NOT NULL, upto INTEGER NOT NULL, answer TEXT NOT NULL, \
    UNIQUE (key, write))";

const FIND: &str = "SELECT call, answer FROM phantomdb_answers WHERE key = ?1 AND write = ?2";

const INSERT: &str = "INSERT INTO phantomdb_answers (key, write, call, at, upto, answer) VALUES (?1, ?2, ?3, ?4, \
    ifnull((SELECT upto FROM phantomdb_answers ORDER BY seq DESC LIMIT 1), 0) + ?5, ?6)";

/// Deletes the answers before the first one that is within all limits, but at most ?4 of them.
const DELETE_OLD: &str = "DELETE FROM phantomdb_answers WHERE seq < min( \
    (SELECT seq FROM phantomdb_answers WHERE at >= ?1 AND seq > ?2 AND upto > \
        (SELECT upto FROM phantomdb_answers ORDER BY seq DESC LIMIT 1) - ?3 ORDER BY seq LIMIT 1), \
    (SELECT min(seq) FROM phantomdb_answers) + ?4)";

const MAX_AGE_SECONDS: i64 = 600;
const MAX_ANSWERS: i64 = 20_000;
const MAX_BYTES: i64 = 64 * 1024 * 1024;
/// Bounds the time that one write spends on deleting old answers.
const MAX_DELETED_PER_WRITE: i64 = 256;

/// A write of a call with an idempotency key.
#[derive(Debug, Clone)]
pub(super) struct KeyedWrite {
    pub(super) call: IdempotentCall,
    /// The number of the write in the call, from 0.
    pub(super) number: u32,
}

impl KeyedWrite {
    /// Returns the answer that was committed with the write. Fails with `BAD_REQUEST` when the key belongs to another call.
    pub(super) fn stored_answer<T: DeserializeOwned>(&self, connection: &Connection) -> Result<Option<T>> {
        let Some((call, answer)) = self.row(connection)? else { return Ok(None) };
        if call != self.call.call {
            let message = "this idempotency key was used for a different call; each call needs a fresh one";
            return Err(Error::new(ErrorCode::BadRequest, message));
        }
        let answer = serde_json::from_str(&answer);
        answer.map(Some).map_err(|_| Error::internal("the stored answer of the write cannot be read"))
    }

    /// True when the write has been committed.
    pub(super) fn is_committed(&self, connection: &Connection) -> Result<bool> {
        Ok(self.row(connection)?.is_some_and(|(call, _)| call == self.call.call))
    }

    /// The digest of the call and the answer.
    fn row(&self, connection: &Connection) -> Result<Option<(Vec<u8>, String)>> {
        let mut statement = match connection.prepare_cached(FIND) {
            Ok(statement) => statement,
            Err(e) if is_missing_table(&e) => return Ok(None),
            Err(e) => return Err(error::from_sqlite(e)),
        };
        let found = statement
            .query_row(params![self.call.key, self.number], |row| Ok((row.get(0)?, row.get(1)?)))
            .optional();
        match found {
            // The table was dropped after the statement was prepared.
            Err(e) if is_missing_table(&e) => Ok(None),
            found => found.map_err(error::from_sqlite),
        }
    }

    /// Stores the answer in the transaction that is open on the connection.
    pub(super) fn store<T: Serialize>(&self, connection: &Connection, answer: &T) -> Result<()> {
        let answer = serde_json::to_string(answer)
            .map_err(|_| Error::internal("the answer of the write could not be stored"))?;
        let now = SystemTime::now().duration_since(UNIX_EPOCH).unwrap_or_default().as_secs();
        let now = i64::try_from(now).unwrap_or_default();
        let length = i64::try_from(answer.len()).unwrap_or(i64::MAX);
        let insert = || {
            let values = params![self.call.key, self.number, self.call.call, now, length, answer];
            connection.prepare_cached(INSERT)?.execute(values)
        };
        match insert() {
            Err(e) if is_missing_table(&e) => connection
                .execute_batch(&own_tables::create_statement(OwnTable::ANSWERS, DEFINITION))
                .and_then(|()| insert()),
            other => other,
        }
        .map_err(error::from_sqlite)?;
        let newest = connection.last_insert_rowid();
        connection
            .prepare_cached(DELETE_OLD)
            .and_then(|mut statement| {
                let limits =
                    params![now - MAX_AGE_SECONDS, newest - MAX_ANSWERS, MAX_BYTES, MAX_DELETED_PER_WRITE];
                statement.execute(limits)
            })
            .map_err(error::from_sqlite)?;
        Ok(())
    }
}

fn is_missing_table(error: &rusqlite::Error) -> bool {
    error.to_string().contains("no such table: phantomdb_answers")
}
