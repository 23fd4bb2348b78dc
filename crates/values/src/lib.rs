//! PostgreSQL's values without PostgreSQL: what its functions and operators compute, for an engine that lacks them.
//!
//! Nothing here knows a database. A function takes and returns Rust values, and an error is one of the protocol.

pub mod aggregates;
pub mod arrays;
pub mod boolean;
pub mod bytes;
pub mod documents;
pub mod identity;
pub mod numbers;
pub mod regex;
pub mod size;
pub mod text;
pub mod times;
