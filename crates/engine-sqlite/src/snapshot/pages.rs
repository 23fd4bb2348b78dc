//! Takes and restores snapshots, on a connection that reads and writes pages.

use std::sync::{Arc, Weak};
use std::time::Duration;

use parking_lot::MutexGuard;
use phantomdb_protocol::{Error, ErrorCode, Result};
use rusqlite::config::DbConfig;
use rusqlite::{CachedStatement, Connection};

use super::header;
use super::image::{Snapshot, check_size, schema_cookie};
use super::raw::{self, DatabaseFile, LogPages, Salts};
use crate::connection::{self, Location};
use crate::memory_vfs::CHUNK;
use crate::{error, lost_file};

/// The page connection of a database, and how its content relates to snapshots.
#[derive(Default)]
pub(crate) struct PageStoreState {
    connection: Option<Connection>,
    matches: Vec<SnapshotMatch>,
}

/// The moment at which the database had the same content as a snapshot.
struct SnapshotMatch {
    snapshot: Weak<Snapshot>,
    moment: MatchMoment,
}

/// When a database had the same content as a snapshot: when the snapshot was taken of it or last restored.
#[derive(Clone, Copy)]
struct MatchMoment {
    /// The schema cookie of the database at that moment. The cookie only grows, so while it is the same, the schema is that
    /// of the snapshot.
    schema_cookie: u32,
    /// The write-ahead log at that moment. While the database has the same log, everything that was written since is in it,
    /// so every page that is not in the log is still that of the snapshot.
    log: Option<Salts>,
}

/// Reads and writes the pages of a database. The mutex is held, so there is one at a time.
pub(crate) struct PageStore<'a> {
    pub(crate) state: MutexGuard<'a, PageStoreState>,
    pub(crate) location: &'a Location,
    pub(crate) busy_timeout: Duration,
}

impl PageStoreState {
    pub(crate) fn close_connection(&mut self) {
        if let Some(connection) = self.connection.take() {
            lost_file::before_close(&connection);
        }
    }

    /// Records that the database was created with the content of this snapshot.
    pub(crate) fn record_created_from(&mut self, snapshot: &Arc<Snapshot>) {
        self.record_match(snapshot, MatchMoment { schema_cookie: snapshot.schema_cookie(), log: None });
    }

    fn record_match(&mut self, snapshot: &Arc<Snapshot>, moment: MatchMoment) {
        self.matches.retain(|other| other.snapshot.strong_count() > 0 && !other.is_of(snapshot));
        self.matches.push(SnapshotMatch { snapshot: Arc::downgrade(snapshot), moment });
    }

    /// The last moment at which the database had the content of this snapshot.
    fn last_match(&self, snapshot: &Arc<Snapshot>) -> Option<MatchMoment> {
        self.matches.iter().find(|found| found.is_of(snapshot)).map(|found| found.moment)
    }
}

impl SnapshotMatch {
    fn is_of(&self, snapshot: &Arc<Snapshot>) -> bool {
        std::ptr::eq(self.snapshot.as_ptr(), Arc::as_ptr(snapshot))
    }
}

impl PageStore<'_> {
    /// Takes a snapshot of what is committed.
    pub(crate) fn take_snapshot(mut self) -> Result<Arc<Snapshot>> {
        let (snapshot, log) = self.on_connection(|connection, _| read_all(connection))?;
        let snapshot = Arc::new(snapshot);
        let moment = MatchMoment { schema_cookie: snapshot.schema_cookie(), log };
        self.state.record_match(&snapshot, moment);
        Ok(snapshot)
    }

    /// Restores the database to the snapshot. Others must not write meanwhile.
    pub(crate) fn restore(mut self, snapshot: &Arc<Snapshot>) -> Result<()> {
        let moment = self.on_connection(|connection, state| {
            connection.execute_batch("BEGIN IMMEDIATE").map_err(error::from_sqlite)?;
            let moment = write_differences(connection, snapshot, state.last_match(snapshot))?;
            connection.execute_batch("COMMIT").map_err(error::from_sqlite)?;
            // SQLite does not notice that the pages in its cache were changed through the table of pages.
            connection.release_memory().map_err(error::from_sqlite)?;
            // When the log was restarted meanwhile, it may lack what another process has written since.
            Ok(MatchMoment {
                log: moment.log.filter(|log| raw::log_salts(connection).is_ok_and(|now| now == Some(*log))),
                ..moment
            })
        })?;
        self.state.record_match(snapshot, moment);
        Ok(())
    }

    /// Runs `work` on the page connection. After an error the connection is closed, which rolls back.
    fn on_connection<T>(
        &mut self,
        work: impl FnOnce(&Connection, &PageStoreState) -> Result<T>,
    ) -> Result<T> {
        let connection = match self.state.connection.take() {
            Some(connection) => connection,
            None => open(self.location, self.busy_timeout)?,
        };
        let result = work(&connection, &self.state)?;
        self.state.connection = Some(connection);
        Ok(result)
    }
}

