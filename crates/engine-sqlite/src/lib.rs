//! The SQLite engine: one file for each database in a directory, or databases in memory.
//!
//! Each database has one writer at a time and any number of readers, which never wait for the writer. See `DESIGN.md`.

mod adapt;
mod alter;
mod backup;
mod bind;
mod blocking;
mod bulk_loader;
mod catalog;
mod comments;
mod connection;
mod constraint_error;
mod cursor;
mod database;
mod deferred_keys;
mod direct_rows;
mod directory;
mod engine;
mod error;
mod exact_types;
mod export_reader;
mod files;
mod functions;
mod heap;
mod hidden;
mod idempotency_store;
mod lock_waits;
mod lost_file;
mod memory_vfs;
mod native;
mod new_file;
mod open_transaction;
mod options;
mod own_tables;
mod plan_cache;
mod restore;
mod rows;
mod run;
mod run_rows;
mod run_steps;
mod schema_rows;
mod schemas;
mod session;
mod snapshot;
mod source_expressions;
mod stored;
mod straight_line;
mod system_columns;
#[cfg(test)]
mod tests;
mod transaction;
mod transaction_state;
pub mod types;
mod violated_key;
mod write_lock;

pub use backup::{check_file, open_backup};
pub use bulk_loader::BulkLoader;
pub use engine::SqliteEngine;
pub use export_reader::ExportReader;
pub use functions::lossless::{Fit, fit};
pub use heap::limit_heap;
pub use options::SqliteOptions;
pub use session::SqliteSession;
pub use snapshot::Snapshot;
pub use stored::stored_name;
pub use transaction::SqliteTransaction;
