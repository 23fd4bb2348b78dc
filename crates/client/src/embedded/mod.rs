//! Calls into an engine in this process, through the same service as over HTTP.

mod snapshots;

use std::{
    collections::HashMap,
    path::Path,
    sync::{Arc, LazyLock, Mutex, MutexGuard, PoisonError, Weak},
    time::Duration,
};

use phantomdb_engine_sqlite::{SqliteEngine, SqliteOptions};
use phantomdb_protocol::{Call, CallContext, Result};
use phantomdb_service::{Service, ServiceOptions};
use tokio::sync::Mutex as AsyncMutex;

pub use self::snapshots::Held;
use self::snapshots::SNAPSHOTS;
pub(crate) use self::snapshots::hold_file;
use super::{connection::Place, failure::closed};

/// The services that several clients share, for as long as one of them uses it.
static SHARED: LazyLock<Mutex<HashMap<Place, Weak<Service>>>> = LazyLock::new(Mutex::default);

pub(super) struct Embedded {
    place: Place,
    engine: SqliteOptions,
    /// Owns the transactions this client begins, as a token does on a server: clients that share an engine do not
    /// meet in each other's transactions.
    owner: String,
    state: Mutex<State>,
    /// Held while the engine is opened or closed, which may block.
    changing: AsyncMutex<()>,
}

#[derive(Clone)]
enum State {
    New,
    Open(Arc<Service>),
    Closed,
}

impl Embedded {
    /// Of clients that share an engine, the one that opens it decides on `lock_idle_timeout`.
    pub(super) fn new(place: Place, lock_idle_timeout: Option<Duration>) -> Result<Self> {
        let engine = SqliteOptions::default();
        Ok(Self {
            place,
            engine: SqliteOptions {
                lock_idle_timeout: lock_idle_timeout.unwrap_or(engine.lock_idle_timeout),
                ..engine
            },
            owner: uuid::Uuid::new_v4().to_string(),
            state: Mutex::new(State::New),
            changing: AsyncMutex::default(),
        })
    }

    pub(super) fn is_in_memory(&self) -> bool {
        !matches!(self.place, Place::Directory(_))
    }

    fn state(&self) -> MutexGuard<'_, State> {
        self.state.lock().unwrap_or_else(PoisonError::into_inner)
    }

    pub(super) async fn call(&self, call: Call, mut context: CallContext) -> Result<String> {
        let service = self.service().await?;
        // Snapshots are for every client of the process.
        context.token = (!is_about_snapshots(&call)).then(|| self.owner.clone());
        service.call(call, context).await.map(|reply| reply.body)
    }

    /// Whether there is such a database.
    pub(super) async fn has_database(&self, name: &str) -> Result<bool> {
        Ok(self.service().await?.has_database(name).await)
    }

    async fn service(&self) -> Result<Arc<Service>> {
        let state = self.state().clone();
        match state {
            State::Open(service) => Ok(service),
            State::Closed => Err(closed()),
            State::New => self.open().await,
        }
    }

    async fn open(&self) -> Result<Arc<Service>> {
        let _changing = self.changing.lock().await;
        match self.state().clone() {
            State::Open(service) => return Ok(service),
            State::Closed => return Err(closed()),
            State::New => {}
        }
        let (place, options) = (self.place.clone(), self.engine);
        // Opening reads and writes the disk.
        let opened = tokio::task::spawn_blocking(move || service_of(place, options)).await;
        let service = opened
            .unwrap_or_else(|_| Err(phantomdb_protocol::Error::internal("opening the engine broke off")))?;
        *self.state() = State::Open(Arc::clone(&service));
        Ok(service)
    }

    pub(super) async fn close(&self) -> Result<()> {
        let _changing = self.changing.lock().await;
        let State::Open(service) = std::mem::replace(&mut *self.state(), State::Closed) else {
            return Ok(());
        };
        service.release(&self.owner).await;
        if self.is_last(&service) { service.close().await } else { Ok(()) }
    }

    /// Whether no other client uses the service; it is then no longer given to new ones.
    fn is_last(&self, service: &Arc<Service>) -> bool {
        if self.place == Place::Private {
            return true;
        }
        let mut shared = shared();
        // Calls still under way hold it too: the last of them then drops it.
        let last = Arc::strong_count(service) == 1;
        if last {
            shared.retain(|_, known| known.as_ptr() != Arc::as_ptr(service));
        }
        last
    }
}

fn is_about_snapshots(call: &Call) -> bool {
    matches!(
        call,
        Call::CreateSnapshot { .. }
            | Call::RestoreSnapshot { .. }
            | Call::DropSnapshot { .. }
            | Call::CreateDatabase { template: Some(_), .. }
    )
}

fn shared() -> MutexGuard<'static, HashMap<Place, Weak<Service>>> {
    SHARED.lock().unwrap_or_else(PoisonError::into_inner)
}

fn service_of(place: Place, options: SqliteOptions) -> Result<Arc<Service>> {
    let place = match place {
        Place::Private => return Ok(in_memory(options)),
        Place::Shared(name) => Place::Shared(name),
        Place::Directory(path) => {
            // The same directory has one name, however it was written; it must exist to be asked for it.
            let _ = std::fs::create_dir_all(&path);
            Place::Directory(std::fs::canonicalize(&path).unwrap_or(path))
        }
    };
    let mut shared = shared();
    if let Some(service) = shared.get(&place).and_then(Weak::upgrade) {
        return Ok(service);
    }
    let service = match &place {
        Place::Directory(path) => on_disk(path, options)?,
        _ => in_memory(options),
    };
    shared.retain(|_, known| known.strong_count() > 0);
    shared.insert(place, Arc::downgrade(&service));
    Ok(service)
}

fn in_memory(options: SqliteOptions) -> Arc<Service> {
    service(SqliteEngine::memory().with_options(options))
}

fn on_disk(path: &Path, options: SqliteOptions) -> Result<Arc<Service>> {
    Ok(service(SqliteEngine::open(path)?.with_options(options)))
}

fn service(engine: SqliteEngine) -> Arc<Service> {
    Service::with_snapshots(Arc::new(engine), ServiceOptions::default(), Arc::clone(&SNAPSHOTS))
}
