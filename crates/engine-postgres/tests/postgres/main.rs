//! Tests of what only the PostgreSQL engine has: types of parameters, savepoints behind statements, connections.

#![allow(clippy::unwrap_used, clippy::panic, reason = "a test that cannot go on has failed")]

mod cancellations;
mod connections;
mod fixture;
mod idempotency;
mod parameters;
mod pipeline;
mod replicas;
mod schema_changes;
mod sessions;
mod tls;
mod transactions;
mod write_with_receipt;
