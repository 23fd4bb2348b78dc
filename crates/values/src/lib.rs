//! PostgreSQL's values without PostgreSQL: what its functions and operators compute, for an engine that lacks them.
//!
//! Nothing here knows a database. A function takes and returns Rust values, and an error is one of the protocol.

pub mod aggregates;
pub mod numbers;
