//! Backups: a consistent copy of a database, which others read and write meanwhile.
//!
//! The copy is read page by page within one transaction, so it needs neither memory nor disk for the whole database. It is
//! read twice: first for its checksum, which travels before it.

use std::io::{self, Write};
use std::path::Path;
use std::time::Duration;

use phantomdb_protocol::{Error, ErrorCode, Result};
use phantomdb_sql::own_tables::OwnTable;
use rusqlite::{Connection, OpenFlags};
use sha2::{Digest as _, Sha256};

use crate::connection::{self, Location, Mode};
use crate::directory::check_name;
use crate::schema_rows::SchemaRows;
use crate::{error, files, hidden, lost_file};

/// A transaction that sees the database at one moment.
pub(super) struct SqliteBackup {
    connection: Connection,
    bytes: u64,
    sha256: [u8; 32],
}

impl SqliteBackup {
    /// Begins a backup of what is committed now. The connection is one with the table of pages.
    pub(super) fn begin(connection: Connection) -> Result<Self> {
        connection.execute_batch("BEGIN; SELECT count(*) FROM sqlite_schema").map_err(error::from_sqlite)?;
        let mut hash = Hash { sha256: Sha256::new(), bytes: 0 };
        write_pages(&connection, &mut hash).map_err(read_failed)?;
        let Hash { sha256, bytes } = hash;
        Ok(Self { connection, bytes, sha256: sha256.finalize().into() })
    }
}

/// Begins a backup of a database in a directory, also while a server has the directory alone: it only reads. Fails with
/// `UNKNOWN_DATABASE` when there is none of that name.
pub fn open_backup(directory: &Path, database: &str) -> Result<Box<dyn phantomdb_engine::Backup>> {
    check_name(database)?;
    let path = directory.join(format!("{database}.db"));
    if !path.is_file() {
        return Err(error::unknown_database(database));
    }
    let connection = connection::open_with_pages(&Location::File(path), false, Duration::from_secs(5))?;
    Ok(Box::new(SqliteBackup::begin(connection)?))
}

impl phantomdb_engine::Backup for SqliteBackup {
    fn bytes(&self) -> u64 {
        self.bytes
    }

    fn sha256(&self) -> [u8; 32] {
        self.sha256
    }

    fn write_to(&mut self, out: &mut dyn Write) -> io::Result<()> {
        write_pages(&self.connection, out)
    }
}

impl Drop for SqliteBackup {
    fn drop(&mut self) {
        lost_file::before_close(&self.connection);
    }
}

struct Hash {
    sha256: Sha256,
    bytes: u64,
}

impl Write for Hash {
    fn write(&mut self, part: &[u8]) -> io::Result<usize> {
        self.sha256.update(part);
        self.bytes += part.len() as u64;
        Ok(part.len())
    }

    fn flush(&mut self) -> io::Result<()> {
        Ok(())
    }
}

fn write_pages(connection: &Connection, out: &mut dyn Write) -> io::Result<()> {
    let mut pages =
        connection.prepare("SELECT data FROM sqlite_dbpage ORDER BY pgno").map_err(io::Error::other)?;
    let mut rows = pages.query([]).map_err(io::Error::other)?;
    while let Some(row) = rows.next().map_err(io::Error::other)? {
        let page = row.get_ref(0).map_err(io::Error::other)?;
        out.write_all(page.as_blob().map_err(io::Error::other)?)?;
    }
    Ok(())
}

fn read_failed(error: io::Error) -> Error {
    match error.downcast::<rusqlite::Error>() {
        Ok(error) => error::from_sqlite(error),
        Err(error) => files::from_io("the backup cannot be made", &error),
    }
}

