//! A file with its checksum beside it, as `sha256sum` writes and reads it.

use std::{
    fs::{self, File},
    io::{self, Read, Write},
    path::{Path, PathBuf},
};

use phantomdb_protocol::{Error, ErrorCode, Result};
use sha2::{Digest as _, Sha256};
use tempfile::NamedTempFile;

use crate::progress::Progress;

/// A file that gets its name when it is complete. Only its owner can read it.
pub(super) struct NewFile {
    file: NamedTempFile,
    sha256: Sha256,
    bytes: u64,
}

impl NewFile {
    /// Begins a file that will be at this path, where no file may be yet.
    pub(super) fn create(path: &Path) -> Result<Self> {
        if path.exists() {
            return Err(crate::file_exists(path));
        }
        let file = tempfile::Builder::new().prefix(".backup-").tempfile_in(directory_of(path));
        Ok(Self { file: file.map_err(|error| not_written(path, &error))?, sha256: Sha256::new(), bytes: 0 })
    }

    /// A file that goes away with this value.
    pub(super) fn temporary() -> Result<Self> {
        Self::create(&std::env::temp_dir().join(".phantomdb-check"))
    }

    pub(super) const fn bytes(&self) -> u64 {
        self.bytes
    }

    pub(super) fn path(&self) -> &Path {
        self.file.path()
    }

    pub(super) fn sha256(&self) -> [u8; 32] {
        self.sha256.clone().finalize().into()
    }

    /// The file as a writer that shows how far it is, and stops when the user asks for it.
    pub(super) const fn with_progress<'a>(&'a mut self, progress: &'a Progress) -> WithProgress<'a> {
        WithProgress { file: self, progress, stopped: None }
    }

    /// Gives the file its name, and writes its checksum beside it. A power failure leaves the file as a whole, or none.
    pub(super) fn keep(mut self, path: &Path) -> Result<()> {
        let failed = |error: io::Error| not_written(path, &error);
        let line = format!("{}  {}\n", hex(&self.sha256()), name_of(path));
        self.file.flush().and_then(|()| self.file.as_file().sync_all()).map_err(failed)?;
        self.file.persist_noclobber(path).map_err(|error| match error.error.kind() {
            io::ErrorKind::AlreadyExists => crate::file_exists(path),
            _ => failed(error.error),
        })?;
        let beside = checksum_path(path);
        let written = File::create(&beside).and_then(|mut file| {
            file.write_all(line.as_bytes())?;
            file.sync_all()
        });
        written.map_err(|error| not_written(&beside, &error))?;
        #[cfg(unix)]
        File::open(directory_of(path)).and_then(|directory| directory.sync_all()).map_err(failed)?;
        Ok(())
    }
}

pub(super) struct WithProgress<'a> {
    file: &'a mut NewFile,
    progress: &'a Progress,
    stopped: Option<Error>,
}

impl WithProgress<'_> {
    /// Why writing has failed.
    pub(super) fn explain(&mut self, error: &io::Error) -> Error {
        self.stopped.take().unwrap_or_else(|| not_written(self.file.file.path(), error))
    }
}

impl Write for WithProgress<'_> {
    fn write(&mut self, part: &[u8]) -> io::Result<usize> {
        self.file.file.write_all(part)?;
        self.file.sha256.update(part);
        self.file.bytes += part.len() as u64;
        if let Err(stopped) = self.progress.at(self.file.bytes) {
            self.stopped = Some(stopped);
            return Err(io::Error::other("stopped"));
        }
        Ok(part.len())
    }

    fn flush(&mut self) -> io::Result<()> {
        self.file.file.flush()
    }
}

/// The path of the file with the checksum of a file.
pub(super) fn checksum_path(path: &Path) -> PathBuf {
    let mut beside = path.as_os_str().to_owned();
    beside.push(".sha256");
    beside.into()
}

/// Compares a file with its checksum. False when there is none beside it.
pub(super) fn verify(path: &Path) -> Result<bool> {
    let beside = checksum_path(path);
    let line = match fs::read_to_string(&beside) {
        Ok(line) => line,
        Err(error) if error.kind() == io::ErrorKind::NotFound => return Ok(false),
        Err(error) => return Err(not_read(&beside, &error)),
    };
    let expected = line.split_whitespace().next().unwrap_or_default().to_ascii_lowercase();
    if hex(&sha256_of(path)?) == expected {
        return Ok(true);
    }
    Err(Error::new(
        ErrorCode::BadRequest,
        format!(
            "{} is not the file that {} describes: it was changed or damaged",
            path.display(),
            beside.display()
        ),
    ))
}

pub(super) fn sha256_of(path: &Path) -> Result<[u8; 32]> {
    let failed = |error: io::Error| not_read(path, &error);
    let mut file = File::open(path).map_err(failed)?;
    let (mut sha256, mut part) = (Sha256::new(), vec![0; 1 << 18]);
    loop {
        match file.read(&mut part).map_err(failed)? {
            0 => return Ok(sha256.finalize().into()),
            length => sha256.update(&part[..length]),
        }
    }
}

fn hex(bytes: &[u8]) -> String {
    bytes.iter().map(|byte| format!("{byte:02x}")).collect()
}

fn name_of(path: &Path) -> String {
    path.file_name().unwrap_or_default().to_string_lossy().into_owned()
}

fn directory_of(path: &Path) -> &Path {
    path.parent().filter(|parent| !parent.as_os_str().is_empty()).unwrap_or(Path::new("."))
}

pub(super) fn not_read(path: &Path, error: &io::Error) -> Error {
    Error::new(ErrorCode::BadRequest, format!("{} cannot be read: {}", path.display(), error.kind()))
}

pub(super) fn not_written(path: &Path, error: &io::Error) -> Error {
    let code = match error.kind() {
        io::ErrorKind::StorageFull | io::ErrorKind::QuotaExceeded => ErrorCode::StorageFull,
        _ => ErrorCode::Internal,
    };
    Error::new(code, format!("{} cannot be written: {}", path.display(), error.kind()))
}
