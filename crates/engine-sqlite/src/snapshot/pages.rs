//! The connection of a database that reads and writes its pages.

use std::sync::{Arc, Weak};
use std::time::Duration;

use phantomdb_protocol::{Error, ErrorCode, Result};
use rusqlite::config::DbConfig;
use rusqlite::{CachedStatement, Connection};

use super::raw::{self, Log, RawFile, Salts};
use super::{CHUNK, Snapshot, check_size, cookie, header};
use crate::connection::{self, Location};
use crate::error;

/// What a database knows of its snapshots.
#[derive(Default)]
pub(in super::super) struct Pages {
    connection: Option<Connection>,
    known: Vec<Known>,
}

/// What a database knows of one snapshot.
struct Known {
    snapshot: Weak<Snapshot>,
    state: Agreement,
}

/// How far a database agrees with a snapshot that it was made to, or that was made of it.
#[derive(Clone, Copy)]
struct Agreement {
    /// The count of schema changes under which the schemas are the same. It only grows.
    cookie: u32,
    /// The write-ahead log then. As long as the database has the same, what was written since is in it: every page that
    /// the log does not hold is still that of the snapshot.
    log: Option<Salts>,
}

/// [`Pages`] with what they need to open their connection.
pub(in super::super) struct OpenPages<'a> {
    pub(in super::super) pages: std::sync::MutexGuard<'a, Pages>,
    pub(in super::super) location: &'a Location,
    pub(in super::super) busy_timeout: Duration,
}

impl Pages {
    /// Closes the connection.
    pub(in super::super) fn close(&mut self) {
        self.connection = None;
    }

    /// The database began as this snapshot.
    pub(in super::super) fn began_as(&mut self, snapshot: &Arc<Snapshot>) {
        self.note(snapshot, Agreement { cookie: snapshot.cookie(), log: None });
    }

    fn note(&mut self, snapshot: &Arc<Snapshot>, state: Agreement) {
        self.known.retain(|known| known.snapshot.strong_count() > 0 && !known.is(snapshot));
        self.known.push(Known { snapshot: Arc::downgrade(snapshot), state });
    }

    fn agreement(&self, snapshot: &Arc<Snapshot>) -> Option<Agreement> {
        self.known.iter().find(|known| known.is(snapshot)).map(|known| known.state)
    }
}

impl Known {
    fn is(&self, snapshot: &Arc<Snapshot>) -> bool {
        std::ptr::eq(self.snapshot.as_ptr(), Arc::as_ptr(snapshot))
    }
}

impl OpenPages<'_> {
    pub(in super::super) fn take(mut self) -> Result<Arc<Snapshot>> {
        let (snapshot, log) = self.on_connection(|connection, _| read_all(connection))?;
        let snapshot = Arc::new(snapshot);
        self.pages.note(&snapshot, Agreement { cookie: snapshot.cookie(), log });
        Ok(snapshot)
    }

    pub(in super::super) fn restore(mut self, snapshot: &Arc<Snapshot>) -> Result<()> {
        let state = self.on_connection(|connection, pages| {
            connection.execute_batch("BEGIN IMMEDIATE").map_err(error::plain)?;
            let state = write_differences(connection, snapshot, pages.agreement(snapshot))?;
            connection.execute_batch("COMMIT").map_err(error::plain)?;
            // SQLite does not look again at cached pages that were written behind its back.
            connection.release_memory().map_err(error::plain)?;
            // When the log was begun anew meanwhile, what another process wrote since may not be in it.
            Ok(Agreement {
                log: state.log.filter(|log| raw::salts(connection).is_ok_and(|now| now == Some(*log))),
                ..state
            })
        })?;
        self.pages.note(snapshot, state);
        Ok(())
    }

    /// A connection on which something failed is not used again; closed, it rolls back.
    fn on_connection<T>(&mut self, work: impl FnOnce(&Connection, &Pages) -> Result<T>) -> Result<T> {
        let connection = match self.pages.connection.take() {
            Some(connection) => connection,
            None => open(self.location, self.busy_timeout)?,
        };
        let answer = work(&connection, &self.pages)?;
        self.pages.connection = Some(connection);
        Ok(answer)
    }
}

