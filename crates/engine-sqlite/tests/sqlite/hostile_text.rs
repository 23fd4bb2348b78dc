//! Functions on long texts, of the shapes that make a simple search slow: nothing interrupts a function, so none may take a
//! time that grows with the square of its arguments.

use std::time::{Duration, Instant};

use phantomdb_engine::{Deadline, Session, deadline};
use phantomdb_protocol::{ErrorCode, Statement};

use crate::fixture::Fixture;
use phantomdb_testing::ok;

/// Texts of a million characters, where the square would be hours. A test build is some thirty times slower than a server.
const LONG: &str = "repeat('a', 1000000)";
const HALF: &str = "(repeat('a', 500000) || 'b')";

async fn in_time(session: &dyn Session, sql: &str, native: bool) {
    let statement = Statement { query: sql.to_owned(), native, ..Statement::default() };
    let start = Instant::now();
    let outcome = session.execute(statement).await;
    if let Err(error) = outcome {
        assert_eq!(error.code, ErrorCode::TooLarge, "{sql}: {}", error.message);
    }
    assert!(start.elapsed() < Duration::from_secs(60), "{sql}: {:?}", start.elapsed());
}

#[tokio::test(flavor = "multi_thread")]
async fn no_function_takes_the_square_of_its_text() {
    let [fixture, _] = Fixture::both().await;
    let session = &*fixture.session;
    let many = "repeat('%a_', 300)";
    for call in [
        format!("strpos({LONG}, {HALF})"),
        format!("position({HALF} IN {LONG})"),
        format!("length(replace({LONG}, {HALF}, 'x'))"),
        format!("length(replace({LONG}, 'a', 'xyz'))"),
        format!("length(btrim({LONG}, {HALF}))"),
        format!("length(ltrim({LONG}, {HALF}))"),
        format!("length(translate({LONG}, {HALF}, 'x'))"),
        format!("{LONG} LIKE '%' || {HALF} || '%'"),
        format!("{LONG} LIKE {many} || 'b'"),
        format!("{LONG} ILIKE '%' || {HALF} || '%'"),
        format!("{LONG} SIMILAR TO '%(aa|aaa)*b'"),
        format!("{LONG} ~ '(a|aa)*b'"),
        format!("{LONG} ~ '(a*)*b'"),
        format!("length(regexp_replace({LONG}, 'a*b', 'x', 'g'))"),
        format!("length(split_part({LONG}, 'a', 400000))"),
        format!("length(split_part({LONG}, {HALF}, 2))"),
        format!("length(lpad({LONG}, 2000000, {HALF}))"),
        format!("length(overlay({LONG} PLACING {HALF} FROM 5))"),
        format!("length(repeat({LONG}, 1000000))"),
        format!("array_length(string_to_array({LONG}, 'a'), 1)"),
        format!("length(initcap({LONG}))"),
        "(SELECT length(string_agg(s, ',')) FROM (SELECT repeat('a', 100000) AS s FROM generate_series(1, 20)) AS t)".to_owned(),
    ] {
        in_time(session, &format!("SELECT {call}"), false).await;
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn sqlites_own_functions_take_no_square_either() {
    let [fixture, _] = Fixture::both().await;
    let long = "printf('%.*c', 1000000, 'a')";
    let half = "(printf('%.*c', 500000, 'a') || 'b')";
    for call in [
        format!("instr({long}, {half})"),
        format!("instr(CAST({long} AS BLOB), CAST({half} AS BLOB))"),
        format!("replace({long}, {half}, 'x') IS NULL"),
        format!("length(trim({long}, {half}))"),
        format!("{long} LIKE '%' || {half}"),
        format!("{long} GLOB '*' || {half}"),
    ] {
        in_time(&*fixture.session, &format!("SELECT {call}"), true).await;
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn a_column_is_matched_with_long_patterns_too() {
    for fixture in Fixture::both().await {
        let session = &*fixture.session;
        ok(session, "CREATE TABLE t (v TEXT)", &[]).await;
        ok(session, "INSERT INTO t VALUES (repeat('ab', 300)), (repeat('a', 200000))", &[]).await;
        let pattern = format!("%{}%", "ab".repeat(150));
        let found = ok(session, &format!("SELECT count(*) FROM t WHERE v LIKE '{pattern}'"), &[]).await;
        assert_eq!(found.rows.get(), "[[1]]");
        let hostile = format!("%{}b%", "a".repeat(10_000));
        in_time(session, &format!("SELECT count(*) FROM t WHERE v LIKE '{hostile}'"), false).await;
        let deleted = ok(session, &format!("DELETE FROM t WHERE v LIKE '{pattern}'"), &[]).await;
        assert_eq!(deleted.affected_rows, 1);
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn a_deadline_ends_work_of_many_small_statements() {
    for fixture in Fixture::both().await {
        let session = &*fixture.session;
        ok(session, "CREATE TABLE t (v INTEGER)", &[]).await;
        let insert = Statement { query: "INSERT INTO t VALUES (1)".to_owned(), ..Statement::default() };
        let limit = Deadline::new(Some(Duration::from_millis(100)), None);
        let start = Instant::now();
        let work = session.execute_batch(vec![insert; 200_000], true);
        let error = deadline::within(limit, work).await.unwrap_err();
        assert_eq!(error.code, ErrorCode::StatementTimeout);
        assert!(start.elapsed() < Duration::from_secs(60), "{:?}", start.elapsed());
        assert_eq!(ok(session, "SELECT count(*) FROM t", &[]).await.rows.get(), "[[0]]");
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn no_aggregate_keeps_more_than_a_value_may_have() {
    let [fixture, _] = Fixture::both().await;
    let session = &*fixture.session;
    for aggregate in [
        "length(string_agg(s, ','))",
        "array_length(array_agg(s), 1)",
        "json_array_length(json_agg(s))",
        "percentile_disc(0.5) WITHIN GROUP (ORDER BY s) IS NULL",
    ] {
        // Seventy megabytes.
        let sql = format!(
            "SELECT {aggregate} FROM (SELECT repeat('a', 14000000) AS s FROM generate_series(1, 5)) AS t"
        );
        let error = session.execute(Statement { query: sql, ..Statement::default() }).await.unwrap_err();
        assert_eq!(error.code, ErrorCode::TooLarge, "{aggregate}: {}", error.message);
    }
}
