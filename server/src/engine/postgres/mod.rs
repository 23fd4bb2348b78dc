//! The PostgreSQL engine: a database of PhantomDB is a database of a PostgreSQL server, or of one that speaks its
//! protocol. See `DESIGN.md`.

mod adapt;
mod alter;
mod catalog;
mod connection;
mod databases;
mod error;
mod types;
