//! One connection to a database, configured for SQL that is not trusted.

use std::path::PathBuf;
use std::sync::Arc;
use std::sync::atomic::{AtomicU32, Ordering};
use std::time::Duration;

use phantomdb_protocol::Result;
use rusqlite::config::DbConfig;
use rusqlite::limits::Limit;
use rusqlite::{Connection, OpenFlags, ffi};

use super::memory_vfs::{self, MemoryFile};
use super::{error, functions};

/// Statements a connection keeps prepared.
const PREPARED_STATEMENTS: usize = 256;

/// The longest text, blob or row.
const LONGEST_VALUE: i32 = 256 << 20;

const LONGEST_STATEMENT: i32 = 64 << 20;

/// Steps of SQLite's virtual machine after which it asks whether to go on.
const STEPS_OF_A_ROUND: i32 = 1000;

/// How much longer a statement may run, in rounds of the virtual machine. Without a limit it is all of them.
#[derive(Debug)]
pub(super) struct Budget(AtomicU32);

impl Budget {
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

    /// Whether there was nothing left. A connection is used by one thread at a time.
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

/// A connection and what limits it.
pub(super) struct Link {
    pub(super) connection: Connection,
    pub(super) budget: Arc<Budget>,
}

/// Where a database is.
#[derive(Debug)]
pub(super) enum Location {
    Memory(MemoryFile),
    File(PathBuf),
}

/// Opens a connection; the database is made only when `create` is set.
pub(super) fn open(location: &Location, create: bool, busy_timeout: Duration) -> Result<Link> {
    let mut connection = open_with_pages(location, create, busy_timeout)?;
    forget_pages(&connection);
    let budget = Arc::new(Budget(AtomicU32::new(Budget::UNLIMITED)));
    let spent = Arc::clone(&budget);
    connection.progress_handler(STEPS_OF_A_ROUND, Some(move || spent.spend())).map_err(error::plain)?;
    Ok(Link { connection, budget })
}

/// Opens a connection that sees the pages of the database as a table, `sqlite_dbpage`. No statement of a user's is to
/// run on it.
pub(super) fn open_with_pages(
    location: &Location,
    create: bool,
    busy_timeout: Duration,
) -> Result<Connection> {
    let mut flags = OpenFlags::SQLITE_OPEN_READ_WRITE | OpenFlags::SQLITE_OPEN_NO_MUTEX;
    // A database in memory begins with its first connection, whoever opens it.
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
        .map_err(error::plain)
}

/// Takes the table of the pages away from a connection, with what is left in them of deleted rows.
fn forget_pages(connection: &Connection) {
    // SAFETY: the connection is open; without a module SQLite drops the one of that name, if there is one.
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
    // A file must keep a commit also when the power fails; memory has nothing to keep it in.
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
