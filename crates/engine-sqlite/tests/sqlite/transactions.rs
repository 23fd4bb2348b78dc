use phantomdb_engine::Engine;
use phantomdb_protocol::{BeginTransaction, ErrorCode, IsolationLevel};
use serde_json::json;

use crate::fixture::Fixture;
use phantomdb_testing::{
    error,
    numbers::{ALL, INSERT, TABLE, n},
    ok, rows,
};

#[tokio::test(flavor = "multi_thread")]
async fn it_refuses_to_write_on_a_snapshot_that_is_stale_whatever_the_rows() {
    for fixture in Fixture::both().await {
        let session = &*fixture.session;
        ok(session, TABLE, &[]).await;
        let snapshot = fixture.begin(Some(IsolationLevel::RepeatableRead)).await;
        assert_eq!(rows(&*snapshot, ALL, &[]).await, json!([]));
        ok(session, INSERT, &n(1)).await;
        assert_eq!(error(&*snapshot, INSERT, &n(2)).await.code, ErrorCode::SerializationFailure);
        snapshot.rollback().await.unwrap();
        assert_eq!(rows(session, ALL, &[]).await, json!([[1]]));
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn it_takes_the_write_lock_for_a_locking_read() {
    for fixture in Fixture::both().await {
        ok(&*fixture.session, TABLE, &[]).await;
        for level in [IsolationLevel::ReadCommitted, IsolationLevel::Serializable] {
            let first = fixture.begin(Some(level)).await;
            rows(&*first, ALL, &[]).await;
            rows(&*first, &format!("{ALL} FOR UPDATE"), &[]).await;
            assert_eq!(error(&*fixture.session, INSERT, &n(1)).await.code, ErrorCode::LockTimeout);
            first.rollback().await.unwrap();
        }
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn it_times_out_waiting_for_a_lock_that_an_immediate_transaction_holds() {
    for fixture in Fixture::both().await {
        ok(&*fixture.session, TABLE, &[]).await;
        let options =
            BeginTransaction { database: "test".to_owned(), immediate: true, ..BeginTransaction::default() };
        let holder = fixture.engine.begin(&options).await.unwrap();
        let refused = error(&*fixture.session, INSERT, &n(1)).await;
        assert_eq!(refused.code, ErrorCode::LockTimeout);
        assert!(refused.message.contains("transaction"), "{}", refused.message);
        assert_eq!(rows(&*fixture.session, ALL, &[]).await, json!([]));
        holder.rollback().await.unwrap();
        ok(&*fixture.session, INSERT, &n(1)).await;
    }
}
