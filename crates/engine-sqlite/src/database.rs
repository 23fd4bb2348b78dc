//! A database: its connections, its locks, its cached plans and its open transactions.

use std::ops::Deref;
use std::path::Path;
use std::sync::atomic::{AtomicU64, Ordering};
use std::sync::{Arc, Weak};
use std::time::Duration;

use parking_lot::Mutex;
use phantomdb_engine::limits::{READ_WAIT_TIMEOUT, READS_MAX};
use phantomdb_engine::{Access, ResultLimits, deadline};
use phantomdb_protocol::{Error, ErrorCode, Result, Statement};
use rusqlite::Connection;
use rusqlite::limits::Limit;
use tokio::runtime::Handle;
use tokio::sync::{OwnedSemaphorePermit, Semaphore};
use tokio::task::JoinSet;
use tokio_util::sync::CancellationToken;

use super::executor::Executor;
use crate::backup::SqliteBackup;
use crate::blocking;
use crate::connection::{self, LimitedConnection, Location, Mode};
use crate::error;
use crate::files::FileIdentity;
use crate::lost_file;
use crate::open_transaction::{ENDED_BY_CLOSE, ENDED_BY_RESTORE, OpenTransaction};
use crate::options::SqliteOptions;
use crate::plan_cache::{LONGEST_CACHED, Plan, PlanCache};
use crate::snapshot::{PageStore, PageStoreState, Snapshot};
use crate::write_lock::WriteLock;

/// A database and everything that is shared by its sessions and transactions.
pub(super) struct Database {
    pub(super) name: String,
    location: Location,
    /// The file that the database was when it was opened.
    identity: Option<FileIdentity>,
    pub(super) options: SqliteOptions,
    /// The connections that nobody uses; the most recently used one is the last. `None` once the database is closed.
    idle_connections: Mutex<Option<Vec<LimitedConnection>>>,
    pub(super) write_lock: Arc<WriteLock>,
    /// When the database was last used, in milliseconds since its engine was made.
    last_use: AtomicU64,
    /// Limits the reads that run at the same time.
    read_slots: Arc<Semaphore>,
    /// Cancelled to interrupt every statement that runs.
    interrupted: CancellationToken,
    /// The plan cache of the newest schema version that was seen.
    plans: Mutex<Option<Arc<PlanCache>>>,
    /// The transactions that have begun. They may have ended.
    transactions: Mutex<Vec<Weak<dyn OpenTransaction>>>,
    pages: Mutex<PageStoreState>,
}

/// The first words of statements that write.
const WRITING_WORDS: [&str; 8] =
    ["insert", "update", "delete", "replace", "create", "alter", "drop", "truncate"];

impl Database {
    pub(super) fn new(name: &str, location: Location, options: SqliteOptions) -> Self {
        let identity = match &location {
            Location::File(path) => Some(FileIdentity::of(path)),
            Location::Memory(_) => None,
        };
        Self {
            name: name.to_owned(),
            location,
            identity,
            idle_connections: Mutex::new(Some(Vec::new())),
            last_use: AtomicU64::new(0),
            write_lock: WriteLock::new(),
            read_slots: Arc::new(Semaphore::new(options.reads_max)),
            options,
            interrupted: CancellationToken::new(),
            plans: Mutex::default(),
            transactions: Mutex::default(),
            pages: Mutex::default(),
        }
    }

    /// Opens the first connection to a database in memory, which makes it.
    pub(super) fn open_first_connection(self: &Arc<Self>) -> Result<()> {
        let timeout = self.options.lock_timeout;
        drop(self.lease_of(connection::open(&self.location, true, timeout, Mode::ReadWrite)?));
        Ok(())
    }

    /// Remembers that the content of a new database is a snapshot.
    pub(super) fn record_created_from(&self, snapshot: &Arc<Snapshot>) {
        self.pages.lock().record_created_from(snapshot);
    }

    pub(super) fn closed(&self) -> Error {
        Error::new(ErrorCode::Unavailable, format!("the database \"{}\" was closed", self.name))
    }

    /// Takes a connection that nobody uses, if there is one.
    pub(super) fn idle_connection(self: &Arc<Self>, mode: Mode) -> Result<Option<Lease>> {
        let mut idle = self.idle_connections.lock();
        let idle = idle.as_mut().ok_or_else(|| self.closed())?;
        let place = idle.iter().rposition(|connection| connection.mode == mode);
        Ok(place.map(|place| self.lease_of(idle.remove(place))))
    }

