//! Puts a backup in the place of a database.

use std::fs::{self, File};
use std::io;
use std::path::Path;
use std::time::Duration;

use phantomdb_protocol::{Error, ErrorCode, Result};
use rusqlite::Connection;

use crate::connection::{self, Location};
use crate::directory::Directory;
use crate::files::{beside, from_io};
use crate::new_file::{self, remove_if_there, sync_directory};
use crate::{error, lost_file};

/// Moves a checked file to the place where a new database is.
pub(super) fn move_to_new(file: &Path, place: &Path) -> io::Result<()> {
    File::open(file)?.sync_all()?;
    new_file::move_to_place(file, place)
}

/// Moves a checked file to the place of a database that this process has closed, and that no other process uses. Whatever
/// breaks this off, the old database is there or the new one.
pub(super) fn move_over(file: &Path, place: &Path, busy_timeout: Duration) -> Result<()> {
    let failed = |error: io::Error| from_io("the backup cannot be moved to its place", &error);
    File::open(file).and_then(|file| file.sync_all()).map_err(failed)?;
    let location = Location::File(place.to_owned());
    // A damaged database can be replaced too.
    let old = match connection::open_with_pages(&location, false, busy_timeout).and_then(hold) {
        Ok(old) => Some(old),
        Err(error) if error.code == ErrorCode::LockTimeout => return Err(error),
        Err(_) => None,
    };
    // The log of the old database is empty. Beside the new one it would be taken for its own.
    for suffix in ["-wal", "-shm"] {
        remove_if_there(&beside(place, suffix)).map_err(failed)?;
    }
    let moved = fs::rename(file, place).and_then(|()| sync_directory(place)).map_err(failed);
    if let Some(old) = old {
        lost_file::before_close(&old);
    }
    moved
}

/// Empties the log of a database and keeps others from writing.
fn hold(connection: Connection) -> Result<Connection> {
    let sql = "PRAGMA wal_checkpoint(TRUNCATE)";
    let busy: i64 = connection.query_row(sql, [], |row| row.get(0)).map_err(error::from_sqlite)?;
    if busy != 0 {
        return Err(Error::new(
            ErrorCode::LockTimeout,
            "others use the database; try again when they have ended",
        ));
    }
    connection.execute_batch("BEGIN IMMEDIATE").map_err(error::from_sqlite)?;
    Ok(connection)
}

impl Directory {
    /// Runs work while no other process uses the directory. Fails with `UNAVAILABLE` when one does.
    pub(super) fn alone<T>(&self, work: impl FnOnce() -> Result<T>) -> Result<T> {
        let _turn = self.turn.lock();
        let Some(file) = self.shared_lock() else { return work() };
        let outcome = match file.try_lock() {
            Ok(()) => work(),
            Err(_) => Err(Error::new(
                ErrorCode::Unavailable,
                "other programs use the directory of the databases; stop them, then restore",
            )),
        };
        // The attempt has given up the shared lock. Nobody can hold the other for long.
        file.lock_shared().map_err(|error| from_io("the directory cannot be locked again", &error))?;
        outcome
    }
}
