//! A database: its connections, its locks, its cached plans and its open transactions.

use std::ops::Deref;
use std::path::Path;
use std::pin::pin;
use std::sync::{Arc, LazyLock, Mutex, Weak};
use std::time::Duration;

use phantomdb_engine::sync::lock;
use phantomdb_protocol::{Error, ErrorCode, Result, Statement};
use rusqlite::Connection;
use tokio::sync::{OwnedSemaphorePermit, Semaphore};
use tokio::task::JoinSet;
use tokio::time::Instant;

use crate::blocking;
use crate::connection::{self, LimitedConnection, Location};
use crate::open_transaction::{ENDED_BY_CLOSE, ENDED_BY_RESTORE, OpenTransaction};
use crate::options::SqliteOptions;
use crate::plan_cache::{LONGEST_CACHED, Plan, PlanCache};
use crate::run::Executor;
use crate::snapshot::{PageStore, PageStoreState, Snapshot};

/// A database and everything that is shared by its sessions and transactions.
pub(super) struct Database {
    pub(super) name: String,
    location: Location,
    options: SqliteOptions,
    /// The connections that nobody uses; the most recently used one is the last. `None` once the database is closed.
    idle_connections: Mutex<Option<Vec<LimitedConnection>>>,
    /// A fair lock: callers get it in the order in which they asked.
    write_lock: Arc<Semaphore>,
    /// The transaction that took the write lock last. It may have released it.
    lock_holder: Mutex<Option<Weak<dyn OpenTransaction>>>,
    /// Limits the reads that run at the same time.
    read_slots: Arc<Semaphore>,
    /// The plan cache of the newest schema version that was seen.
    plans: Mutex<Option<Arc<PlanCache>>>,
    /// The transactions that have begun. They may have ended.
    transactions: Mutex<Vec<Weak<dyn OpenTransaction>>>,
    pages: Mutex<PageStoreState>,
}

/// The number of reads that may run at the same time. The number of cores is read once, because reading it takes longer than
/// a statement.
static READ_SLOTS: LazyLock<usize> = LazyLock::new(|| {
    let cores = std::thread::available_parallelism().map_or(2, usize::from);
    (cores * 2).max(4)
});

/// The first words of statements that write.
const WRITING_WORDS: [&str; 8] =
    ["insert", "update", "delete", "replace", "create", "alter", "drop", "truncate"];

impl Database {
    pub(super) fn new(name: &str, location: Location, options: SqliteOptions) -> Self {
        Self {
            name: name.to_owned(),
            location,
            options,
            idle_connections: Mutex::new(Some(Vec::new())),
            write_lock: Arc::new(Semaphore::new(1)),
            lock_holder: Mutex::default(),
            read_slots: Arc::new(Semaphore::new(*READ_SLOTS)),
            plans: Mutex::default(),
            transactions: Mutex::default(),
            pages: Mutex::default(),
        }
    }

    /// Creates the database and opens the first connection.
    pub(super) fn create(self: &Arc<Self>) -> Result<()> {
        drop(self.lease_of(connection::open(&self.location, true, self.options.lock_timeout)?));
        Ok(())
    }

    /// Opens the first connection to a database whose content is the snapshot.
    pub(super) fn create_from(self: &Arc<Self>, snapshot: &Arc<Snapshot>) -> Result<()> {
        lock(&self.pages).record_created_from(snapshot);
        self.create()
    }

    fn closed(&self) -> Error {
        Error::new(ErrorCode::Unavailable, format!("the database \"{}\" was closed", self.name))
    }

    /// Takes a connection that nobody uses, if there is one.
    pub(super) fn idle_connection(self: &Arc<Self>) -> Result<Option<Lease>> {
        let connection = lock(&self.idle_connections).as_mut().ok_or_else(|| self.closed())?.pop();
        Ok(connection.map(|connection| self.lease_of(connection)))
    }

    fn lease_of(self: &Arc<Self>, connection: LimitedConnection) -> Lease {
        Lease { database: Arc::clone(self), connection: Some(connection), reusable: true }
    }

    /// Takes a connection that nobody uses, or opens one.
    pub(super) async fn connection(self: &Arc<Self>) -> Result<Lease> {
        if let Some(lease) = self.idle_connection()? {
            return Ok(lease);
        }
        let database = Arc::clone(self);
        blocking::run_to_end(move || {
            let opened = connection::open(&database.location, false, database.options.lock_timeout)?;
            Ok(database.lease_of(opened))
        })
        .await?
    }