    fn lease_of(self: &Arc<Self>, connection: LimitedConnection) -> Lease {
        Lease { database: Arc::clone(self), connection: Some(connection), reusable: true }
    }

    /// Takes a connection that nobody uses, or opens one.
    pub(super) async fn connection(self: &Arc<Self>, mode: Mode) -> Result<Lease> {
        if let Some(lease) = self.idle_connection(mode)? {
            return Ok(lease);
        }
        let database = Arc::clone(self);
        blocking::run_to_end(move || database.open_connection(mode)).await?
    }

    fn open_connection(self: &Arc<Self>, mode: Mode) -> Result<Lease> {
        let opened = connection::open(&self.location, false, self.options.lock_timeout, mode);
        // The plans are for the file that was opened first.
        if !self.is_current() {
            return Err(error::lost_file());
        }
        Ok(self.lease_of(opened?))
    }

    /// Waits until fewer than the most reads run. Fails with `UNAVAILABLE` when that takes too long.
    pub(super) async fn slot_for_reading(&self) -> Result<OwnedSemaphorePermit> {
        let limit = self.options.read_wait_timeout;
        let waited = tokio::time::timeout(limit, Arc::clone(&self.read_slots).acquire_owned());
        match deadline::unless_passed(async { Ok(waited.await) }).await? {
            Ok(slot) => slot.map_err(|_| self.closed()),
            Err(_) => Err(READ_WAIT_TIMEOUT.exceeded(&format!(
                "{} reads run in the database \"{}\", which is as many as may (--{}), and none ended within {} ms",
                self.options.reads_max,
                self.name,
                READS_MAX.flag,
                limit.as_millis()
            ))),
        }
    }

    /// How large a result may be.
    pub(super) fn result_limits(&self) -> &ResultLimits {
        &self.options.results
    }

    /// Records that the database is used at this moment, in milliseconds since its engine was made.
    pub(super) fn touch(&self, now: u64) {
        self.last_use.store(now, Ordering::Relaxed);
    }

    /// Closes the connections that nobody uses, if the database was last used before this moment.
    pub(super) fn close_if_idle_since(self: &Arc<Self>, moment: u64) {
        if !self.is_on_disk() || self.last_use.load(Ordering::Relaxed) >= moment {
            return;
        }
        let idle = self.idle_connections.lock().as_mut().map(std::mem::take).unwrap_or_default();
        if idle.is_empty() {
            return;
        }
        let database = Arc::clone(self);
        // Closing the last connection copies the log into the file.
        let close = move || {
            drop(idle);
            database.pages.lock().close_connection();
        };
        match Handle::try_current() {
            Ok(runtime) => drop(runtime.spawn_blocking(close)),
            Err(_) => close(),
        }
    }

    /// Interrupts every statement that runs, and all that begin after it.
    pub(super) fn interrupt(&self) {
        self.interrupted.cancel();
    }

    /// Is cancelled when the statements of this database are to be interrupted.
    pub(super) fn interrupted(&self) -> &CancellationToken {
        &self.interrupted
    }

    pub(super) fn try_slot_for_reading(&self) -> Option<OwnedSemaphorePermit> {
        Arc::clone(&self.read_slots).try_acquire_owned().ok()
    }

    /// An executor on `connection`, with the plans for the schema that it sees.
    pub(super) fn executor<'a>(&'a self, connection: &'a Connection, access: Access) -> Result<Executor<'a>> {
        let current = self.plans.lock().clone();
        let plans = PlanCache::for_connection(current.clone(), connection)?;
        if plans.is_newer_than(current.as_ref()) {
            *self.plans.lock() = Some(Arc::clone(&plans));
        }
        Ok(Executor { connection, plans, access, results: &self.options.results })
    }

    /// The cached plan of a statement, without a look at the schema version. Whether a statement reads or writes follows
    /// from its text alone, so the plan says it for every version.
    pub(super) fn cached_plan(&self, statement: &Statement) -> Option<Arc<Plan>> {
        if statement.native {
            return None;
        }
        let plans = self.plans.lock().clone();
        plans?.cached_plan(&statement.query)
    }

