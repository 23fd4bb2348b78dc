//! The engines, each with a database for one test.

use std::sync::Arc;

use phantomdb_engine::{Engine, Session, Transaction};
use phantomdb_engine_sqlite::SqliteEngine;
use phantomdb_protocol::{BeginTransaction, IsolationLevel};

use crate::keyed::Keyed;
use phantomdb_testing::{Directory, namespace::Namespace};

/// An engine with a database named `test`.
pub(crate) struct Fixture {
    name: &'static str,
    pub(crate) engine: Arc<dyn Engine>,
    pub(crate) session: Arc<dyn Session>,
    _directory: Option<Directory>,
}

impl Fixture {
    /// The engines one after the other: memory, files, PostgreSQL, and PostgreSQL with each write under an idempotency key.
    /// The output of a failed test ends with the name of the engine.
    pub(crate) async fn each() -> impl Iterator<Item = Self> {
        let directory = Directory::new();
        let files = SqliteEngine::open(&directory.0).unwrap();
        let fixtures = [
            Self::new("memory", Arc::new(SqliteEngine::memory()), None).await,
            Self::new("files", Arc::new(files), Some(directory)).await,
            Self::new("PostgreSQL", Arc::new(Namespace::new()), None).await,
            Self::new("PostgreSQL under keys", Arc::new(Namespace::new()), None).await.keyed(),
        ];
        fixtures.into_iter().inspect(|fixture| println!("on {}", fixture.name))
    }

    async fn new(name: &'static str, engine: Arc<dyn Engine>, directory: Option<Directory>) -> Self {
        engine.create_database("test").await.unwrap();
        let session = engine.database("test").await.unwrap();
        Self { name, engine, session, _directory: directory }
    }

    fn keyed(self) -> Self {
        Self { session: Arc::new(Keyed(self.session)), ..self }
    }

    pub(crate) async fn begin(&self, isolation_level: Option<IsolationLevel>) -> Arc<dyn Transaction> {
        let options = BeginTransaction { database: "test".to_owned(), isolation_level, ..Default::default() };
        self.engine.begin(&options).await.unwrap()
    }
}
