//! `phantomdb_created()`: true when the row that RETURNING shows was inserted, false when it existed and was updated.
//!
//! SQLite evaluates RETURNING for each row right after it has written the row and before it turns to the next, so the last
//! write of the connection is the write of that row. A foreign key's ON UPDATE that follows is an update, too. SQLite does
//! not report writes to WITHOUT ROWID tables, which PhantomDB SQL does not create.

use std::sync::{
    Arc,
    atomic::{AtomicBool, Ordering},
};

use rusqlite::{Connection, hooks::Action, types::Value};

use super::volatile;

pub(super) fn register(conn: &mut Connection) -> rusqlite::Result<()> {
    let inserted = Arc::new(AtomicBool::new(false));
    let last_write = Arc::clone(&inserted);
    // Relaxed is enough: a connection is used by a single thread at a time, and passing it on synchronises memory.
    conn.update_hook(Some(move |action: Action, _: &str, _: &str, _: i64| {
        last_write.store(action == Action::SQLITE_INSERT, Ordering::Relaxed);
    }))?;
    volatile(conn, "phantomdb_created", 0, move |_| {
        Ok(Value::Integer(i64::from(inserted.load(Ordering::Relaxed))))
    })
}
