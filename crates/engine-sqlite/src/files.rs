//! The files of a database: the database itself, and those that SQLite keeps beside it.

use std::fs;
use std::io::{self, ErrorKind};
use std::path::{Path, PathBuf};

use phantomdb_protocol::{Error, Result};

use crate::error;

/// The file that a path leads to.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) struct FileIdentity(Option<(u64, u64)>);

impl FileIdentity {
    pub(super) fn of(path: &Path) -> Self {
        #[cfg(unix)]
        let identity = {
            use std::os::unix::fs::MetadataExt as _;
            fs::metadata(path).ok().map(|file| (file.dev(), file.ino()))
        };
        #[cfg(not(unix))]
        let identity = path.exists().then_some((0, 0));
        Self(identity)
    }
}

/// Deletes the file of a database and the files that SQLite keeps beside it. The database goes first: without it the
/// others mean nothing.
pub(super) fn delete_files(path: &Path) -> Result<()> {
    for suffix in ["", "-wal", "-shm", "-journal"] {
        match fs::remove_file(beside(path, suffix)) {
            Err(error) if error.kind() != ErrorKind::NotFound => {
                return Err(from_io("a file of the database cannot be deleted", &error));
            }
            _ => {}
        }
    }
    Ok(())
}

/// The path of a file that SQLite keeps beside a database.
pub(super) fn beside(path: &Path, suffix: &str) -> PathBuf {
    let mut name = path.as_os_str().to_owned();
    name.push(suffix);
    name.into()
}

/// The error of work on files. `what` says what could not be done.
pub(super) fn from_io(what: &str, error: &io::Error) -> Error {
    match error.kind() {
        ErrorKind::StorageFull | ErrorKind::QuotaExceeded => error::storage_full(),
        kind => Error::internal(format!("{what}: {kind}")),
    }
}
