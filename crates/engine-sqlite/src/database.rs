//! One database: its connections, its locks and what is known of its schema.

use std::ops::Deref;
use std::pin::pin;
use std::sync::{Arc, LazyLock, Mutex, Weak};
use std::time::Duration;

use phantomdb_protocol::{Error, ErrorCode, Result, Statement};
use rusqlite::Connection;
use tokio::sync::{OwnedSemaphorePermit, Semaphore};
use tokio::task::JoinSet;
use tokio::time::Instant;

use super::connection::{self, Link, Location};
use super::run::Scene;
use super::schema::{LONGEST_REMEMBERED, Plan, SchemaCache};
use super::snapshot::{OpenPages, Pages, Snapshot};
use super::transaction::{self, Cell, ENDED_BY_CLOSE};
use super::{SqliteOptions, blocking, guard};

pub(super) struct Database {
    pub(super) name: String,
    location: Location,
    options: SqliteOptions,
    /// Connections nobody uses, the last used one last; none at all once the database is closed.
    idle: Mutex<Option<Vec<Link>>>,
    /// Fair: who waits longest is next.
    write_lock: Arc<Semaphore>,
    /// The transaction that took the write lock last; it may have given it back.
    holder: Mutex<Weak<Cell>>,
    read_slots: Arc<Semaphore>,
    schema: Mutex<Option<Arc<SchemaCache>>>,
    transactions: Mutex<Vec<Weak<Cell>>>,
    pages: Mutex<Pages>,
}

/// Reads that may run at once. The number of cores is read from files, which takes longer than a statement, so it is
/// asked for once.
static READ_SLOTS: LazyLock<usize> = LazyLock::new(|| {
    let cores = std::thread::available_parallelism().map_or(2, usize::from);
    (cores * 2).max(4)
});

const WRITING_WORDS: [&str; 8] =
    ["insert", "update", "delete", "replace", "create", "alter", "drop", "truncate"];

impl Database {
    pub(super) fn new(name: &str, location: Location, options: SqliteOptions) -> Self {
        Self {
            name: name.to_owned(),
            location,
            options,
            idle: Mutex::new(Some(Vec::new())),
            write_lock: Arc::new(Semaphore::new(1)),
            holder: Mutex::new(Weak::new()),
            read_slots: Arc::new(Semaphore::new(*READ_SLOTS)),
            schema: Mutex::default(),
            transactions: Mutex::default(),
            pages: Mutex::default(),
        }
    }

    /// Makes the file and opens the first connection.
    pub(super) fn create(self: &Arc<Self>) -> Result<()> {
        drop(self.lease_of(connection::open(&self.location, true, self.options.lock_timeout)?));
        Ok(())
    }

    /// As [`Self::create`], for a database that is there already, as the snapshot.
    pub(super) fn create_from(self: &Arc<Self>, snapshot: &Arc<Snapshot>) -> Result<()> {
        guard(&self.pages).began_as(snapshot);
        self.create()
    }

    fn closed(&self) -> Error {
        Error::new(ErrorCode::Unavailable, format!("the database \"{}\" was closed", self.name))
    }

    /// A connection that nobody uses, if there is one.
    pub(super) fn idle_connection(self: &Arc<Self>) -> Result<Option<Lease>> {
        let link = guard(&self.idle).as_mut().ok_or_else(|| self.closed())?.pop();
        Ok(link.map(|link| self.lease_of(link)))
    }

    fn lease_of(self: &Arc<Self>, link: Link) -> Lease {
        Lease { database: Arc::clone(self), link: Some(link), keep: true }
    }

    pub(super) async fn connection(self: &Arc<Self>) -> Result<Lease> {
        if let Some(lease) = self.idle_connection()? {
            return Ok(lease);
        }
        let database = Arc::clone(self);
        blocking::plain(move || {
            let link = connection::open(&database.location, false, database.options.lock_timeout)?;
            Ok(database.lease_of(link))
        })
        .await?
    }

