//! The contract of every engine: PhantomDB SQL in, results out, in memory, in files and on PostgreSQL.

#![allow(clippy::unwrap_used, clippy::panic, reason = "a test that cannot go on has failed")]

mod alterations;
mod changes;
mod concurrency;
mod corners;
mod errors;
mod fixture;
mod generated;
mod keyed;
mod queries;
mod schema;
mod statements;
mod text;
mod transactions;
