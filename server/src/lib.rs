//! PhantomDB, the server: a SQL database over REST, and the engines behind it.

pub mod cli;
pub mod engine;
pub mod http;
mod serve;
pub mod service;
pub mod tls;
mod transfer;