    /// Waits for its turn to write; `LOCK_TIMEOUT` when that takes too long. A transaction that has the lock and
    /// does nothing with it is rolled back meanwhile.
    pub(super) async fn lock_for_writing(&self) -> Result<OwnedSemaphorePermit> {
        if let Some(permit) = self.try_lock_for_writing() {
            return Ok(permit);
        }
        let deadline = Instant::now() + self.options.lock_timeout;
        let mut lock = pin!(Arc::clone(&self.write_lock).acquire_owned());
        let mut look = Instant::now();
        loop {
            match tokio::time::timeout_at(look.min(deadline), &mut lock).await {
                Ok(Ok(permit)) => return Ok(permit),
                Ok(Err(_)) => return Err(self.closed()),
                Err(_) if Instant::now() >= deadline => return Err(self.lock_timeout()),
                Err(_) => {
                    let holder = guard(&self.holder).upgrade();
                    look = transaction::make_way(holder, self.options.lock_idle_timeout).await?;
                }
            }
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

    /// Who is to make way when it has the write lock and does nothing with it.
    pub(super) fn note_holder(&self, transaction: &Arc<Cell>) {
        *guard(&self.holder) = Arc::downgrade(transaction);
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

    /// `connection` with what is known of the schema it sees.
    pub(super) fn scene<'a>(&self, connection: &'a Connection) -> Result<Scene<'a>> {
        let current = guard(&self.schema).clone();
        let schema = SchemaCache::for_connection(current.clone(), connection)?;
        if schema.is_newer_than(current.as_ref()) {
            *guard(&self.schema) = Some(Arc::clone(&schema));
        }
        Ok(Scene { connection, schema })
    }

    /// What is remembered of a statement, without a look at the database. How it runs follows from its text alone,
    /// so this holds for every version of the schema.
    pub(super) fn known(&self, statement: &Statement) -> Option<Arc<Plan>> {
        if statement.native {
            return None;
        }
        let schema = guard(&self.schema).clone();
        schema?.known(&statement.query)
    }

    /// What a statement is that is met for the first time, where that is told as fast as it is run: in memory. So those
    /// of one caller run in the order they were sent, the new ones among them.
    pub(super) fn learned(self: &Arc<Self>, statement: &Statement) -> Option<Arc<Plan>> {
        if self.is_on_disk() || statement.native || statement.query.len() > LONGEST_REMEMBERED {
            return None;
        }
        let lease = self.idle_connection().ok()??;
        let scene = self.scene(&lease).ok()?;
        scene.schema.plan(&lease, &statement.query).ok()
    }

    /// Whether a statement that is not known yet writes, by its first word: it then waits for the lock in its turn, so
    /// that of two writes sent one after the other the first is the first to run. What is guessed wrong is found out
    /// when the statement is prepared.
    pub(super) fn seems_to_write(statement: &Statement) -> bool {
        let text = statement.query.trim_start();
        let word = text.split(|other: char| !other.is_ascii_alphabetic()).next().unwrap_or_default();
        WRITING_WORDS.iter().any(|writing| writing.eq_ignore_ascii_case(word))
    }

    pub(super) fn forget_schema(&self) {
        *guard(&self.schema) = None;
    }

    pub(super) fn register(&self, transaction: &Arc<Cell>) {
        let mut transactions = guard(&self.transactions);
        transactions.retain(|other| other.strong_count() > 0);
        transactions.push(Arc::downgrade(transaction));
    }

    /// Rolls back every open transaction, once the statement that it runs is done.
    pub(super) async fn end_transactions(&self, why: &'static str) -> Result<()> {
        let open = std::mem::take(&mut *guard(&self.transactions));
        // At once, as one may wait for the lock that another has.
        let mut ending: JoinSet<Result<()>> =
            open.iter().filter_map(Weak::upgrade).map(|cell| transaction::abandon(cell, why)).collect();
        while let Some(ended) = ending.join_next().await {
            ended.unwrap_or_else(|_| Err(Error::internal("the end of a transaction broke off")))?;
        }
        Ok(())
    }

    /// What reads and writes the database page by page, one at a time.
    pub(super) fn pages(&self) -> OpenPages<'_> {
        OpenPages {
            pages: guard(&self.pages),
            location: &self.location,
            busy_timeout: self.options.lock_timeout,
        }
    }

    /// Rolls back what is open, waits for what runs, and closes every connection.
    pub(super) async fn close(self: &Arc<Self>) -> Result<()> {
        self.end_transactions(ENDED_BY_CLOSE).await?;
        let slots = u32::try_from(*READ_SLOTS).unwrap_or(u32::MAX);
        let reading =
            tokio::time::timeout(self.options.lock_timeout, self.read_slots.acquire_many(slots)).await;
        let writing = tokio::time::timeout(self.options.lock_timeout, self.write_lock.acquire()).await;
        let idle = guard(&self.idle).take();
        self.write_lock.close();
        self.read_slots.close();
        drop((reading, writing));
        let database = Arc::clone(self);
        blocking::plain(move || {
            drop(idle);
            guard(&database.pages).close();
        })
        .await
    }

    /// Whether a commit waits for a disk.
    pub(super) fn is_on_disk(&self) -> bool {
        self.file().is_some()
    }

    /// The file of the database, if it is one.
    pub(super) fn file(&self) -> Option<&std::path::Path> {
        match &self.location {
            Location::File(path) => Some(path),
            Location::Memory(_) => None,
        }
    }
}

/// A connection lent by a database, which gets it back when this is dropped.
pub(super) struct Lease {
    database: Arc<Database>,
    link: Option<Link>,
    keep: bool,
}

impl Lease {
    /// The connection is closed after use: a statement may have left something on it.
    pub(super) fn discard(&mut self) {
        self.keep = false;
    }

    #[expect(clippy::expect_used, reason = "the connection is taken in `drop` only")]
    fn link(&self) -> &Link {
        self.link.as_ref().expect("a lease has its connection until it is dropped")
    }

    /// From now on a statement is stopped after so many rounds of SQLite's virtual machine, and does not wait for
    /// another process. False when that cannot be had.
    pub(super) fn limit(&self, rounds: u32) -> bool {
        // A database in memory is nobody else's.
        let impatient = !self.database.is_on_disk() || self.busy_timeout(Duration::ZERO).is_ok();
        if impatient {
            self.link().budget.limit(rounds);
        }
        impatient
    }

    /// Ends the limit; true when it has stopped a statement, or was about to.
    pub(super) fn lift(&mut self) -> bool {
        let spent = self.link().budget.is_spent();
        self.link().budget.lift();
        if self.database.is_on_disk() && self.busy_timeout(self.database.options.lock_timeout).is_err() {
            self.discard();
        }
        spent
    }
}

impl Deref for Lease {
    type Target = Connection;

    fn deref(&self) -> &Connection {
        &self.link().connection
    }
}

impl Drop for Lease {
    fn drop(&mut self) {
        let Some(link) = self.link.take() else { return };
        link.budget.lift();
        let clean = link.connection.is_autocommit() || link.connection.execute_batch("ROLLBACK").is_ok();
        if !clean || !self.keep {
            return;
        }
        if let Some(idle) = guard(&self.database.idle).as_mut()
            && idle.len() < *READ_SLOTS + 1
        {
            idle.push(link);
        }
    }
}
