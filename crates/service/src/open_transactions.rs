//! The open transactions, and how the ended ones ended.
//!
//! A transaction belongs to the token that began it. Another token gets the same answer as for an id that never existed,
//! so that ids cannot be probed. Its calls run one after the other. When no call comes for its time-out, the transaction
//! is rolled back, and the next call fails with that reason.

use std::{
    collections::{HashMap, VecDeque},
    sync::{
        Arc,
        atomic::{AtomicBool, AtomicUsize, Ordering},
    },
    time::Duration,
};

use parking_lot::Mutex;
use phantomdb_engine::{
    Access, IdempotentCall, LockWait, Session, Transaction,
    limits::{TRANSACTION_AGE_MAX, TRANSACTIONS_MAX},
};
use phantomdb_protocol::{
    BeginTransaction, Error, ErrorCode, LockWaitDescription, OpenTransactionDescription, Result,
    transaction_id::{is_server_name, server_of, transaction_id},
};
use tokio::{
    sync::{Mutex as AsyncMutex, OwnedMutexGuard},
    time::Instant,
};

use crate::{
    expiry::{Expiring, Expiry},
    milliseconds::milliseconds,
};

/// How long the end of a transaction is remembered, for calls that come late.
const ENDED_FOR: Duration = Duration::from_secs(600);
const ENDED_MAX: usize = 10_000;

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Outcome {
    Committed,
    CommitFailed,
    RolledBack,
    /// Rolled back because no call came for this time.
    TimedOut(Duration),
    /// Rolled back because it was open for this time.
    TooOld(Duration),
}

impl Outcome {
    /// The error of a call that comes after the end.
    fn error(self) -> Error {
        let message = match self {
            Self::Committed => "the transaction is already committed".to_owned(),
            Self::CommitFailed => "the transaction was rolled back because its commit failed".to_owned(),
            Self::RolledBack => "the transaction is already rolled back".to_owned(),
            Self::TimedOut(timeout) => format!(
                "the transaction was rolled back because no call came for {} ms; begin it with a longer timeout \
                 if it needs to wait",
                timeout.as_millis()
            ),
            Self::TooOld(age) => {
                let what =
                    format!("the transaction was rolled back because it was open for {} ms", age.as_millis());
                return TRANSACTION_AGE_MAX.exceeded(&what);
            }
        };
        Error::new(ErrorCode::TransactionExpired, message)
    }
}

fn unknown_transaction() -> Error {
    Error::new(
        ErrorCode::TransactionExpired,
        "there is no such transaction: it ended long ago, or the server was restarted since; begin a new one",
    )
}

fn wrong_server(server: &str) -> Error {
    let message = format!("the transaction is one of server {server}; send its calls there");
    let mut error = Error::new(ErrorCode::WrongServer, message);
    error.details.value = Some(server.to_owned());
    error
}

type Gate = AsyncMutex<Option<(Arc<dyn Transaction>, TransactionSlot)>>;

/// Who began a transaction.
#[derive(Clone, Default)]
pub(super) struct Owner {
    /// What identifies the token.
    pub(super) token: Option<String>,
    /// The name of the token, for people.
    pub(super) name: Option<String>,
}

struct OpenTransaction {
    /// Holds the transaction while it is open. A call locks the gate while it runs, so that there is one at a time.
    gate: Arc<Gate>,
    /// The number under which the engine lists the waits of the transaction.
    number: u64,
    database: String,
    owner: Owner,
    access: Access,
    begun: Instant,
    timeout: Duration,
    /// When the transaction is rolled back at the latest.
    ends_at: Option<Instant>,
    last_call: Mutex<Instant>,
    /// True while a task looks whether the transaction must end.
    is_expiring: AtomicBool,
}

impl OpenTransaction {
    fn touch(&self) {
        *self.last_call.lock() = Instant::now();
    }

    fn described(&self, id: &str) -> OpenTransactionDescription {
        // A call holds the gate while it runs.
        let is_idle = self.gate.try_lock().is_ok();
        OpenTransactionDescription {
            transaction_id: id.to_owned(),
            database: self.database.clone(),
            token: self.owner.name.clone(),
            open_for: milliseconds(self.begun.elapsed()),
            idle_for: is_idle.then(|| milliseconds(self.last_call.lock().elapsed())),
            timeout: milliseconds(self.timeout),
        }
    }

