//! Opens connections and configures them for SQL that is not trusted.

use std::cell::Cell;
use std::fs::File;
use std::ops::Deref;
use std::path::{Path, PathBuf};
use std::sync::Arc;
use std::sync::atomic::{AtomicU32, Ordering};
use std::time::Duration;

use phantomdb_engine::Deadline;
use phantomdb_engine::limits::OPEN_FILES;
use phantomdb_protocol::Result;
use rusqlite::config::DbConfig;
use rusqlite::limits::Limit;
use rusqlite::{Connection, OpenFlags, ffi};

use crate::memory_vfs::{self, MemoryFile};
use crate::{blocking, error, functions, hidden, lost_file};

/// The number of prepared statements that a connection caches.
const PREPARED_STATEMENTS: usize = 256;

/// The longest text, blob or row in bytes.
const LONGEST_VALUE: i32 = 256 << 20;

/// The longest statement in bytes.
const LONGEST_STATEMENT: i32 = 64 << 20;

/// The size to which SQLite cuts the log of a file, in bytes, once everything in it is in the database.
const LOG_MAX: u32 = 16 << 20;
/// The steps of SQLite's virtual machine between two calls of the progress handler: one round.
const STEPS_PER_ROUND: i32 = 1000;

/// The rounds for which a statement may run on a thread that serves others as well. Handing it to another thread and back
/// costs some ten microseconds, and most statements end earlier.
pub(super) const QUICK_ROUNDS: u32 = 20;

/// The rows of an INSERT that may run on such a thread.
pub(super) const QUICK_ROWS: usize = 250;

/// The rows that a transaction may have changed for its end to run on such a thread. Their pages are written at the end.
pub(super) const QUICK_CHANGES: u64 = 1000;

/// The number of rounds for which a statement may still run. `UNLIMITED` never runs out.
#[derive(Debug)]
pub(super) struct StepBudget(AtomicU32);

impl StepBudget {
    const UNLIMITED: u32 = u32::MAX;

    pub(super) fn limit(&self, rounds: u32) {
        self.0.store(rounds, Ordering::Relaxed);
    }

    pub(super) fn lift(&self) {
        self.0.store(Self::UNLIMITED, Ordering::Relaxed);
    }

    pub(super) fn is_spent(&self) -> bool {
        self.0.load(Ordering::Relaxed) == 0
    }

    /// Uses up one round. Returns true when there was none left. A connection is used by one thread at a time, so loading
    /// and storing need not be one step.
    fn spend(&self) -> bool {
        match self.0.load(Ordering::Relaxed) {
            Self::UNLIMITED => false,
            0 => true,
            left => {
                self.0.store(left - 1, Ordering::Relaxed);
                false
            }
        }
    }
}

/// Whether the statements on a connection can write.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Mode {
    ReadWrite,
    /// SQLite refuses every write.
    ReadOnly,
}

thread_local! {
    /// The rows that the connection of this thread had changed when the statement that runs began.
    static CHANGES_BEFORE: Cell<u64> = const { Cell::new(0) };
}

/// Notes that a statement begins, by the number of rows that its connection has changed until now.
pub(super) fn note_beginning(changes: u64) {
    CHANGES_BEFORE.set(changes);
}

/// The handle of a connection, for its own progress handler.
struct Handle(*mut ffi::sqlite3);

// SAFETY: a connection is used by one thread at a time, and its progress handler runs on that thread.
unsafe impl Send for Handle {}

impl Handle {
    /// True when the statement that runs has committed the rows that it changed. SQLite asks the progress handler once more at
    /// the end of a statement, when it is too late to stop it.
    fn has_committed(&self) -> bool {
        // SAFETY: SQLite calls the handler on an open connection, and both functions only read from it.
        let (commits, changes) =
            unsafe { (ffi::sqlite3_get_autocommit(self.0) != 0, ffi::sqlite3_total_changes64(self.0)) };
        commits && u64::try_from(changes).is_ok_and(|changes| changes != CHANGES_BEFORE.get())
    }
}

/// A connection with a budget for its statements.
pub(super) struct LimitedConnection {
    pub(super) mode: Mode,
    pub(super) connection: Connection,
    pub(super) budget: Arc<StepBudget>,
}

impl Deref for LimitedConnection {
    type Target = Connection;

    fn deref(&self) -> &Connection {
        &self.connection
    }
}

impl Drop for LimitedConnection {
    fn drop(&mut self) {
        lost_file::before_close(&self.connection);
    }
}

/// The place where a database is stored.
#[derive(Debug)]
pub(super) enum Location {
    Memory(MemoryFile),
    File(PathBuf),
}

