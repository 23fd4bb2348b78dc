//! Several servers, of which each has transactions of its own.

use std::{collections::HashMap, sync::Arc};

use crate::common::{Caller, server_with};
use phantomdb_server::http::{HttpOptions, Peers};
use phantomdb_server::tokens::Tokens;
use phantomdb_service::ServiceOptions;
use serde_json::json;

const INSERT: &str = r#"INSERT INTO "users" ("firstName") VALUES ('X')"#;
const COUNT: &str = r#"SELECT count(*) FROM "users""#;

async fn server(name: &str, peers: &[(&str, String)], tokens: &[&str]) -> Caller {
    let service = ServiceOptions { server_name: Some(name.to_owned()), ..ServiceOptions::default() };
    let peers: HashMap<String, String> =
        peers.iter().map(|(name, url)| ((*name).to_owned(), url.clone())).collect();
    let tokens = if tokens.is_empty() { Arc::default() } else { Tokens::of(tokens.iter().copied()) };
    let http = HttpOptions { peers: Peers::new(peers).unwrap(), tokens, ..HttpOptions::default() };
    server_with(service, http).await
}

fn url(caller: &Caller) -> String {
    format!("http://{}", caller.address)
}

#[tokio::test]
async fn it_passes_the_calls_of_a_transaction_on_to_the_server_that_has_it() {
    let a = server("a", &[], &[]).await.with_users().await;
    let b = server("b", &[("a", url(&a))], &[]).await;
    let id = a.begin(json!({})).await;
    assert!(id.ends_with(".a"), "{id}");
    b.query_in(&id, INSERT).await.ok(200);
    let within = b.query_in(&id, COUNT).await.ok(200);
    assert_eq!((within["rows"][0][0].as_u64(), a.count().await), (Some(3), 2));
    let headers = [("phantomdb-transaction", id.as_str()), ("x-request-id", "the one")];
    let refused = b.raw("GET", "/databases/app/tables/nowhere", &headers, vec![]).await;
    assert_eq!(refused.headers["x-request-id"], "the one");
    refused.refused_with(404, "UNKNOWN_TABLE");
    b.commit(&id).await.ok(204);
    assert_eq!(a.count().await, 3);
    b.rollback(&id).await.refused_with(409, "TRANSACTION_EXPIRED");
}

#[tokio::test]
async fn it_says_whose_a_transaction_is_when_it_does_not_know_that_server_or_cannot_reach_it() {
    let a = server("a", &[], &[]).await.with_users().await;
    let nowhere = "http://127.0.0.1:1".to_owned();
    for other in [server("b", &[], &[]).await, server("b", &[("a", nowhere)], &[]).await] {
        let id = a.begin(json!({})).await;
        for answer in [other.query_in(&id, INSERT).await, other.commit(&id).await, other.rollback(&id).await]
        {
            answer.refused_with(421, "WRONG_SERVER");
            assert_eq!(answer.json()["details"]["value"], "a");
        }
        a.commit(&id).await.ok(204);
    }
}

#[tokio::test]
async fn it_passes_nothing_on_for_who_shows_no_token_and_leaves_transactions_to_their_owners() {
    let a = server("a", &[], &["one", "two"]).await;
    let b = server("b", &[("a", url(&a))], &["one", "two"]).await;
    let a = a.with_token("one").with_users().await;
    let id = a.begin(json!({})).await;
    b.query_in(&id, INSERT).await.refused_with(401, "UNAUTHORIZED");
    b.with_token("two").query_in(&id, INSERT).await.refused_with(409, "TRANSACTION_EXPIRED");
    b.with_token("one").query_in(&id, INSERT).await.ok(200);
    b.with_token("one").commit(&id).await.ok(204);
    assert_eq!(a.count().await, 3);
}

#[tokio::test]
async fn it_passes_no_call_round_in_a_circle() {
    let a = server("a", &[], &[]).await;
    // It takes a server for another one than that is.
    let b = server("b", &[("c", url(&a))], &[]).await;
    b.query_in("x.YXBw.c", INSERT).await.refused_with(421, "WRONG_SERVER");
}

#[tokio::test]
async fn it_tells_who_begins_a_transaction_where_its_server_is() {
    let advertise = Some("http://10.0.0.1:8080".to_owned());
    let options = ServiceOptions { advertise, ..ServiceOptions::default() };
    let caller = server_with(options, HttpOptions::default()).await.with_users().await;
    let begun = caller.send("POST", "/transactions", json!({ "database": "app" })).await.ok(201);
    assert_eq!(begun["server"], "http://10.0.0.1:8080");
}
