//! The commands that copy databases: the real binary, real files, real servers.
#![allow(clippy::unwrap_used, clippy::panic, reason = "these are tests")]

mod backup;
#[path = "../common/mod.rs"]
mod common;
mod export;
mod killed;
mod mysql;
mod postgres;
mod sqlite;
mod support;
