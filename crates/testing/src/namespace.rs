//! A PostgreSQL server that a test has to itself, as far as the test can see.

use std::sync::Arc;

use async_trait::async_trait;
use phantomdb_engine::{Engine, Session, Transaction};
use phantomdb_engine_postgres::{PostgresEngine, PostgresOptions};
use phantomdb_protocol::{BeginTransaction, Result};

use super::{next_number, postgres::postgres_url};

/// The engine, with a prefix before the names of its databases; those are dropped with it.
pub struct Namespace {
    engine: PostgresEngine,
    prefix: String,
}

fn engine() -> PostgresEngine {
    let options = PostgresOptions { connections: 60, ..PostgresOptions::default() };
    PostgresEngine::open(postgres_url(), options).unwrap()
}

impl Namespace {
    pub fn new() -> Self {
        Self { engine: engine(), prefix: format!("phantomdb_test_{}_{}_", std::process::id(), next_number()) }
    }

    /// A name that the engine refuses stays what it is.
    fn within(&self, name: &str) -> String {
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
        self.engine.create_database(&self.within(name)).await
    }

    async fn drop_database(&self, name: &str) -> Result<()> {
        self.engine.drop_database(&self.within(name)).await
    }

    async fn database(&self, name: &str) -> Result<Arc<dyn Session>> {
        self.engine.database(&self.within(name)).await
    }

    async fn begin(&self, options: &BeginTransaction) -> Result<Arc<dyn Transaction>> {
        self.engine
            .begin(&BeginTransaction { database: self.within(&options.database), ..options.clone() })
            .await
    }

    async fn close(&self) -> Result<()> {
        self.engine.close().await
    }
}

/// Others use the same server, and it may go on after the tests. A test that is over has no time of its own left, so
/// this takes a thread.
impl Drop for Namespace {
    fn drop(&mut self) {
        let prefix = self.prefix.clone();
        let dropped = std::thread::spawn(move || {
            let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build().unwrap();
            runtime.block_on(async {
                let engine = engine();
                let names = engine.databases().await.unwrap_or_default();
                for name in names.iter().filter(|name| name.starts_with(&prefix)) {
                    engine.drop_database(name).await.ok();
                }
            });
        });
        dropped.join().ok();
    }
}
