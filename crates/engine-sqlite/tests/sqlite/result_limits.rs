//! Results that are too large, of statements that the contract tests do not have.

use phantomdb_contract::session::{all, ask};
use phantomdb_engine::ResultLimits;
use phantomdb_engine_sqlite::{SqliteEngine, SqliteOptions};
use phantomdb_protocol::{ErrorCode, Statement};

use crate::fixture::Fixture;

#[tokio::test]
async fn what_a_statement_keeps_and_native_statements_have_limits_too() {
    let results = ResultLimits { rows: Some(5), bytes: Some(2_000), in_flight: None };
    let options = SqliteOptions { results, ..SqliteOptions::default() };
    let fixture = Fixture::with_options(SqliteEngine::memory(), None, options).await;
    let session = &*fixture.session;
    all(
        session,
        &["CREATE TABLE t (id INTEGER)", "INSERT INTO t SELECT n FROM generate_series(1, 9) AS s(n)"],
    )
    .await;
    for (query, native) in [
        // The rows between the parts of a statement are in memory too.
        ("WITH gone AS (DELETE FROM t RETURNING repeat('x', 1000) AS x) SELECT count(*) FROM gone", false),
        ("DELETE FROM t RETURNING id", true),
        ("WITH w AS (SELECT 1) DELETE FROM t WHERE id IN (SELECT id FROM t) RETURNING id", true),
    ] {
        let statement = Statement { query: query.to_owned(), native, ..Statement::default() };
        // The second time the statement is prepared.
        for _ in 0..2 {
            let refused = session.execute(statement.clone()).await.unwrap_err();
            assert_eq!(refused.code, ErrorCode::TooLarge, "{query}: {refused}");
            assert_eq!(ask(session, "SELECT count(*) FROM t").await, "9", "{query}");
        }
    }
    // As many rows between the parts as there are.
    let kept = "WITH gone AS (DELETE FROM t RETURNING id) SELECT count(*) FROM gone";
    assert_eq!(ask(session, kept).await, "9");
}
