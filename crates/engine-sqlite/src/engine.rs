//! The engine: databases by name, in memory or in a directory.

use std::collections::{HashMap, hash_map::Entry};
use std::io::ErrorKind;
use std::path::{Path, PathBuf};
use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};
use std::time::{Duration, Instant};

use async_trait::async_trait;
use parking_lot::Mutex;
use phantomdb_engine::{Access, Backup, Engine, EngineStatistics, LockWait, Session, Transaction};
use phantomdb_protocol::{BeginTransaction, Error, ErrorCode, Result};
use tokio_util::sync::CancellationToken;

use crate::backup::{check_definitions, check_file};
use crate::blocking;
use crate::connection::Location;
use crate::database::Database;
use crate::directory::{self, Directory, Sharing};
use crate::files;
use crate::memory_vfs::MemoryFile;
use crate::options::SqliteOptions;
use crate::session::SqliteSession;
use crate::snapshot::Snapshot;
use crate::transaction::SqliteTransaction;
use crate::{error, lock_waits, new_file, restore};

/// Where the databases of an engine are.
enum Storage {
    Memory,
    Directory(Arc<Directory>),
}

/// The databases in use by name, and the names of those that are being made. `None` once the engine is closed.
type Databases = Arc<Mutex<Option<KnownDatabases>>>;

#[derive(Default)]
struct KnownDatabases {
    open: HashMap<String, Arc<Database>>,
    /// A token is cancelled when its database is made, or cannot be made.
    creating: HashMap<String, CancellationToken>,
}

/// A store of SQLite databases.
pub struct SqliteEngine {
    storage: Storage,
    options: SqliteOptions,
    databases: Databases,
    start: Instant,
    /// When to look for idle databases again, in milliseconds after `start`.
    next_sweep: AtomicU64,
}

impl SqliteEngine {
    /// An engine whose databases are in memory. They belong to this engine and are freed with it.
    pub fn memory() -> Self {
        Self::new(Storage::Memory)
    }

    /// An engine whose databases are files in a directory, which other processes may use in the same way. The directory is
    /// created when it is missing. Fails with `UNAVAILABLE` when another process has it alone.
    pub fn open(directory: &Path) -> Result<Self> {
        Ok(Self::new(Storage::Directory(Arc::new(Directory::open(directory, Sharing::Shared)?))))
    }

    /// An engine that has its directory alone: see [`Self::open`]. Fails with `UNAVAILABLE` when anybody uses it.
    pub fn open_alone(directory: &Path) -> Result<Self> {
        Ok(Self::new(Storage::Directory(Arc::new(Directory::open(directory, Sharing::Alone)?))))
    }

    #[must_use]
    pub fn with_options(mut self, options: SqliteOptions) -> Self {
        self.options = options;
        self
    }

    fn new(storage: Storage) -> Self {
        let databases = Arc::new(Mutex::new(Some(KnownDatabases::default())));
        Self {
            storage,
            options: SqliteOptions::default(),
            databases,
            start: Instant::now(),
            next_sweep: AtomicU64::new(0),
        }
    }

    /// Opens a session of this engine's own type. Fails with `UNKNOWN_DATABASE` when no database has this name.
    pub fn session(&self, name: &str) -> Result<Arc<SqliteSession>> {
        Ok(Arc::new(SqliteSession::new(self.find(name)?, Access::Schema)))
    }

    fn find(&self, name: &str) -> Result<Arc<Database>> {
        directory::check_name(name)?;
        let mut databases = self.databases.lock();
        let databases = databases.as_mut().ok_or_else(closed)?;
        let now = self.close_idle(&databases.open);
        if let Some(database) = databases.open.get(name) {
            if database.is_current() {
                database.touch(now);
                return Ok(Arc::clone(database));
            }
            // Somebody else has dropped it. Whoever still uses it learns that before a commit.
            databases.open.remove(name);
        }
        let path = self
            .path(name)
            .filter(|path| path.is_file() && !databases.creating.contains_key(name))
            .ok_or_else(|| error::unknown_database(name))?;
        let database = Arc::new(Database::new(name, Location::File(path), self.options.clone()));
        databases.open.insert(name.to_owned(), Arc::clone(&database));
        Ok(database)
    }