    /// Fails with `FORBIDDEN` for a caller whose rights no longer allow what the transaction was begun for.
    fn check_access(&self, access: Access) -> Result<()> {
        if self.access <= access {
            return Ok(());
        }
        let message =
            "the token has fewer rights than when the transaction began; roll it back, and begin another";
        Err(Error::new(ErrorCode::Forbidden, message))
    }

    fn expires_at(&self) -> Instant {
        let idle = *self.last_call.lock() + self.timeout;
        self.ends_at.map_or(idle, |end| end.min(idle))
    }
}

struct EndedTransaction {
    outcome: Outcome,
    owner: Option<String>,
}

#[derive(Default)]
struct TransactionTable {
    open: HashMap<String, Arc<OpenTransaction>>,
    ended: HashMap<String, EndedTransaction>,
    /// The ids of `ended`, the oldest first.
    endings: VecDeque<(Instant, String)>,
}

/// The transactions of a service.
pub(super) struct OpenTransactions {
    table: Mutex<TransactionTable>,
    /// The number of transactions that are open or about to open.
    slots_in_use: AtomicUsize,
    max: usize,
    /// How long each may be open.
    age_max: Option<Duration>,
    /// The name of this server among several.
    server: Option<String>,
    pub(super) expiry: Expiry,
}

/// The right to have one of the limited number of transactions open. It is given back when dropped.
pub(super) struct TransactionSlot(Arc<OpenTransactions>);

impl Drop for TransactionSlot {
    fn drop(&mut self) {
        self.0.slots_in_use.fetch_sub(1, Ordering::Relaxed);
    }
}

/// A call inside a transaction. While it lives, no other call of the transaction runs.
pub(super) struct TransactionTurn {
    transaction: Arc<OpenTransaction>,
    pub(super) session: Arc<dyn Session>,
    _gate: OwnedMutexGuard<Option<(Arc<dyn Transaction>, TransactionSlot)>>,
}

impl Drop for TransactionTurn {
    fn drop(&mut self) {
        self.transaction.touch();
    }
}

impl OpenTransactions {
    pub(super) fn new(max: usize, age_max: Option<Duration>, server: Option<String>) -> Arc<Self> {
        let (table, slots_in_use, expiry) = Default::default();
        Arc::new(Self { table, slots_in_use, max, age_max, server, expiry })
    }

    /// The error for an id that is neither open nor among those that ended.
    fn not_found(&self, id: &str) -> Error {
        match server_of(id) {
            Some(server) if self.server.as_deref() != Some(server) && is_server_name(server) => {
                wrong_server(server)
            }
            _ => unknown_transaction(),
        }
    }

    /// The number of open transactions.
    pub(super) fn count(&self) -> usize {
        self.table.lock().open.len()
    }

    /// The open transactions of these databases, the oldest first.
    pub(super) fn list(&self, covers: impl Fn(&str) -> bool) -> Vec<OpenTransactionDescription> {
        let table = self.table.lock();
        let mut listed: Vec<_> = table.open.iter().filter(|(_, open)| covers(&open.database)).collect();
        listed.sort_by_key(|(_, open)| open.begun);
        listed.into_iter().map(|(id, open)| open.described(id)).collect()
    }

    /// Describes the lock waits of these databases, and names the transactions by their ids.
    pub(super) fn describe_waits(
        &self,
        mut waits: Vec<LockWait>,
        covers: impl Fn(&str) -> bool,
    ) -> Vec<LockWaitDescription> {
        let table = self.table.lock();
        let ids: HashMap<u64, &String> = table.open.iter().map(|(id, open)| (open.number, id)).collect();
        let id_of = |number: &Option<u64>| number.and_then(|number| ids.get(&number)).map(|&id| id.clone());
        waits.retain(|wait| covers(&wait.database));
        waits.sort_by_key(|wait| std::cmp::Reverse(wait.waited_for));
        let described = waits.into_iter().map(|wait| {
            let waits_for: Vec<String> = wait.holders.iter().filter_map(id_of).collect();
            LockWaitDescription {
                transaction_id: id_of(&wait.waiter),
                waits_for_others: waits_for.len() < wait.holders.len(),
                waits_for,
                waited_for: milliseconds(wait.waited_for),
                database: wait.database,
            }
        });
        described.collect()
    }

