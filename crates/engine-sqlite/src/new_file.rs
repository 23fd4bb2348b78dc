//! Makes the files of new databases.
//!
//! A file comes to its place complete, so that another process finds no database, or one that it can use: two processes
//! that both turned an empty file into a database would fail with "database is locked".

use std::fs::{self, File};
use std::io::{self, ErrorKind};
use std::path::Path;

use phantomdb_protocol::Result;
use rusqlite::Connection;
use tempfile::NamedTempFile;

use crate::error;
use crate::files::{beside, from_io};

/// Writes an empty database to a temporary file in the directory, which only its owner can read.
pub(super) fn write_empty(directory: &Path) -> Result<NamedTempFile> {
    let failed = |error: io::Error| from_io("the file of the database cannot be made", &error);
    let file = NamedTempFile::new_in(directory).map_err(failed)?;
    let connection = Connection::open(file.path()).map_err(error::from_sqlite)?;
    // Writes the header. It says that there may be a log beside the database.
    connection.execute_batch("PRAGMA journal_mode=WAL").map_err(error::from_sqlite)?;
    connection.close().map_err(|(_, error)| error::from_sqlite(error))?;
    file.as_file().sync_all().map_err(failed)?;
    Ok(file)
}

/// Moves a complete file, which is on disk, to the place of a new database. The kind of the error is `AlreadyExists` when
/// there is one. The caller keeps others from changing the files of the directory.
pub(super) fn move_to_place(file: &Path, place: &Path) -> io::Result<()> {
    if place.exists() {
        return Err(ErrorKind::AlreadyExists.into());
    }
    // A database that was deleted only half has left them. Beside the new one they would be taken for its own.
    for suffix in ["-wal", "-shm"] {
        remove_if_there(&beside(place, suffix))?;
    }
    // A link fails when there is a file of that name; a rename would replace it.
    fs::hard_link(file, place)?;
    fs::remove_file(file)?;
    sync_directory(place)
}

pub(super) fn remove_if_there(path: &Path) -> io::Result<()> {
    match fs::remove_file(path) {
        Err(error) if error.kind() == ErrorKind::NotFound => Ok(()),
        outcome => outcome,
    }
}

/// Makes sure that a new name survives a power failure.
pub(super) fn sync_directory(file: &Path) -> io::Result<()> {
    #[cfg(unix)]
    if let Some(directory) = file.parent() {
        File::open(directory)?.sync_all()?;
    }
    Ok(())
}
