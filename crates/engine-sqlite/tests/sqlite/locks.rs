use std::sync::Arc;
use std::time::{Duration, Instant};

use phantomdb_protocol::{ErrorCode, IsolationLevel};
use serde_json::json;

use crate::fixture::Fixture;
use phantomdb_testing::{
    error,
    numbers::{ALL, INSERT, n},
    ok, rows,
};

const TABLE: &str = "CREATE TABLE \"t\" (\"x\" INTEGER)";
const PATIENCE: Duration = Duration::from_millis(300);

#[tokio::test(flavor = "multi_thread")]
async fn it_rolls_back_an_idle_transaction_that_others_wait_for_and_says_so() {
    let fixture = Fixture::impatient(PATIENCE).await;
    ok(&*fixture.session, TABLE, &[]).await;
    let forgotten = fixture.begin(None).await;
    ok(&*forgotten, INSERT, &n(1)).await;
    let start = Instant::now();
    ok(&*fixture.session, INSERT, &n(2)).await;
    assert!(start.elapsed() >= PATIENCE / 2, "{:?}", start.elapsed());
    assert_eq!(rows(&*fixture.session, ALL, &[]).await, json!([[2]]));
    let late = error(&*forgotten, INSERT, &n(3)).await;
    assert_eq!(late.code, ErrorCode::TransactionExpired);
    assert!(late.message.contains("while others waited"), "{}", late.message);
    assert!(late.message.contains("pass the transaction to each query of it"), "{}", late.message);
    assert_eq!(forgotten.commit().await.unwrap_err().code, ErrorCode::TransactionExpired);
}

#[tokio::test(flavor = "multi_thread")]
async fn it_leaves_an_idle_transaction_alone_while_nobody_waits() {
    let fixture = Fixture::impatient(PATIENCE).await;
    ok(&*fixture.session, TABLE, &[]).await;
    let idle = fixture.begin(None).await;
    ok(&*idle, INSERT, &n(1)).await;
    tokio::time::sleep(PATIENCE * 3).await;
    assert_eq!(rows(&*fixture.session, ALL, &[]).await, json!([]));
    ok(&*idle, INSERT, &n(2)).await;
    idle.commit().await.unwrap();
    assert_eq!(rows(&*fixture.session, ALL, &[]).await, json!([[1], [2]]));
}

#[tokio::test(flavor = "multi_thread")]
async fn it_waits_for_a_transaction_that_goes_on_with_its_work() {
    let fixture = Fixture::impatient(PATIENCE).await;
    ok(&*fixture.session, TABLE, &[]).await;
    let busy = fixture.begin(None).await;
    ok(&*busy, INSERT, &n(1)).await;
    let session = Arc::clone(&fixture.session);
    let waiter = tokio::spawn(async move { ok(&*session, INSERT, &n(9)).await });
    for x in 2..=6 {
        tokio::time::sleep(PATIENCE / 2).await;
        ok(&*busy, INSERT, &n(x)).await;
    }
    assert!(!waiter.is_finished());
    busy.commit().await.unwrap();
    waiter.await.unwrap();
    assert_eq!(rows(&*fixture.session, ALL, &[]).await, json!([[1], [2], [3], [4], [5], [6], [9]]));
}

#[tokio::test(flavor = "multi_thread")]
async fn it_does_not_count_a_wait_for_the_lock_as_idle_time() {
    let fixture = Fixture::impatient(PATIENCE).await;
    ok(&*fixture.session, TABLE, &[]).await;
    let holder = fixture.begin(None).await;
    let waiting = fixture.begin(None).await;
    // A transaction that only reads holds nothing, however long it is idle.
    assert_eq!(rows(&*waiting, ALL, &[]).await, json!([]));
    ok(&*holder, INSERT, &n(1)).await;
    let start = Instant::now();
    ok(&*waiting, INSERT, &n(2)).await;
    assert!(start.elapsed() >= PATIENCE / 2, "{:?}", start.elapsed());
    waiting.commit().await.unwrap();
    assert_eq!(error(&*holder, ALL, &[]).await.code, ErrorCode::TransactionExpired);
    assert_eq!(rows(&*fixture.session, ALL, &[]).await, json!([[2]]));
}

#[tokio::test(flavor = "multi_thread")]
async fn two_serializable_transactions_that_both_come_to_write_do_not_wait_on_each_other() {
    for fixture in Fixture::both().await {
        ok(&*fixture.session, TABLE, &[]).await;
        let first = fixture.begin(Some(IsolationLevel::Serializable)).await;
        let second = fixture.begin(Some(IsolationLevel::Serializable)).await;
        for transaction in [&first, &second] {
            assert_eq!(rows(&**transaction, ALL, &[]).await, json!([]));
        }
        ok(&*first, INSERT, &n(1)).await;
        let other = Arc::clone(&second);
        let waiter = tokio::spawn(async move { error(&*other, INSERT, &n(2)).await });
        tokio::time::sleep(Duration::from_millis(100)).await;
        first.commit().await.unwrap();
        assert_eq!(waiter.await.unwrap().code, ErrorCode::SerializationFailure);
        // Its snapshot stays out of date, so the transaction has ended and holds no lock.
        ok(&*fixture.session, INSERT, &n(3)).await;
        assert_eq!(error(&*second, ALL, &[]).await.code, ErrorCode::TransactionExpired);
        second.rollback().await.unwrap();
    }
}
