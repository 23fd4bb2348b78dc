//! The SQLite engine.

pub mod adapt;
pub mod alter;
pub mod catalog;
pub mod functions;
#[cfg(test)]
mod tests;
pub mod types;