    /// Closes the connections to databases that were not used for long. Returns the time, in milliseconds since the engine
    /// was made.
    fn close_idle(&self, databases: &HashMap<String, Arc<Database>>) -> u64 {
        let Some(timeout) = self.options.database_idle_timeout else { return 0 };
        let milliseconds = |time: Duration| u64::try_from(time.as_millis()).unwrap_or(u64::MAX);
        let (now, timeout) = (milliseconds(self.start.elapsed()), milliseconds(timeout));
        if now >= self.next_sweep.load(Ordering::Relaxed) {
            self.next_sweep.store(now + (timeout / 4).max(1), Ordering::Relaxed);
            if let Some(moment) = now.checked_sub(timeout) {
                databases.values().for_each(|database| database.close_if_idle_since(moment));
            }
        }
        now
    }

    fn path(&self, name: &str) -> Option<PathBuf> {
        match &self.storage {
            Storage::Memory => None,
            Storage::Directory(directory) => Some(directory.file(name)),
        }
    }

    /// Creates a database that is empty or in the state of a snapshot. The files are made without the lock of the others'
    /// databases, and by a thread that may wait for the disk.
    async fn create(&self, name: &str, snapshot: Option<Arc<Snapshot>>) -> Result<()> {
        let reserved = ReservedName::new(&self.databases, name).await?;
        let options = self.options.clone();
        match &self.storage {
            Storage::Memory => reserved.fill(|name| make_in_memory(name, snapshot.as_ref(), options)),
            Storage::Directory(directory) => {
                let directory = Arc::clone(directory);
                blocking::run_to_end(move || {
                    reserved.fill(|name| make_file(name, &directory, snapshot.as_ref(), options))
                })
                .await?
            }
        }
    }

    fn names(&self) -> Result<Vec<String>> {
        let known = |list: &mut dyn FnMut(&KnownDatabases) -> Vec<String>| {
            self.databases.lock().as_ref().map(list).ok_or_else(closed)
        };
        let mut names: Vec<String> = match &self.storage {
            Storage::Memory => known(&mut |databases| databases.open.keys().cloned().collect())?,
            Storage::Directory(directory) => {
                let files = directory.names()?;
                known(&mut |databases| {
                    files.iter().filter(|name| !databases.creating.contains_key(*name)).cloned().collect()
                })?
            }
        };
        names.sort_unstable();
        Ok(names)
    }

    /// Closes a database and forgets it. Whoever asks for it next opens it anew.
    async fn close_database(&self, database: &Arc<Database>) -> Result<()> {
        database.close().await?;
        if let Some(databases) = self.databases.lock().as_mut()
            && databases.open.get(&database.name).is_some_and(|known| Arc::ptr_eq(known, database))
        {
            databases.open.remove(&database.name);
        }
        Ok(())
    }
}

/// The name of a database that is being made. Nobody else can make or open one of that name meanwhile.
struct ReservedName {
    databases: Databases,
    name: String,
    /// Tells those who wait that it is over.
    done: CancellationToken,
}

impl ReservedName {
    /// Fails with `ALREADY_EXISTS` when there is a database of that name. While somebody else makes it, this waits for the
    /// outcome: whoever is told that it exists can use it.
    async fn new(databases: &Databases, name: &str) -> Result<Self> {
        directory::check_name(name)?;
        loop {
            let made_by_other = {
                let mut known = databases.lock();
                let known = known.as_mut().ok_or_else(closed)?;
                if known.open.get(name).is_some_and(|database| database.is_current()) {
                    return Err(exists(name));
                }
                match known.creating.entry(name.to_owned()) {
                    Entry::Vacant(vacant) => {
                        let done = vacant.insert(CancellationToken::new()).clone();
                        return Ok(Self { databases: Arc::clone(databases), name: name.to_owned(), done });
                    }
                    Entry::Occupied(occupied) => occupied.get().clone(),
                }
            };
            made_by_other.cancelled().await;
        }
    }

