//! Backups over HTTP.

use crate::common::{Caller, each_server, server};
use http_body_util::BodyExt as _;

/// The file, and what its header says about it.
async fn backup(server: &Caller) -> (Vec<u8>, String) {
    let answer = server.begun("GET", "/databases/app/backup", &[], vec![]).await;
    assert_eq!(answer.status(), 200);
    assert_eq!(answer.headers()["content-type"], "application/vnd.sqlite3");
    let header = |name: &str| answer.headers()[name].to_str().unwrap().to_owned();
    let (length, digest) = (header("content-length"), header("repr-digest"));
    let bytes = answer.into_body().collect().await.unwrap().to_bytes().to_vec();
    assert_eq!(bytes.len().to_string(), length);
    (bytes, digest)
}

#[tokio::test]
async fn a_backup_makes_the_same_database_elsewhere_and_replaces_one() {
    let server = server().await.with_users().await;
    let (bytes, digest) = backup(&server).await;
    assert!(bytes.starts_with(b"SQLite format 3\0"));
    server.query("DELETE FROM \"users\"").await.ok(200);

    let headers = [("repr-digest", &*digest)];
    let again = server.raw("POST", "/databases/app/backup", &headers, bytes.clone()).await;
    again.refused_with(409, "ALREADY_EXISTS");
    assert_eq!(server.count().await, 0);
    let replaced = server.raw("PUT", "/databases/app/backup", &headers, bytes.clone()).await;
    assert_eq!(replaced.status, 204, "{}", replaced.text);
    assert_eq!(server.count().await, 2);
    for method in ["POST", "PUT"] {
        let path = format!("/databases/copy{method}/backup");
        assert_eq!(server.raw(method, &path, &[], bytes.clone()).await.status, 204);
        let rows = server.get(&format!("/databases/copy{method}/tables/users")).await.ok(200);
        assert_eq!(rows["records"].as_array().unwrap().len(), 2);
    }
}

#[tokio::test]
async fn a_body_that_is_no_backup_changes_nothing() {
    let server = server().await.with_users().await;
    let (bytes, digest) = backup(&server).await;
    let mut changed = bytes.clone();
    changed[5000] ^= 1;
    let right = [("repr-digest", &*digest)];
    let path = "/databases/app/backup";
    for (headers, body) in [
        (&right[..], changed),
        (&right[..], bytes[..4096].to_vec()),
        (&[("repr-digest", "sha-256=x")][..], bytes.clone()),
        (&[], b"nonsense".to_vec()),
        (&[], vec![]),
        (&[("phantomdb-transaction", "t")][..], bytes.clone()),
    ] {
        server.raw("PUT", path, headers, body).await.refused_with(400, "BAD_REQUEST");
        assert_eq!(server.count().await, 2);
    }
    server.get("/databases/none/backup").await.refused_with(404, "UNKNOWN_DATABASE");
    let bad_name = server.raw("POST", "/databases/.x/backup", &[], bytes).await;
    bad_name.refused_with(400, "BAD_REQUEST");
}

#[tokio::test]
async fn an_engine_without_backups_says_what_to_use() {
    let [_, postgres] = each_server().await.collect::<Vec<_>>().try_into().ok().unwrap();
    let postgres = postgres.with_users().await;
    let refused = postgres.get("/databases/app/backup").await;
    refused.refused_with(422, "UNSUPPORTED");
    assert!(refused.text.contains("pg_dump"), "{}", refused.text);
    let compact = postgres.raw("POST", "/databases/app/compact", &[], vec![]).await;
    compact.refused_with(422, "UNSUPPORTED");
}

#[tokio::test]
async fn a_database_is_compacted() {
    let server = server().await.with_users().await;
    let answer = server.raw("POST", "/databases/app/compact", &[], vec![]).await;
    assert_eq!(answer.status, 204, "{}", answer.text);
    assert_eq!(server.count().await, 2);
}
