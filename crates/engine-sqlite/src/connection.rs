//! Opens connections and configures them for SQL that is not trusted.

use std::path::PathBuf;
use std::sync::Arc;
use std::sync::atomic::{AtomicU32, Ordering};
use std::time::Duration;

use phantomdb_protocol::Result;
use rusqlite::config::DbConfig;
use rusqlite::limits::Limit;
use rusqlite::{Connection, OpenFlags, ffi};

use crate::memory_vfs::{self, MemoryFile};
use crate::{error, functions};

/// The number of prepared statements that a connection caches.
const PREPARED_STATEMENTS: usize = 256;

/// The longest text, blob or row in bytes.
const LONGEST_VALUE: i32 = 256 << 20;

/// The longest statement in bytes.
const LONGEST_STATEMENT: i32 = 64 << 20;

/// The steps of SQLite's virtual machine between two calls of the progress handler: one round.
const STEPS_PER_ROUND: i32 = 1000;

/// The rounds for which a statement may run on a thread that serves others as well. Handing it to another thread and back
/// costs some ten microseconds, and most statements end earlier.
pub(super) const QUICK_ROUNDS: u32 = 20;

/// The rows of an INSERT that may run on such a thread.
pub(super) const QUICK_ROWS: usize = 250;

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

/// A connection with a budget for its statements.
pub(super) struct LimitedConnection {
    pub(super) connection: Connection,
    pub(super) budget: Arc<StepBudget>,
}

/// The place where a database is stored.
#[derive(Debug)]
pub(super) enum Location {
    Memory(MemoryFile),
    File(PathBuf),
}

/// Opens a connection. The file is created only when `create` is set.
pub(super) fn open(location: &Location, create: bool, busy_timeout: Duration) -> Result<LimitedConnection> {
    let mut connection = open_with_pages(location, create, busy_timeout)?;
    drop_page_table(&connection);
    let budget = Arc::new(StepBudget(AtomicU32::new(StepBudget::UNLIMITED)));
    let spent = Arc::clone(&budget);
    connection.progress_handler(STEPS_PER_ROUND, Some(move || spent.spend())).map_err(error::from_sqlite)?;
    Ok(LimitedConnection { connection, budget })
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
            Ok(connection)
        })
        .map_err(error::from_sqlite)
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
        (Limit::SQLITE_LIMIT_WORKER_THREADS, 0),
    ] {
        connection.set_limit(limit, value)?;
    }
    functions::register(connection)
}