    /// The plan of a statement, if it can be had on the calling thread: from the cache, or made now in a database in
    /// memory. Such a database makes new plans right away so that the statements of one caller run in the order in which
    /// they were sent, new ones included.
    pub(super) fn plan_without_waiting(self: &Arc<Self>, statement: &Statement) -> Option<Arc<Plan>> {
        let cached = self.cached_plan(statement);
        if cached.is_some() || self.is_on_disk() || statement.native || statement.query.len() > LONGEST_CACHED
        {
            return cached;
        }
        let lease = self.idle_connection(Mode::ReadWrite).ok()??;
        // To make a plan changes nothing.
        let executor = self.executor(&lease, Access::Read).ok()?;
        executor.plans.plan(&lease, &statement.query).ok()
    }

    /// Guesses from its first word whether a statement without a plan writes. It then waits for the write lock in its turn,
    /// so that two writes run in the order in which they were sent. A wrong guess is corrected when the statement is
    /// prepared.
    pub(super) fn seems_to_write(statement: &Statement) -> bool {
        let text = statement.query.trim_start();
        let word = text.split(|other: char| !other.is_ascii_alphabetic()).next().unwrap_or_default();
        WRITING_WORDS.iter().any(|writing| writing.eq_ignore_ascii_case(word))
    }

    /// Discards the cached plans after a change of the schema.
    pub(super) fn clear_plans(&self) {
        *self.plans.lock() = None;
    }

    /// Records a transaction that has begun.
    pub(super) fn add_transaction(&self, transaction: Weak<dyn OpenTransaction>) {
        let mut transactions = self.transactions.lock();
        transactions.retain(|other| other.strong_count() > 0);
        transactions.push(transaction);
    }

    /// Rolls back every open transaction, each once the statement that it runs has ended.
    async fn abort_transactions(&self, why: &'static str) -> Result<()> {
        let open = std::mem::take(&mut *self.transactions.lock());
        // All at the same time, because one may wait for the lock that another holds.
        let mut aborts: JoinSet<Result<()>> =
            open.iter().filter_map(Weak::upgrade).map(|transaction| transaction.abort(why)).collect();
        while let Some(ended) = aborts.join_next().await {
            ended.unwrap_or_else(|_| Err(Error::internal("the end of a transaction broke off")))?;
        }
        Ok(())
    }

