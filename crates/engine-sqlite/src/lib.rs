//! The SQLite engine: one file for each database in a directory, or databases in memory.
//!
//! Each database has one writer at a time and any number of readers, which never wait for the writer. See `DESIGN.md`.

mod adapt;
mod alter;
mod bind;
mod blocking;
mod bulk_loader;
mod catalog;
mod comments;
mod connection;
mod constraint_error;
mod database;
mod deferred_keys;
mod engine;
mod error;
mod export_reader;
mod functions;
mod idempotency_store;
mod memory_vfs;
mod native;
mod open_transaction;
mod options;
mod own_tables;
mod plan_cache;
mod rows;
mod run;
mod run_rows;
mod schemas;
mod session;
mod snapshot;
mod source_expressions;
mod stored;
#[cfg(test)]
mod tests;
mod transaction;
mod transaction_state;
pub mod types;

pub use bulk_loader::BulkLoader;
pub use engine::SqliteEngine;
pub use export_reader::ExportReader;
pub use functions::lossless::{Fit, fit};
pub use options::SqliteOptions;
pub use session::SqliteSession;
pub use snapshot::Snapshot;
pub use stored::stored_name;
pub use transaction::SqliteTransaction;
