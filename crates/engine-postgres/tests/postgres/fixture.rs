//! An engine with a database for one test.

use std::sync::Arc;

use phantomdb_engine::{Engine, Session, Transaction};
use phantomdb_engine_postgres::{PostgresEngine, PostgresOptions};
use phantomdb_protocol::{BeginTransaction, IsolationLevel};
use phantomdb_testing::{next_number, postgres::postgres_url};

pub(crate) struct Fixture {
    pub(crate) engine: PostgresEngine,
    pub(crate) database: String,
    pub(crate) session: Arc<dyn Session>,
}

impl Fixture {
    pub(crate) async fn new() -> Self {
        Self::with_options(PostgresOptions::default()).await
    }

    pub(crate) async fn with_options(options: PostgresOptions) -> Self {
        let engine = PostgresEngine::open(postgres_url(), options).unwrap();
        let database = format!("phantomdb_pg_{}_{}", std::process::id(), next_number());
        engine.create_database(&database).await.unwrap();
        let session = engine.database(&database).await.unwrap();
        Self { engine, database, session }
    }

    /// A second engine over the same server, as another PhantomDB server would have.
    pub(crate) fn another(&self, options: PostgresOptions) -> PostgresEngine {
        PostgresEngine::open(postgres_url(), options).unwrap()
    }

    pub(crate) async fn begin(&self, isolation_level: Option<IsolationLevel>) -> Arc<dyn Transaction> {
        let options = BeginTransaction {
            database: self.database.clone(),
            isolation_level,
            ..BeginTransaction::default()
        };
        self.engine.begin(&options).await.unwrap()
    }

    /// Drops the database: the server is shared, and may go on after the tests.
    pub(crate) async fn end(self) {
        self.engine.drop_database(&self.database).await.unwrap();
        self.engine.close().await.unwrap();
    }
}