/// Checks a database file that nobody has open: its structure, its indexes, its constraints and its foreign keys. Fails
/// with `BAD_REQUEST` and the first things that are wrong. It leaves the file unchanged.
pub fn check_file(path: &Path) -> Result<()> {
    let unusable = |why: String| Error::new(ErrorCode::BadRequest, format!("the file cannot be used: {why}"));
    let failed = |error: rusqlite::Error| unusable(error::from_sqlite(error).message);
    if files::beside(path, "-wal").metadata().is_ok_and(|log| log.len() > 0) {
        return Err(unusable(
            "it is a database that is in use, or was not closed properly; make a backup of it".into(),
        ));
    }
    let name = path.to_str().ok_or_else(|| unusable("its name is not UTF-8".into()))?;
    let name = name.replace('%', "%25").replace('?', "%3f").replace('#', "%23");
    // An immutable file is read without files beside it.
    let flags =
        OpenFlags::SQLITE_OPEN_READ_ONLY | OpenFlags::SQLITE_OPEN_NO_MUTEX | OpenFlags::SQLITE_OPEN_URI;
    let mut connection =
        Connection::open_with_flags(format!("file:{name}?immutable=1"), flags).map_err(failed)?;
    connection::restrict(&mut connection).map_err(failed)?;
    hidden::hide(&connection).map_err(failed)?;
    let wrong = |sql: &str| -> rusqlite::Result<Vec<String>> {
        let mut statement = connection.prepare(sql)?;
        let rows = statement.query_map([], |row| row.get(0))?;
        rows.collect()
    };
    let pages: i64 = connection.query_row("PRAGMA page_count", [], |row| row.get(0)).map_err(failed)?;
    if pages == 0 {
        return Err(unusable("it is empty".into()));
    }
    match wrong("PRAGMA integrity_check(5)").map_err(failed)?.as_slice() {
        [ok] if ok == "ok" => {}
        found => return Err(unusable(format!("it is damaged: {}", found.join("; ")))),
    }
    refuse_views_of_own_tables(&connection)?;
    let keys = wrong(
        "SELECT format('row %s of \"%s\" has no row in \"%s\"', coalesce(rowid, '?'), \"table\", parent) \
         FROM pragma_foreign_key_check LIMIT 5",
    );
    match keys.map_err(failed)?.as_slice() {
        [] => Ok(()),
        found => Err(unusable(format!("foreign keys are broken: {}", found.join("; ")))),
    }
}

/// Refuses a file with a view or a trigger that names one of PhantomDB's own tables: through it everybody would read the answers
/// of other callers.
fn refuse_views_of_own_tables(connection: &Connection) -> Result<()> {
    let sql = "SELECT type, name, sql FROM sqlite_schema WHERE type IN ('view', 'trigger')";
    let mut statement = connection.prepare(sql).map_err(error::from_sqlite)?;
    let rows = statement.query_map([], |row| Ok((row.get(0)?, row.get(1)?, row.get(2)?)));
    let rows = rows.and_then(|rows| rows.collect::<rusqlite::Result<Vec<(String, String, String)>>>());
    for (kind, name, sql) in rows.map_err(error::from_sqlite)? {
        let sql = sql.to_ascii_lowercase();
        if let Some(own) = OwnTable::ALL.iter().find(|own| sql.contains(own.name())) {
            let message = format!(
                "the file cannot be used: its {kind} \"{name}\" names {}, a table that PhantomDB keeps for itself; drop the {kind}",
                own.name()
            );
            return Err(Error::new(ErrorCode::BadRequest, message));
        }
    }
    Ok(())
}

/// Opens a checked file as a database that is served, and reads its definitions: they mean more there than in a check. Fails with
/// `BAD_REQUEST`. The file is the engine's own copy.
pub(super) fn check_definitions(file: &Path, busy_timeout: Duration) -> Result<()> {
    let unusable = |error: Error| {
        let why = error.message;
        Error::new(
            ErrorCode::BadRequest,
            format!("the file cannot be used: its definitions cannot be read: {why}"),
        )
    };
    let location = Location::File(file.to_owned());
    let opened = connection::open(&location, false, busy_timeout, Mode::ReadWrite).map_err(unusable)?;
    SchemaRows::read_where(&opened, |_| true).map(drop).map_err(unusable)
}
