//! Tests of what only the SQLite engine does: its locks, its files, its rebuilds. The tests of the crate `phantomdb-engine`
//! cover what both engines do.

#![allow(clippy::unwrap_used, clippy::panic, reason = "a test that cannot go on has failed")]

mod backups;
mod child_process;
mod concurrency;
mod definition_edits;
mod directory;
mod fixture;
mod hostile_text;
mod locks;
mod long_statements;
mod rebuild_survival;
mod result_limits;
mod snapshot_survival;
mod snapshots;
mod snapshots_at_random;
mod source_expressions;
mod statements;
mod survival;
mod transactions;
