//! The open transactions, and how those that ended did.
//!
//! A transaction belongs to the token that began it. Another token gets the same answer as for an id that never was,
//! so that ids cannot be probed. Its calls run one after the other. When none comes for its time-out it is rolled
//! back, and the next call is told so.

use std::{
    collections::{HashMap, VecDeque},
    sync::{
        Arc, Mutex, MutexGuard, OnceLock, PoisonError, Weak,
        atomic::{AtomicUsize, Ordering},
    },
    time::Duration,
};

use phantomdb_protocol::{
    BeginTransaction, Error, ErrorCode, Result,
    transaction_id::{is_server_name, server_of, transaction_id},
};
use tokio::{
    sync::{Mutex as AsyncMutex, OwnedMutexGuard},
    task::AbortHandle,
    time::Instant,
};

use phantomdb_engine::{IdempotentCall, Session, Transaction};

/// How long the end of a transaction is remembered, to tell late callers about it.
const ENDED_FOR: Duration = Duration::from_secs(600);
const ENDED_MAX: usize = 10_000;

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum End {
    Committed,
    CommitFailed,
    RolledBack,
    Idle(Duration),
}

impl End {
    fn error(self) -> Error {
        let message = match self {
            Self::Committed => "the transaction is already committed".to_owned(),
            Self::CommitFailed => "the transaction was rolled back because its commit failed".to_owned(),
            Self::RolledBack => "the transaction is already rolled back".to_owned(),
            Self::Idle(timeout) => format!(
                "the transaction was rolled back because no call came for {} ms; begin it with a longer timeout \
                 if it needs to wait",
                timeout.as_millis()
            ),
        };
        Error::new(ErrorCode::TransactionExpired, message)
    }
}

fn unknown() -> Error {
    Error::new(
        ErrorCode::TransactionExpired,
        "there is no such transaction: it ended long ago, or the server was restarted since; begin a new one",
    )
}

fn elsewhere(server: &str) -> Error {
    let message = format!("the transaction is one of server {server}; send its calls there");
    let mut error = Error::new(ErrorCode::WrongServer, message);
    error.details.value = Some(server.to_owned());
    error
}

type Gate = AsyncMutex<Option<(Arc<dyn Transaction>, Place)>>;

struct Open {
    /// Holds the transaction while it is open; whoever holds the gate runs the one call at a time.
    gate: Arc<Gate>,
    database: String,
    owner: Option<String>,
    timeout: Duration,
    last_call: Mutex<Instant>,
    /// The task that waits for it to be idle.
    watch: OnceLock<AbortHandle>,
}

impl Open {
    fn touch(&self) {
        *self.last_call.lock().unwrap_or_else(PoisonError::into_inner) = Instant::now();
    }

    fn idle_at(&self) -> Instant {
        *self.last_call.lock().unwrap_or_else(PoisonError::into_inner) + self.timeout
    }
}

struct Ended {
    end: End,
    owner: Option<String>,
}

#[derive(Default)]
struct Known {
    open: HashMap<String, Arc<Open>>,
    ended: HashMap<String, Ended>,
    /// Ids of `ended`, the oldest first.
    endings: VecDeque<(Instant, String)>,
}

pub(super) struct Transactions {
    known: Mutex<Known>,
    /// Open ones and those that are just being opened.
    count: AtomicUsize,
    max: usize,
    /// The name of this server among several.
    server: Option<String>,
}

/// A place among the open transactions, given back when dropped.
pub(super) struct Place(Arc<Transactions>);

impl Drop for Place {
    fn drop(&mut self) {
        self.0.count.fetch_sub(1, Ordering::Relaxed);
    }
}

/// One call inside a transaction. While it lives no other call of the transaction runs.
pub(super) struct Turn {
    open: Arc<Open>,
    pub(super) session: Arc<dyn Session>,
    _gate: OwnedMutexGuard<Option<(Arc<dyn Transaction>, Place)>>,
}

impl Drop for Turn {
    fn drop(&mut self) {
        self.open.touch();
    }
}

impl Transactions {
    pub(super) fn new(max: usize, server: Option<String>) -> Arc<Self> {
        Arc::new(Self { known: Mutex::default(), count: AtomicUsize::new(0), max, server })
    }

    /// The error for an id that nothing is known of.
    fn unknown(&self, id: &str) -> Error {
        match server_of(id) {
            Some(server) if self.server.as_deref() != Some(server) && is_server_name(server) => {
                elsewhere(server)
            }
            _ => unknown(),
        }
    }

