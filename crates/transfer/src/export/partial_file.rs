//! A file that is written beside its final path, and is there only when it is complete.

use std::fs;
use std::io::ErrorKind;
use std::path::{Path, PathBuf};

use phantomdb_protocol::{Error, ErrorCode, Result};

/// A file that is not kept is removed when this is dropped.
pub(super) struct PartialFile {
    path: PathBuf,
    partial: PathBuf,
}

impl PartialFile {
    /// Fails when there is a file at `path`, or when none can be made there.
    pub(super) fn create(path: &str) -> Result<Self> {
        let (path, partial) = (PathBuf::from(path), PathBuf::from(format!("{path}.partial")));
        if path.exists() {
            return Err(crate::file_exists(&path));
        }
        // Another export that was killed may have left one.
        fs::File::create(&partial).map_err(|error| not_created(&path, error.kind()))?;
        Ok(Self { path, partial })
    }

    /// Where the file is while it is written.
    pub(super) fn partial(&self) -> &Path {
        &self.partial
    }

    /// Moves the complete file to its path.
    pub(super) fn keep(self) -> Result<()> {
        fs::rename(&self.partial, &self.path).map_err(|error| not_created(&self.path, error.kind()))
    }
}

impl Drop for PartialFile {
    fn drop(&mut self) {
        let _ = fs::remove_file(&self.partial);
    }
}

fn not_created(path: &Path, kind: ErrorKind) -> Error {
    Error::new(ErrorCode::BadRequest, format!("{} cannot be written: {kind}", path.display()))
}
