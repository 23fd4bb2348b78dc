//! The SQLite engine from outside: PhantomDB SQL in, results out, on files and in memory.

#![allow(clippy::unwrap_used, clippy::panic, reason = "a test that cannot go on has failed")]

mod concurrency;
mod errors;
mod locks;
mod rebuild_survival;
mod snapshot_survival;
mod snapshots;
mod snapshots_at_random;
mod statements;
mod support;
mod survival;
mod transactions;
