//! The engine: the databases of one PostgreSQL server.

use std::{collections::HashMap, sync::Arc};

use async_trait::async_trait;
use parking_lot::Mutex;
use phantomdb_engine::{Access, Engine, EngineStatistics, LockWait, Session, Transaction};
use phantomdb_protocol::{BeginTransaction, Error, ErrorCode, Result};
use tokio_postgres_rustls::MakeRustlsConnect;

use crate::{
    citext::CitextColumns,
    database::{Database, Lease},
    database_admin, error, lock_waits,
    options::{PostgresOptions, Target},
    pipeline::{Pipeline, pipelined_connections},
    plan_cache::PlanCache,
    pool::Pool,
    replicas::Replicas,
    session::PostgresSession,
    tls::connector,
    transaction::PostgresTransaction,
};

/// The databases of a PostgreSQL server.
pub struct PostgresEngine {
    target: Target,
    tls: MakeRustlsConnect,
    options: Arc<PostgresOptions>,
    /// The database of the URL. Other databases are created and listed through it.
    home: Database,
    plan_cache: Arc<PlanCache>,
    replicas: Arc<Replicas>,
    /// The databases in use; none after the engine was closed.
    databases: Mutex<Option<HashMap<String, Arc<Database>>>>,
}

impl PostgresEngine {
    /// Connects when a database is first used. `BAD_REQUEST` when the URL cannot be read.
    pub fn open(url: &str, options: PostgresOptions) -> Result<Self> {
        let target = Target::parse(url, options.connect_timeout)?;
        let tls = connector(&target)?;
        // Creating a database may take longer than a statement is allowed to.
        let patient = PostgresOptions { statement_timeout: None, ..options.clone() };
        let pool = Pool::new(target.config.clone(), tls.clone(), &Arc::new(patient))?;
        let (options, plan_cache) = (Arc::new(options), Arc::new(PlanCache::new(CitextColumns::default())));
        let replicas = Arc::new(Replicas::new(&target, &options)?);
        // Questions about the server itself go to the primary.
        let home = Database::new(pool, None, Vec::new(), Arc::clone(&plan_cache), Arc::clone(&replicas));
        Ok(Self {
            target,
            tls,
            options,
            home,
            plan_cache,
            replicas,
            databases: Mutex::new(Some(HashMap::new())),
        })
    }

    /// `UNKNOWN_DATABASE` when there is no database of this name.
    async fn find(&self, name: &str) -> Result<Arc<Database>> {
        database_admin::check_name(name)?;
        if let Some(database) = self.databases.lock().as_ref().ok_or_else(error::engine_closed)?.get(name) {
            return Ok(Arc::clone(database));
        }
        let mut config = self.target.config.clone();
        config.dbname(name);
        let pipeline = Pipeline::new(config.clone(), self.tls.clone(), &self.options);
        let connections = self.options.connections - pipelined_connections(self.options.connections);
        let options = Arc::new(PostgresOptions { connections, ..(*self.options).clone() });
        let pool = Pool::new(config, self.tls.clone(), &options)?;
        let readers = self.replicas.pools(name)?;
        let (plan_cache, replicas) = (Arc::clone(&self.plan_cache), Arc::clone(&self.replicas));
        let database = Arc::new(Database::new(pool, Some(pipeline), readers, plan_cache, replicas));
        self.replicas.watch();
        // A database exists when a connection to it can be opened.
        database.lease().await?.give_back();
        let mut databases = self.databases.lock();
        let databases = databases.as_mut().ok_or_else(error::engine_closed)?;
        Ok(Arc::clone(databases.entry(name.to_owned()).or_insert(database)))
    }

    fn forget(&self, name: &str) -> Option<Arc<Database>> {
        self.databases.lock().as_mut()?.remove(name)
    }

    async fn home(&self) -> Result<Lease> {
        if self.databases.lock().is_none() {
            return Err(error::engine_closed());
        }
        self.home.lease().await
    }
}

#[async_trait]
impl Engine for PostgresEngine {
    fn name(&self) -> &'static str {
        "postgres"
    }

    async fn version(&self) -> Result<String> {
        let lease = self.home().await?;
        let answer = lease.client().query_typed_one("SELECT version()", &[]).await;
        lease.give_back();
        let row = answer.map_err(|error| error::explain(&error))?;
        row.try_get(0).map_err(|error| Error::internal(format!("the version cannot be read: {error}")))
    }

    async fn databases(&self) -> Result<Vec<String>> {
        let lease = self.home().await?;
        let databases = database_admin::list(&lease).await;
        lease.give_back();
        databases
    }

    async fn create_database(&self, name: &str) -> Result<()> {
        let lease = self.home().await?;
        let outcome = database_admin::create(&lease, name).await;
        lease.give_back();
        outcome
    }

    async fn drop_database(&self, name: &str) -> Result<()> {
        database_admin::check_name(name)?;
        if let Some(database) = self.forget(name) {
            database.close();
        }
        let lease = self.home().await?;
        let outcome = database_admin::drop(&lease, name).await;
        lease.give_back();
        outcome
    }

    async fn database_with(&self, name: &str, access: Access) -> Result<Arc<dyn Session>> {
        Ok(Arc::new(PostgresSession::new(self.find(name).await?, access)))
    }

    async fn begin_with(&self, options: &BeginTransaction, access: Access) -> Result<Arc<dyn Transaction>> {
        let database = self.find(&options.database).await?;
        match PostgresTransaction::begin(database, options, access).await {
            // Somebody else has dropped it.
            Err(error) if error.code == ErrorCode::UnknownDatabase => {
                self.forget(&options.database);
                Err(error)
            }
            begun => Ok(Arc::new(begun?)),
        }
    }

    async fn statistics(&self) -> EngineStatistics {
        let databases = self.databases.lock();
        let pools = databases.iter().flat_map(HashMap::values).map(|database| &database.primary);
        let mut statistics = EngineStatistics::default();
        let add = |sum: &mut Option<u64>, next: usize| *sum = Some(sum.unwrap_or(0) + next as u64);
        for status in pools.chain([&self.home.primary]).map(Pool::status) {
            add(&mut statistics.connections, status.size);
            add(&mut statistics.idle_connections, status.available);
            add(&mut statistics.waiting_for_connections, status.waiting);
        }
        statistics.databases_in_use = databases.as_ref().map(|databases| databases.len() as u64);
        statistics
    }

    async fn lock_waits(&self) -> Result<Vec<LockWait>> {
        let lease = self.home().await?;
        let waits = lock_waits::list(&lease).await;
        lease.give_back();
        waits
    }

    async fn close(&self) -> Result<()> {
        let databases = self.databases.lock().take().unwrap_or_default();
        for database in databases.into_values() {
            database.close();
        }
        self.home.primary.close();
        Ok(())
    }
}
