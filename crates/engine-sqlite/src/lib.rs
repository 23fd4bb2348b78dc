//! The SQLite engine: one file for each database in a directory, or memory.
//!
//! Each database has one writer at a time and any number of readers, who never wait for it. See `DESIGN.md`.

mod adapt;
mod alter;
mod answers;
mod bind;
mod blocking;
mod catalog;
mod connection;
mod database;
mod dump;
mod error;
mod functions;
mod load;
mod memory_vfs;
mod native;
mod registry;
mod rows;
mod run;
mod schema;
mod session;
mod snapshot;
mod state;
mod stored;
#[cfg(test)]
mod tests;
mod transaction;
pub mod types;
mod written;

use std::collections::HashMap;
use std::fs::{self, OpenOptions};
use std::io::ErrorKind;
use std::path::{Path, PathBuf};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::time::Duration;

use async_trait::async_trait;
use phantomdb_protocol::{BeginTransaction, Error, ErrorCode, Result};

use connection::Location;
use database::Database;
pub use dump::Dump;
pub use functions::lossless::{Fit, fit};
pub use load::Loader;
use memory_vfs::MemoryFile;
use phantomdb_engine::{Engine, Session, Transaction, check_database_name};
pub use session::SqliteSession;
pub use snapshot::Snapshot;
pub use stored::stored_name;
pub use transaction::SqliteTransaction;

/// How the engine behaves.
#[derive(Debug, Clone, Copy)]
pub struct SqliteOptions {
    /// How long a write waits for the transaction that holds the write lock.
    pub lock_timeout: Duration,
    /// How long a transaction that holds the write lock may run no statement while others wait for the lock; then
    /// it is rolled back. While nobody waits it may be idle for longer.
    pub lock_idle_timeout: Duration,
}

impl Default for SqliteOptions {
    fn default() -> Self {
        Self { lock_timeout: Duration::from_secs(10), lock_idle_timeout: Duration::from_secs(5) }
    }
}

/// Where the databases are.
enum Store {
    Memory,
    Directory(PathBuf),
}

/// Databases kept by SQLite.
pub struct SqliteEngine {
    store: Store,
    options: SqliteOptions,
    /// The databases in use; none at all once the engine is closed.
    databases: Mutex<Option<HashMap<String, Arc<Database>>>>,
}

/// What a thread that panicked has left behind is whole: nothing is changed in more than one step.
fn guard<T>(mutex: &Mutex<T>) -> MutexGuard<'_, T> {
    mutex.lock().unwrap_or_else(PoisonError::into_inner)
}

impl SqliteEngine {
    /// Databases in the memory of this process, private to this engine and gone with it.
    pub fn memory() -> Self {
        Self::new(Store::Memory)
    }

    /// Databases in a directory, which is made when it is missing.
    pub fn open(directory: &Path) -> Result<Self> {
        let failed = |e: std::io::Error| {
            Error::internal(format!("the directory for the databases cannot be used: {}", e.kind()))
        };
        fs::create_dir_all(directory).map_err(failed)?;
        Ok(Self::new(Store::Directory(directory.canonicalize().map_err(failed)?)))
    }

    #[must_use]
    pub fn with_options(mut self, options: SqliteOptions) -> Self {
        self.options = options;
        self
    }

    fn new(store: Store) -> Self {
        Self { store, options: SqliteOptions::default(), databases: Mutex::new(Some(HashMap::new())) }
    }

    /// A session with what only this engine has. `UNKNOWN_DATABASE` when there is none of that name.
    pub fn session(&self, name: &str) -> Result<Arc<SqliteSession>> {
        Ok(Arc::new(SqliteSession::new(self.find(name)?)))
    }

    fn find(&self, name: &str) -> Result<Arc<Database>> {
        check_database_name(name)?;
        let mut databases = guard(&self.databases);
        let databases = databases.as_mut().ok_or_else(closed)?;
        if let Some(database) = databases.get(name) {
            return Ok(Arc::clone(database));
        }
        let path = self.path(name).filter(|path| path.is_file()).ok_or_else(|| unknown(name))?;
        let database = Arc::new(Database::new(name, Location::File(path), self.options));
        databases.insert(name.to_owned(), Arc::clone(&database));
        Ok(database)
    }

    fn path(&self, name: &str) -> Option<PathBuf> {
        match &self.store {
            Store::Memory => None,
            Store::Directory(directory) => Some(directory.join(format!("{name}.db"))),
        }
    }