    /// Makes the database, and lets everybody use it.
    fn fill(self, make: impl FnOnce(&str) -> Result<Arc<Database>>) -> Result<()> {
        let database = make(&self.name)?;
        self.databases.lock().as_mut().ok_or_else(closed)?.open.insert(self.name.clone(), database);
        Ok(())
    }
}

impl Drop for ReservedName {
    fn drop(&mut self) {
        if let Some(databases) = self.databases.lock().as_mut() {
            databases.creating.remove(&self.name);
        }
        self.done.cancel();
    }
}

fn make_in_memory(
    name: &str,
    snapshot: Option<&Arc<Snapshot>>,
    options: SqliteOptions,
) -> Result<Arc<Database>> {
    let content = match snapshot {
        None => MemoryFile::new()?,
        Some(snapshot) => snapshot.in_memory()?,
    };
    let database = Arc::new(Database::new(name, Location::Memory(content), options));
    if let Some(snapshot) = snapshot {
        database.record_created_from(snapshot);
    }
    database.open_first_connection()?;
    Ok(database)
}

/// Makes a database that is a file. No connection is opened: once the file is in its place, nothing can fail, and other
/// processes may use it.
fn make_file(
    name: &str,
    directory: &Directory,
    snapshot: Option<&Arc<Snapshot>>,
    options: SqliteOptions,
) -> Result<Arc<Database>> {
    let place = directory.file(name);
    let file = match snapshot {
        None => new_file::write_empty(directory.path())?,
        Some(snapshot) => {
            snapshot.write_temporary(directory.path()).map_err(|error| not_made(name, &error))?
        }
    };
    directory.changing_files(|| {
        new_file::move_to_place(file.path(), &place).map_err(|error| not_made(name, &error))
    })?;
    let database = Arc::new(Database::new(name, Location::File(place), options));
    if let Some(snapshot) = snapshot {
        database.record_created_from(snapshot);
    }
    Ok(database)
}

fn not_made(name: &str, error: &std::io::Error) -> Error {
    match error.kind() {
        ErrorKind::AlreadyExists => exists(name),
        _ => files::from_io("the file of the database cannot be made", error),
    }
}

fn exists(name: &str) -> Error {
    Error::new(ErrorCode::AlreadyExists, format!("there is a database \"{name}\" already"))
}