fn open(location: &Location, busy_timeout: Duration) -> Result<Connection> {
    let connection = connection::open_with_pages(location, false, busy_timeout)?;
    connection.set_db_config(DbConfig::SQLITE_DBCONFIG_DEFENSIVE, false).map_err(error::plain)?;
    // A restore does not wait for the disk: when the power fails before the next commit does, it was not done.
    if matches!(location, Location::File(_)) {
        connection.execute_batch("PRAGMA synchronous=NORMAL").map_err(error::plain)?;
    }
    connection.prepare(READ_PAGE).map(drop).map_err(|_| {
        Error::unsupported(
            "this build of SQLite cannot write pages, which snapshots need; build it with SQLITE_ENABLE_DBPAGE_VTAB",
        )
    })?;
    Ok(connection)
}

const READ_PAGE: &str = "SELECT data FROM sqlite_dbpage WHERE pgno = ?1";

/// The pages that are committed when a transaction begins.
struct Committed<'a> {
    one: CachedStatement<'a>,
    page_size: usize,
    count: usize,
    log: Log,
    file: RawFile<'a>,
}

impl<'a> Committed<'a> {
    /// Begins to read, in the transaction that is open.
    fn new(connection: &'a Connection) -> Result<Self> {
        let ask = |pragma: &str| -> Result<usize> {
            let mut statement = connection.prepare_cached(pragma).map_err(error::plain)?;
            let answer: u32 = statement.query_row([], |row| row.get(0)).map_err(error::plain)?;
            usize::try_from(answer)
                .map_err(|_| Error::internal("the database is too large for this computer"))
        };
        let (count, page_size) = (ask("PRAGMA page_count")?, ask("PRAGMA page_size")?);
        Ok(Self {
            one: connection.prepare_cached(READ_PAGE).map_err(error::plain)?,
            page_size,
            count,
            log: Log::read(connection, page_size, count)?,
            file: RawFile::database(connection)?,
        })
    }

    /// Shows `look` one page, by its index.
    fn page<T>(&mut self, index: usize, look: impl FnOnce(&[u8]) -> T) -> Result<T> {
        self.one
            .query_row([page_number(index)], |row| Ok(look(row.get_ref(0)?.as_blob()?)))
            .map_err(error::plain)
    }

    /// The indexes of the pages that a part of the file has, when it is a chunk long.
    fn pages_of_chunk(&self, chunk: usize) -> std::ops::Range<usize> {
        let pages = CHUNK / self.page_size;
        chunk * pages..((chunk + 1) * pages).min(self.count)
    }
}

/// With the write-ahead log that the database has meanwhile.
fn read_all(connection: &Connection) -> Result<(Snapshot, Option<Salts>)> {
    connection.execute_batch("BEGIN").map_err(error::plain)?;
    let mut committed = Committed::new(connection)?;
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
    connection.execute_batch("COMMIT").map_err(error::plain)?;
    Ok((Snapshot::new(chunks, length)?, log))
}