    /// Waits for the write lock. Fails with `LOCK_TIMEOUT` when that takes too long. A transaction that holds the lock and
    /// is idle for too long meanwhile is rolled back, unless the one that waits gives way.
    pub(super) async fn lock_for_writing(&self) -> Result<OwnedSemaphorePermit> {
        if let Some(permit) = self.try_lock_for_writing() {
            return Ok(permit);
        }
        let deadline = Instant::now() + self.options.lock_timeout;
        let mut acquired = pin!(Arc::clone(&self.write_lock).acquire_owned());
        let mut next_check = Instant::now();
        loop {
            match tokio::time::timeout_at(next_check.min(deadline), &mut acquired).await {
                Ok(Ok(permit)) => return Ok(permit),
                Ok(Err(_)) => return Err(self.closed()),
                Err(_) if Instant::now() >= deadline => return Err(self.lock_timeout()),
                Err(_) => next_check = self.abort_idle_holder().await?,
            }
        }
    }

    /// Rolls back the transaction that holds the write lock if it has been idle for too long. Returns the time of the next
    /// check.
    async fn abort_idle_holder(&self) -> Result<Instant> {
        let limit = self.options.lock_idle_timeout;
        let holder = lock(&self.lock_holder).as_ref().and_then(Weak::upgrade);
        match holder {
            Some(holder) => holder.abort_if_idle(limit).await,
            None => Ok(Instant::now() + limit),
        }
    }

    fn lock_timeout(&self) -> Error {
        Error::new(
            ErrorCode::LockTimeout,
            format!(
                "another transaction held the write lock of the database \"{}\" for {} ms; commit or roll it back \
                 sooner, or try again",
                self.name,
                self.options.lock_timeout.as_millis()
            ),
        )
    }

    /// Records the transaction that has taken the write lock.
    pub(super) fn set_lock_holder(&self, transaction: Weak<dyn OpenTransaction>) {
        *lock(&self.lock_holder) = Some(transaction);
    }

    pub(super) fn try_lock_for_writing(&self) -> Option<OwnedSemaphorePermit> {
        Arc::clone(&self.write_lock).try_acquire_owned().ok()
    }

    pub(super) async fn slot_for_reading(&self) -> Result<OwnedSemaphorePermit> {
        Arc::clone(&self.read_slots).acquire_owned().await.map_err(|_| self.closed())
    }

    pub(super) fn try_slot_for_reading(&self) -> Option<OwnedSemaphorePermit> {
        Arc::clone(&self.read_slots).try_acquire_owned().ok()
    }

    /// An executor on `connection`, with the plans for the schema that it sees.
    pub(super) fn executor<'a>(&self, connection: &'a Connection) -> Result<Executor<'a>> {
        let current = lock(&self.plans).clone();
        let plans = PlanCache::for_connection(current.clone(), connection)?;
        if plans.is_newer_than(current.as_ref()) {
            *lock(&self.plans) = Some(Arc::clone(&plans));
        }
        Ok(Executor { connection, plans })
    }

    /// The cached plan of a statement, without a look at the schema version. Whether a statement reads or writes follows
    /// from its text alone, so the plan says it for every version.
    pub(super) fn cached_plan(&self, statement: &Statement) -> Option<Arc<Plan>> {
        if statement.native {
            return None;
        }
        let plans = lock(&self.plans).clone();
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
        let lease = self.idle_connection().ok()??;
        let executor = self.executor(&lease).ok()?;
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
        *lock(&self.plans) = None;
    }

    /// Records a transaction that has begun.
    pub(super) fn add_transaction(&self, transaction: Weak<dyn OpenTransaction>) {
        let mut transactions = lock(&self.transactions);
        transactions.retain(|other| other.strong_count() > 0);
        transactions.push(transaction);
    }

    /// Rolls back every open transaction, each once the statement that it runs has ended.
    async fn abort_transactions(&self, why: &'static str) -> Result<()> {
        let open = std::mem::take(&mut *lock(&self.transactions));
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
            state: lock(&self.pages),
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
        let permit = self.lock_for_writing().await?;
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
        let slots = u32::try_from(*READ_SLOTS).unwrap_or(u32::MAX);
        let reading =
            tokio::time::timeout(self.options.lock_timeout, self.read_slots.acquire_many(slots)).await;
        let writing = tokio::time::timeout(self.options.lock_timeout, self.write_lock.acquire()).await;
        let idle = lock(&self.idle_connections).take();
        self.write_lock.close();
        self.read_slots.close();
        drop((reading, writing));
        let database = Arc::clone(self);
        blocking::run_to_end(move || {
            drop(idle);
            lock(&database.pages).close_connection();
        })
        .await
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
        if let Some(idle) = lock(&self.database.idle_connections).as_mut()
            && idle.len() < *READ_SLOTS + 1
        {
            idle.push(limited);
        }
    }
}
