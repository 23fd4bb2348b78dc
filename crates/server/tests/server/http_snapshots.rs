//! Snapshots over HTTP: who may keep them, how many, and what becomes of them.

use crate::common::{Answer, Caller, server, server_with};
use phantomdb_server::http::HttpOptions;
use phantomdb_server::tokens::Tokens;
use phantomdb_service::{ServiceOptions, SnapshotLimits};
use serde_json::{Value as Json, json};

async fn snapshot(server: &Caller) -> String {
    let answer = server.send("POST", "/databases/app/snapshots", Json::Null).await.ok(201);
    assert!(answer["bytes"].as_u64().unwrap() > 0);
    answer["snapshot_id"].as_str().unwrap().to_owned()
}

async fn restore(server: &Caller, id: &str) -> Answer {
    server.send("POST", &format!("/databases/app/snapshots/{id}/restore"), Json::Null).await
}

#[tokio::test]
async fn it_brings_a_database_back_to_a_snapshot_until_that_is_deleted() {
    let server = server().await.with_users().await;
    let id = snapshot(&server).await;
    for _ in 0..2 {
        server.query("DELETE FROM \"users\"").await.ok(200);
        let restored = restore(&server, &id).await;
        assert_eq!((restored.status.as_u16(), &*restored.text), (204, ""));
        assert_eq!(server.count().await, 2);
    }
    assert_eq!(server.delete(&format!("/databases/app/snapshots/{id}")).await.status, 204);
    restore(&server, &id).await.refused_with(404, "NOT_FOUND");
}

#[tokio::test]
async fn it_ends_the_transactions_that_are_open() {
    let server = server().await.with_users().await;
    let id = snapshot(&server).await;
    let transaction = server.begin(json!({})).await;
    server.query_in(&transaction, "DELETE FROM \"users\"").await.ok(200);
    let within = [("phantomdb-transaction", &*transaction)];
    let path = format!("/databases/app/snapshots/{id}/restore");
    let refused = server.send_with("POST", &path, &within, Json::Null).await;
    refused.refused_with(400, "BAD_REQUEST");
    assert_eq!(restore(&server, &id).await.status, 204);
    assert_eq!(server.count().await, 2);
    server.commit(&transaction).await.refused_with(409, "TRANSACTION_EXPIRED");
}

#[tokio::test]
async fn it_makes_a_database_of_a_snapshot() {
    let server = server().await.with_users().await;
    let id = snapshot(&server).await;
    server.send("POST", "/databases", json!({ "name": "copy", "template": id })).await.ok(201);
    let count = json!({ "query": "SELECT count(*) AS \"n\" FROM \"users\"" });
    let answer = server.send("POST", "/databases/copy/query", count).await.ok(200);
    assert_eq!(answer["rows"], json!([[2]]));
    let unknown = json!({ "name": "other", "template": "no such" });
    server.send("POST", "/databases", unknown).await.refused_with(404, "NOT_FOUND");
}

#[tokio::test]
async fn it_keeps_a_snapshot_for_the_token_that_made_it_and_drops_it_with_its_database() {
    let tokens = HttpOptions { tokens: Tokens::of(["one", "two"]), ..HttpOptions::default() };
    let one = server_with(ServiceOptions::default(), tokens).await.with_token("one").with_users().await;
    let two = one.with_token("two");
    let id = snapshot(&one).await;
    restore(&two, &id).await.refused_with(404, "NOT_FOUND");
    two.delete(&format!("/databases/app/snapshots/{id}")).await.refused_with(404, "NOT_FOUND");
    assert_eq!(restore(&one, &id).await.status, 204);
    one.delete("/databases/app").await;
    let one = one.with_users().await;
    restore(&one, &id).await.refused_with(404, "NOT_FOUND");
}

#[tokio::test]
async fn it_refuses_more_snapshots_than_it_may_keep() {
    for limits in [SnapshotLimits { count: 2, bytes: 1 << 30 }, SnapshotLimits { count: 9, bytes: 80_000 }] {
        let options = ServiceOptions { snapshots: limits, ..ServiceOptions::default() };
        let server = server_with(options, HttpOptions::default()).await.with_users().await;
        let first = snapshot(&server).await;
        let mut kept = 1;
        let refused = loop {
            let answer = server.send("POST", "/databases/app/snapshots", Json::Null).await;
            if answer.status != 201 {
                break answer;
            }
            kept += 1;
            assert!(kept <= limits.count);
        };
        refused.refused_with(429, "TOO_MANY_REQUESTS");
        server.delete(&format!("/databases/app/snapshots/{first}")).await;
        snapshot(&server).await;
    }
}

#[tokio::test]
async fn it_forbids_snapshots_unless_the_operator_allows_them() {
    let options = ServiceOptions { allow_snapshots: false, ..ServiceOptions::default() };
    let server = server_with(options, HttpOptions::default()).await.with_users().await;
    let made = server.send("POST", "/databases/app/snapshots", Json::Null).await;
    let template = server.send("POST", "/databases", json!({ "name": "copy", "template": "x" })).await;
    for answer in
        [made, restore(&server, "x").await, server.delete("/databases/app/snapshots/x").await, template]
    {
        assert!(answer.text.contains("--allow-snapshots"), "{}", answer.text);
        answer.refused_with(403, "FORBIDDEN");
    }
}

#[tokio::test]
async fn it_says_how_many_snapshots_it_keeps() {
    for (allow_snapshots, count) in [(true, 100), (false, 0)] {
        let options = ServiceOptions { allow_snapshots, ..ServiceOptions::default() };
        let answer = server_with(options, HttpOptions::default()).await.get("/").await.ok(200);
        assert_eq!(answer["limits"]["snapshots"], json!(count));
    }
}
