//! PhantomDB, the server: a SQL database over REST.

pub mod cli;
pub mod http;
mod open_files;
mod otlp;
mod serve;
mod span_queue;
pub mod studio;
pub mod tokens;
