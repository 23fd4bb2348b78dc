//! The SQLite engine's own ways: its locks, its files, its rebuilds. What every engine answers alike is in `contract`.

#![allow(clippy::unwrap_used, clippy::panic, reason = "a test that cannot go on has failed")]

mod concurrency;
mod fixture;
mod locks;
mod rebuild_survival;
mod statements;
#[path = "../support/mod.rs"]
mod support;
mod survival;
mod transactions;