    /// Makes a database, empty or as the snapshot.
    fn create(&self, name: &str, snapshot: Option<&Arc<Snapshot>>) -> Result<()> {
        check_database_name(name)?;
        let exists =
            || Error::new(ErrorCode::AlreadyExists, format!("there is a database \"{name}\" already"));
        // Held until the database is there, so that nobody finds half of it.
        let mut databases = guard(&self.databases);
        let databases = databases.as_mut().ok_or_else(closed)?;
        if databases.contains_key(name) {
            return Err(exists());
        }
        let location = match (self.path(name), snapshot) {
            (None, None) => Location::Memory(MemoryFile::new()?),
            (None, Some(snapshot)) => Location::Memory(snapshot.in_memory()?),
            (Some(path), snapshot) => {
                let made = match snapshot {
                    None => OpenOptions::new().write(true).create_new(true).open(&path).map(drop),
                    Some(snapshot) => snapshot.write_new(&path),
                };
                made.map_err(|e| match e.kind() {
                    ErrorKind::AlreadyExists => exists(),
                    kind => Error::internal(format!("the file of the database cannot be made: {kind}")),
                })?;
                Location::File(path)
            }
        };
        let database = Arc::new(Database::new(name, location, self.options));
        match snapshot {
            None => database.create()?,
            Some(snapshot) => database.create_from(snapshot)?,
        }
        databases.insert(name.to_owned(), database);
        Ok(())
    }

    fn names(&self) -> Result<Vec<String>> {
        let mut names: Vec<String> = match &self.store {
            Store::Memory => guard(&self.databases).as_ref().ok_or_else(closed)?.keys().cloned().collect(),
            Store::Directory(directory) => fs::read_dir(directory)
                .map_err(|e| Error::internal(format!("the directory cannot be read: {}", e.kind())))?
                .filter_map(|entry| Some(entry.ok()?.file_name().to_str()?.strip_suffix(".db")?.to_owned()))
                .filter(|name| check_database_name(name).is_ok())
                .collect(),
        };
        names.sort_unstable();
        Ok(names)
    }
}

fn closed() -> Error {
    Error::new(ErrorCode::Unavailable, "the engine was closed")
}

fn unknown(name: &str) -> Error {
    Error::new(ErrorCode::UnknownDatabase, format!("there is no database \"{name}\"; create it first"))
}

/// Deletes a database and what SQLite keeps beside it.
fn delete_files(path: &Path) -> Result<()> {
    for suffix in ["-wal", "-shm", "-journal", ""] {
        let mut file = path.as_os_str().to_owned();
        file.push(suffix);
        match fs::remove_file(file) {
            Err(e) if e.kind() != ErrorKind::NotFound => {
                return Err(Error::internal(format!(
                    "a file of the database cannot be deleted: {}",
                    e.kind()
                )));
            }
            _ => {}
        }
    }
    Ok(())
}

#[async_trait]
impl Engine for SqliteEngine {
    fn name(&self) -> &'static str {
        "sqlite"
    }

    async fn version(&self) -> Result<String> {
        Ok(rusqlite::version().to_owned())
    }

    async fn databases(&self) -> Result<Vec<String>> {
        self.names()
    }

    async fn create_database(&self, name: &str) -> Result<()> {
        self.create(name, None)
    }

    async fn create_database_from(
        &self,
        name: &str,
        snapshot: &Arc<dyn phantomdb_engine::Snapshot>,
    ) -> Result<()> {
        self.create(name, Some(&Snapshot::of_this_engine(snapshot)?))
    }

    async fn snapshot(&self, database: &str) -> Result<Arc<dyn phantomdb_engine::Snapshot>> {
        let snapshot = self.find(database)?.snapshot().await?;
        Ok(snapshot)
    }

    async fn restore(&self, database: &str, snapshot: &Arc<dyn phantomdb_engine::Snapshot>) -> Result<()> {
        self.find(database)?.restore(Snapshot::of_this_engine(snapshot)?).await
    }

    async fn drop_database(&self, name: &str) -> Result<()> {
        let database = self.find(name)?;
        database.close().await?;
        if let Some(databases) = guard(&self.databases).as_mut() {
            databases.remove(name);
        }
        match database.file() {
            Some(path) => delete_files(path),
            None => Ok(()),
        }
    }

    async fn database(&self, name: &str) -> Result<Arc<dyn Session>> {
        Ok(self.session(name)?)
    }

    async fn begin(&self, options: &BeginTransaction) -> Result<Arc<dyn Transaction>> {
        let transaction = SqliteTransaction::begin(self.find(&options.database)?, options).await?;
        Ok(Arc::new(transaction))
    }

    async fn close(&self) -> Result<()> {
        let databases = guard(&self.databases).take().unwrap_or_default();
        for database in databases.into_values() {
            database.close().await?;
        }
        Ok(())
    }
}
