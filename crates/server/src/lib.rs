//! PhantomDB, the server: a SQL database over REST.

pub mod cli;
pub mod http;
mod serve;
