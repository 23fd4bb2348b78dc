//! A hidden directory in which a database is made, beside the databases that are there.

use std::fs::{self, File};
use std::io;
use std::path::{Path, PathBuf};

use phantomdb_protocol::{Error, Result};
use uuid::Uuid;

const PREFIX: &str = ".import-";
const LOCK: &str = "lock";

/// The directory is deleted when this is dropped. When the process is killed, [`StagingDirectory::sweep`] deletes it later.
pub(super) struct StagingDirectory {
    path: PathBuf,
    /// Held while the directory is in use; the system lets go of it when the process ends, however it ends.
    _lock: File,
}

fn failed(error: io::Error) -> Error {
    Error::internal(format!("the directory of the databases cannot be written to: {error}"))
}

impl StagingDirectory {
    pub(super) fn open(directory: &Path) -> Result<Self> {
        loop {
            if let Some(workshop) = Self::make(directory).map_err(failed)? {
                return Ok(workshop);
            }
        }
    }

    /// Returns None when another import swept the directory away before it was locked.
    fn make(directory: &Path) -> io::Result<Option<Self>> {
        let path = directory.join(format!("{PREFIX}{}", Uuid::new_v4().simple()));
        fs::create_dir(&path)?;
        let lock = match File::create(path.join(LOCK)) {
            Err(error) if error.kind() == io::ErrorKind::NotFound => return Ok(None),
            lock => lock?,
        };
        lock.lock()?;
        let swept = !path.join(LOCK).exists();
        Ok((!swept).then_some(Self { path, _lock: lock }))
    }

    pub(super) fn path(&self) -> &Path {
        &self.path
    }

    /// Deletes the directories that killed imports left here.
    pub(super) fn sweep(directory: &Path) {
        let Ok(entries) = fs::read_dir(directory) else { return };
        for entry in entries.flatten() {
            if !entry.file_name().to_string_lossy().starts_with(PREFIX) {
                continue;
            }
            // A directory in use keeps its lock. A directory that cannot be deleted has a name that no database has.
            let _ = match File::open(entry.path().join(LOCK)) {
                Ok(lock) if lock.try_lock().is_ok() => clear(&entry.path()),
                Ok(_) => continue,
                // Its process was killed before it locked the directory, or after it cleared it: the directory is empty.
                Err(_) => fs::remove_dir(entry.path()),
            };
        }
    }
}

/// Deletes the directory. It deletes the lock last, so that the next sweep finds the rest if this process is killed.
fn clear(path: &Path) -> io::Result<()> {
    for entry in fs::read_dir(path)? {
        let entry = entry?;
        if entry.file_name() != LOCK {
            fs::remove_file(entry.path())?;
        }
    }
    fs::remove_file(path.join(LOCK))?;
    fs::remove_dir(path)
}

impl Drop for StagingDirectory {
    fn drop(&mut self) {
        // The next import sweeps away what cannot be deleted now.
        let _ = clear(&self.path);
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_a_killed_import_left_is_swept_away_and_nothing_else() {
        let directory = std::env::temp_dir().join(format!("phantomdb-workshop-{}", Uuid::new_v4()));
        fs::create_dir(&directory).unwrap();
        let in_use = StagingDirectory::open(&directory).unwrap();
        let left = directory.join(".import-left");
        fs::create_dir(&left).unwrap();
        fs::write(left.join(LOCK), "").unwrap();
        fs::write(left.join("shop.db"), "half").unwrap();
        fs::write(directory.join("other.db"), "whole").unwrap();
        fs::create_dir(directory.join(".import-killed-before-its-lock")).unwrap();
        StagingDirectory::sweep(&directory);
        assert!(!left.exists());
        assert!(!directory.join(".import-killed-before-its-lock").exists());
        assert!(in_use.path().exists());
        assert!(directory.join("other.db").exists());
        let path = in_use.path().to_owned();
        drop(in_use);
        assert!(!path.exists());
        fs::remove_dir_all(&directory).unwrap();
    }
}
