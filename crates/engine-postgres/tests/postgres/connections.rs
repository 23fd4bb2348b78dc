use std::{sync::Arc, time::Duration};

use phantomdb_engine::Engine as _;
use phantomdb_engine_postgres::{PostgresEngine, PostgresOptions};
use phantomdb_protocol::{ErrorCode, Statement, Value};
use phantomdb_testing::{error, ok, rows, statement, text};
use serde_json::json;

use crate::fixture::Fixture;

/// Cuts every connection to the database, except the one that asks.
async fn cut(fixture: &Fixture) {
    let others =
        PostgresEngine::open(phantomdb_testing::postgres::postgres_url(), PostgresOptions::default())
            .unwrap();
    let session = others.database("postgres").await.unwrap();
    let others_of = "SELECT pg_terminate_backend(pid) FROM pg_stat_activity WHERE datname = $1";
    let statement = Statement {
        query: others_of.into(),
        parameters: vec![text(&fixture.database)],
        native: true,
        ..Statement::default()
    };
    session.execute(statement).await.unwrap();
    others.close().await.unwrap();
}

#[tokio::test(flavor = "multi_thread")]
async fn connections_that_were_cut_are_made_again() {
    let fixture = Fixture::new().await;
    ok(&*fixture.session, "CREATE TABLE \"t\" (\"x\" INTEGER)", &[]).await;
    for round in 0..5 {
        ok(&*fixture.session, "INSERT INTO \"t\" VALUES ($1)", &[Value::Integer(round)]).await;
        cut(&fixture).await;
        // No read fails, however early it comes.
        assert_eq!(rows(&*fixture.session, "SELECT count(*) FROM \"t\"", &[]).await, json!([[round + 1]]));
    }
    fixture.end().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_transaction_whose_connection_was_cut_says_so_and_is_over() {
    let fixture = Fixture::new().await;
    ok(&*fixture.session, "CREATE TABLE \"t\" (\"x\" INTEGER)", &[]).await;
    let transaction = fixture.begin(None).await;
    ok(&*transaction, "INSERT INTO \"t\" VALUES (1)", &[]).await;
    cut(&fixture).await;
    assert_eq!(error(&*transaction, "SELECT * FROM \"t\"", &[]).await.code, ErrorCode::Unavailable);
    assert_eq!(error(&*transaction, "SELECT * FROM \"t\"", &[]).await.code, ErrorCode::TransactionExpired);
    assert_eq!(transaction.commit().await.unwrap_err().code, ErrorCode::TransactionExpired);
    assert_eq!(rows(&*fixture.session, "SELECT count(*) FROM \"t\"", &[]).await, json!([[0]]));
    fixture.end().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn more_callers_than_connections_wait_for_their_turn() {
    let fixture =
        Fixture::with_options(PostgresOptions { connections: 2, ..PostgresOptions::default() }).await;
    let session = Arc::clone(&fixture.session);
    ok(&*session, "CREATE TABLE \"t\" (\"x\" INTEGER)", &[]).await;
    let callers: Vec<_> = (0..50)
        .map(|x| {
            let session = Arc::clone(&session);
            tokio::spawn(async move {
                session
                    .execute(statement("INSERT INTO \"t\" VALUES ($1)", &[Value::Integer(x)]))
                    .await
                    .unwrap();
            })
        })
        .collect();
    for caller in callers {
        caller.await.unwrap();
    }
    assert_eq!(rows(&*session, "SELECT count(DISTINCT \"x\") FROM \"t\"", &[]).await, json!([[50]]));
    fixture.end().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_caller_that_gets_no_connection_in_time_learns_why() {
    let patience = Duration::from_millis(200);
    let options = PostgresOptions { connections: 1, acquire_timeout: patience, ..PostgresOptions::default() };
    let fixture = Fixture::with_options(options).await;
    let transaction = fixture.begin(None).await;
    let late = error(&*fixture.session, "SELECT 1", &[]).await;
    assert_eq!(late.code, ErrorCode::Unavailable);
    assert!(late.message.contains("--engine-connections"), "{}", late.message);
    transaction.rollback().await.unwrap();
    assert_eq!(rows(&*fixture.session, "SELECT 1", &[]).await, json!([[1]]));
    fixture.end().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_statement_that_takes_too_long_is_stopped() {
    let options =
        PostgresOptions { statement_timeout: Some(Duration::from_millis(200)), ..PostgresOptions::default() };
    let fixture = Fixture::with_options(options).await;
    assert_eq!(error(&*fixture.session, "SELECT pg_sleep(10)", &[]).await.code, ErrorCode::StatementTimeout);
    fixture.end().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_missing_server_is_unavailable_and_its_name_stays_secret() {
    for url in ["postgres://u:secret@127.0.0.1:1/d", "postgres://u:secret@127.0.0.1:1,127.0.0.1:2/d"] {
        let engine = PostgresEngine::open(url, PostgresOptions::default()).unwrap();
        let error = engine.database("test").await.err().unwrap();
        assert_eq!(error.code, ErrorCode::Unavailable);
        assert!(
            !error.message.contains("secret") && !error.message.contains("127.0.0.1"),
            "{}",
            error.message
        );
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn it_finds_the_server_that_takes_writes_among_several() {
    let url = phantomdb_testing::postgres::postgres_url();
    let (before, after) = url.split_once('@').unwrap();
    let (host, rest) = after.split_once('/').unwrap();
    let several =
        format!("{before}@127.0.0.1:1,{host}/{rest}?target_session_attrs=read-write&connect_timeout=2");
    let engine = PostgresEngine::open(&several, PostgresOptions::default()).unwrap();
    assert!(engine.version().await.unwrap().starts_with("PostgreSQL"));
}

#[tokio::test(flavor = "multi_thread")]
async fn prepared_statements_follow_changes_of_their_tables() {
    let fixture = Fixture::new().await;
    let session = &*fixture.session;
    let (select, insert) = ("SELECT * FROM \"t\" WHERE \"x\" = $1", "INSERT INTO \"t\" (\"x\") VALUES ($1)");
    for (data_type, value, found) in [
        ("INTEGER", Value::Integer(1), json!([[1]])),
        ("TEXT", text("one"), json!([["one"]])),
        ("BOOLEAN", Value::Boolean(true), json!([[true]])),
    ] {
        ok(session, &format!("CREATE TABLE \"t\" (\"x\" {data_type})"), &[]).await;
        let value = [value];
        ok(session, insert, &value).await;
        assert_eq!(rows(session, select, &value).await, found);
        // A statement that was prepared outside of the transaction serves in it too.
        let transaction = fixture.begin(None).await;
        assert_eq!(rows(&*transaction, select, &value).await, found);
        transaction.rollback().await.unwrap();
        ok(session, "DROP TABLE \"t\"", &[]).await;
    }
    fixture.end().await;
}
