//! Files that were removed or replaced while a connection has them open.
//!
//! The system keeps such a file until it is closed. What is written into it is lost then, so no transaction that writes
//! may commit: the hook asks, while SQLite holds the lock of the file, whether its path still leads to it.

use std::ffi::c_int;

use rusqlite::config::DbConfig;
use rusqlite::{Connection, ffi};

/// The handle of the connection that a hook belongs to.
struct Handle(*mut ffi::sqlite3);

// SAFETY: SQLite calls the hook on the thread that uses the connection, and drops it before it closes the connection. So
// the handle is valid, and used by one thread at a time.
unsafe impl Send for Handle {}

impl Handle {
    fn is_lost(&self) -> bool {
        let mut moved: c_int = 0;
        // SAFETY: the handle is valid, see above. This operation takes a pointer to an integer, which outlives the call.
        let code = unsafe {
            ffi::sqlite3_file_control(
                self.0,
                c"main".as_ptr(),
                ffi::SQLITE_FCNTL_HAS_MOVED,
                std::ptr::from_mut(&mut moved).cast(),
            )
        };
        // A system on which an open file cannot be removed does not know the operation.
        code == ffi::SQLITE_OK && moved != 0
    }
}

/// Makes each commit to a lost file fail with `SQLITE_CONSTRAINT_COMMITHOOK`, which rolls back.
pub(super) fn refuse_commits(connection: &mut Connection) -> rusqlite::Result<()> {
    // SAFETY: the handle is used while the connection is open, see `Handle`.
    let handle = Handle(unsafe { connection.handle() });
    connection.commit_hook(Some(move || handle.is_lost()))
}

/// Prepares a connection to be closed. The last connection to a file deletes the log beside it, by its name: the log of a
/// lost file may be that of the file that took its place.
pub(super) fn before_close(connection: &Connection) {
    // SAFETY: the connection is borrowed and open.
    let handle = Handle(unsafe { connection.handle() });
    if handle.is_lost()
        && let Err(error) = connection.set_db_config(DbConfig::SQLITE_DBCONFIG_NO_CKPT_ON_CLOSE, true)
    {
        tracing::warn!(%error, "the log of a database that was removed may be deleted twice");
    }
}
