//! The server: its calls over HTTP, its rights and limits, and the process `phantomdb serve`. One program has all of them,
//! since each test program takes seconds to link.
#![allow(clippy::unwrap_used, clippy::panic, reason = "a test fails by panicking, in its helpers too")]

#[path = "../common/mod.rs"]
mod common;

mod changed_tokens;
mod console;
#[cfg(unix)]
mod data_directory;
mod http_backups;
mod http_calls;
mod http_queries;
mod http_refusals;
mod http_servers;
mod http_snapshots;
mod http_stream;
mod http_transactions;
#[cfg(unix)]
mod https;
mod limits;
mod limits_process;
#[cfg(unix)]
mod operations;
mod own_tables;
#[cfg(unix)]
mod process;
#[cfg(unix)]
mod restart;
mod rights;
#[cfg(unix)]
mod traces;
mod web_pages;
