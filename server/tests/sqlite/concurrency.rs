use std::cell::Cell;
use std::sync::Arc;
use std::time::Duration;

use phantomdb_protocol::Value;
use phantomdb_server::engine::Engine;
use serde_json::json;

use crate::support::{Fixture, ok, rows, statement};

#[tokio::test(flavor = "multi_thread")]
async fn it_counts_exactly_with_fifty_writers_at_once() {
    for fixture in Fixture::both().await {
        ok(&*fixture.session, "CREATE TABLE \"t\" (\"n\" INTEGER)", &[]).await;
        ok(&*fixture.session, "INSERT INTO \"t\" (\"n\") VALUES (0)", &[]).await;
        let mut tasks = Vec::new();
        for worker in 0..50 {
            let session = Arc::clone(&fixture.session);
            let transaction = if worker % 2 == 0 { Some(fixture.begin(None).await) } else { None };
            tasks.push(tokio::spawn(async move {
                for _ in 0..4 {
                    if transaction.is_none() {
                        ok(&*session, "UPDATE \"t\" SET \"n\" = \"n\" + 1", &[]).await;
                    }
                }
                if let Some(transaction) = transaction {
                    for _ in 0..4 {
                        ok(&*transaction, "UPDATE \"t\" SET \"n\" = \"n\" + 1", &[]).await;
                    }
                    transaction.commit().await.unwrap();
                }
            }));
        }
        for task in tasks {
            task.await.unwrap();
        }
        assert_eq!(rows(&*fixture.session, "SELECT \"n\" FROM \"t\"", &[]).await, json!([[200]]));
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn it_lets_writers_in_in_the_order_they_came() {
    for fixture in Fixture::both().await {
        ok(&*fixture.session, "CREATE TABLE \"t\" (\"n\" INTEGER)", &[]).await;
        let holder = fixture.begin(None).await;
        ok(&*holder, "INSERT INTO \"t\" (\"n\") VALUES (0)", &[]).await;
        let mut tasks = Vec::new();
        for n in 1..=8 {
            let session = Arc::clone(&fixture.session);
            tasks.push(tokio::spawn(async move {
                // The statement is known to write only after it ran once, so each worker has one of its own text.
                ok(&*session, &format!("INSERT INTO \"t\" (\"n\") VALUES ({n})"), &[]).await;
            }));
            tokio::time::sleep(Duration::from_millis(40)).await;
        }
        holder.commit().await.unwrap();
        for task in tasks {
            task.await.unwrap();
        }
        let order = rows(&*fixture.session, "SELECT \"n\" FROM \"t\"", &[]).await;
        assert_eq!(order, json!([[0], [1], [2], [3], [4], [5], [6], [7], [8]]));
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn it_stops_a_statement_that_nobody_waits_for() {
    for fixture in Fixture::both().await {
        ok(&*fixture.session, "CREATE TABLE \"t\" (\"n\" INTEGER)", &[]).await;
        let endless = "INSERT INTO \"t\" (\"n\") SELECT * FROM (WITH RECURSIVE \"c\"(\"x\") AS (SELECT 1 UNION ALL \
                       SELECT \"x\" + 1 FROM \"c\") SELECT sum(\"x\") FROM \"c\")";
        let waited = tokio::time::timeout(
            Duration::from_millis(200),
            fixture.session.execute(statement(endless, &[])),
        );
        assert!(waited.await.is_err());
        ok(&*fixture.session, "INSERT INTO \"t\" (\"n\") VALUES ($1)", &[Value::Integer(1)]).await;
        assert_eq!(rows(&*fixture.session, "SELECT \"n\" FROM \"t\"", &[]).await, json!([[1]]));
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn it_gives_readers_whole_transactions_only_while_writers_are_at_work() {
    for fixture in Fixture::both().await {
        ok(&*fixture.session, "CREATE TABLE \"t\" (\"n\" INTEGER)", &[]).await;
        let engine = Arc::clone(&fixture.engine);
        let writer = tokio::spawn(async move {
            let options =
                phantomdb_protocol::BeginTransaction { database: "test".to_owned(), ..Default::default() };
            for n in 0..40 {
                let transaction = engine.begin(&options).await.unwrap();
                let values = [Value::Integer(n)];
                ok(&*transaction, "INSERT INTO \"t\" (\"n\") VALUES ($1)", &values).await;
                ok(&*transaction, "INSERT INTO \"t\" (\"n\") VALUES (-$1)", &values).await;
                transaction.commit().await.unwrap();
            }
        });
        while !writer.is_finished() {
            let count = rows(&*fixture.session, "SELECT count(*) FROM \"t\"", &[]).await;
            assert_eq!(count[0][0].as_i64().unwrap() % 2, 0);
        }
        writer.await.unwrap();
        assert_eq!(rows(&*fixture.session, "SELECT count(*) FROM \"t\"", &[]).await, json!([[80]]));
    }
}

/// Counts how often the thread it runs on comes to it.
async fn count_turns(turns: &Cell<u32>) {
    loop {
        tokio::time::sleep(Duration::from_millis(1)).await;
        turns.set(turns.get() + 1);
    }
}

#[tokio::test(flavor = "current_thread")]
async fn it_does_not_keep_the_thread_it_was_asked_on_busy_with_a_long_statement() {
    const LONG: &str = "WITH RECURSIVE c (n) AS (SELECT 1 UNION ALL SELECT n + 1 FROM c WHERE n < $1) \
                        SELECT count(*) AS \"n\" FROM c";
    for fixture in Fixture::both().await {
        let transaction = fixture.begin(None).await.as_session();
        for session in [&fixture.session, &transaction] {
            // It is short when it is met first.
            for _ in 0..2 {
                assert_eq!(rows(&**session, LONG, &[Value::Integer(3)]).await, json!([[3]]));
            }
            let (turns, count) = (Cell::new(0), 1_000_000);
            let parameters = [Value::Integer(count)];
            tokio::select! {
                answer = rows(&**session, LONG, &parameters) => assert_eq!(answer, json!([[count]])),
                () = count_turns(&turns) => {}
            }
            assert!(turns.get() > 3, "{}", turns.get());
        }
    }
}
