//! PhantomDB, the server: a SQL database over REST, and the engines behind it.

pub mod engine;
