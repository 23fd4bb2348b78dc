//! The state of a database at a moment, kept as the pages of its file, and the way back to it. See `DESIGN.md`.

mod pages;
mod raw;

use std::any::Any;
use std::fs::File;
use std::io::{ErrorKind, Read, Write};
use std::path::{Path, PathBuf};
use std::sync::Arc;

use phantomdb_protocol::{Error, ErrorCode, Result};

use super::blocking;
use super::database::Database;
use super::memory_vfs::{CHUNK, Chunk, MemoryFile};
use super::transaction::ENDED_BY_RESTORE;
pub(super) use pages::{OpenPages, Pages};

/// The largest database that is kept. Beyond it lies a page that SQLite never uses.
const LARGEST: usize = 1 << 30;

const MAGIC: &[u8] = b"SQLite format 3\0";

/// Where the header of a database file, which is the beginning of page 1, says what.
mod header {
    use std::ops::Range;

    pub(super) const LENGTH: usize = 100;
    /// Which journal readers and writers use; 2 is the write-ahead log.
    pub(super) const JOURNAL: Range<usize> = 18..20;
    /// Bytes of each page that are not used.
    pub(super) const RESERVED: usize = 20;
    pub(super) const CHANGE_COUNTER: Range<usize> = 24..28;
    /// Counts the changes of the schema.
    pub(super) const COOKIE: Range<usize> = 40..44;
    pub(super) const AUTO_VACUUM: Range<usize> = 52..56;
    /// The change counter when the size was noted last, and the version of SQLite that did.
    pub(super) const VALID_FOR: Range<usize> = 92..100;
}

/// The pages of a database as they were at one moment. It depends on nothing: it outlives the database and its engine,
/// and any database can be brought to it.
#[derive(Debug)]
pub struct Snapshot {
    page_size: usize,
    /// The pages one after the other; the last chunk is filled up with zeros.
    chunks: Vec<Chunk>,
    length: usize,
}

impl Snapshot {
    /// Fails with `BAD_REQUEST` when the pages are not those of a database of this engine.
    fn new(mut chunks: Vec<Chunk>, length: usize) -> Result<Self> {
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

    /// `BAD_REQUEST` when another kind of engine made the snapshot.
    pub(super) fn of_this_engine(snapshot: &Arc<dyn phantomdb_engine::Snapshot>) -> Result<Arc<Self>> {
        Arc::clone(snapshot).into_any().downcast().map_err(|_| {
            Error::new(ErrorCode::BadRequest, "the snapshot was made by another engine than this database's")
        })
    }

    /// Reads one that [`Self::save`] wrote, or any database file of this engine that nobody has open.
    /// `NOT_FOUND` when there is none, `BAD_REQUEST` when it cannot be used.
    pub fn load(path: &Path) -> Result<Self> {
        let failed = |e: std::io::Error| match e.kind() {
            ErrorKind::NotFound => Error::new(ErrorCode::NotFound, "there is no such snapshot file"),
            kind => Error::new(ErrorCode::BadRequest, format!("the snapshot file cannot be read: {kind}")),
        };
        let mut file = File::open(path).map_err(failed)?;
        let length = usize::try_from(file.metadata().map_err(failed)?.len()).unwrap_or(usize::MAX);
        check_size(length)?;
        if beside(path, "-wal").metadata().is_ok_and(|wal| wal.len() > 0) {
            return Err(Error::new(
                ErrorCode::BadRequest,
                "the snapshot file is a database that is in use, or was not closed in good order; save a snapshot of it",
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

    /// Makes the file of a new database. `ALREADY_EXISTS` is the kind of the error when it is there.
    pub(super) fn write_new(&self, path: &Path) -> std::io::Result<()> {
        let file = self.write_beside(path.parent().unwrap_or(Path::new(".")))?;
        file.persist_noclobber(path).map(drop).map_err(|failed| failed.error)
    }

    fn write_beside(&self, directory: &Path) -> std::io::Result<tempfile::NamedTempFile> {
        let mut builder = tempfile::Builder::new();
        #[cfg(unix)]
        builder.permissions(std::os::unix::fs::PermissionsExt::from_mode(0o666));
        let mut file = builder.tempfile_in(directory)?;
        for (index, chunk) in self.chunks.iter().enumerate() {
            file.write_all(&chunk[..CHUNK.min(self.length - index * CHUNK)])?;
        }
        file.as_file().sync_all()?;
        Ok(file)
    }

    /// A database in memory that begins as this.
    pub(super) fn in_memory(&self) -> Result<MemoryFile> {
        MemoryFile::with_content(self.chunks.clone(), self.length)
    }

    fn page_count(&self) -> usize {
        self.length / self.page_size
    }

    /// A page by its index, from 0.
    fn page(&self, index: usize) -> &[u8] {
        let start = index * self.page_size;
        &self.chunks[start / CHUNK][start % CHUNK..][..self.page_size]
    }

    fn cookie(&self) -> u32 {
        cookie(self.page(0))
    }
}

impl phantomdb_engine::Snapshot for Snapshot {
    fn bytes(&self) -> usize {
        self.length
    }

    /// The file is a database file of SQLite.
    fn save(&self, path: &Path) -> Result<()> {
        let directory = path.parent().filter(|parent| !parent.as_os_str().is_empty());
        let saved = self
            .write_beside(directory.unwrap_or(Path::new(".")))
            .and_then(|file| file.persist(path).map_err(|failed| failed.error));
        saved.map(drop).map_err(|e| {
            Error::new(ErrorCode::BadRequest, format!("the snapshot file cannot be written: {}", e.kind()))
        })
    }

    fn into_any(self: Arc<Self>) -> Arc<dyn Any + Send + Sync> {
        self
    }
}

fn cookie(first_page: &[u8]) -> u32 {
    first_page[header::COOKIE].iter().fold(0, |number, byte| number << 8 | u32::from(*byte))
}

fn check_size(bytes: usize) -> Result<()> {
    if bytes <= LARGEST {
        return Ok(());
    }
    let message = format!("a snapshot has at most {LARGEST} bytes, this one would have {bytes}");
    Err(Error::new(ErrorCode::TooLarge, message))
}

fn beside(path: &Path, suffix: &str) -> PathBuf {
    let mut name = path.as_os_str().to_owned();
    name.push(suffix);
    name.into()
}

impl Database {
    /// Keeps what is committed now.
    pub(super) async fn snapshot(self: &Arc<Self>) -> Result<Arc<Snapshot>> {
        let permit = self.slot_for_reading().await?;
        let database = Arc::clone(self);
        blocking::plain(move || {
            let taken = database.pages().take();
            drop(permit);
            taken
        })
        .await?
    }

    /// Rolls back every open transaction, and brings the database to the snapshot.
    pub(super) async fn restore(self: &Arc<Self>, snapshot: Arc<Snapshot>) -> Result<()> {
        self.end_transactions(ENDED_BY_RESTORE).await?;
        let permit = self.lock_for_writing().await?;
        let database = Arc::clone(self);
        blocking::plain(move || {
            let restored = database.pages().restore(&snapshot);
            drop(permit);
            restored
        })
        .await?
    }
}
