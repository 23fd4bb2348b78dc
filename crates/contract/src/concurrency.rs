use std::sync::Arc;
use std::time::Duration;

use phantomdb_protocol::{BeginTransaction, Value};
use serde_json::json;

use phantomdb_engine::{LockWait, Transaction};

use super::fixture::{ContractTest, Fixture, contract_tests};
use super::session::{ok, rows, statement};

/// The tests of this file.
pub(super) const TESTS: &[ContractTest] = contract_tests![
    it_counts_exactly_with_fifty_writers_at_once,
    it_stops_a_statement_that_nobody_waits_for,
    it_lists_who_waits_for_whom,
    it_gives_readers_whole_transactions_only_while_writers_are_at_work
];

async fn it_counts_exactly_with_fifty_writers_at_once(fixture: &Fixture) {
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

async fn it_stops_a_statement_that_nobody_waits_for(fixture: &Fixture) {
    ok(&*fixture.session, "CREATE TABLE \"t\" (\"n\" INTEGER)", &[]).await;
    let endless = "INSERT INTO \"t\" (\"n\") SELECT * FROM (WITH RECURSIVE \"c\"(\"x\") AS (SELECT 1 UNION ALL \
                   SELECT \"x\" + 1 FROM \"c\") SELECT sum(\"x\") FROM \"c\")";
    let waited =
        tokio::time::timeout(Duration::from_millis(200), fixture.session.execute(statement(endless, &[])));
    assert!(waited.await.is_err());
    ok(&*fixture.session, "INSERT INTO \"t\" (\"n\") VALUES ($1)", &[Value::Integer(1)]).await;
    assert_eq!(rows(&*fixture.session, "SELECT \"n\" FROM \"t\"", &[]).await, json!([[1]]));
}

async fn it_lists_who_waits_for_whom(fixture: &Fixture) {
    const UPDATE: &str = "UPDATE \"t\" SET \"n\" = \"n\" + 1";
    ok(&*fixture.session, "CREATE TABLE \"t\" (\"n\" INTEGER)", &[]).await;
    ok(&*fixture.session, "INSERT INTO \"t\" (\"n\") VALUES (0)", &[]).await;
    let (holder, waiter) = (fixture.begin(None).await, fixture.begin(None).await);
    let (held, waits) = (holder.number(), waiter.number());
    assert_ne!(held, waits);
    ok(&*holder, UPDATE, &[]).await;
    assert_eq!(fixture.engine.lock_waits().await.unwrap(), []);
    let waiting = tokio::spawn(async move {
        ok(&*waiter, UPDATE, &[]).await;
        waiter.commit().await.unwrap();
    });
    let first = lock_waits(fixture, &*holder, 1).await.remove(0);
    assert_eq!((&*first.database, first.waiter, first.holders), ("test", Some(waits), vec![Some(held)]));
    let session = Arc::clone(&fixture.session);
    let alone = tokio::spawn(async move { ok(&*session, UPDATE, &[]).await });
    let both = lock_waits(fixture, &*holder, 2).await;
    let outside = both.iter().find(|wait| wait.waiter != Some(waits)).unwrap();
    assert_ne!(outside.waiter, Some(held));
    assert!(outside.holders.iter().all(|holder| [Some(held), Some(waits)].contains(holder)), "{both:?}");
    holder.commit().await.unwrap();
    waiting.await.unwrap();
    alone.await.unwrap();
    assert_eq!(fixture.engine.lock_waits().await.unwrap(), []);
    assert_eq!(rows(&*fixture.session, "SELECT \"n\" FROM \"t\"", &[]).await, json!([[3]]));
}

/// Asks until as many statements wait. The holder runs a statement meanwhile, since one that is idle may have to give way.
async fn lock_waits(fixture: &Fixture, holder: &dyn Transaction, count: usize) -> Vec<LockWait> {
    loop {
        ok(holder, "SELECT 1", &[]).await;
        let waits = fixture.engine.lock_waits().await.unwrap();
        if waits.len() == count {
            return waits;
        }
        tokio::time::sleep(Duration::from_millis(5)).await;
    }
}

async fn it_gives_readers_whole_transactions_only_while_writers_are_at_work(fixture: &Fixture) {
    ok(&*fixture.session, "CREATE TABLE \"t\" (\"n\" INTEGER)", &[]).await;
    let engine = Arc::clone(&fixture.engine);
    let writer = tokio::spawn(async move {
        let options = BeginTransaction { database: "test".to_owned(), ..Default::default() };
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