    /// The owner of an open transaction, for a caller who may end those of others in these databases.
    pub(super) fn owner_of(&self, id: &str, covers: impl Fn(&str) -> bool) -> Result<Option<String>> {
        let table = self.table.lock();
        let open = table.open.get(id).filter(|open| covers(&open.database));
        open.map(|open| open.owner.token.clone()).ok_or_else(|| self.not_found(id))
    }

    /// Takes a slot for a transaction that is about to begin. Fails with `TOO_MANY_REQUESTS` when there is none.
    pub(super) fn reserve(self: &Arc<Self>) -> Result<TransactionSlot> {
        let slot = TransactionSlot(Arc::clone(self));
        if self.slots_in_use.fetch_add(1, Ordering::Relaxed) < self.max {
            return Ok(slot);
        }
        Err(TRANSACTIONS_MAX.exceeded(&format!("{} transactions are open, which is the limit", self.max)))
    }

    /// Adds a transaction that has begun and returns its id.
    pub(super) fn add(
        self: &Arc<Self>,
        slot: TransactionSlot,
        transaction: Arc<dyn Transaction>,
        options: BeginTransaction,
        (owner, access): (Owner, Access),
        timeout: Duration,
    ) -> String {
        let id = transaction_id(&uuid::Uuid::new_v4().to_string(), &options.database, self.server.as_deref());
        let open = Arc::new(OpenTransaction {
            number: transaction.number(),
            gate: Arc::new(AsyncMutex::new(Some((transaction, slot)))),
            database: options.database,
            owner,
            access,
            begun: Instant::now(),
            timeout,
            ends_at: self.age_max.and_then(|age| Instant::now().checked_add(age)),
            last_call: Mutex::new(Instant::now()),
            is_expiring: AtomicBool::new(false),
        });
        let expires_at = open.expires_at();
        self.table.lock().open.insert(id.clone(), open);
        self.expiry.watch(self, expires_at);
        id
    }

    fn find(&self, id: &str, owner: Option<&str>) -> Result<Arc<OpenTransaction>> {
        let table = self.table.lock();
        match table.open.get(id) {
            Some(open) if open.owner.token.as_deref() == owner => return Ok(Arc::clone(open)),
            Some(_) => return Err(unknown_transaction()),
            None => {}
        }
        match table.ended.get(id) {
            Some(ended) if ended.owner.as_deref() == owner => Err(ended.outcome.error()),
            _ => Err(self.not_found(id)),
        }
    }

    /// Waits for the calls before this one, then returns the right to run it in the transaction.
    pub(super) async fn turn(
        &self,
        id: &str,
        owner: Option<&str>,
        database: &str,
        access: Access,
    ) -> Result<TransactionTurn> {
        let open = self.find(id, owner)?;
        if open.database != database {
            return Err(Error::new(
                ErrorCode::BadRequest,
                format!("the transaction is in database {}, the call is about {database}", open.database),
            ));
        }
        open.check_access(access)?;
        let gate = Arc::clone(&open.gate).lock_owned().await;
        match &*gate {
            Some((transaction, _)) => {
                let session = Arc::clone(transaction).as_session();
                Ok(TransactionTurn { transaction: open, session, _gate: gate })
            }
            None => Err(self.find(id, owner).err().unwrap_or_else(unknown_transaction)),
        }
    }

    /// Commits a transaction and returns its session, which knows the position of the database after it. `access` returns
    /// what the caller may do now in the transaction's database.
    pub(super) async fn commit(
        &self,
        id: &str,
        owner: Option<&str>,
        access: impl Fn(&str) -> Result<Access>,
        idempotent_call: Option<&IdempotentCall>,
    ) -> Result<Arc<dyn Session>> {
        let open = self.find(id, owner)?;
        open.check_access(access(&open.database)?)?;
        let (transaction, _slot) = self.take(id, owner, Outcome::Committed).await?;
        let committed = match idempotent_call {
            Some(call) => transaction.commit_keyed(call).await,
            None => transaction.commit().await,
        };
        if committed.is_err() {
            if let Some(ended) = self.table.lock().ended.get_mut(id) {
                ended.outcome = Outcome::CommitFailed;
            }
            // The engine may have ended it already, and rolls it back at the latest when it is dropped.
            let _ = transaction.rollback().await;
        }
        committed.map(|()| transaction.as_session())
    }