    fn known(&self) -> MutexGuard<'_, Known> {
        self.known.lock().unwrap_or_else(PoisonError::into_inner)
    }

    pub(super) fn open_count(&self) -> usize {
        self.known().open.len()
    }

    /// Takes a place for a transaction to be begun; `TOO_MANY_REQUESTS` when there is none.
    pub(super) fn reserve(self: &Arc<Self>) -> Result<Place> {
        let place = Place(Arc::clone(self));
        if self.count.fetch_add(1, Ordering::Relaxed) < self.max {
            return Ok(place);
        }
        let message =
            format!("{} transactions are open, which is the limit; end some or try later", self.max);
        Err(Error::new(ErrorCode::TooManyRequests, message))
    }

    /// Remembers a transaction that was begun; answers its id.
    pub(super) fn add(
        self: &Arc<Self>,
        place: Place,
        transaction: Arc<dyn Transaction>,
        options: BeginTransaction,
        owner: Option<String>,
        timeout: Duration,
    ) -> String {
        let id = transaction_id(&uuid::Uuid::new_v4().to_string(), &options.database, self.server.as_deref());
        let open = Arc::new(Open {
            gate: Arc::new(AsyncMutex::new(Some((transaction, place)))),
            database: options.database,
            owner,
            timeout,
            last_call: Mutex::new(Instant::now()),
            watch: OnceLock::new(),
        });
        let watch = tokio::spawn(expire(Arc::downgrade(self), id.clone(), Arc::downgrade(&open)));
        // It is set here only.
        let _ = open.watch.set(watch.abort_handle());
        self.known().open.insert(id.clone(), open);
        id
    }

    fn find(&self, id: &str, owner: Option<&str>) -> Result<Arc<Open>> {
        let known = self.known();
        match known.open.get(id) {
            Some(open) if open.owner.as_deref() == owner => return Ok(Arc::clone(open)),
            Some(_) => return Err(unknown()),
            None => {}
        }
        match known.ended.get(id) {
            Some(ended) if ended.owner.as_deref() == owner => Err(ended.end.error()),
            _ => Err(self.unknown(id)),
        }
    }

    /// Waits for the calls before it, then answers the right to run one in the transaction.
    pub(super) async fn turn(&self, id: &str, owner: Option<&str>, database: &str) -> Result<Turn> {
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
                Ok(Turn { open, session, _gate: gate })
            }
            None => Err(self.find(id, owner).err().unwrap_or_else(unknown)),
        }
    }

    /// Answers what was committed, which knows how far the database has come with it.
    pub(super) async fn commit(
        &self,
        id: &str,
        owner: Option<&str>,
        once: Option<&IdempotentCall>,
    ) -> Result<Arc<dyn Session>> {
        let (transaction, _place) = self.take(id, owner, End::Committed).await?;
        let committed = match once {
            Some(once) => transaction.commit_keyed(once).await,
            None => transaction.commit().await,
        };
        if committed.is_err() {
            if let Some(ended) = self.known().ended.get_mut(id) {
                ended.end = End::CommitFailed;
            }
            // The engine may have ended it already, and it is rolled back at the latest when it is dropped.
            let _ = transaction.rollback().await;
        }
        committed.map(|()| transaction.as_session())
    }

    pub(super) async fn rollback(&self, id: &str, owner: Option<&str>) -> Result<()> {
        let (transaction, _place) = self.take(id, owner, End::RolledBack).await?;
        transaction.rollback().await
    }

    /// Waits for the calls before it, then takes the transaction out of the open ones.
    async fn take(&self, id: &str, owner: Option<&str>, end: End) -> Result<(Arc<dyn Transaction>, Place)> {
        let open = self.find(id, owner)?;
        let transaction = open.gate.lock().await.take();
        match transaction {
            Some(transaction) => {
                if let Some(watch) = open.watch.get() {
                    watch.abort();
                }
                self.ended(id, &open, end);
                Ok(transaction)
            }
            None => Err(self.find(id, owner).err().unwrap_or_else(unknown)),
        }
    }

    fn ended(&self, id: &str, open: &Open, end: End) {
        let mut known = self.known();
        let now = Instant::now();
        known.open.remove(id);
        known.ended.insert(id.to_owned(), Ended { end, owner: open.owner.clone() });
        known.endings.push_back((now, id.to_owned()));
        while let Some((when, _)) = known.endings.front() {
            if known.endings.len() <= ENDED_MAX && now.duration_since(*when) < ENDED_FOR {
                break;
            }
            if let Some((_, oldest)) = known.endings.pop_front() {
                known.ended.remove(&oldest);
            }
        }
    }

    /// Rolls back every open transaction, or those of one owner. The calls that run in them end first.
    pub(super) async fn rollback_all(&self, owner: Option<&str>) {
        let ids: Vec<(String, Option<String>)> = self
            .known()
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

/// Rolls the transaction back once it has been idle for its time-out; ends when it has ended.
async fn expire(transactions: Weak<Transactions>, id: String, open: Weak<Open>) {
    loop {
        let Some(idle_at) = open.upgrade().map(|open| open.idle_at()) else { return };
        tokio::time::sleep_until(idle_at).await;
        let (Some(transactions), Some(open)) = (transactions.upgrade(), open.upgrade()) else { return };
        // A call that runs is not idleness: wait for its end and look again.
        let mut gate = open.gate.lock().await;
        if gate.is_none() {
            return;
        }
        if open.idle_at() > Instant::now() {
            continue;
        }
        if let Some((transaction, _place)) = gate.take() {
            transactions.ended(&id, &open, End::Idle(open.timeout));
            drop(gate);
            if let Err(error) = transaction.rollback().await {
                tracing::warn!(code = ?error.code, "an idle transaction could not be rolled back");
            }
            return;
        }
    }
}
