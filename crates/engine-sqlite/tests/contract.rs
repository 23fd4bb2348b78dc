//! The contract tests on SQLite, in memory and in files.

use std::{process::ExitCode, sync::Arc};

use phantomdb_contract::{Subject, Writes, run_on};
use phantomdb_engine_sqlite::{SqliteEngine, SqliteOptions};
use phantomdb_testing::Directory;

fn main() -> ExitCode {
    run_on(vec![
        Subject {
            name: "memory",
            writes: Writes::Plain,
            make: |results| {
                let options = SqliteOptions { results, ..SqliteOptions::default() };
                (Arc::new(SqliteEngine::memory().with_options(options)), None)
            },
        },
        Subject {
            name: "files",
            writes: Writes::Plain,
            make: |results| {
                let directory = Directory::new();
                #[allow(clippy::expect_used, reason = "a test that cannot go on has failed")]
                let engine = SqliteEngine::open(&directory.0).expect("a new directory can be opened");
                let options = SqliteOptions { results, ..SqliteOptions::default() };
                (Arc::new(engine.with_options(options)), Some(directory))
            },
        },
    ])
}
