//! The directory of the databases: who may use it, and the files in it.

use parking_lot::Mutex;
use std::fs::{self, File, TryLockError};
use std::io::{self, ErrorKind, Write as _};
use std::path::{Path, PathBuf};
use std::time::{Duration, Instant};

use phantomdb_engine::check_database_name;
use phantomdb_protocol::{Error, ErrorCode, Result};

use crate::connection::{self, Location};
use crate::files::{delete_files, from_io};
use crate::{error, lost_file};

/// Locked by everybody who uses the directory. The system releases the lock when the process ends, however it ends.
const LOCK: &str = ".phantomdb.lock";
/// Locked while files of databases come or go.
const FILES_LOCK: &str = ".phantomdb.files.lock";
/// How long the answer to whether the directory can be written to is used again.
const PROBE_AGE: Duration = Duration::from_secs(1);
/// The space that must be free to take writes.
const PROBE_BYTES: usize = 1 << 20;

/// The bytes of a name to which every ending of a database's files can be added.
const LONGEST_NAME: usize = 240;

/// Fails with `BAD_REQUEST` for a name that no database of SQLite can have.
pub(super) fn check_name(name: &str) -> Result<()> {
    check_database_name(name)?;
    if name.len() <= LONGEST_NAME {
        return Ok(());
    }
    let message = format!("the name of the database is longer than {LONGEST_NAME} bytes; choose another");
    Err(Error::new(ErrorCode::BadRequest, message))
}

/// Who else may use the directory at the same time.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Sharing {
    /// Other processes that share it.
    Shared,
    /// Nobody.
    Alone,
}

/// A directory of databases, which this process may use.
pub(super) struct Directory {
    path: PathBuf,
    sharing: Sharing,
    /// `None` where nobody can write.
    lock: Option<File>,
    /// Held by who has the directory alone for a while.
    pub(super) turn: Mutex<()>,
    last_probe: Mutex<Option<(Instant, Result<()>)>>,
}

impl Directory {
    /// Makes the directory if it is missing, and locks it. `UNAVAILABLE` when others use it in a way that excludes this one.
    pub(super) fn open(path: &Path, sharing: Sharing) -> Result<Self> {
        let path = make_directory(path)?;
        let lock = lock_directory(&path, sharing)?;
        Ok(Self { path, sharing, lock, turn: Mutex::default(), last_probe: Mutex::default() })
    }

    /// The file whose lock is shared with other processes.
    pub(super) fn shared_lock(&self) -> Option<&File> {
        self.lock.as_ref().filter(|_| self.sharing == Sharing::Shared)
    }

    pub(super) fn path(&self) -> &Path {
        &self.path
    }

    pub(super) fn file(&self, database: &str) -> PathBuf {
        self.path.join(format!("{database}.db"))
    }

    /// Runs work that makes or deletes files of databases, while nobody else does.
    pub(super) fn changing_files<T>(&self, work: impl FnOnce() -> Result<T>) -> Result<T> {
        let failed = |error: io::Error| from_io("the directory of the databases cannot be locked", &error);
        // Each time a handle of its own, so that two threads of this process wait for each other too.
        let file = open_lock(&self.path.join(FILES_LOCK)).map_err(failed)?;
        file.lock().map_err(failed)?;
        work()
    }

    /// The names of the databases that are there.
    pub(super) fn names(&self) -> Result<Vec<String>> {
        let entries =
            fs::read_dir(&self.path).map_err(|error| from_io("the directory cannot be read", &error))?;
        Ok(entries
            .filter_map(|entry| Some(entry.ok()?.file_name().to_str()?.strip_suffix(".db")?.to_owned()))
            .filter(|name| check_name(name).is_ok())
            .collect())
    }

    /// The size of its files. A file that is deleted meanwhile counts as empty.
    pub(super) fn bytes(&self) -> Option<u64> {
        let entries = fs::read_dir(&self.path).ok()?;
        Some(entries.filter_map(|entry| Some(entry.ok()?.metadata().ok()?.len())).sum())
    }

    /// Fails when nothing can be written: the disk is full or read-only, or the directory is gone. The answer may be a
    /// second old.
    pub(super) fn check_writable(&self) -> Result<()> {
        let mut last = self.last_probe.lock();
        if let Some((when, answer)) = last.as_ref()
            && when.elapsed() < PROBE_AGE
        {
            return answer.clone();
        }
        let written =
            tempfile::tempfile_in(&self.path).and_then(|mut file| file.write_all(&vec![1; PROBE_BYTES]));
        let answer =
            written.map_err(|error| from_io("the directory of the databases cannot be written to", &error));
        *last = Some((Instant::now(), answer.clone()));
        answer
    }
}

