//! `phantomdb_created()`: whether the row that RETURNING is at was made, or was there and has been updated.
//!
//! SQLite evaluates RETURNING for each row right after it has written it and before it turns to the next, so the
//! last write the connection has made is that of the row. Foreign keys that follow an update are updates, too.
//! SQLite does not tell of writes to WITHOUT ROWID tables; PhantomDB SQL makes none.

use std::sync::{
    Arc,
    atomic::{AtomicBool, Ordering},
};

use rusqlite::{Connection, hooks::Action, types::Value};

use super::volatile;

pub(super) fn register(conn: &mut Connection) -> rusqlite::Result<()> {
    let created = Arc::new(AtomicBool::new(false));
    let noted = Arc::clone(&created);
    // A connection is used by one thread at a time, and whatever hands it on synchronises.
    conn.update_hook(Some(move |action: Action, _: &str, _: &str, _: i64| {
        noted.store(action == Action::SQLITE_INSERT, Ordering::Relaxed);
    }))?;
    volatile(conn, "phantomdb_created", 0, move |_| {
        Ok(Value::Integer(i64::from(created.load(Ordering::Relaxed))))
    })
}
