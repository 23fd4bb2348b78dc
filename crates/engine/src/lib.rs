//! What an engine is. Two engines implement this one interface and pass the same contract tests.

#[cfg(feature = "contract")]
pub mod contract;
mod idempotency;
pub mod json_rows;
pub mod parameters;
mod snapshot;

use std::sync::Arc;

use async_trait::async_trait;
use phantomdb_protocol::{
    AlterOperation, BeginTransaction, Error, ErrorCode, Result, ResultSet, Statement, TableName, TableSchema,
};

pub use idempotency::{Digest, IdempotentCall};
pub use snapshot::Snapshot;

/// `BAD_REQUEST` for a name that no database can have, whichever engine keeps it.
pub fn check_database_name(name: &str) -> Result<()> {
    /// In characters.
    const LONGEST_NAME: usize = 63;
    let why = if name.is_empty() {
        "is empty"
    } else if name.chars().count() > LONGEST_NAME {
        "is longer than 63 characters"
    } else if name.starts_with('.') {
        "begins with a dot"
    } else if name.chars().any(|c| matches!(c, '/' | '\\' | ':') || c.is_control()) {
        "has a slash, a backslash, a colon or a control character"
    } else {
        return Ok(());
    };
    Err(Error::new(ErrorCode::BadRequest, format!("the name of the database {why}; choose another")))
}

/// What is said of a transaction that is over to those who still use it: `how` it ended, as in "was rolled back".
pub fn ended(how: &str) -> Error {
    Error::new(ErrorCode::TransactionExpired, format!("the transaction has ended: it {how}; begin another"))
}

/// How a transaction ended that another one made give way.
pub const ENDED_BY_CONFLICT: &str = "was rolled back when it had to give way to another transaction";

/// Whether after this error nothing of its transaction can be kept: it has to be run again from its beginning.
pub const fn ends_transaction(code: ErrorCode) -> bool {
    matches!(code, ErrorCode::SerializationFailure | ErrorCode::Deadlock)
}

/// Runs statements: each on its own (a database), or all in one transaction (a [`Transaction`]).
#[async_trait]
pub trait Session: Send + Sync {
    async fn execute(&self, statement: Statement) -> Result<ResultSet>;

    /// Runs the statements in order. Atomic: all or nothing, and the first error is the answer to all of them. In a
    /// transaction "nothing" means back to where the batch began.
    async fn execute_batch(&self, statements: Vec<Statement>, atomic: bool)
    -> Result<Vec<Result<ResultSet>>>;

    /// The user's tables, sorted by name.
    async fn tables(&self) -> Result<Vec<TableName>>;

    /// `UNKNOWN_TABLE` when there is none.
    async fn describe(&self, table: &TableName) -> Result<TableSchema>;

    /// Applies the operations in order, all or nothing.
    async fn alter(&self, table: &TableName, operations: Vec<AlterOperation>) -> Result<()>;

    /// This session for the writes of one call, each of which takes effect once: see [`IdempotentCall`]. None where an engine
    /// keeps no keys and stops nothing, and for a transaction, which ends with the server.
    fn keyed(self: Arc<Self>, _once: &IdempotentCall) -> Option<Arc<dyn Session>> {
        None
    }

    /// This session for a caller who has seen the database at this position, which a write answered, and must not see
    /// it before. A position that is not one of this engine's is taken to be the newest. None where all reads see all
    /// that was committed.
    fn seen(self: Arc<Self>, _position: &str) -> Option<Arc<dyn Session>> {
        None
    }

    /// The position after what was written in this session, or committed with this transaction. Of two positions the
    /// greater text is the later one. None where nothing was written, or where nobody needs to know.
    fn position(&self) -> Option<String> {
        None
    }

    /// Whether a write has been committed under the key of this session.
    async fn has_run(&self) -> Result<bool> {
        Ok(false)
    }
}

/// A transaction. Dropped without an end, it is rolled back.
#[async_trait]
pub trait Transaction: Session {
    async fn commit(&self) -> Result<()>;
    /// Commits, and keeps with what is committed that it was under this key, for [`Session::has_run`]. The same as
    /// `commit` where an engine keeps no keys.
    async fn commit_keyed(&self, _once: &IdempotentCall) -> Result<()> {
        self.commit().await
    }
    async fn rollback(&self) -> Result<()>;
    /// This transaction as what it also is.
    fn as_session(self: Arc<Self>) -> Arc<dyn Session>;
}

/// A store of databases.
#[async_trait]
pub trait Engine: Send + Sync {
    /// `sqlite` or `postgres`.
    fn name(&self) -> &'static str;
    /// The version of what stores the data, as it says it.
    async fn version(&self) -> Result<String>;
    async fn databases(&self) -> Result<Vec<String>>;
    /// `ALREADY_EXISTS` when it is there.
    async fn create_database(&self, name: &str) -> Result<()>;
    /// `UNKNOWN_DATABASE` when it is not there.
    async fn drop_database(&self, name: &str) -> Result<()>;
    /// A session in which each statement commits by itself. `UNKNOWN_DATABASE` when there is none of that name.
    async fn database(&self, name: &str) -> Result<Arc<dyn Session>>;
    async fn begin(&self, options: &BeginTransaction) -> Result<Arc<dyn Transaction>>;
    /// Keeps the state that a database is in. `UNSUPPORTED` by an engine that keeps none.
    async fn snapshot(&self, _database: &str) -> Result<Arc<dyn Snapshot>> {
        Err(no_snapshots(self.name()))
    }
    /// Brings a database to a state that was kept, whichever database it was kept of: all of it, or, when it fails,
    /// nothing. Open transactions are rolled back.
    async fn restore(&self, _database: &str, _snapshot: &Arc<dyn Snapshot>) -> Result<()> {
        Err(no_snapshots(self.name()))
    }
    /// As [`Self::create_database`], in a state that was kept.
    async fn create_database_from(&self, _name: &str, _snapshot: &Arc<dyn Snapshot>) -> Result<()> {
        Err(no_snapshots(self.name()))
    }
    /// Rolls back what is open and releases everything.
    async fn close(&self) -> Result<()>;
}

fn no_snapshots(engine: &str) -> Error {
    Error::unsupported(format!(
        "the engine {engine} keeps no snapshots; use databases of the SQLite engine, or begin each test with its own data"
    ))
}
