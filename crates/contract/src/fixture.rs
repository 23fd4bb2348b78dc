//! A test of the contract, and what it runs on.

use std::{pin::Pin, sync::Arc};

use phantomdb_engine::{Engine, Session, Transaction};
use phantomdb_protocol::{BeginTransaction, IsolationLevel};

use crate::keyed::Keyed;

pub(crate) type Running<'a> = Pin<Box<dyn Future<Output = ()> + 'a>>;

/// A test by its name.
#[derive(Clone, Copy)]
pub struct ContractTest {
    pub(crate) name: &'static str,
    pub(crate) run: fn(&Fixture) -> Running<'_>,
}

/// Lists functions as [`ContractTest`]s.
macro_rules! contract_tests {
    ($($name:ident),* $(,)?) => {
        &[$($crate::fixture::ContractTest {
            name: stringify!($name),
            run: |fixture| Box::pin($name(fixture)),
        }),*]
    };
}
pub(crate) use contract_tests;

/// An engine with an empty database `test`.
pub struct Fixture {
    pub(crate) engine: Arc<dyn Engine>,
    pub(crate) session: Arc<dyn Session>,
}

impl Fixture {
    pub(crate) async fn new(engine: Arc<dyn Engine>, writes: Writes) -> Self {
        engine.create_database("test").await.unwrap();
        let session = engine.database("test").await.unwrap();
        let session = match writes {
            Writes::Plain => session,
            Writes::TwiceUnderKeys => Arc::new(Keyed(session)),
        };
        Self { engine, session }
    }

    pub(crate) async fn begin(&self, isolation_level: Option<IsolationLevel>) -> Arc<dyn Transaction> {
        let options = BeginTransaction { database: "test".to_owned(), isolation_level, ..Default::default() };
        self.engine.begin(&options).await.unwrap()
    }
}

/// How the tests write.
#[derive(Debug, Clone, Copy)]
pub enum Writes {
    Plain,
    /// Each write has an idempotency key and is sent twice: the second time changes nothing and answers the same.
    TwiceUnderKeys,
}
