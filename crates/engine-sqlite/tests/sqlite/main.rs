//! The SQLite engine's own ways: its locks, its files, its rebuilds. What every engine answers alike is in `contract`.

#![allow(clippy::unwrap_used, clippy::panic, reason = "a test that cannot go on has failed")]

mod concurrency;
mod fixture;
mod locks;
mod rebuild_survival;
mod snapshot_survival;
mod snapshots;
mod snapshots_at_random;
mod source_expressions;
mod statements;
mod survival;
mod transactions;
