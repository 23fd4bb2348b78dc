//! What every engine answers alike: PhantomDB SQL in, results out, on memory, files and PostgreSQL.

#![allow(clippy::unwrap_used, clippy::panic, reason = "a test that cannot go on has failed")]

mod alter_clauses;
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