    pub(super) async fn rollback(&self, id: &str, owner: Option<&str>) -> Result<()> {
        let (transaction, _slot) = self.take(id, owner, Outcome::RolledBack).await?;
        transaction.rollback().await
    }

    /// Waits for the calls before this one, then takes the transaction out of the open ones.
    async fn take(
        &self,
        id: &str,
        owner: Option<&str>,
        outcome: Outcome,
    ) -> Result<(Arc<dyn Transaction>, TransactionSlot)> {
        let open = self.find(id, owner)?;
        let transaction = open.gate.lock().await.take();
        match transaction {
            Some(transaction) => {
                self.set_ended(id, &open, outcome);
                Ok(transaction)
            }
            None => Err(self.find(id, owner).err().unwrap_or_else(unknown_transaction)),
        }
    }

    fn set_ended(&self, id: &str, open: &OpenTransaction, outcome: Outcome) {
        let mut table = self.table.lock();
        let now = Instant::now();
        table.open.remove(id);
        table.ended.insert(id.to_owned(), EndedTransaction { outcome, owner: open.owner.token.clone() });
        table.endings.push_back((now, id.to_owned()));
        while let Some((when, _)) = table.endings.front() {
            if table.endings.len() <= ENDED_MAX && now.duration_since(*when) < ENDED_FOR {
                break;
            }
            if let Some((_, oldest)) = table.endings.pop_front() {
                table.ended.remove(&oldest);
            }
        }
    }

    /// Rolls back every open transaction, or those of one owner, after the calls that run in them.
    pub(super) async fn rollback_all(&self, owner: Option<&str>) {
        let ids: Vec<(String, Option<String>)> = self
            .table
            .lock()
            .open
            .iter()
            .filter(|(_, open)| owner.is_none() || open.owner.token.as_deref() == owner)
            .map(|(id, open)| (id.clone(), open.owner.token.clone()))
            .collect();
        for (id, owner) in ids {
            if let Err(error) = self.rollback(&id, owner.as_deref()).await {
                tracing::debug!(code = ?error.code, "a transaction could not be rolled back at the end");
            }
        }
    }

    /// Rolls the transaction back, unless a call comes before that. A transaction in which a call runs is not idle.
    async fn end_if_expired(self: Arc<Self>, id: String, open: Arc<OpenTransaction>) {
        let mut gate = open.gate.lock().await;
        if open.expires_at() > Instant::now() {
            open.is_expiring.store(false, Ordering::Relaxed);
            return self.expiry.watch(&self, open.expires_at());
        }
        let Some((transaction, _slot)) = gate.take() else { return };
        let outcome = match self.age_max {
            Some(age) if open.ends_at.is_some_and(|end| end <= Instant::now()) => Outcome::TooOld(age),
            _ => Outcome::TimedOut(open.timeout),
        };
        self.set_ended(&id, &open, outcome);
        drop(gate);
        if let Err(error) = transaction.rollback().await {
            tracing::warn!(code = ?error.code, "an idle transaction could not be rolled back");
        }
    }
}

impl Expiring for OpenTransactions {
    fn end_expired(self: &Arc<Self>) -> (Option<Instant>, usize) {
        let now = Instant::now();
        let table = self.table.lock();
        let mut next: Option<Instant> = None;
        for (id, open) in &table.open {
            if open.is_expiring.load(Ordering::Relaxed) {
                continue;
            }
            let expires_at = open.expires_at();
            if expires_at <= now {
                open.is_expiring.store(true, Ordering::Relaxed);
                tokio::spawn(Arc::clone(self).end_if_expired(id.clone(), Arc::clone(open)));
            } else {
                next = Some(next.map_or(expires_at, |next| next.min(expires_at)));
            }
        }
        (next, table.open.len())
    }

    fn expiry(&self) -> &Expiry {
        &self.expiry
    }
}
