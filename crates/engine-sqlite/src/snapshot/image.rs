//! The pages of a database at one moment, in memory and in a file.

use std::any::Any;
use std::fs::File;
use std::io::{ErrorKind, Read, Write};
use std::path::Path;
use std::sync::Arc;

use phantomdb_protocol::{Error, ErrorCode, Result};

use super::header;
use crate::files::beside;
use crate::memory_vfs::{CHUNK, Chunk, MemoryFile};

/// The size of the largest database that can have a snapshot, in bytes. SQLite's lock-byte page, which has no content,
/// begins there.
const MAX_BYTES: usize = 1 << 30;

const MAGIC: &[u8] = b"SQLite format 3\0";

/// The pages of a database as they were at one moment. A snapshot is independent of the database and the engine that it was
/// taken from, and any database can be restored to it.
#[derive(Debug)]
pub struct Snapshot {
    page_size: usize,
    /// The pages one after the other. The rest of the last chunk is zeros.
    pub(super) chunks: Vec<Chunk>,
    /// The size of all pages in bytes.
    length: usize,
}

impl Snapshot {
    /// Fails with `BAD_REQUEST` when the bytes are not a database of this engine.
    pub(super) fn new(mut chunks: Vec<Chunk>, length: usize) -> Result<Self> {
        let unusable =
            |why: &str| Error::new(ErrorCode::BadRequest, format!("the file is not a snapshot: it {why}"));
        let first = chunks.first_mut().map(Arc::make_mut).filter(|_| length >= header::LENGTH);
        let first = first.ok_or_else(|| unusable("is too short for a database"))?;
        if !first.starts_with(MAGIC) {
            return Err(unusable("is not a database of SQLite"));
        }
        let page_size = match u16::from_be_bytes([first[16], first[17]]) {
            1 => 1 << 16,
            size => usize::from(size),
        };
        if !(512..=CHUNK).contains(&page_size)
            || !page_size.is_power_of_two()
            || !length.is_multiple_of(page_size)
        {
            return Err(unusable("does not end with a whole page"));
        }
        if first[header::AUTO_VACUUM] != [0; 4] {
            return Err(unusable("has auto-vacuum on, which this engine does not use"));
        }
        first[header::JOURNAL].copy_from_slice(&[2, 2]);
        Ok(Self { page_size, chunks, length })
    }

    /// Fails with `BAD_REQUEST` when another type of engine made the snapshot.
    pub(crate) fn of_this_engine(snapshot: &Arc<dyn phantomdb_engine::Snapshot>) -> Result<Arc<Self>> {
        Arc::clone(snapshot).into_any().downcast().map_err(|_| {
            Error::new(ErrorCode::BadRequest, "the snapshot was taken by an engine of another type")
        })
    }

    /// Reads a file that [`phantomdb_engine::Snapshot::save`] wrote, or any database file of this engine that nobody has
    /// open. Fails with `NOT_FOUND` when there is no such file and with `BAD_REQUEST` when it cannot be used.
    pub fn load(path: &Path) -> Result<Self> {
        let failed = |e: std::io::Error| match e.kind() {
            ErrorKind::NotFound => {
                Error::new(ErrorCode::NotFound, format!("there is no snapshot file {}", path.display()))
            }
            kind => Error::new(
                ErrorCode::BadRequest,
                format!("the snapshot file {} cannot be read: {kind}", path.display()),
            ),
        };
        let mut file = File::open(path).map_err(failed)?;
        let length = usize::try_from(file.metadata().map_err(failed)?.len()).unwrap_or(usize::MAX);
        check_size(length)?;
        if beside(path, "-wal").metadata().is_ok_and(|wal| wal.len() > 0) {
            return Err(Error::new(
                ErrorCode::BadRequest,
                "the snapshot file is a database that is in use, or was not closed properly; save a snapshot of it",
            ));
        }
        let mut chunks = Vec::with_capacity(length.div_ceil(CHUNK));
        for start in (0..length).step_by(CHUNK) {
            let mut chunk = vec![0; CHUNK];
            file.read_exact(&mut chunk[..CHUNK.min(length - start)]).map_err(failed)?;
            chunks.push(Arc::new(chunk.into_boxed_slice()));
        }
        Self::new(chunks, length)
    }

    /// Writes the snapshot to a temporary file in the directory.
    pub(crate) fn write_temporary(&self, directory: &Path) -> std::io::Result<tempfile::NamedTempFile> {
        // Only its owner can read it.
        let mut file = tempfile::NamedTempFile::new_in(directory)?;
        for (index, chunk) in self.chunks.iter().enumerate() {
            file.write_all(&chunk[..CHUNK.min(self.length - index * CHUNK)])?;
        }
        file.as_file().sync_all()?;
        Ok(file)
    }

    /// Creates a database in memory with this content.
    pub(crate) fn in_memory(&self) -> Result<MemoryFile> {
        MemoryFile::with_content(self.chunks.clone(), self.length)
    }

    pub(super) fn page_count(&self) -> usize {
        self.length / self.page_size
    }

    /// The page with this index, which counts from 0.
    pub(super) fn page(&self, index: usize) -> &[u8] {
        let start = index * self.page_size;
        &self.chunks[start / CHUNK][start % CHUNK..][..self.page_size]
    }

    pub(super) fn schema_cookie(&self) -> u32 {
        schema_cookie(self.page(0))
    }
}

impl phantomdb_engine::Snapshot for Snapshot {
    fn bytes(&self) -> usize {
        self.length
    }

    /// Writes a database file of SQLite.
    fn save(&self, path: &Path) -> Result<()> {
        let directory = path.parent().filter(|parent| !parent.as_os_str().is_empty());
        let saved = self
            .write_temporary(directory.unwrap_or(Path::new(".")))
            .and_then(|file| file.persist(path).map_err(|failed| failed.error));
        saved.map(drop).map_err(|e| {
            Error::new(ErrorCode::BadRequest, format!("the snapshot file cannot be written: {}", e.kind()))
        })
    }

    fn into_any(self: Arc<Self>) -> Arc<dyn Any + Send + Sync> {
        self
    }
}

/// The schema cookie in the first page of a database.
pub(super) fn schema_cookie(first_page: &[u8]) -> u32 {
    first_page[header::SCHEMA_COOKIE].iter().fold(0, |number, byte| number << 8 | u32::from(*byte))
}

/// Fails with `TOO_LARGE` for a database that is too large for a snapshot.
pub(super) fn check_size(bytes: usize) -> Result<()> {
    if bytes <= MAX_BYTES {
        return Ok(());
    }
    let message = format!("a snapshot has at most {MAX_BYTES} bytes, this one would have {bytes}");
    Err(Error::new(ErrorCode::TooLarge, message))
}
