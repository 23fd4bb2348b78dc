//! What only the PostgreSQL engine has to get right: types of parameters, savepoints behind statements, connections.

#![allow(clippy::unwrap_used, clippy::panic, reason = "a test that cannot go on has failed")]

mod answers;
mod connections;
mod fixture;
mod in_one;
mod parameters;
mod replicas;
mod shared;
mod tls;
mod transactions;
