//! The SQLite engine with a database for one test, in memory and in a directory.

use std::sync::Arc;
use std::time::Duration;

use phantomdb_engine::{Engine, Session, Transaction};
use phantomdb_engine_sqlite::{SqliteEngine, SqliteOptions};
use phantomdb_protocol::{BeginTransaction, IsolationLevel};

use phantomdb_testing::Directory;

const LOCK_TIMEOUT: Duration = Duration::from_millis(3000);

/// An engine with a database named `test`.
pub(crate) struct Fixture {
    pub(crate) engine: Arc<SqliteEngine>,
    pub(crate) session: Arc<dyn Session>,
    _directory: Option<Directory>,
}

impl Fixture {
    async fn new(engine: SqliteEngine, directory: Option<Directory>) -> Self {
        let options = SqliteOptions { lock_timeout: LOCK_TIMEOUT, ..SqliteOptions::default() };
        Self::with_options(engine, directory, options).await
    }

    pub(crate) async fn with_options(
        engine: SqliteEngine,
        directory: Option<Directory>,
        options: SqliteOptions,
    ) -> Self {
        let engine = Arc::new(engine.with_options(options));
        engine.create_database("test").await.unwrap();
        let session = engine.database("test").await.unwrap();
        Self { engine, session, _directory: directory }
    }

    pub(crate) async fn both() -> [Self; 2] {
        let directory = Directory::new();
        let file = SqliteEngine::open(&directory.0).unwrap();
        [Self::new(SqliteEngine::memory(), None).await, Self::new(file, Some(directory)).await]
    }

    /// An engine in memory with a short limit for idle transactions.
    pub(crate) async fn impatient(lock_idle_timeout: Duration) -> Self {
        let options =
            SqliteOptions { lock_timeout: LOCK_TIMEOUT, lock_idle_timeout, ..SqliteOptions::default() };
        Self::with_options(SqliteEngine::memory(), None, options).await
    }

    pub(crate) async fn begin(&self, isolation_level: Option<IsolationLevel>) -> Arc<dyn Transaction> {
        let options = BeginTransaction { database: "test".to_owned(), isolation_level, ..Default::default() };
        self.engine.begin(&options).await.unwrap()
    }
}
