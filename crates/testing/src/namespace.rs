//! A PostgreSQL server that looks to a test as if no other test used it.

use std::sync::Arc;

use async_trait::async_trait;
use phantomdb_engine::{Access, Engine, EngineStatistics, LockWait, ResultLimits, Session, Transaction};
use phantomdb_engine_postgres::{PostgresEngine, PostgresOptions};
use phantomdb_protocol::{BeginTransaction, Result};

use crate::{next_number, postgres::postgres_url};

/// The PostgreSQL engine with a prefix before every database name. The databases are dropped with it.
pub struct Namespace {
    engine: PostgresEngine,
    prefix: String,
}

fn engine(results: ResultLimits) -> PostgresEngine {
    let options = PostgresOptions { connections: 60, results, ..PostgresOptions::default() };
    PostgresEngine::open(postgres_url(), options).unwrap()
}

impl Namespace {
    pub fn new() -> Self {
        Self::with_results(ResultLimits::default())
    }

    /// The same, with results of a limited size.
    pub fn with_results(results: ResultLimits) -> Self {
        let prefix = format!("phantomdb_test_{}_{}_", std::process::id(), next_number());
        Self { engine: engine(results), prefix }
    }

    /// The name with the prefix. A name that the engine must refuse is left unchanged.
    fn prefixed(&self, name: &str) -> String {
        if name.is_empty() || name.starts_with('.') {
            name.to_owned()
        } else {
            format!("{}{name}", self.prefix)
        }
    }
}

#[async_trait]
impl Engine for Namespace {
    fn name(&self) -> &'static str {
        self.engine.name()
    }

    async fn version(&self) -> Result<String> {
        self.engine.version().await
    }

    async fn databases(&self) -> Result<Vec<String>> {
        let names = self.engine.databases().await?;
        Ok(names.iter().filter_map(|name| name.strip_prefix(&self.prefix)).map(str::to_owned).collect())
    }

    async fn create_database(&self, name: &str) -> Result<()> {
        self.engine.create_database(&self.prefixed(name)).await
    }

    async fn drop_database(&self, name: &str) -> Result<()> {
        self.engine.drop_database(&self.prefixed(name)).await
    }

    async fn database_with(&self, name: &str, access: Access) -> Result<Arc<dyn Session>> {
        self.engine.database_with(&self.prefixed(name), access).await
    }

    async fn begin_with(&self, options: &BeginTransaction, access: Access) -> Result<Arc<dyn Transaction>> {
        let options = BeginTransaction { database: self.prefixed(&options.database), ..options.clone() };
        self.engine.begin_with(&options, access).await
    }

    async fn statistics(&self) -> EngineStatistics {
        self.engine.statistics().await
    }

    async fn lock_waits(&self) -> Result<Vec<LockWait>> {
        let waits = self.engine.lock_waits().await?.into_iter().filter_map(|wait| {
            let database = wait.database.strip_prefix(&self.prefix)?.to_owned();
            Some(LockWait { database, ..wait })
        });
        Ok(waits.collect())
    }

    async fn close(&self) -> Result<()> {
        self.engine.close().await
    }
}

/// Drops the databases, since the server outlives the test. The test's own runtime may be shutting down by now, so this uses a
/// thread with another runtime.
impl Drop for Namespace {
    fn drop(&mut self) {
        let prefix = self.prefix.clone();
        let dropped = std::thread::spawn(move || {
            let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build().unwrap();
            runtime.block_on(async {
                let engine = engine(ResultLimits::default());
                let names = engine.databases().await.unwrap_or_default();
                for name in names.iter().filter(|name| name.starts_with(&prefix)) {
                    engine.drop_database(name).await.ok();
                }
            });
        });
        dropped.join().ok();
    }
}
