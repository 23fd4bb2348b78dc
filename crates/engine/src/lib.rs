//! The interface of a database engine. The SQLite and the PostgreSQL engine implement it and pass the same contract tests.

mod access;
mod backup;
pub mod deadline;
mod idempotency;
pub mod insert_rows;
pub mod json_rows;
pub mod limits;
mod lock_wait;
mod memory;
pub mod parameters;
mod snapshot;
mod statistics;

use std::{
    path::{Path, PathBuf},
    sync::Arc,
};

use async_trait::async_trait;
use phantomdb_protocol::{
    AlterOperation, BeginTransaction, Column, Error, ErrorCode, Result, ResultSet, Statement,
    StatementDescription, TableName, TableSchema, ViewDefinition,
};

pub use access::Access;
pub use backup::Backup;
pub use deadline::Deadline;
pub use idempotency::{Digest, IdempotentCall};
pub use lock_wait::LockWait;
pub use memory::{BytesInFlight, Reservation, ResultLimits};
pub use snapshot::Snapshot;
pub use statistics::EngineStatistics;

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

    /// Adds the exact types to the columns of the result of a statement, as far as they are known. The statement is not
    /// run.
    async fn add_exact_types(&self, statement: &Statement, columns: &mut [Column]) -> Result<()>;

    /// The parameters and the columns of exactly one statement, which does not run. Fails with the error of the statement when
    /// it cannot be prepared without its values.
    async fn describe_statement(&self, query: &str) -> Result<StatementDescription>;

    /// The user's tables, sorted by name.
    async fn tables(&self) -> Result<Vec<TableName>>;

    /// The user's views with their queries, sorted by name.
    async fn views(&self) -> Result<Vec<ViewDefinition>>;

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
    /// The number under which [`Engine::lock_waits`] lists this transaction. No other open transaction of the engine has it.
    fn number(&self) -> u64;
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
    /// Opens a session in which each statement commits by itself and does no more than `access` allows. Fails with
    /// `UNKNOWN_DATABASE` when no database has this name.
    async fn database_with(&self, name: &str, access: Access) -> Result<Arc<dyn Session>>;
    /// Begins a transaction whose statements do no more than `access` allows. One that reads only never takes a lock,
    /// whatever else the options say.
    async fn begin_with(&self, options: &BeginTransaction, access: Access) -> Result<Arc<dyn Transaction>>;
    /// Opens a session that may do everything.
    async fn database(&self, name: &str) -> Result<Arc<dyn Session>> {
        self.database_with(name, Access::Schema).await
    }
    /// Begins a transaction that may do everything.
    async fn begin(&self, options: &BeginTransaction) -> Result<Arc<dyn Transaction>> {
        self.begin_with(options, Access::Schema).await
    }
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
    /// What the engine is doing now.
    async fn statistics(&self) -> EngineStatistics {
        EngineStatistics::default()
    }
    /// The statements that wait for a lock now.
    async fn lock_waits(&self) -> Result<Vec<LockWait>>;
    /// Fails when the engine cannot take writes.
    async fn check_ready(&self) -> Result<()> {
        self.version().await.map(drop)
    }
    /// Gives the space of deleted rows back to the system. Fails with `UNSUPPORTED` in an engine that does so by itself.
    async fn compact(&self, _database: &str) -> Result<()> {
        Err(Error::unsupported(format!("the engine {} gives space back by itself", self.name())))
    }
    /// Begins a backup of a database. Fails with `UNSUPPORTED` in an engine whose server is backed up as a whole.
    async fn backup(&self, _database: &str) -> Result<Box<dyn Backup>> {
        Err(no_backups(self.name()))
    }
    /// The directory for the file that [`Self::restore_backup`] takes.
    fn scratch(&self) -> PathBuf {
        std::env::temp_dir()
    }
    /// Makes a database of the file of a backup, which is checked first and may be moved. With `replace` it takes the place
    /// of a database of that name, at once and as a whole, whose open transactions are rolled back; without it fails with
    /// `ALREADY_EXISTS` when there is one.
    async fn restore_backup(&self, _name: &str, _file: &Path, _replace: bool) -> Result<()> {
        Err(no_backups(self.name()))
    }
    /// Interrupts every statement that runs, because the engine is about to be closed and cannot wait for them.
    fn interrupt(&self) {}
    /// Rolls back open transactions and closes every connection.
    async fn close(&self) -> Result<()>;
}

fn no_backups(engine: &str) -> Error {
    Error::unsupported(format!(
        "the engine {engine} makes no backups of its own; back its server up with pg_dump or pg_basebackup, or copy the \
         rows with `phantomdb export`"
    ))
}

fn no_snapshots(engine: &str) -> Error {
    Error::unsupported(format!(
        "the engine {engine} keeps no snapshots; use databases of the SQLite engine, or begin each test with its own data"
    ))
}
