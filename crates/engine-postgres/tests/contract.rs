//! The contract tests on PostgreSQL, and once more with each write sent twice under an idempotency key.

use std::{process::ExitCode, sync::Arc};

use phantomdb_contract::{Subject, Writes, run_on};
use phantomdb_engine::{Engine, ResultLimits};
use phantomdb_testing::namespace::Namespace;

fn main() -> ExitCode {
    let make: fn(ResultLimits) -> (Arc<dyn Engine>, ()) =
        |results| (Arc::new(Namespace::with_results(results)), ());
    run_on(vec![
        Subject { name: "PostgreSQL", writes: Writes::Plain, make },
        Subject { name: "PostgreSQL under keys", writes: Writes::TwiceUnderKeys, make },
    ])
}
