use std::path::PathBuf;
use std::sync::Arc;
use std::sync::atomic::{AtomicU32, Ordering};
use std::time::Duration;

use phantomdb_protocol::{BeginTransaction, Error, IsolationLevel, Result, ResultSet, Statement, Value};
use phantomdb_server::engine::sqlite::{SqliteEngine, SqliteOptions};
use phantomdb_server::engine::{Engine, Session, Transaction};
use serde_json::Value as Json;

/// A directory of its own, gone with the test.
pub(crate) struct Directory(pub(crate) PathBuf);

impl Directory {
    pub(crate) fn new() -> Self {
        static NEXT: AtomicU32 = AtomicU32::new(0);
        let number = NEXT.fetch_add(1, Ordering::Relaxed);
        let path = std::env::temp_dir().join(format!("phantomdb-test-{}-{number}", std::process::id()));
        std::fs::remove_dir_all(&path).ok();
        Self(path)
    }
}

impl Drop for Directory {
    fn drop(&mut self) {
        std::fs::remove_dir_all(&self.0).ok();
    }
}

const LOCK_TIMEOUT: Duration = Duration::from_millis(3000);

/// An engine with a database `test`.
pub(crate) struct Fixture {
    pub(crate) engine: Arc<SqliteEngine>,
    pub(crate) session: Arc<dyn Session>,
    _directory: Option<Directory>,
}

impl Fixture {
    async fn new(engine: SqliteEngine, directory: Option<Directory>) -> Self {
        Self::with_options(engine, directory, LOCK_TIMEOUT, SqliteOptions::default().lock_idle_timeout).await
    }

    async fn with_options(
        engine: SqliteEngine,
        directory: Option<Directory>,
        lock_timeout: Duration,
        lock_idle_timeout: Duration,
    ) -> Self {
        let engine = Arc::new(engine.with_options(SqliteOptions { lock_timeout, lock_idle_timeout }));
        engine.create_database("test").await.unwrap();
        let session = engine.database("test").await.unwrap();
        Self { engine, session, _directory: directory }
    }

    pub(crate) async fn both() -> [Self; 2] {
        let directory = Directory::new();
        let file = SqliteEngine::open(&directory.0).unwrap();
        [Self::new(SqliteEngine::memory(), None).await, Self::new(file, Some(directory)).await]
    }

    /// In memory, with an engine that soon loses patience with idle transactions.
    pub(crate) async fn impatient(lock_idle_timeout: Duration) -> Self {
        Self::with_options(SqliteEngine::memory(), None, LOCK_TIMEOUT, lock_idle_timeout).await
    }

    pub(crate) async fn begin(&self, isolation_level: Option<IsolationLevel>) -> Arc<dyn Transaction> {
        let options = BeginTransaction { database: "test".to_owned(), isolation_level, ..Default::default() };
        self.engine.begin(&options).await.unwrap()
    }
}

pub(crate) fn statement(query: &str, parameters: &[Value]) -> Statement {
    Statement { query: query.to_owned(), parameters: parameters.to_vec(), native: false }
}

pub(crate) fn text(value: &str) -> Value {
    Value::String(value.to_owned())
}

pub(crate) async fn run<S: Session + ?Sized>(
    session: &S,
    query: &str,
    parameters: &[Value],
) -> Result<ResultSet> {
    session.execute(statement(query, parameters)).await
}

pub(crate) async fn ok<S: Session + ?Sized>(session: &S, query: &str, parameters: &[Value]) -> ResultSet {
    run(session, query, parameters).await.unwrap_or_else(|e| panic!("{query}: {e:?}"))
}

pub(crate) async fn rows<S: Session + ?Sized>(session: &S, query: &str, parameters: &[Value]) -> Json {
    serde_json::from_str(ok(session, query, parameters).await.rows.get()).unwrap()
}

pub(crate) async fn error<S: Session + ?Sized>(session: &S, query: &str, parameters: &[Value]) -> Error {
    match run(session, query, parameters).await {
        Err(error) => error,
        Ok(answer) => panic!("{query} was not refused: {answer:?}"),
    }
}
