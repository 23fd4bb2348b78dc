//! The interface of a database engine. The SQLite and the PostgreSQL engine implement it and pass the same contract tests.

#[cfg(feature = "contract")]
pub mod contract;
mod idempotency;
pub mod insert_rows;
pub mod json_rows;
pub mod parameters;
mod snapshot;
pub mod sync;

use std::sync::Arc;

use async_trait::async_trait;
use phantomdb_protocol::{
    AlterOperation, BeginTransaction, Error, ErrorCode, Result, ResultSet, Statement, TableName, TableSchema,
};

pub use idempotency::{Digest, IdempotentCall};
pub use snapshot::Snapshot;

/// Fails with `BAD_REQUEST` for a name that no engine accepts for a database.
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

/// The error of a call in a transaction that has ended. `how` completes "it …", for example "was rolled back".
pub fn ended(how: &str) -> Error {
    Error::new(ErrorCode::TransactionExpired, format!("the transaction has ended: it {how}; begin another"))
}

/// How a transaction ended that was rolled back because of a conflict with another transaction.
pub const ENDED_BY_CONFLICT: &str = "was rolled back when it had to give way to another transaction";

/// True when this error ends the transaction, which then has to be run again from its beginning.
pub const fn ends_transaction(code: ErrorCode) -> bool {
    matches!(code, ErrorCode::SerializationFailure | ErrorCode::Deadlock)
}

/// Runs statements: each in a transaction of its own (a database), or all in the same one (a [`Transaction`]).
#[async_trait]
pub trait Session: Send + Sync {
    async fn execute(&self, statement: Statement) -> Result<ResultSet>;

    /// Runs the statements in order. When `atomic` is set, either all of them take effect or none does, and the first
    /// error is the result of the whole batch. In a transaction, a failed batch is rolled back to its own beginning.
    async fn execute_batch(&self, statements: Vec<Statement>, atomic: bool)
    -> Result<Vec<Result<ResultSet>>>;

    /// The user's tables, sorted by name.
    async fn tables(&self) -> Result<Vec<TableName>>;

    /// Fails with `UNKNOWN_TABLE` when the table does not exist.
    async fn describe(&self, table: &TableName) -> Result<TableSchema>;

    /// Applies the operations in order. Either all of them take effect or none does.
    async fn alter(&self, table: &TableName, operations: Vec<AlterOperation>) -> Result<()>;

    /// Returns this session for the writes of one call, each of which takes effect once: see [`IdempotentCall`]. Returns
    /// `None` when the engine stores no answers and interrupts no statements, and for a transaction, which ends with the
    /// server.
    fn keyed(self: Arc<Self>, _call: &IdempotentCall) -> Option<Arc<dyn Session>> {
        None
    }

    /// Returns this session for a caller who has seen the database at `position`, which a write returned, and must not
    /// read an older state. A position that this engine did not make counts as the newest. Returns `None` when every
    /// read sees everything that was committed.
    fn seen(self: Arc<Self>, _position: &str) -> Option<Arc<dyn Session>> {
        None
    }

    /// The position after the last write of this session, or after the commit of this transaction. Of two positions, the
    /// one that compares greater as text is the later. `None` when nothing was written, or when positions do not matter.
    fn position(&self) -> Option<String> {
        None
    }

    /// True when a write has been committed under the idempotency key of this session.
    async fn has_run(&self) -> Result<bool> {
        Ok(false)
    }
}

/// A transaction. It is rolled back when it is dropped before its end.
#[async_trait]
pub trait Transaction: Session {
    async fn commit(&self) -> Result<()>;
    /// Commits, and records in the same commit that it happened under this key, for [`Session::has_run`]. An engine that
    /// stores no keys only commits.
    async fn commit_keyed(&self, _call: &IdempotentCall) -> Result<()> {
        self.commit().await
    }
    async fn rollback(&self) -> Result<()>;
    /// Upcasts to the session that every transaction is.
    fn as_session(self: Arc<Self>) -> Arc<dyn Session>;
}

/// A store of databases.
#[async_trait]
pub trait Engine: Send + Sync {
    /// `sqlite` or `postgres`.
    fn name(&self) -> &'static str;
    /// The version that the underlying database system reports.
    async fn version(&self) -> Result<String>;
    async fn databases(&self) -> Result<Vec<String>>;
    /// Fails with `ALREADY_EXISTS` when a database has this name.
    async fn create_database(&self, name: &str) -> Result<()>;
    /// Fails with `UNKNOWN_DATABASE` when no database has this name.
    async fn drop_database(&self, name: &str) -> Result<()>;
    /// Opens a session in which each statement commits by itself. Fails with `UNKNOWN_DATABASE` when no database has
    /// this name.
    async fn database(&self, name: &str) -> Result<Arc<dyn Session>>;
    async fn begin(&self, options: &BeginTransaction) -> Result<Arc<dyn Transaction>>;
    /// Takes a snapshot of a database. Fails with `UNSUPPORTED` in an engine without snapshots.
    async fn snapshot(&self, _database: &str) -> Result<Arc<dyn Snapshot>> {
        Err(no_snapshots(self.name()))
    }
    /// Restores a database to a snapshot of this or another database. A failure leaves the database unchanged. Open
    /// transactions are rolled back.
    async fn restore(&self, _database: &str, _snapshot: &Arc<dyn Snapshot>) -> Result<()> {
        Err(no_snapshots(self.name()))
    }
    /// Creates a database in the state of a snapshot: see [`Self::create_database`].
    async fn create_database_from(&self, _name: &str, _snapshot: &Arc<dyn Snapshot>) -> Result<()> {
        Err(no_snapshots(self.name()))
    }
    /// Rolls back open transactions and closes every connection.
    async fn close(&self) -> Result<()>;
}

fn no_snapshots(engine: &str) -> Error {
    Error::unsupported(format!(
        "the engine {engine} keeps no snapshots; use databases of the SQLite engine, or begin each test with its own data"
    ))
}
