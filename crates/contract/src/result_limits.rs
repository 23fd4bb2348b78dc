//! A result that is too large fails as a whole, and what its statement has done is undone.

use phantomdb_protocol::{Cell, ErrorCode, Statement, Value};

use super::{
    fixture::{ContractTest, Fixture, contract_tests},
    session::{all, ask, error, ok},
};
use phantomdb_engine::{ResultLimits, Session};

pub(super) const NAME: &str = "result_limits";

pub(super) const TESTS: &[ContractTest] = contract_tests![
    a_write_that_returns_too_much_changes_nothing,
    a_write_that_returns_little_takes_effect,
    rows_that_return_too_much_are_not_inserted,
    a_batch_with_too_large_a_result_changes_nothing,
    a_transaction_goes_on_after_a_write_that_returned_too_much,
];

/// The limits that the engine of these tests has.
pub(super) fn limits() -> ResultLimits {
    ResultLimits { rows: Some(20), bytes: Some(4_000), in_flight: None }
}

/// Writes that return more, with the setting that their error names. Some return many rows, some long ones.
const TOO_LARGE: [(&str, &str); 8] = [
    (
        "--result-rows-max",
        "INSERT INTO \"t\" SELECT n, 'new' FROM generate_series(101, 140) AS s(n) RETURNING \"id\"",
    ),
    ("--result-rows-max", "UPDATE \"t\" SET \"text\" = 'changed' RETURNING \"id\""),
    ("--result-rows-max", "DELETE FROM \"t\" RETURNING *"),
    (
        "--result-rows-max",
        "WITH gone AS (DELETE FROM \"t\" RETURNING \"id\") SELECT a.\"id\" FROM gone AS a ORDER BY 1",
    ),
    (
        "--result-bytes-max",
        "UPDATE \"t\" SET \"text\" = repeat('x', 5000) WHERE \"id\" = 1 RETURNING \"text\"",
    ),
    ("--result-bytes-max", "INSERT INTO \"t\" VALUES (200, repeat('x', 5000)) RETURNING *"),
    (
        "--result-bytes-max",
        "INSERT INTO \"t\" VALUES (200, 'x') RETURNING repeat(\"text\", 5000) AS \"long\"",
    ),
    (
        "--result-bytes-max",
        "INSERT INTO \"t\" VALUES (1, 'x') ON CONFLICT (\"id\") DO UPDATE SET \"text\" = repeat('x', 5000) RETURNING *",
    ),
];

async fn make<S: Session + ?Sized>(session: &S) {
    all(
        session,
        &[
            "CREATE TABLE \"t\" (\"id\" INTEGER PRIMARY KEY, \"text\" TEXT)",
            "INSERT INTO \"t\" SELECT n, 'old' FROM generate_series(1, 30) AS s(n)",
        ],
    )
    .await;
}

/// The rows as they were made, or how they differ.
async fn state<S: Session + ?Sized>(session: &S) -> String {
    ask(session, "SELECT count(*), sum(\"id\"), max(\"text\") FROM \"t\"").await
}

const AS_MADE: &str = "30|465|old";

async fn a_write_that_returns_too_much_changes_nothing(fixture: &Fixture) {
    let session = &*fixture.session;
    make(session).await;
    // The second time the statement is prepared.
    for (setting, query) in TOO_LARGE.into_iter().chain(TOO_LARGE) {
        let refused = error(session, query, &[]).await;
        assert_eq!(refused.code, ErrorCode::TooLarge, "{query}");
        assert!(refused.message.contains(setting), "{query}: {refused}");
        assert_eq!(state(session).await, AS_MADE, "{query}");
    }
}

async fn a_write_that_returns_little_takes_effect(fixture: &Fixture) {
    let session = &*fixture.session;
    make(session).await;
    for (affected, query) in [
        (30, "UPDATE \"t\" SET \"text\" = 'changed'"),
        (20, "UPDATE \"t\" SET \"text\" = 'again' WHERE \"id\" <= 20 RETURNING \"text\""),
        (20, "DELETE FROM \"t\" WHERE \"id\" <= 20 RETURNING \"id\""),
        (1, "INSERT INTO \"t\" VALUES (200, 'given') RETURNING *"),
    ] {
        assert_eq!(ok(session, query, &[]).await.affected_rows, affected, "{query}");
    }
    assert_eq!(state(session).await, "11|455|given");
}

async fn rows_that_return_too_much_are_not_inserted(fixture: &Fixture) {
    let session = &*fixture.session;
    make(session).await;
    let insert = |from: i64, count: i64| Statement {
        query: "INSERT INTO \"t\" (\"id\", \"text\") VALUES ($1, $2) RETURNING \"id\"".to_owned(),
        rows: (from..from + count)
            .map(|id| {
                // Rows of two kinds, which go with more than one statement.
                let text = if id % 2 == 0 { Cell::Default } else { Cell::Value(Value::String("new".into())) };
                vec![Cell::Value(Value::Integer(id)), text]
            })
            .collect(),
        ..Statement::default()
    };
    for _ in 0..2 {
        let refused = session.execute(insert(100, 21)).await.unwrap_err();
        assert_eq!(refused.code, ErrorCode::TooLarge);
        assert!(refused.message.contains("--result-rows-max"), "{refused}");
        assert_eq!(state(session).await, AS_MADE);
    }
    assert_eq!(session.execute(insert(100, 20)).await.unwrap().affected_rows, 20);
}

async fn a_batch_with_too_large_a_result_changes_nothing(fixture: &Fixture) {
    let session = &*fixture.session;
    make(session).await;
    let statement = |query: &str| Statement { query: query.to_owned(), ..Statement::default() };
    let first = "INSERT INTO \"t\" VALUES (300, 'batch')";
    for (last, place) in
        [("SELECT \"id\" FROM \"t\"", 1), ("UPDATE \"t\" SET \"text\" = 'batch' RETURNING \"id\"", 1)]
    {
        for _ in 0..2 {
            // Under a key a batch that fails ends the call, so the plain session is asked.
            let plain = fixture.engine.database("test").await.unwrap();
            let refused =
                plain.execute_batch(vec![statement(first), statement(last)], true).await.unwrap_err();
            assert_eq!(
                (refused.code, refused.details.statement),
                (ErrorCode::TooLarge, Some(place)),
                "{last}"
            );
            assert_eq!(state(session).await, AS_MADE, "{last}");
        }
        let answers = session.execute_batch(vec![statement(last)], false).await.unwrap();
        assert_eq!(answers[0].as_ref().unwrap_err().code, ErrorCode::TooLarge, "{last}");
        assert_eq!(state(session).await, AS_MADE, "{last}");
    }
}

async fn a_transaction_goes_on_after_a_write_that_returned_too_much(fixture: &Fixture) {
    make(&*fixture.session).await;
    let transaction = fixture.begin(None).await;
    ok(&*transaction, "UPDATE \"t\" SET \"text\" = 'older' WHERE \"id\" = 1", &[]).await;
    for (_, query) in TOO_LARGE.into_iter().chain(TOO_LARGE) {
        assert_eq!(error(&*transaction, query, &[]).await.code, ErrorCode::TooLarge, "{query}");
    }
    transaction.commit().await.unwrap();
    assert_eq!(state(&*fixture.session).await, "30|465|older");
}
