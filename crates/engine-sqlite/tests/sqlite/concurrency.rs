use std::cell::Cell;
use std::sync::Arc;
use std::time::Duration;

use futures_util::future::join_all;
use phantomdb_protocol::Value;
use serde_json::json;

use crate::fixture::Fixture;
use phantomdb_testing::{ok, rows};

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
                // Each worker runs a new statement, for which no plan is cached.
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
async fn it_runs_writes_that_are_sent_at_once_in_the_order_they_were_sent() {
    for fixture in Fixture::both().await {
        let session = &*fixture.session;
        ok(session, "CREATE TABLE \"t\" (\"id\" SERIAL PRIMARY KEY, \"n\" INTEGER)", &[]).await;
        // Every other statement is new, and takes longer than one whose plan is cached.
        let cached = "INSERT INTO \"t\" (\"n\") VALUES ($1)";
        ok(session, cached, &[Value::Integer(0)]).await;
        let new: Vec<String> =
            (0..20).map(|n| format!("INSERT INTO \"t\" (\"n\") VALUES ($1 + {n} - {n})")).collect();
        let numbers: Vec<[Value; 1]> = (1..=20).map(|n| [Value::Integer(n)]).collect();
        let all = new
            .iter()
            .zip(&numbers)
            .enumerate()
            .map(|(index, (new, number))| ok(session, if index % 2 == 0 { new } else { cached }, number));
        join_all(all).await;
        assert_eq!(
            rows(session, "SELECT count(*) FROM \"t\" WHERE \"id\" <> \"n\" + 1", &[]).await,
            json!([[0]])
        );
    }
}

/// Counts how often the thread has time for this task.
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
            // The first runs are short.
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
