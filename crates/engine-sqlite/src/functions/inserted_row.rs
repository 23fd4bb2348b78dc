//! `phantomdb_created()`: true when the row that RETURNING shows was inserted, false when it existed and was updated.
//!
//! SQLite evaluates RETURNING for each row right after it has written the row and before it turns to the next, so the last
//! write of the connection is the write of that row. A foreign key's ON UPDATE that follows is an update, too. SQLite does
//! not report writes to WITHOUT ROWID tables, which PhantomDB SQL does not create.

//!
//! `phantomdb_first_write(table, rowid)`: true, or the error of PostgreSQL when the statement that runs has written the row
//! before. A statement is watched for it with [`watched`].

use std::{
    cell::RefCell,
    collections::HashSet,
    sync::{
        Arc,
        atomic::{AtomicBool, Ordering},
    },
};

use phantomdb_protocol::{Error, ErrorCode};
use rusqlite::{Connection, hooks::Action, types::Value};

use super::scalar::volatile;

thread_local! {
    /// The rows that the statement on this thread has written, each with its table; None unless it is watched.
    static WRITTEN: RefCell<Option<HashSet<(String, i64)>>> = const { RefCell::new(None) };
}

/// Runs a statement that may meet a row twice. It stays on its thread until it ends.
pub(in super::super) fn watched<T>(work: impl FnOnce() -> T) -> T {
    /// Ends the watch also when the work panics.
    struct End(Option<HashSet<(String, i64)>>);
    impl Drop for End {
        fn drop(&mut self) {
            WRITTEN.set(self.0.take());
        }
    }
    let _end = End(WRITTEN.replace(Some(HashSet::new())));
    work()
}

pub(super) fn register(conn: &mut Connection) -> rusqlite::Result<()> {
    let inserted = Arc::new(AtomicBool::new(false));
    let last_write = Arc::clone(&inserted);
    // Relaxed is enough: a connection is used by a single thread at a time, and passing it on synchronises memory.
    conn.update_hook(Some(move |action: Action, _: &str, table: &str, row: i64| {
        last_write.store(action == Action::SQLITE_INSERT, Ordering::Relaxed);
        WRITTEN.with_borrow_mut(|written| {
            if let Some(written) = written {
                written.insert((table.to_owned(), row));
            }
        });
    }))?;
    volatile(conn, "phantomdb_first_write", 2, |a| {
        let row = (a.text(0).into_owned(), a.integer(1));
        if WRITTEN.with_borrow(|written| written.as_ref().is_some_and(|written| written.contains(&row))) {
            let message = "ON CONFLICT DO UPDATE command cannot affect row a second time; two rows of the statement have the \
                           same key";
            return Err(Error::new(ErrorCode::BadRequest, message));
        }
        Ok(Value::Integer(1))
    })?;
    volatile(conn, "phantomdb_created", 0, move |_| {
        Ok(Value::Integer(i64::from(inserted.load(Ordering::Relaxed))))
    })
}
