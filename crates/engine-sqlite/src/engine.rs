//! The engine: databases by name, in memory or in a directory.

use std::collections::HashMap;
use std::fs::{self, OpenOptions};
use std::io::ErrorKind;
use std::path::{Path, PathBuf};
use std::sync::{Arc, Mutex};

use async_trait::async_trait;
use phantomdb_engine::sync::lock;
use phantomdb_engine::{Engine, Session, Transaction, check_database_name};
use phantomdb_protocol::{BeginTransaction, Error, ErrorCode, Result};

use crate::connection::Location;
use crate::database::Database;
use crate::error;
use crate::memory_vfs::MemoryFile;
use crate::options::SqliteOptions;
use crate::session::SqliteSession;
use crate::snapshot::Snapshot;
use crate::transaction::SqliteTransaction;

/// Where the databases of an engine are.
enum Storage {
    Memory,
    Directory(PathBuf),
}

/// A store of SQLite databases.
pub struct SqliteEngine {
    storage: Storage,
    options: SqliteOptions,
    /// The databases in use by name. `None` once the engine is closed.
    databases: Mutex<Option<HashMap<String, Arc<Database>>>>,
}

impl SqliteEngine {
    /// An engine whose databases are in memory. They belong to this engine and are freed with it.
    pub fn memory() -> Self {
        Self::new(Storage::Memory)
    }

    /// An engine whose databases are files in a directory. The directory is created when it is missing.
    pub fn open(directory: &Path) -> Result<Self> {
        let failed = |e: std::io::Error| {
            Error::internal(format!("the directory for the databases cannot be used: {}", e.kind()))
        };
        fs::create_dir_all(directory).map_err(failed)?;
        Ok(Self::new(Storage::Directory(directory.canonicalize().map_err(failed)?)))
    }

    #[must_use]
    pub fn with_options(mut self, options: SqliteOptions) -> Self {
        self.options = options;
        self
    }

    fn new(storage: Storage) -> Self {
        Self { storage, options: SqliteOptions::default(), databases: Mutex::new(Some(HashMap::new())) }
    }

    /// Opens a session of this engine's own type. Fails with `UNKNOWN_DATABASE` when no database has this name.
    pub fn session(&self, name: &str) -> Result<Arc<SqliteSession>> {
        Ok(Arc::new(SqliteSession::new(self.find(name)?)))
    }

    fn find(&self, name: &str) -> Result<Arc<Database>> {
        check_database_name(name)?;
        let mut databases = lock(&self.databases);
        let databases = databases.as_mut().ok_or_else(closed)?;
        if let Some(database) = databases.get(name) {
            return Ok(Arc::clone(database));
        }
        let path =
            self.path(name).filter(|path| path.is_file()).ok_or_else(|| error::unknown_database(name))?;
        let database = Arc::new(Database::new(name, Location::File(path), self.options));
        databases.insert(name.to_owned(), Arc::clone(&database));
        Ok(database)
    }

    fn path(&self, name: &str) -> Option<PathBuf> {
        match &self.storage {
            Storage::Memory => None,
            Storage::Directory(directory) => Some(directory.join(format!("{name}.db"))),
        }
    }

    /// Creates a database that is empty or in the state of a snapshot.
    fn create(&self, name: &str, snapshot: Option<&Arc<Snapshot>>) -> Result<()> {
        check_database_name(name)?;
        let exists =
            || Error::new(ErrorCode::AlreadyExists, format!("there is a database \"{name}\" already"));
        // The lock is held until the database is complete, so that nobody opens half of it.
        let mut databases = lock(&self.databases);
        let databases = databases.as_mut().ok_or_else(closed)?;
        if databases.contains_key(name) {
            return Err(exists());
        }
        let location = match (self.path(name), snapshot) {
            (None, None) => Location::Memory(MemoryFile::new()?),
            (None, Some(snapshot)) => Location::Memory(snapshot.in_memory()?),
            (Some(path), snapshot) => {
                let created = match snapshot {
                    None => OpenOptions::new().write(true).create_new(true).open(&path).map(drop),
                    Some(snapshot) => snapshot.write_new(&path),
                };
                created.map_err(|e| match e.kind() {
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
        let mut names: Vec<String> = match &self.storage {
            Storage::Memory => lock(&self.databases).as_ref().ok_or_else(closed)?.keys().cloned().collect(),
            Storage::Directory(directory) => fs::read_dir(directory)
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

/// Deletes the file of a database and the files that SQLite keeps beside it.
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
        if let Some(databases) = lock(&self.databases).as_mut() {
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
        let databases = lock(&self.databases).take().unwrap_or_default();
        for database in databases.into_values() {
            database.close().await?;
        }
        Ok(())
    }
}