    /// Reads and writes the database page by page. Only one caller at a time can.
    fn pages(&self) -> PageStore<'_> {
        PageStore {
            state: self.pages.lock(),
            location: &self.location,
            busy_timeout: self.options.lock_timeout,
        }
    }

    /// Takes a snapshot of what is committed now.
    pub(super) async fn snapshot(self: &Arc<Self>) -> Result<Arc<Snapshot>> {
        let permit = self.slot_for_reading().await?;
        let database = Arc::clone(self);
        blocking::run_to_end(move || {
            let snapshot = database.pages().take_snapshot();
            drop(permit);
            snapshot
        })
        .await?
    }

    /// Rolls back every open transaction and restores the database to the snapshot.
    pub(super) async fn restore(self: &Arc<Self>, snapshot: Arc<Snapshot>) -> Result<()> {
        self.abort_transactions(ENDED_BY_RESTORE).await?;
        let permit = self.lock_for_writing(None).await?;
        let database = Arc::clone(self);
        blocking::run_to_end(move || {
            let restored = database.pages().restore(&snapshot);
            drop(permit);
            restored
        })
        .await?
    }

    /// Rolls back open transactions, waits for running statements and closes every connection.
    pub(super) async fn close(self: &Arc<Self>) -> Result<()> {
        self.abort_transactions(ENDED_BY_CLOSE).await?;
        let slots = u32::try_from(self.options.reads_max).unwrap_or(u32::MAX);
        let reading =
            tokio::time::timeout(self.options.lock_timeout, self.read_slots.acquire_many(slots)).await;
        let writing = tokio::time::timeout(self.options.lock_timeout, self.write_lock.acquire()).await;
        let idle = self.idle_connections.lock().take();
        self.write_lock.close();
        self.read_slots.close();
        drop((reading, writing));
        let database = Arc::clone(self);
        blocking::run_to_end(move || {
            drop(idle);
            database.pages.lock().close_connection();
        })
        .await
    }

    /// The number of connections that nobody uses, and of reads that run.
    pub(super) fn in_use(&self) -> (usize, usize) {
        let idle = self.idle_connections.lock().as_ref().map_or(0, Vec::len);
        (idle, self.options.reads_max.saturating_sub(self.read_slots.available_permits()))
    }

    /// False when the file was removed or replaced since the database was opened.
    pub(super) fn is_current(&self) -> bool {
        self.file().map(FileIdentity::of) == self.identity
    }

    /// Begins a backup of what is committed now.
    pub(super) async fn backup(self: &Arc<Self>) -> Result<SqliteBackup> {
        let database = Arc::clone(self);
        blocking::run_to_end(move || {
            let busy_timeout = database.options.lock_timeout;
            SqliteBackup::begin(connection::open_with_pages(&database.location, false, busy_timeout)?)
        })
        .await?
    }

    /// Writes the database anew, without the space of deleted rows, and empties its log.
    pub(super) async fn compact(self: &Arc<Self>) -> Result<()> {
        let permit = self.lock_for_writing(None).await?;
        let database = Arc::clone(self);
        blocking::run_to_end(move || {
            let connection =
                connection::open_with_pages(&database.location, false, database.options.lock_timeout)?;
            // VACUUM attaches a database of its own, which may be larger than the memory.
            let compacted = connection.set_limit(Limit::SQLITE_LIMIT_ATTACHED, 1).and_then(|_| {
                connection.execute_batch("PRAGMA temp_store=FILE; VACUUM; PRAGMA wal_checkpoint(TRUNCATE)")
            });
            lost_file::before_close(&connection);
            drop((connection, permit));
            compacted.map_err(error::from_sqlite)
        })
        .await?
    }

    /// True when the database is a file, so that a commit waits for the disk.
    pub(super) fn is_on_disk(&self) -> bool {
        self.file().is_some()
    }

    /// The file of the database. `None` for a database in memory.
    pub(super) fn file(&self) -> Option<&Path> {
        match &self.location {
            Location::File(path) => Some(path),
            Location::Memory(_) => None,
        }
    }
}

/// A connection that is lent by a database and returned to it when the lease is dropped.
pub(super) struct Lease {
    database: Arc<Database>,
    connection: Option<LimitedConnection>,
    reusable: bool,
}

impl Lease {
    /// Closes the connection after use, because a statement may have changed its settings.
    pub(super) fn discard(&mut self) {
        self.reusable = false;
    }

    /// True when the connection is returned to the database after use.
    pub(super) fn is_reusable(&self) -> bool {
        self.reusable
    }

    #[expect(clippy::expect_used, reason = "the connection is taken in `drop` only")]
    fn limited(&self) -> &LimitedConnection {
        self.connection.as_ref().expect("a lease has its connection until it is dropped")
    }

    /// Limits the statements that follow: each stops after so many rounds of SQLite's virtual machine, and none waits for
    /// another process. Returns false when the limit could not be set.
    pub(super) fn limit(&self, rounds: u32) -> bool {
        // No other process can lock a database in memory.
        let never_waits = !self.database.is_on_disk() || self.busy_timeout(Duration::ZERO).is_ok();
        if never_waits {
            self.limited().budget.limit(rounds);
        }
        never_waits
    }

    /// Removes the limit. Returns true when it was reached.
    pub(super) fn lift_limit(&mut self) -> bool {
        let spent = self.limited().budget.is_spent();
        self.limited().budget.lift();
        if self.database.is_on_disk() && self.busy_timeout(self.database.options.lock_timeout).is_err() {
            self.discard();
        }
        spent
    }
}

impl Deref for Lease {
    type Target = Connection;

    fn deref(&self) -> &Connection {
        &self.limited().connection
    }
}

impl Drop for Lease {
    fn drop(&mut self) {
        let Some(limited) = self.connection.take() else { return };
        limited.budget.lift();
        let connection = &limited.connection;
        let is_clean = connection.is_autocommit() || connection.execute_batch("ROLLBACK").is_ok();
        if !is_clean || !self.reusable {
            return;
        }
        if let Some(idle) = self.database.idle_connections.lock().as_mut()
            && idle.iter().filter(|other| other.mode == limited.mode).count()
                <= self.database.options.reads_max
        {
            idle.push(limited);
        }
    }
}