/// Opens a connection that can write pages.
fn open(location: &Location, busy_timeout: Duration) -> Result<Connection> {
    let connection = connection::open_with_pages(location, false, busy_timeout)?;
    connection.set_db_config(DbConfig::SQLITE_DBCONFIG_DEFENSIVE, false).map_err(error::from_sqlite)?;
    // A restore does not wait for the disk. A power failure before the next commit that waits undoes it.
    if matches!(location, Location::File(_)) {
        connection.execute_batch("PRAGMA synchronous=NORMAL").map_err(error::from_sqlite)?;
    }
    connection.prepare(READ_PAGE).map(drop).map_err(|_| {
        Error::unsupported(
            "this build of SQLite cannot write pages, which snapshots need; build it with SQLITE_ENABLE_DBPAGE_VTAB",
        )
    })?;
    Ok(connection)
}

const READ_PAGE: &str = "SELECT data FROM sqlite_dbpage WHERE pgno = ?1";

/// The pages that were committed when the transaction on the connection began.
struct CommittedPages<'a> {
    read_page: CachedStatement<'a>,
    page_size: usize,
    count: usize,
    log: LogPages,
    file: DatabaseFile<'a>,
}

impl<'a> CommittedPages<'a> {
    /// Reads in the transaction that is open.
    fn new(connection: &'a Connection) -> Result<Self> {
        let query = |pragma: &str| -> Result<usize> {
            let mut statement = connection.prepare_cached(pragma).map_err(error::from_sqlite)?;
            let number: u32 = statement.query_row([], |row| row.get(0)).map_err(error::from_sqlite)?;
            usize::try_from(number)
                .map_err(|_| Error::internal("the database is too large for this computer"))
        };
        let (count, page_size) = (query("PRAGMA page_count")?, query("PRAGMA page_size")?);
        Ok(Self {
            read_page: connection.prepare_cached(READ_PAGE).map_err(error::from_sqlite)?,
            page_size,
            count,
            log: LogPages::read(connection, page_size, count)?,
            file: DatabaseFile::database(connection)?,
        })
    }

    /// Calls `read` with the page of this index.
    fn page<T>(&mut self, index: usize, read: impl FnOnce(&[u8]) -> T) -> Result<T> {
        self.read_page
            .query_row([page_number(index)], |row| Ok(read(row.get_ref(0)?.as_blob()?)))
            .map_err(error::from_sqlite)
    }

    /// The indexes of the pages in a chunk of the file.
    fn pages_of_chunk(&self, chunk: usize) -> std::ops::Range<usize> {
        let pages = CHUNK / self.page_size;
        chunk * pages..((chunk + 1) * pages).min(self.count)
    }
}

/// Reads all pages. Also returns the salts of the write-ahead log during the read.
fn read_all(connection: &Connection) -> Result<(Snapshot, Option<Salts>)> {
    connection.execute_batch("BEGIN").map_err(error::from_sqlite)?;
    let mut committed = CommittedPages::new(connection)?;
    let (page_size, length) = (committed.page_size, committed.count * committed.page_size);
    check_size(length)?;
    let mut chunks = Vec::with_capacity(length.div_ceil(CHUNK));
    for index in 0..length.div_ceil(CHUNK) {
        let mut chunk = vec![0; CHUNK];
        let pages = committed.pages_of_chunk(index);
        committed.file.read(&mut chunk[..pages.len() * page_size], index * CHUNK)?;
        for (slot, page) in chunk.chunks_exact_mut(page_size).zip(pages) {
            if committed.log.pages[page] {
                committed.page(page, |bytes| slot.copy_from_slice(bytes))?;
            }
        }
        chunks.push(Arc::new(chunk.into_boxed_slice()));
    }
    let log = committed.log.salts;
    drop(committed);
    connection.execute_batch("COMMIT").map_err(error::from_sqlite)?;
    Ok((Snapshot::new(chunks, length)?, log))
}

