//! Every engine, with a database for one test.

use std::sync::Arc;

use phantomdb_protocol::{BeginTransaction, IsolationLevel};
use phantomdb_server::engine::postgres::{PostgresEngine, PostgresOptions};
use phantomdb_server::engine::sqlite::SqliteEngine;
use phantomdb_server::engine::{Engine, Session, Transaction};

use crate::support::{Directory, next_number, postgres::postgres_url};

pub(crate) struct Fixture {
    name: &'static str,
    pub(crate) engine: Arc<dyn Engine>,
    pub(crate) database: String,
    pub(crate) session: Arc<dyn Session>,
    _directory: Option<Directory>,
}

impl Fixture {
    /// One engine after the other: memory, files, PostgreSQL. A test that fails shows the name of the last one.
    pub(crate) async fn each() -> impl Iterator<Item = Self> {
        let directory = Directory::new();
        let files = SqliteEngine::open(&directory.0).unwrap();
        let postgres = PostgresEngine::open(postgres_url(), PostgresOptions::default()).unwrap();
        let fixtures = [
            Self::new("memory", Arc::new(SqliteEngine::memory()), None).await,
            Self::new("files", Arc::new(files), Some(directory)).await,
            Self::new("PostgreSQL", Arc::new(postgres), None).await,
        ];
        fixtures.into_iter().inspect(|fixture| println!("on {}", fixture.name))
    }

    async fn new(name: &'static str, engine: Arc<dyn Engine>, directory: Option<Directory>) -> Self {
        let database = format!("phantomdb_test_{}_{}", std::process::id(), next_number());
        engine.create_database(&database).await.unwrap();
        let session = engine.database(&database).await.unwrap();
        Self { name, engine, database, session, _directory: directory }
    }

    pub(crate) async fn begin(&self, isolation_level: Option<IsolationLevel>) -> Arc<dyn Transaction> {
        self.begin_with(BeginTransaction { isolation_level, ..BeginTransaction::default() }).await
    }

    pub(crate) async fn begin_with(&self, options: BeginTransaction) -> Arc<dyn Transaction> {
        let options = BeginTransaction { database: self.database.clone(), ..options };
        self.engine.begin(&options).await.unwrap()
    }
}

/// Others use the same server, and it may go on after the tests.
impl Drop for Fixture {
    fn drop(&mut self) {
        if self.name != "PostgreSQL" {
            return;
        }
        let database = self.database.clone();
        let dropped = std::thread::spawn(move || {
            let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build().unwrap();
            runtime.block_on(async {
                let engine = PostgresEngine::open(postgres_url(), PostgresOptions::default()).unwrap();
                engine.drop_database(&database).await.ok();
            });
        });
        dropped.join().ok();
    }
}
