//! The answers to writes by the key of their call, committed with the writes themselves. They are kept in the
//! database file, in a table of PhantomDB's own that is made when first needed, and so outlive the process.

use std::time::{SystemTime, UNIX_EPOCH};

use phantomdb_protocol::{Error, ErrorCode, Result};
use rusqlite::{Connection, OptionalExtension, params};
use serde::{Serialize, de::DeserializeOwned};

use super::error;
use phantomdb_engine::IdempotentCall;

/// `seq`, `at` (seconds since 1970) and `upto` (all bytes of answers so far) grow from row to row, so that the oldest
/// are the first.
const CREATE: &str = "CREATE TABLE IF NOT EXISTS phantomdb_answers (seq INTEGER PRIMARY KEY, key BLOB NOT NULL, \
    write INTEGER NOT NULL, call BLOB NOT NULL, at INTEGER NOT NULL, upto INTEGER NOT NULL, answer TEXT NOT NULL, \
    UNIQUE (key, write))";

const FIND: &str = "SELECT call, answer FROM phantomdb_answers WHERE key = ?1 AND write = ?2";

const INSERT: &str = "INSERT INTO phantomdb_answers (key, write, call, at, upto, answer) VALUES (?1, ?2, ?3, ?4, \
    ifnull((SELECT upto FROM phantomdb_answers ORDER BY seq DESC LIMIT 1), 0) + ?5, ?6)";

/// Deletes from the oldest on up to the first that is to stay, and no more than ?4 for one write.
const FORGET: &str = "DELETE FROM phantomdb_answers WHERE seq < min( \
    (SELECT seq FROM phantomdb_answers WHERE at >= ?1 AND seq > ?2 AND upto > \
        (SELECT upto FROM phantomdb_answers ORDER BY seq DESC LIMIT 1) - ?3 ORDER BY seq LIMIT 1), \
    (SELECT min(seq) FROM phantomdb_answers) + ?4)";

const KEPT_SECONDS: i64 = 600;
const KEPT_MAX: i64 = 20_000;
const KEPT_BYTES_MAX: i64 = 64 * 1024 * 1024;
const FORGOTTEN_AT_ONCE: i64 = 256;

/// One write of a call.
#[derive(Debug, Clone)]
pub(super) struct Entry {
    pub(super) once: IdempotentCall,
    /// Its number in the call, from 0.
    pub(super) write: u32,
}

impl Entry {
    /// The answer that was committed with the write, if it was.
    pub(super) fn find<T: DeserializeOwned>(&self, connection: &Connection) -> Result<Option<T>> {
        let Some((call, answer)) = self.row(connection)? else { return Ok(None) };
        if call != self.once.call {
            let message = "this idempotency key was used for a different call; each call needs a fresh one";
            return Err(Error::new(ErrorCode::BadRequest, message));
        }
        let answer = serde_json::from_str(&answer);
        answer.map(Some).map_err(|_| Error::internal("the kept answer of the write cannot be read"))
    }

    pub(super) fn is_kept(&self, connection: &Connection) -> Result<bool> {
        Ok(self.row(connection)?.is_some_and(|(call, _)| call == self.once.call))
    }

    fn row(&self, connection: &Connection) -> Result<Option<(Vec<u8>, String)>> {
        let mut statement = match connection.prepare_cached(FIND) {
            Ok(statement) => statement,
            Err(e) if is_missing(&e) => return Ok(None),
            Err(e) => return Err(error::plain(e)),
        };
        let found = statement
            .query_row(params![self.once.key, self.write], |row| Ok((row.get(0)?, row.get(1)?)))
            .optional();
        found.map_err(error::plain)
    }

    /// Keeps the answer in the transaction that is open on the connection.
    pub(super) fn keep<T: Serialize>(&self, connection: &Connection, answer: &T) -> Result<()> {
        let answer = serde_json::to_string(answer)
            .map_err(|_| Error::internal("the answer of the write could not be kept"))?;
        let now = SystemTime::now().duration_since(UNIX_EPOCH).unwrap_or_default().as_secs();
        let now = i64::try_from(now).unwrap_or_default();
        let length = i64::try_from(answer.len()).unwrap_or(i64::MAX);
        let insert = || {
            let values = params![self.once.key, self.write, self.once.call, now, length, answer];
            connection.prepare_cached(INSERT)?.execute(values)
        };
        match insert() {
            Err(e) if is_missing(&e) => connection.execute_batch(CREATE).and_then(|()| insert()),
            other => other,
        }
        .map_err(error::plain)?;
        let newest = connection.last_insert_rowid();
        connection
            .prepare_cached(FORGET)
            .and_then(|mut statement| {
                let limits =
                    params![now - KEPT_SECONDS, newest - KEPT_MAX, KEPT_BYTES_MAX, FORGOTTEN_AT_ONCE];
                statement.execute(limits)
            })
            .map_err(error::plain)?;
        Ok(())
    }
}

fn is_missing(error: &rusqlite::Error) -> bool {
    error.to_string().contains("no such table: phantomdb_answers")
}