/// Makes every page that of the snapshot. The count of schema changes is the same afterwards when the schema is that of
/// the snapshot already, else one that the database never had.
fn write_differences(
    connection: &Connection,
    snapshot: &Snapshot,
    known: Option<Agreement>,
) -> Result<Agreement> {
    let mut committed = Committed::new(connection)?;
    let mut first = snapshot.page(0).to_vec();
    let (now, same) = committed.page(0, |current| {
        if current.len() != first.len() || current[header::RESERVED] != first[header::RESERVED] {
            return Err(other_pages(first.len(), current.len()));
        }
        let now = cookie(current);
        // SQLite compares it before each statement, so it is changed last.
        first[header::COOKIE].copy_from_slice(&current[header::COOKIE]);
        // These are SQLite's own marks of its last write.
        for mark in [header::CHANGE_COUNTER, header::VALID_FOR] {
            first[mark.clone()].copy_from_slice(&current[mark]);
        }
        Ok((now, current == first))
    })??;
    let log = committed.log.salts;
    let different = if log.is_some() && known.is_some_and(|known| known.log == log) {
        differences_in_log(&mut committed, snapshot)?
    } else {
        differences(&mut committed, snapshot)?
    };
    let mut writer = Writer::new(connection)?;
    for index in different {
        writer.write(index, snapshot.page(index))?;
    }
    if !same {
        writer.write(0, &first)?;
    }
    if committed.count > snapshot.page_count() {
        writer.truncate(snapshot.page_count())?;
    }
    if known.is_some_and(|known| known.cookie == now) {
        return Ok(Agreement { cookie: now, log });
    }
    let next = now.wrapping_add(1);
    let sql = format!("PRAGMA schema_version = {}", next.cast_signed());
    connection.execute_batch(&sql).map_err(error::plain)?;
    Ok(Agreement { cookie: next, log })
}

/// [`differences`], for when no other pages than those in the log can differ.
fn differences_in_log(committed: &mut Committed<'_>, snapshot: &Snapshot) -> Result<Vec<usize>> {
    let both = committed.count.min(snapshot.page_count());
    let mut different = Vec::new();
    for page in 1..both {
        if committed.log.pages[page] && committed.page(page, |bytes| bytes != snapshot.page(page))? {
            different.push(page);
        }
    }
    different.extend(both.max(1)..snapshot.page_count());
    Ok(different)
}

/// The indexes of the pages that are not those of the snapshot, the first left out.
fn differences(committed: &mut Committed<'_>, snapshot: &Snapshot) -> Result<Vec<usize>> {
    let both = committed.count.min(snapshot.page_count());
    let mut different = Vec::new();
    let mut buffer = vec![0; CHUNK];
    for (index, theirs) in snapshot.chunks.iter().enumerate() {
        let pages = committed.pages_of_chunk(index);
        let length = pages.len() * committed.page_size;
        committed.file.read(&mut buffer[..length], index * CHUNK)?;
        let equal = buffer[..length] == theirs[..length];
        for page in pages.start.max(1)..pages.end.min(both) {
            let ours = (page - pages.start) * committed.page_size..;
            let differs = if committed.log.pages[page] {
                committed.page(page, |bytes| bytes != snapshot.page(page))?
            } else {
                !equal && buffer[ours][..committed.page_size] != *snapshot.page(page)
            };
            if differs {
                different.push(page);
            }
        }
    }
    different.extend(both.max(1)..snapshot.page_count());
    Ok(different)
}

/// SQLite counts pages from 1.
fn page_number(index: usize) -> i64 {
    i64::try_from(index + 1).unwrap_or(i64::MAX)
}

/// Writes pages through SQLite, as part of its transaction.
struct Writer<'a>(CachedStatement<'a>);

impl<'a> Writer<'a> {
    fn new(connection: &'a Connection) -> Result<Self> {
        let sql = "INSERT INTO sqlite_dbpage (pgno, data) VALUES (?1, ?2)";
        connection.prepare_cached(sql).map(Self).map_err(error::plain)
    }

    /// Writes a page, by its index; one beyond the end makes the file longer.
    fn write(&mut self, index: usize, bytes: &[u8]) -> Result<()> {
        self.0.execute((page_number(index), bytes)).map(drop).map_err(error::plain)
    }

    /// Leaves the first `count` pages, once the transaction commits. No page may be written after this.
    fn truncate(&mut self, count: usize) -> Result<()> {
        self.0.execute((page_number(count), None::<&[u8]>)).map(drop).map_err(error::plain)
    }
}

fn other_pages(theirs: usize, ours: usize) -> Error {
    let message = format!(
        "the snapshot is of a database with other pages ({theirs} bytes; here {ours}); make a new database of it instead"
    );
    Error::new(ErrorCode::BadRequest, message)
}