/// Opens a connection. The file is created only when `create` is set.
pub(super) fn open(
    location: &Location,
    create: bool,
    busy_timeout: Duration,
    mode: Mode,
) -> Result<LimitedConnection> {
    let mut connection = open_with_pages(location, create, busy_timeout)?;
    if mode == Mode::ReadOnly {
        connection.execute_batch("PRAGMA query_only=ON").map_err(error::from_sqlite)?;
    }
    drop_page_table(&connection);
    hidden::hide(&connection).map_err(error::from_sqlite)?;
    let budget = Arc::new(StepBudget(AtomicU32::new(StepBudget::UNLIMITED)));
    let spent = Arc::clone(&budget);
    // SAFETY: the handle is used by the handler alone, which SQLite calls while a statement runs on the open connection.
    let handle = Handle(unsafe { connection.handle() });
    let stop = move || {
        (spent.spend() || blocking::is_stopped() || Deadline::passed().is_some()) && !handle.has_committed()
    };
    connection.progress_handler(STEPS_PER_ROUND, Some(stop)).map_err(error::from_sqlite)?;
    Ok(LimitedConnection { mode, connection, budget })
}

/// Opens a connection that has the table `sqlite_dbpage`, the pages of the database. No statement of a user may run on it.
pub(super) fn open_with_pages(
    location: &Location,
    create: bool,
    busy_timeout: Duration,
) -> Result<Connection> {
    let mut flags = OpenFlags::SQLITE_OPEN_READ_WRITE | OpenFlags::SQLITE_OPEN_NO_MUTEX;
    // A database in memory is created by the first connection to it.
    if create || matches!(location, Location::Memory(_)) {
        flags |= OpenFlags::SQLITE_OPEN_CREATE;
    }
    let opened = match location {
        Location::Memory(file) => Connection::open_with_flags_and_vfs(file.path(), flags, memory_vfs::NAME),
        Location::File(path) => Connection::open_with_flags(path, flags),
    };
    opened
        .and_then(|mut connection| {
            configure(&mut connection, location, busy_timeout)?;
            if let Location::File(_) = location {
                connection.execute_batch(&format!("PRAGMA journal_size_limit={LOG_MAX}"))?;
                lost_file::refuse_commits(&mut connection)?;
            }
            Ok(connection)
        })
        .map_err(|e| match location {
            Location::File(path) if is_out_of_files(path) => OPEN_FILES.exceeded(
                "no connection to the database can be opened, as the process has too many files open",
            ),
            _ => error::from_sqlite(e),
        })
}

/// True when the process or the system cannot open another file. SQLite does not say why it could open none.
fn is_out_of_files(path: &Path) -> bool {
    /// `ENFILE` and `EMFILE`.
    const TOO_MANY: [i32; 2] = [23, 24];
    let opened = File::open(path);
    cfg!(unix) && opened.is_err_and(|error| error.raw_os_error().is_some_and(|code| TOO_MANY.contains(&code)))
}

/// Removes the table of pages from a connection. The pages contain remains of deleted rows.
fn drop_page_table(connection: &Connection) {
    // SAFETY: the handle is valid because the connection is borrowed and open, and the name is a static C string. Null for
    // the module is allowed: SQLite then removes the module of that name, if there is one.
    unsafe {
        ffi::sqlite3_create_module_v2(
            connection.handle(),
            c"sqlite_dbpage".as_ptr(),
            std::ptr::null(),
            std::ptr::null_mut(),
            None,
        );
    }
}

fn configure(
    connection: &mut Connection,
    location: &Location,
    busy_timeout: Duration,
) -> rusqlite::Result<()> {
    connection.busy_timeout(busy_timeout)?;
    connection.set_prepared_statement_cache_capacity(PREPARED_STATEMENTS);
    // A commit to a file must survive a power failure. Memory cannot.
    let synchronous = match location {
        Location::Memory(_) => "OFF",
        Location::File(_) => "FULL",
    };
    connection.execute_batch(&format!(
        "PRAGMA journal_mode=WAL; PRAGMA synchronous={synchronous}; PRAGMA foreign_keys=ON;
         PRAGMA case_sensitive_like=ON; PRAGMA temp_store=MEMORY; PRAGMA cache_size=-8000"
    ))?;
    restrict(connection)
}

/// Sets the limits of a connection and registers the functions, so that statements and definitions mean on it what they mean on
/// all.
pub(super) fn restrict(connection: &mut Connection) -> rusqlite::Result<()> {
    for (setting, on) in [
        (DbConfig::SQLITE_DBCONFIG_DEFENSIVE, true),
        (DbConfig::SQLITE_DBCONFIG_TRUSTED_SCHEMA, false),
        // A misspelt column in double quotes is an error, not a string.
        (DbConfig::SQLITE_DBCONFIG_DQS_DML, false),
        (DbConfig::SQLITE_DBCONFIG_DQS_DDL, false),
    ] {
        connection.set_db_config(setting, on)?;
    }
    for (limit, value) in [
        (Limit::SQLITE_LIMIT_ATTACHED, 0),
        (Limit::SQLITE_LIMIT_LENGTH, LONGEST_VALUE),
        (Limit::SQLITE_LIMIT_SQL_LENGTH, LONGEST_STATEMENT),
        (Limit::SQLITE_LIMIT_LIKE_PATTERN_LENGTH, error::LONGEST_LIKE_PATTERN),
        (Limit::SQLITE_LIMIT_WORKER_THREADS, 0),
    ] {
        connection.set_limit(limit, value)?;
    }
    functions::register(connection)
}
