//! The contract tests on SQLite, in memory and in files.

use std::{process::ExitCode, sync::Arc};

use phantomdb_engine::contract::{Subject, Writes, run_on};
use phantomdb_engine_sqlite::SqliteEngine;
use phantomdb_testing::Directory;

fn main() -> ExitCode {
    run_on(vec![
        Subject { name: "memory", writes: Writes::Plain, make: || (Arc::new(SqliteEngine::memory()), None) },
        Subject {
            name: "files",
            writes: Writes::Plain,
            make: || {
                let directory = Directory::new();
                #[allow(clippy::expect_used, reason = "a test that cannot go on has failed")]
                let engine = SqliteEngine::open(&directory.0).expect("a new directory can be opened");
                (Arc::new(engine), Some(directory))
            },
        },
    ])
}
