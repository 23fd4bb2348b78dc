//! Reads of many callers on pipelined connections.

use std::{
    sync::Arc,
    time::{Duration, Instant},
};

use phantomdb_engine::Session;
use phantomdb_engine_postgres::PostgresOptions;
use phantomdb_protocol::Value;
use phantomdb_testing::{ok, rows, statement};
use serde_json::{Value as Json, json};
use tokio::task::JoinHandle;

use crate::fixture::Fixture;

const LOCKED: &str = r#"SELECT count(*) FROM "locked""#;
const FREE: &str = r#"SELECT "x" FROM "free" WHERE "x" = $1"#;
const SLOW: &str = r"WITH RECURSIVE n(i) AS (SELECT 1 UNION ALL SELECT i + 1 FROM n WHERE i < 1000000)
                     SELECT count(*) FROM n";

/// A database with two tables, one of which has a thousand rows, and a pipelined connection that has prepared both
/// reads.
async fn fixture(options: PostgresOptions) -> Fixture {
    let fixture = Fixture::with_options(options).await;
    ok(&*fixture.session, r#"CREATE TABLE "locked" ("x" INTEGER)"#, &[]).await;
    ok(&*fixture.session, r#"CREATE TABLE "free" ("x" INTEGER PRIMARY KEY)"#, &[]).await;
    ok(&*fixture.session, r#"INSERT INTO "free" SELECT generate_series(0, 999)"#, &[]).await;
    for _ in 0..20 {
        tokio::time::sleep(Duration::from_millis(10)).await;
        find(&*fixture.session, 1).await;
        assert_eq!(rows(&*fixture.session, LOCKED, &[]).await, json!([[0]]));
    }
    fixture
}

async fn find(session: &dyn Session, x: i64) {
    assert_eq!(rows(session, FREE, &[Value::Integer(x)]).await, json!([[x]]));
}

/// Starts this many callers at once, each with the same read.
fn callers(session: &Arc<dyn Session>, count: usize, query: &'static str) -> Vec<JoinHandle<Json>> {
    let caller = |_| {
        let session = Arc::clone(session);
        tokio::spawn(async move { rows(&*session, query, &[]).await })
    };
    (0..count).map(caller).collect()
}

/// The time that 400 reads of 8 callers take.
async fn finds(session: &Arc<dyn Session>) -> Duration {
    let begun = Instant::now();
    let callers: Vec<_> = (0..8)
        .map(|caller| {
            let session = Arc::clone(session);
            tokio::spawn(async move {
                for x in 0..50 {
                    find(&*session, caller * 50 + x).await;
                }
            })
        })
        .collect();
    for caller in callers {
        caller.await.unwrap();
    }
    begun.elapsed()
}

#[tokio::test(flavor = "multi_thread")]
async fn reads_go_on_while_transactions_hold_all_other_connections() {
    let acquire_timeout = Duration::from_millis(50);
    let fixture =
        fixture(PostgresOptions { connections: 5, acquire_timeout, ..PostgresOptions::default() }).await;
    let mut transactions = Vec::new();
    for _ in 0..4 {
        let transaction = fixture.begin(None).await;
        ok(&*transaction, r#"INSERT INTO "locked" VALUES (1)"#, &[]).await;
        transactions.push(transaction);
    }
    let mut answered = 0;
    for x in 0..100 {
        let read = fixture.session.execute(statement(FREE, &[Value::Integer(x)])).await;
        let expected = format!("[[{x}]]");
        answered += usize::from(read.is_ok_and(|read| read.rows.get() == expected));
    }
    // A read that the computer held up for long wants a connection of its own.
    assert!(answered > 50, "{answered} of 100");
    for transaction in transactions {
        transaction.rollback().await.unwrap();
    }
    fixture.end().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_read_that_waits_for_a_lock_holds_up_no_other() {
    let fixture = fixture(PostgresOptions::default()).await;
    let transaction = fixture.begin(None).await;
    ok(&*transaction, r#"ALTER TABLE "locked" ADD COLUMN "y" INTEGER"#, &[]).await;
    let waiting = callers(&fixture.session, 10, LOCKED);
    let took = finds(&fixture.session).await;
    assert!(took < Duration::from_secs(5), "{took:?}");
    assert!(waiting.iter().all(|waiting| !waiting.is_finished()), "they wait for the lock");
    ok(&*transaction, r#"INSERT INTO "locked" VALUES (1)"#, &[]).await;
    transaction.commit().await.unwrap();
    for waiting in waiting {
        assert_eq!(waiting.await.unwrap(), json!([[1]]));
    }
    fixture.end().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_slow_read_gets_its_result_and_holds_up_no_other() {
    let fixture = fixture(PostgresOptions::default()).await;
    let slow = callers(&fixture.session, 4, SLOW);
    let begun = Instant::now();
    find(&*fixture.session, 7).await;
    let (first, unfinished) = (begun.elapsed(), slow.iter().any(|slow| !slow.is_finished()));
    finds(&fixture.session).await;
    for slow in slow {
        assert_eq!(slow.await.unwrap(), json!([[1_000_000]]));
    }
    assert!(unfinished && first < begun.elapsed() / 2, "{first:?} of {:?}", begun.elapsed());
    fixture.end().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_read_whose_caller_goes_away_leaves_the_others_their_results() {
    let fixture = fixture(PostgresOptions::default()).await;
    for round in 0..20 {
        let given_up = callers(&fixture.session, 4, SLOW);
        let (kept, others) = (callers(&fixture.session, 4, LOCKED), finds(&fixture.session));
        tokio::time::sleep(Duration::from_millis(round)).await;
        given_up.iter().for_each(JoinHandle::abort);
        others.await;
        for kept in kept {
            assert_eq!(kept.await.unwrap(), json!([[0]]));
        }
    }
    fixture.end().await;
}
