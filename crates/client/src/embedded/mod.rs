//! Calls to an engine in this process, through the same service that a server uses.

mod snapshots;

use std::{
    collections::HashMap,
    path::Path,
    sync::{Arc, LazyLock, Weak},
};

use parking_lot::Mutex;
use phantomdb_engine::ResultLimits;
use phantomdb_engine_sqlite::{SqliteEngine, SqliteOptions, make_directory};
use phantomdb_protocol::{Call, CallContext, Error, ErrorCode, Result};
use phantomdb_service::{Grant, Service, ServiceOptions};
use tokio::sync::Mutex as AsyncMutex;

pub use self::snapshots::HeldSnapshot;
use self::snapshots::SNAPSHOTS;
pub(crate) use self::snapshots::hold_file;
use super::embedded_options::EmbeddedOptions;
use crate::{connection::Storage, failure::closed};

/// The services that several clients share, each for as long as one of them uses it.
static SHARED: LazyLock<Mutex<HashMap<Storage, Weak<Service>>>> = LazyLock::new(Mutex::default);

/// The application owns the databases in its own process.
static EVERYTHING: LazyLock<Arc<Grant>> = LazyLock::new(|| Arc::new(Grant::everything()));

pub(crate) struct Embedded {
    storage: Storage,
    engine_options: SqliteOptions,
    /// True when a directory that is missing is made by any call, not only by one that makes a database.
    makes_directory: bool,
    /// The owner of the transactions this client begins, as the token is on a server, so that clients that share an engine
    /// cannot use each other's transactions.
    owner: String,
    service: Mutex<ServiceState>,
    /// Locked while the engine is opened or closed, which may block.
    opening: AsyncMutex<()>,
}

#[derive(Clone)]
enum ServiceState {
    NotOpened,
    Open(Arc<Service>),
    Closed,
}

impl Embedded {
    /// When clients share an engine, the options of the client that opens it count.
    pub(crate) fn new(storage: Storage, makes_directory: bool, options: EmbeddedOptions) -> Result<Self> {
        let EmbeddedOptions { lock_idle_timeout, result_rows_max, result_bytes_max } = options;
        let mut engine_options = SqliteOptions {
            results: ResultLimits { rows: result_rows_max, bytes: result_bytes_max, in_flight: None },
            ..SqliteOptions::default()
        };
        if let Some(timeout) = lock_idle_timeout {
            engine_options.lock_idle_timeout = timeout;
        }
        Ok(Self {
            storage,
            engine_options,
            makes_directory,
            owner: uuid::Uuid::new_v4().to_string(),
            service: Mutex::new(ServiceState::NotOpened),
            opening: AsyncMutex::default(),
        })
    }

    pub(crate) fn is_in_memory(&self) -> bool {
        !matches!(self.storage, Storage::Directory(_))
    }

    pub(crate) async fn call(&self, call: Call, mut context: CallContext) -> Result<String> {
        let makes_directory = self.makes_directory || matches!(call, Call::CreateDatabase { .. });
        let service = self.service(makes_directory).await?;
        // Every client of the process may use a snapshot, so snapshots have no owner.
        context.token = (!is_about_snapshots(&call)).then(|| self.owner.clone());
        service.call(call, context, Arc::clone(&EVERYTHING)).await.map(|reply| reply.body)
    }

    /// True when a database of that name exists.
    pub(crate) async fn has_database(&self, name: &str) -> Result<bool> {
        Ok(self.service(self.makes_directory).await?.has_database(name).await)
    }

    /// The service that runs the calls, which is opened if it is not yet. Fails with `UNKNOWN_DATABASE` when its directory is
    /// missing and is not to be made.
    pub(crate) async fn service(&self, makes_directory: bool) -> Result<Arc<Service>> {
        let state = self.service.lock().clone();
        match state {
            ServiceState::Open(service) => Ok(service),
            ServiceState::Closed => Err(closed()),
            ServiceState::NotOpened => self.open(makes_directory).await,
        }
    }

    async fn open(&self, makes_directory: bool) -> Result<Arc<Service>> {
        let _opening = self.opening.lock().await;
        match self.service.lock().clone() {
            ServiceState::Open(service) => return Ok(service),
            ServiceState::Closed => return Err(closed()),
            ServiceState::NotOpened => {}
        }
        let (storage, options) = (self.storage.clone(), self.engine_options.clone());
        // Opening reads and writes the disk, so it runs on a thread for blocking work.
        let opened = tokio::task::spawn_blocking(move || service_of(storage, makes_directory, options)).await;
        let service = opened.unwrap_or_else(|_| Err(Error::internal("opening the engine broke off")))?;
        *self.service.lock() = ServiceState::Open(Arc::clone(&service));
        Ok(service)
    }

    pub(crate) async fn close(&self) -> Result<()> {
        let _opening = self.opening.lock().await;
        let ServiceState::Open(service) = std::mem::replace(&mut *self.service.lock(), ServiceState::Closed)
        else {
            return Ok(());
        };
        service.release(&self.owner).await;
        if self.is_last(&service) { service.close().await } else { Ok(()) }
    }

    /// True when no other client uses the service. It is then no longer given to new clients.
    fn is_last(&self, service: &Arc<Service>) -> bool {
        if self.storage == Storage::PrivateMemory {
            return true;
        }
        let mut shared = SHARED.lock();
        // A call that is still running also holds a reference; the last such call then drops the service.
        let last = Arc::strong_count(service) == 1;
        if last {
            shared.retain(|_, other| other.as_ptr() != Arc::as_ptr(service));
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

/// Opens the service of a storage, or finds the one that another client has open.
fn service_of(storage: Storage, makes_directory: bool, options: SqliteOptions) -> Result<Arc<Service>> {
    let storage = match storage {
        Storage::PrivateMemory => return Ok(in_memory(options)),
        Storage::SharedMemory(name) => Storage::SharedMemory(name),
        Storage::Directory(path) if !makes_directory && !path.is_dir() => {
            let message = format!("there is no directory {}, so it has no databases", path.display());
            return Err(Error::new(ErrorCode::UnknownDatabase, message));
        }
        Storage::Directory(path) => Storage::Directory(make_directory(&path)?),
    };
    let mut shared = SHARED.lock();
    if let Some(service) = shared.get(&storage).and_then(Weak::upgrade) {
        return Ok(service);
    }
    let service = match &storage {
        Storage::Directory(path) => on_disk(path, options)?,
        _ => in_memory(options),
    };
    shared.retain(|_, service| service.strong_count() > 0);
    shared.insert(storage, Arc::downgrade(&service));
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