/// Overwrites every page that differs from the snapshot. The schema cookie stays the same when the schema is that of the
/// snapshot already. Otherwise it becomes one that the database has never had.
fn write_differences(
    connection: &Connection,
    snapshot: &Snapshot,
    last_match: Option<MatchMoment>,
) -> Result<MatchMoment> {
    let mut committed = CommittedPages::new(connection)?;
    let mut first = snapshot.page(0).to_vec();
    let (cookie, is_same) = committed.page(0, |current| {
        if current.len() != first.len() || current[header::RESERVED] != first[header::RESERVED] {
            return Err(incompatible_pages(first.len(), current.len()));
        }
        let cookie = schema_cookie(current);
        // SQLite compares the cookie before each statement, so it is changed last.
        first[header::SCHEMA_COOKIE].copy_from_slice(&current[header::SCHEMA_COOKIE]);
        // SQLite sets these fields itself when it commits.
        for field in [header::CHANGE_COUNTER, header::VALID_FOR] {
            first[field.clone()].copy_from_slice(&current[field]);
        }
        Ok((cookie, current == first))
    })??;
    let log = committed.log.salts;
    let different = if log.is_some() && last_match.is_some_and(|moment| moment.log == log) {
        differences_in_log(&mut committed, snapshot)?
    } else {
        differences(&mut committed, snapshot)?
    };
    let mut writer = PageWriter::new(connection)?;
    for index in different {
        writer.write(index, snapshot.page(index))?;
    }
    if !is_same {
        writer.write(0, &first)?;
    }
    if committed.count > snapshot.page_count() {
        writer.truncate(snapshot.page_count())?;
    }
    if last_match.is_some_and(|moment| moment.schema_cookie == cookie) {
        return Ok(MatchMoment { schema_cookie: cookie, log });
    }
    let next = cookie.wrapping_add(1);
    let sql = format!("PRAGMA schema_version = {}", next.cast_signed());
    connection.execute_batch(&sql).map_err(error::from_sqlite)?;
    Ok(MatchMoment { schema_cookie: next, log })
}

/// The same as [`differences`], for a database in which only pages in the log can differ.
fn differences_in_log(committed: &mut CommittedPages<'_>, snapshot: &Snapshot) -> Result<Vec<usize>> {
    let common = committed.count.min(snapshot.page_count());
    let mut different = Vec::new();
    for page in 1..common {
        if committed.log.pages[page] && committed.page(page, |bytes| bytes != snapshot.page(page))? {
            different.push(page);
        }
    }
    different.extend(common.max(1)..snapshot.page_count());
    Ok(different)
}

/// The indexes of the pages that differ from the snapshot, without the first page.
fn differences(committed: &mut CommittedPages<'_>, snapshot: &Snapshot) -> Result<Vec<usize>> {
    let common = committed.count.min(snapshot.page_count());
    let mut different = Vec::new();
    let mut buffer = vec![0; CHUNK];
    for (index, snapshot_chunk) in snapshot.chunks.iter().enumerate() {
        let pages = committed.pages_of_chunk(index);
        let length = pages.len() * committed.page_size;
        committed.file.read(&mut buffer[..length], index * CHUNK)?;
        let is_equal = buffer[..length] == snapshot_chunk[..length];
        for page in pages.start.max(1)..pages.end.min(common) {
            let start = (page - pages.start) * committed.page_size;
            let differs = if committed.log.pages[page] {
                committed.page(page, |bytes| bytes != snapshot.page(page))?
            } else {
                !is_equal && buffer[start..][..committed.page_size] != *snapshot.page(page)
            };
            if differs {
                different.push(page);
            }
        }
    }
    different.extend(common.max(1)..snapshot.page_count());
    Ok(different)
}

/// SQLite's number of a page, which counts from 1.
fn page_number(index: usize) -> i64 {
    i64::try_from(index + 1).unwrap_or(i64::MAX)
}

/// Writes pages through SQLite, in its transaction.
struct PageWriter<'a>(CachedStatement<'a>);

impl<'a> PageWriter<'a> {
    fn new(connection: &'a Connection) -> Result<Self> {
        let sql = "INSERT INTO sqlite_dbpage (pgno, data) VALUES (?1, ?2)";
        connection.prepare_cached(sql).map(Self).map_err(error::from_sqlite)
    }

    /// Writes the page with this index. A page beyond the end makes the file longer.
    fn write(&mut self, index: usize, bytes: &[u8]) -> Result<()> {
        self.0.execute((page_number(index), bytes)).map(drop).map_err(error::from_sqlite)
    }

    /// Keeps only the first `count` pages when the transaction commits. No page may be written after this call.
    fn truncate(&mut self, count: usize) -> Result<()> {
        self.0.execute((page_number(count), None::<&[u8]>)).map(drop).map_err(error::from_sqlite)
    }
}

fn incompatible_pages(snapshot: usize, database: usize) -> Error {
    let message = format!(
        "the pages of the snapshot ({snapshot} bytes) do not fit the database ({database} bytes); create a new database \
         from the snapshot instead"
    );
    Error::new(ErrorCode::BadRequest, message)
}