/// Makes a directory for databases if it is missing, so that nobody else can read it. Returns its canonical path, which is the
/// same however the path was written. `BAD_REQUEST` when it cannot be made.
pub fn make_directory(path: &Path) -> Result<PathBuf> {
    let mut builder = fs::DirBuilder::new();
    builder.recursive(true);
    #[cfg(unix)]
    std::os::unix::fs::DirBuilderExt::mode(&mut builder, 0o700);
    let made = builder.create(path).and_then(|()| path.canonicalize());
    made.map_err(|error| {
        let why = match error.kind() {
            ErrorKind::AlreadyExists => "it is a file".to_owned(),
            kind => kind.to_string(),
        };
        let message = format!("the directory for the databases, {}, cannot be used: {why}", path.display());
        Error::new(ErrorCode::BadRequest, message)
    })
}

/// Opens a file that is there to be locked.
fn open_lock(path: &Path) -> io::Result<File> {
    let mut options = fs::OpenOptions::new();
    options.read(true).write(true).create(true).truncate(false);
    #[cfg(unix)]
    std::os::unix::fs::OpenOptionsExt::mode(&mut options, 0o600);
    options.open(path)
}

fn lock_directory(path: &Path, sharing: Sharing) -> Result<Option<File>> {
    let file = match open_lock(&path.join(LOCK)) {
        Ok(file) => file,
        // Who cannot write there can only read.
        Err(error)
            if sharing == Sharing::Shared
                && matches!(error.kind(), ErrorKind::PermissionDenied | ErrorKind::ReadOnlyFilesystem) =>
        {
            return Ok(None);
        }
        Err(error) => return Err(from_io("the directory for the databases cannot be locked", &error)),
    };
    let locked = match sharing {
        Sharing::Shared => file.try_lock_shared(),
        Sharing::Alone => file.try_lock(),
    };
    match (locked, sharing) {
        (Ok(()), _) => Ok(Some(file)),
        (Err(TryLockError::WouldBlock), Sharing::Shared) => Err(Error::new(
            ErrorCode::Unavailable,
            format!(
                "a PhantomDB server serves the databases in {}; use them through its address (http://…), or stop it",
                path.display()
            ),
        )),
        (Err(TryLockError::WouldBlock), Sharing::Alone) => Err(Error::new(
            ErrorCode::Unavailable,
            format!(
                "another PhantomDB server, or a program with `file:`, uses the databases in {}; stop it, or choose \
                 another directory",
                path.display()
            ),
        )),
        (Err(TryLockError::Error(error)), _) => {
            Err(from_io("the directory for the databases cannot be locked", &error))
        }
    }
}

/// Deletes a database once no process writes to it. `LOCK_TIMEOUT` when one does for too long.
pub(super) fn delete_database(path: &Path, busy_timeout: Duration) -> Result<()> {
    let location = Location::File(path.to_owned());
    let holding = connection::open_with_pages(&location, false, busy_timeout).and_then(|connection| {
        connection.execute_batch("BEGIN IMMEDIATE").map_err(error::from_sqlite)?;
        Ok(connection)
    });
    match holding {
        Ok(connection) => {
            // A writer that waits for the lock finds out before it commits.
            let deleted = delete_files(path);
            lost_file::before_close(&connection);
            deleted
        }
        Err(error) if error.code == ErrorCode::LockTimeout => Err(error),
        // A damaged database can be deleted too.
        Err(_) => delete_files(path),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn one_who_is_alone_excludes_all_others_until_it_ends() {
        let place = phantomdb_testing::Directory::new();
        let open = |sharing| Directory::open(&place.0, sharing);
        let alone = open(Sharing::Alone).unwrap();
        for (sharing, says) in [(Sharing::Alone, "another PhantomDB server"), (Sharing::Shared, "http://")] {
            let refused = open(sharing).err().unwrap();
            assert_eq!(refused.code, ErrorCode::Unavailable);
            assert!(refused.message.contains(says), "{}", refused.message);
        }
        drop(alone);
        let (_first, _second) = (open(Sharing::Shared).unwrap(), open(Sharing::Shared).unwrap());
        assert!(open(Sharing::Alone).is_err());
    }

    #[cfg(unix)]
    #[test]
    fn a_directory_that_is_gone_cannot_be_written_to() {
        let place = phantomdb_testing::Directory::new();
        let directory = Directory::open(&place.0, Sharing::Shared).unwrap();
        directory.check_writable().unwrap();
        fs::remove_dir_all(&place.0).unwrap();
        // The answer of a moment ago still holds.
        directory.check_writable().unwrap();
        *directory.last_probe.lock() = None;
        assert!(directory.check_writable().is_err());
    }
}
