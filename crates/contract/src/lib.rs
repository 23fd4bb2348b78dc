//! The contract tests: what every engine answers alike. A test binary of an engine runs them with [`run_on`].
//!
//! Each test is a function that takes a [`Fixture`], listed in the `TESTS` of its file; the compiler warns about a
//! function that no list names. A test runs on each engine as a row of its own, so that the failure of one engine
//! hides no other.

#![allow(clippy::unwrap_used, clippy::panic, reason = "a test that cannot go on has failed")]

mod access;
mod alter_clauses;
mod alterations;
mod arithmetic;
mod arrays;
mod assignments;
mod bound_values;
mod changes;
mod citext;
mod concurrency;
mod corners;
mod cursors;
mod definitions;
mod errors;
mod extremes;
mod fixture;
mod foreign_keys;
mod generated;
mod inner_columns;
mod insert_rows;
mod joins;
mod keyed;
mod names;
pub mod numbers;
mod queries;
mod repeated_values;
mod result_limits;
mod same_answers;
mod schema;
pub mod session;
mod statements;
mod strict;
mod text;
mod times;
mod transactions;
mod values_beside;
mod views;
mod writing_with;

use std::{process::ExitCode, sync::Arc};

use libtest_mimic::{Arguments, Trial};

use phantomdb_engine::{Engine, ResultLimits};

pub use fixture::{ContractTest, Fixture, Writes};

const FILES: [(&str, &[ContractTest]); 34] = [
    ("access", access::TESTS),
    ("alter_clauses", alter_clauses::TESTS),
    ("alterations", alterations::TESTS),
    ("arithmetic", arithmetic::TESTS),
    ("arrays", arrays::TESTS),
    ("assignments", assignments::TESTS),
    ("bound_values", bound_values::TESTS),
    ("changes", changes::TESTS),
    ("citext", citext::TESTS),
    ("concurrency", concurrency::TESTS),
    ("corners", corners::TESTS),
    ("cursors", cursors::TESTS),
    ("definitions", definitions::TESTS),
    ("foreign_keys", foreign_keys::TESTS),
    ("errors", errors::TESTS),
    ("extremes", extremes::TESTS),
    ("generated", generated::TESTS),
    ("inner_columns", inner_columns::TESTS),
    ("insert_rows", insert_rows::TESTS),
    ("joins", joins::TESTS),
    ("names", names::TESTS),
    ("queries", queries::TESTS),
    ("repeated_values", repeated_values::TESTS),
    (result_limits::NAME, result_limits::TESTS),
    ("same_answers", same_answers::TESTS),
    ("schema", schema::TESTS),
    ("statements", statements::TESTS),
    ("strict", strict::TESTS),
    ("text", text::TESTS),
    ("times", times::TESTS),
    ("transactions", transactions::TESTS),
    ("values_beside", values_beside::TESTS),
    ("views", views::TESTS),
    ("writing_with", writing_with::TESTS),
];

/// An engine to run the tests on. `make` gives a new one for each test, with results of at most this size, and what has to outlive the test with it.
pub struct Subject<T> {
    pub name: &'static str,
    pub writes: Writes,
    pub make: fn(ResultLimits) -> (Arc<dyn Engine>, T),
}

/// Runs every contract test on every subject, as the `main` of a test binary without the built-in harness. It takes
/// the arguments of `cargo test`.
pub fn run_on<T: 'static>(subjects: Vec<Subject<T>>) -> ExitCode {
    let trial = |subject: &Subject<T>, file: &str, test: ContractTest| {
        let (writes, make) = (subject.writes, subject.make);
        let limits =
            if file == result_limits::NAME { result_limits::limits() } else { ResultLimits::default() };
        Trial::test(format!("{}::{file}::{}", subject.name, test.name), move || {
            let runtime =
                tokio::runtime::Builder::new_multi_thread().worker_threads(2).enable_all().build()?;
            let (engine, kept) = make(limits.clone());
            runtime.block_on(async {
                let fixture = Fixture::new(engine, writes).await;
                (test.run)(&fixture).await;
            });
            drop(kept);
            Ok(())
        })
    };
    let trials = subjects
        .iter()
        .flat_map(|subject| {
            FILES.iter().flat_map(move |(file, tests)| {
                tests.iter().map(move |test| trial(subject, file, *test)).collect::<Vec<_>>()
            })
        })
        .collect();
    libtest_mimic::run(&Arguments::from_args(), trials).exit_code()
}
