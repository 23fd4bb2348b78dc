//! The open transactions, and how the ended ones ended.
//!
//! A transaction belongs to the token that began it. Another token gets the same answer as for an id that never existed,
//! so that ids cannot be probed. Its calls run one after the other. When no call comes for its time-out, the transaction
//! is rolled back, and the next call fails with that reason.

use std::{
    collections::{HashMap, VecDeque},
    sync::{
        Arc, Mutex, OnceLock, Weak,
        atomic::{AtomicUsize, Ordering},
    },
    time::Duration,
};

use phantomdb_engine::{IdempotentCall, Session, Transaction};
use phantomdb_protocol::{
    BeginTransaction, Error, ErrorCode, Result,
    transaction_id::{is_server_name, server_of, transaction_id},
};
use tokio::{
    sync::{Mutex as AsyncMutex, OwnedMutexGuard},
    task::AbortHandle,
    time::Instant,
};

use phantomdb_engine::sync::lock;

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

struct OpenTransaction {
    /// Holds the transaction while it is open. A call locks the gate while it runs, so that there is one at a time.
    gate: Arc<Gate>,
    database: String,
    owner: Option<String>,
    timeout: Duration,
    last_call: Mutex<Instant>,
    /// The task that rolls the transaction back when it has been idle for too long.
    expiry: OnceLock<AbortHandle>,
}

impl OpenTransaction {
    fn touch(&self) {
        *lock(&self.last_call) = Instant::now();
    }

    fn expires_at(&self) -> Instant {
        *lock(&self.last_call) + self.timeout
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
    /// The name of this server among several.
    server: Option<String>,
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
    pub(super) fn new(max: usize, server: Option<String>) -> Arc<Self> {
        Arc::new(Self { table: Mutex::default(), slots_in_use: AtomicUsize::new(0), max, server })
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
        lock(&self.table).open.len()
    }

    /// Takes a slot for a transaction that is about to begin. Fails with `TOO_MANY_REQUESTS` when there is none.
    pub(super) fn reserve(self: &Arc<Self>) -> Result<TransactionSlot> {
        let slot = TransactionSlot(Arc::clone(self));
        if self.slots_in_use.fetch_add(1, Ordering::Relaxed) < self.max {
            return Ok(slot);
        }
        let message =
            format!("{} transactions are open, which is the limit; end some or try later", self.max);
        Err(Error::new(ErrorCode::TooManyRequests, message))
    }

    /// Adds a transaction that has begun and returns its id.
    pub(super) fn add(
        self: &Arc<Self>,
        slot: TransactionSlot,
        transaction: Arc<dyn Transaction>,
        options: BeginTransaction,
        owner: Option<String>,
        timeout: Duration,
    ) -> String {
        let id = transaction_id(&uuid::Uuid::new_v4().to_string(), &options.database, self.server.as_deref());
        let open = Arc::new(OpenTransaction {
            gate: Arc::new(AsyncMutex::new(Some((transaction, slot)))),
            database: options.database,
            owner,
            timeout,
            last_call: Mutex::new(Instant::now()),
            expiry: OnceLock::new(),
        });
        let expiry = tokio::spawn(expire(Arc::downgrade(self), id.clone(), Arc::downgrade(&open)));
        // It is set only here, so this does not fail.
        let _ = open.expiry.set(expiry.abort_handle());
        lock(&self.table).open.insert(id.clone(), open);
        id
    }

    fn find(&self, id: &str, owner: Option<&str>) -> Result<Arc<OpenTransaction>> {
        let table = lock(&self.table);
        match table.open.get(id) {
            Some(open) if open.owner.as_deref() == owner => return Ok(Arc::clone(open)),
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
    ) -> Result<TransactionTurn> {
        let open = self.find(id, owner)?;
        if open.database != database {
            return Err(Error::new(
                ErrorCode::BadRequest,
                format!("the transaction is in database {}, the call is about {database}", open.database),
            ));
        }
        let gate = Arc::clone(&open.gate).lock_owned().await;
        match &*gate {
            Some((transaction, _)) => {
                let session = Arc::clone(transaction).as_session();
                Ok(TransactionTurn { transaction: open, session, _gate: gate })
            }
            None => Err(self.find(id, owner).err().unwrap_or_else(unknown_transaction)),
        }
    }

    /// Commits a transaction and returns its session, which knows the position of the database after it.
    pub(super) async fn commit(
        &self,
        id: &str,
        owner: Option<&str>,
        idempotent_call: Option<&IdempotentCall>,
    ) -> Result<Arc<dyn Session>> {
        let (transaction, _slot) = self.take(id, owner, Outcome::Committed).await?;
        let committed = match idempotent_call {
            Some(call) => transaction.commit_keyed(call).await,
            None => transaction.commit().await,
        };
        if committed.is_err() {
            if let Some(ended) = lock(&self.table).ended.get_mut(id) {
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
                if let Some(expiry) = open.expiry.get() {
                    expiry.abort();
                }
                self.set_ended(id, &open, outcome);
                Ok(transaction)
            }
            None => Err(self.find(id, owner).err().unwrap_or_else(unknown_transaction)),
        }
    }

    fn set_ended(&self, id: &str, open: &OpenTransaction, outcome: Outcome) {
        let mut table = lock(&self.table);
        let now = Instant::now();
        table.open.remove(id);
        table.ended.insert(id.to_owned(), EndedTransaction { outcome, owner: open.owner.clone() });
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
        let ids: Vec<(String, Option<String>)> = lock(&self.table)
            .open
            .iter()
            .filter(|(_, open)| owner.is_none() || open.owner.as_deref() == owner)
            .map(|(id, open)| (id.clone(), open.owner.clone()))
            .collect();
        for (id, owner) in ids {
            if let Err(error) = self.rollback(&id, owner.as_deref()).await {
                tracing::debug!(code = ?error.code, "a transaction could not be rolled back at the end");
            }
        }
    }
}

/// Rolls the transaction back once it has been idle for its time-out. Returns when the transaction has ended.
async fn expire(transactions: Weak<OpenTransactions>, id: String, open: Weak<OpenTransaction>) {
    loop {
        let Some(expires_at) = open.upgrade().map(|open| open.expires_at()) else { return };
        tokio::time::sleep_until(expires_at).await;
        let (Some(transactions), Some(open)) = (transactions.upgrade(), open.upgrade()) else { return };
        // While a call runs the transaction is not idle: wait for the end of the call and check again.
        let mut gate = open.gate.lock().await;
        if gate.is_none() {
            return;
        }
        if open.expires_at() > Instant::now() {
            continue;
        }
        if let Some((transaction, _slot)) = gate.take() {
            transactions.set_ended(&id, &open, Outcome::TimedOut(open.timeout));
            drop(gate);
            if let Err(error) = transaction.rollback().await {
                tracing::warn!(code = ?error.code, "an idle transaction could not be rolled back");
            }
            return;
        }
    }
}