fn closed() -> Error {
    Error::new(ErrorCode::Unavailable, "the engine was closed")
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
        self.create(name, None).await
    }

    async fn create_database_from(
        &self,
        name: &str,
        snapshot: &Arc<dyn phantomdb_engine::Snapshot>,
    ) -> Result<()> {
        self.create(name, Some(Snapshot::of_this_engine(snapshot)?)).await
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
        self.close_database(&database).await?;
        let Storage::Directory(directory) = &self.storage else { return Ok(()) };
        let (directory, path) = (Arc::clone(directory), directory.file(name));
        let busy_timeout = self.options.lock_timeout;
        blocking::run_to_end(move || {
            directory.changing_files(|| directory::delete_database(&path, busy_timeout))
        })
        .await?
    }

    async fn check_ready(&self) -> Result<()> {
        match &self.storage {
            Storage::Memory => Ok(()),
            Storage::Directory(directory) => {
                let directory = Arc::clone(directory);
                blocking::run_to_end(move || directory.check_writable()).await?
            }
        }
    }

    async fn compact(&self, database: &str) -> Result<()> {
        self.find(database)?.compact().await
    }

    async fn backup(&self, database: &str) -> Result<Box<dyn Backup>> {
        Ok(Box::new(self.find(database)?.backup().await?))
    }

    fn scratch(&self) -> PathBuf {
        match &self.storage {
            Storage::Memory => std::env::temp_dir(),
            Storage::Directory(directory) => directory.path().to_owned(),
        }
    }

    async fn restore_backup(&self, name: &str, file: &Path, replace: bool) -> Result<()> {
        let (checked, busy_timeout) = (file.to_owned(), self.options.lock_timeout);
        blocking::run_to_end(move || {
            check_file(&checked).and_then(|()| check_definitions(&checked, busy_timeout))
        })
        .await??;
        let Storage::Directory(directory) = &self.storage else {
            let snapshot = Arc::new(Snapshot::load(file)?);
            return match self.find(name) {
                Ok(_) if !replace => Err(exists(name)),
                Ok(database) => database.restore(snapshot).await,
                Err(error) if error.code == ErrorCode::UnknownDatabase => {
                    self.create(name, Some(snapshot)).await
                }
                Err(error) => Err(error),
            };
        };
        let (directory, file) = (Arc::clone(directory), file.to_owned());
        let (place, busy_timeout) = (directory.file(name), self.options.lock_timeout);
        match self.find(name) {
            Ok(_) if !replace => Err(exists(name)),
            Ok(database) => {
                self.close_database(&database).await?;
                // Nobody opens it before the new one is there.
                let reserved = ReservedName::new(&self.databases, name).await?;
                blocking::run_to_end(move || {
                    let moved = directory.alone(|| restore::move_over(&file, &place, busy_timeout));
                    drop(reserved);
                    moved
                })
                .await?
            }
            Err(error) if error.code == ErrorCode::UnknownDatabase => {
                let reserved = ReservedName::new(&self.databases, name).await?;
                blocking::run_to_end(move || {
                    directory.changing_files(|| {
                        restore::move_to_new(&file, &place).map_err(|error| match error.kind() {
                            ErrorKind::AlreadyExists => exists(&reserved.name),
                            _ => files::from_io("the backup cannot be moved to its place", &error),
                        })
                    })
                })
                .await?
            }
            Err(error) => Err(error),
        }
    }

    async fn database_with(&self, name: &str, access: Access) -> Result<Arc<dyn Session>> {
        Ok(Arc::new(SqliteSession::new(self.find(name)?, access)))
    }

    async fn begin_with(&self, options: &BeginTransaction, access: Access) -> Result<Arc<dyn Transaction>> {
        let transaction = SqliteTransaction::begin(self.find(&options.database)?, options, access).await?;
        Ok(Arc::new(transaction))
    }

    async fn statistics(&self) -> EngineStatistics {
        let databases: Vec<_> = self
            .databases
            .lock()
            .as_ref()
            .map(|known| known.open.values().cloned().collect())
            .unwrap_or_default();
        let (idle, reading) = databases
            .iter()
            .map(|database| database.in_use())
            .fold((0, 0), |sum, next| (sum.0 + next.0, sum.1 + next.1));
        let directory = match &self.storage {
            Storage::Memory => None,
            Storage::Directory(directory) => Some(Arc::clone(directory)),
        };
        let bytes = blocking::run_to_end(move || directory.and_then(|directory| directory.bytes()));
        EngineStatistics {
            databases_in_use: Some(databases.len() as u64),
            idle_connections: Some(idle as u64),
            running_reads: Some(reading as u64),
            lock_waits: Some(lock_waits::total()),
            bytes: bytes.await.ok().flatten(),
            ..EngineStatistics::default()
        }
    }

    async fn lock_waits(&self) -> Result<Vec<LockWait>> {
        let databases = self.databases.lock();
        let open = databases.iter().flat_map(|databases| databases.open.values());
        Ok(open.flat_map(|database| database.lock_waits()).collect())
    }

    fn interrupt(&self) {
        if let Some(databases) = self.databases.lock().as_ref() {
            databases.open.values().for_each(|database| database.interrupt());
        }
    }

    async fn close(&self) -> Result<()> {
        let databases = self.databases.lock().take().unwrap_or_default();
        for database in databases.open.into_values() {
            database.close().await?;
        }
        Ok(())
    }
}
