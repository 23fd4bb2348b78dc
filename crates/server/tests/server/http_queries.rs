//! Many independent statements in one request.

use std::{
    sync::Arc,
    time::{Duration, Instant},
};

use crate::common::{Caller, each_server, each_server_with, serve, server_with};
use axum::body::Body;
use http_body_util::BodyExt as _;
use phantomdb_engine::Engine;
use phantomdb_protocol::{ErrorCode, QueryAnswer, ResultSet};
use phantomdb_server::http::HttpOptions;
use phantomdb_server::tokens::Tokens;
use phantomdb_service::ServiceOptions;
use phantomdb_testing::postgres::replica::Servers;
use serde_json::{Value as Json, json};

const PATH: &str = "/databases/app/queries";
const INSERT: &str = r#"INSERT INTO "users" ("firstName") VALUES ('X')"#;
const UPDATE: &str = r#"UPDATE "users" SET "age" = 99 WHERE "id" = 1"#;
const COUNT: &str = r#"SELECT count(*) FROM "users""#;
const SLOW: &str = r"WITH RECURSIVE n(i) AS (SELECT 1 UNION ALL SELECT i + 1 FROM n WHERE i < 2000000)
                     SELECT count(*) FROM n";

/// The lines of an answer as they come.
struct Lines {
    body: Body,
    read: Vec<u8>,
}

impl Lines {
    async fn next(&mut self) -> Option<QueryAnswer> {
        loop {
            if let Some(end) = self.read.iter().position(|&byte| byte == b'\n') {
                let line: Vec<u8> = self.read.drain(..=end).collect();
                return Some(serde_json::from_slice(&line).unwrap());
            }
            let Some(frame) = self.body.frame().await else {
                assert!(self.read.is_empty(), "a line broke off");
                return None;
            };
            self.read.extend(frame.unwrap().into_data().unwrap());
        }
    }

    /// Those that are left, by their index.
    async fn rest(mut self) -> Vec<QueryAnswer> {
        let mut answers = Vec::new();
        while let Some(answer) = self.next().await {
            answers.push(answer);
        }
        answers.sort_by_key(|answer| answer.index);
        answers
    }
}

async fn send_with(caller: &Caller, headers: &[(&str, &str)], queries: Json) -> Lines {
    let body = json!({ "queries": queries }).to_string().into_bytes();
    let response = caller.begun("POST", PATH, headers, body).await;
    assert_eq!(response.status(), 200);
    assert_eq!(response.headers()["content-type"], "application/x-ndjson");
    Lines { body: response.into_body(), read: Vec::new() }
}

async fn send(caller: &Caller, queries: Json) -> Lines {
    send_with(caller, &[], queries).await
}

fn result(answer: &QueryAnswer) -> ResultSet {
    let text = answer.result.as_ref().unwrap_or_else(|| panic!("{answer:?}"));
    serde_json::from_str(text.get()).unwrap()
}

fn rows(answer: &QueryAnswer) -> Json {
    serde_json::from_str(result(answer).rows.get()).unwrap()
}

fn code(answer: &QueryAnswer) -> ErrorCode {
    assert!(answer.result.is_none(), "{answer:?}");
    answer.error.as_ref().unwrap().code
}

#[tokio::test]
async fn it_answers_each_query_as_a_lone_one_is() {
    for caller in each_server().await {
        let caller = caller.with_users().await;
        let query = json!({ "query": r#"SELECT "id", "firstName" FROM "users" WHERE "age" > $1"#, "parameters": [25] });
        let lone = caller.send("POST", "/databases/app/query", query.clone()).await.ok(200);
        let answers =
            send(&caller, json!([query, { "query": INSERT, "readOnly": false, "native": false }])).await;
        let answers = answers.rest().await;
        assert_eq!(serde_json::to_value(&answers[0].result).unwrap(), lone);
        assert_eq!((answers[1].index, result(&answers[1]).affected_rows), (1, 1));
        assert!(answers.iter().all(|answer| answer.error.is_none() && answer.position.is_none()));
        assert!(send(&caller, json!([])).await.next().await.is_none());
    }
}

#[tokio::test]
async fn it_answers_what_is_done_while_another_waits_for_a_lock() {
    for caller in each_server().await {
        let caller = caller.with_users().await;
        let id = caller.begin(json!({})).await;
        caller.query_in(&id, UPDATE).await.ok(200);
        let others = (0..30).map(|n| json!({ "query": "SELECT $1 + 1", "parameters": [n] }));
        let queries: Vec<_> = [json!({ "query": UPDATE })].into_iter().chain(others).collect();
        let mut answers = send(&caller, json!(queries)).await;
        for _ in 0..30 {
            let answer = answers.next().await.unwrap();
            assert_eq!(rows(&answer), json!([[answer.index]]));
        }
        caller.commit(&id).await.ok(204);
        let last = answers.next().await.unwrap();
        assert_eq!((last.index, result(&last).affected_rows), (0, 1));
        assert!(answers.next().await.is_none());
    }
}

#[tokio::test]
async fn it_answers_what_is_done_while_another_is_at_work() {
    for caller in each_server().await {
        let caller = caller.with_users().await;
        // The second time it is known, and may be tried where it was asked for.
        for _ in 0..2 {
            let mut answers = send(&caller, json!([{ "query": SLOW }, { "query": COUNT }])).await;
            let begun = Instant::now();
            assert_eq!(rows(&answers.next().await.unwrap()), json!([[2]]));
            let first = begun.elapsed();
            assert_eq!(rows(&answers.next().await.unwrap()), json!([[2_000_000]]));
            assert!(first < begun.elapsed() / 2, "{first:?} of {:?}", begun.elapsed());
        }
    }
}

#[tokio::test]
async fn it_keeps_errors_apart_each_with_its_own_request_id() {
    let trace = "4bf92f3577b34da6a3ce929d0e0e4736";
    for caller in each_server().await {
        let caller = caller.with_users().await;
        let long = "x".repeat(129);
        let queries = json!([
            { "query": "SELECT * FROM nowhere", "requestId": "mine" },
            { "query": COUNT },
            { "query": "SELECT 1 SELECT 2" },
            { "query": "SELECT * FROM nowhere", "requestId": long },
            { "query": "SELECT $1", "parameters": [] },
        ]);
        let traced = [("traceparent", "00-4bf92f3577b34da6a3ce929d0e0e4736-00f067aa0ba902b7-01")];
        let answers = send_with(&caller, &traced, queries).await.rest().await;
        let error = |index: usize| answers[index].error.as_ref().unwrap();
        assert_eq!(rows(&answers[1]), json!([[2]]));
        assert_eq!(code(&answers[0]), ErrorCode::UnknownTable);
        assert_eq!(error(0).details.table.as_deref(), Some("nowhere"));
        assert_eq!(error(0).request_id.as_deref(), Some("mine"));
        assert_eq!(error(0).trace_id.as_deref(), Some(trace));
        assert_eq!(code(&answers[2]), ErrorCode::SyntaxError);
        assert_eq!(error(3).request_id.as_ref().map(String::len), Some(36));
        assert_eq!(code(&answers[4]), ErrorCode::BadRequest);
        let nowhere = json!({ "queries": [{ "query": "SELECT 1" }] });
        let answer = caller.send("POST", "/databases/nowhere/queries", nowhere).await;
        let line: QueryAnswer = serde_json::from_str(&answer.text).unwrap();
        assert_eq!((answer.status.as_u16(), code(&line)), (200, ErrorCode::UnknownDatabase));
    }
}

#[tokio::test]
async fn it_reads_each_query_by_itself() {
    for caller in each_server().await {
        let caller = caller.with_users().await;
        let unreadable = [
            r#"{"query": "SELECT $1", "parameters": [{"type": "integer", "value": "one"}]}"#,
            r#"{"query": "SELECT '\ud83c'"}"#,
            r#"{"query": "SELECT 1", "paramters": []}"#,
            r#"{"query": "SELECT 1", "idempotency_key": "k"}"#,
            r#"{"query": "SELECT $1", "parameters": [[1]]}"#,
            r#"{"parameters": []}"#,
            "{}",
            "5",
        ];
        let beyond = r#"{"query": "SELECT $1 > 5", "parameters": [{"type": "integer", "value": "99999999999999999999"}]}"#;
        let several = r#"{"query": "SELECT 1; SELECT 2; SELECT 3"}"#;
        let count = format!("{{\"query\": {}}}", json!(COUNT));
        let body = format!(r#"{{"queries": [{}, {beyond}, {several}, {count}]}}"#, unreadable.join(","));
        let headers = [("x-request-id", "all-of-them")];
        let response = caller.begun("POST", PATH, &headers, body.into_bytes()).await;
        assert_eq!(response.status(), 200);
        let answers = Lines { body: response.into_body(), read: Vec::new() }.rest().await;
        for answer in &answers[..unreadable.len()] {
            assert_eq!(code(answer), ErrorCode::BadRequest);
            assert_eq!(answer.error.as_ref().unwrap().request_id.as_deref(), Some("all-of-them"));
        }
        let found: Vec<Json> = answers[unreadable.len()..].iter().map(rows).collect();
        assert_eq!(found, [json!([[true]]), json!([[3]]), json!([[2]])]);
    }
}

#[tokio::test]
async fn it_runs_a_write_once_for_its_key() {
    for caller in each_server().await {
        let caller = caller.with_users().await;
        let insert = r#"INSERT INTO "users" ("firstName") VALUES ('X') RETURNING "id""#;
        let keyed = |key: &str| json!({ "query": insert, "idempotencyKey": key });
        let answers = send(&caller, json!([keyed("a"), keyed("a"), keyed("b")])).await.rest().await;
        assert_eq!(rows(&answers[0]), rows(&answers[1]));
        assert_ne!(rows(&answers[0]), rows(&answers[2]));
        let lone = caller
            .send_with(
                "POST",
                "/databases/app/query",
                &[("idempotency-key", "b")],
                json!({ "query": insert }),
            )
            .await;
        assert_eq!(lone.ok(200)["rows"], rows(&answers[2]));
        let other =
            json!([{ "query": COUNT, "idempotencyKey": "a" }, { "query": COUNT, "idempotencyKey": "" }]);
        let answers = send(&caller, other).await.rest().await;
        assert_eq!((code(&answers[0]), code(&answers[1])), (ErrorCode::BadRequest, ErrorCode::BadRequest));
        assert_eq!(caller.count().await, 4);
    }
}

#[tokio::test]
async fn it_runs_each_query_in_its_own_transaction_or_in_none() {
    for caller in each_server().await {
        let caller = caller.with_users().await;
        let (first, second) = (caller.begin(json!({})).await, caller.begin(json!({})).await);
        let queries = json!([
            { "query": INSERT, "transaction": first },
            { "query": COUNT, "transaction": first },
            { "query": COUNT, "transaction": second },
            { "query": COUNT },
            { "query": COUNT, "transaction": "no such" },
        ]);
        let answers = send(&caller, queries).await.rest().await;
        let counts: Vec<_> = answers[1..4].iter().map(|answer| rows(answer)[0][0].clone()).collect();
        assert_eq!(counts, [3, 2, 2]);
        assert_eq!(code(&answers[4]), ErrorCode::TransactionExpired);
        caller.commit(&first).await.ok(204);
        caller.rollback(&second).await.ok(204);
        assert_eq!(caller.count().await, 3);
    }
}

#[tokio::test]
async fn it_answers_another_token_as_if_the_transaction_never_was() {
    let tokens = Tokens::of(["first", "second"]);
    let options = HttpOptions { tokens, ..HttpOptions::default() };
    for (caller, _) in each_server_with(options).await {
        let (first, second) = (caller.with_token("first").with_users().await, caller.with_token("second"));
        let id = first.begin(json!({})).await;
        let queries = json!([{ "query": COUNT, "transaction": id }, { "query": COUNT }]);
        let answers = send(&second, queries.clone()).await.rest().await;
        assert_eq!((code(&answers[0]), rows(&answers[1])), (ErrorCode::TransactionExpired, json!([[2]])));
        let answers = send(&first, queries.clone()).await.rest().await;
        assert_eq!(rows(&answers[0]), json!([[2]]));
        caller.send("POST", PATH, json!({ "queries": queries })).await.refused_with(401, "UNAUTHORIZED");
    }
}

#[tokio::test]
async fn it_refuses_what_is_not_what_the_call_takes_before_anything_runs() {
    for caller in each_server().await {
        let caller = caller.with_users().await;
        for body in [
            json!([]),
            json!({}),
            json!({ "queries": INSERT }),
            json!({ "queries": [{ "query": INSERT }], "atomic": true }),
        ] {
            caller.send("POST", PATH, body).await.refused_with(400, "BAD_REQUEST");
        }
        let body = json!({ "queries": [{ "query": INSERT }] });
        for header in ["phantomdb-transaction", "idempotency-key"] {
            let refused = caller.send_with("POST", PATH, &[(header, "x")], body.clone()).await;
            refused.refused_with(400, "BAD_REQUEST");
        }
        assert_eq!(caller.count().await, 2);
    }
}

#[tokio::test]
async fn it_keeps_the_limits_of_the_server() {
    let options = ServiceOptions { batch_max: 2, allow_native: false, ..ServiceOptions::default() };
    let caller = server_with(options, HttpOptions::default()).await.with_users().await;
    let query = || json!({ "query": INSERT });
    let body = json!({ "queries": [query(), query(), query()] });
    let refused = caller.send("POST", PATH, body).await;
    refused.refused_with(413, "TOO_LARGE");
    assert!(refused.text.contains("at most 2"), "{}", refused.text);
    let native = json!({ "query": "PRAGMA user_version", "native": true });
    let answers = send(&caller, json!([native, query()])).await.rest().await;
    assert_eq!((code(&answers[0]), result(&answers[1]).affected_rows), (ErrorCode::Forbidden, 1));
    assert_eq!(caller.count().await, 3);
}

#[tokio::test]
async fn it_counts_each_query() {
    async fn statements(caller: &Caller) -> u64 {
        let text = caller.get("/metrics").await.text;
        let line = text.lines().find_map(|line| line.strip_prefix("phantomdb_statements_total "));
        line.unwrap().parse().unwrap()
    }
    for caller in each_server().await {
        let caller = caller.with_users().await;
        let before = statements(&caller).await;
        send(&caller, json!([{ "query": COUNT }, { "query": COUNT }, { "query": "nonsense" }]))
            .await
            .rest()
            .await;
        assert_eq!(statements(&caller).await - before, 3);
    }
}

#[tokio::test]
async fn it_stops_what_runs_when_the_caller_goes_away() {
    for caller in each_server().await {
        let caller = caller.with_users().await;
        let id = caller.begin(json!({})).await;
        caller.query_in(&id, r#"UPDATE "users" SET "age" = 1"#).await.ok(200);
        let mut answers = send(&caller, json!([{ "query": UPDATE }, { "query": COUNT }])).await;
        assert_eq!(answers.next().await.unwrap().index, 1);
        drop(answers);
        tokio::time::sleep(Duration::from_millis(300)).await;
        caller.commit(&id).await.ok(204);
        // It would have run at once.
        tokio::time::sleep(Duration::from_millis(300)).await;
        let age = caller.query(r#"SELECT "age" FROM "users" WHERE "id" = 1"#).await.ok(200);
        assert_eq!(age["rows"], json!([[1]]));
    }
}

#[tokio::test]
async fn it_runs_on_when_the_caller_reads_nothing_of_a_long_answer() {
    for caller in each_server().await {
        let caller = caller.with_users().await;
        let id = caller.begin(json!({})).await;
        caller.query_in(&id, UPDATE).await.ok(200);
        let text = "x".repeat(1_000_000);
        let long = json!({ "query": "SELECT $1", "parameters": [text] });
        let update = json!({ "query": r#"UPDATE "users" SET "firstName" = 'late' WHERE "id" = 1"# });
        let queries: Vec<_> = std::iter::repeat_n(long, 15).chain([update]).collect();
        let answers = send(&caller, json!(queries)).await;
        tokio::time::sleep(Duration::from_millis(500)).await;
        caller.commit(&id).await.ok(204);
        let found = r#"SELECT count(*) FROM "users" WHERE "firstName" = 'late'"#;
        let begun = Instant::now();
        while caller.query(found).await.ok(200)["rows"][0][0] == 0 {
            assert!(begun.elapsed() < Duration::from_secs(60), "the write waits for the reader");
            tokio::time::sleep(Duration::from_millis(20)).await;
        }
        let answers = answers.rest().await;
        assert_eq!(answers.len(), 16);
        assert!(answers[..15].iter().all(|answer| rows(answer)[0][0] == text.as_str()));
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn it_ends_what_has_begun_before_the_server_stops_and_begins_nothing_more() {
    for (caller, server) in each_server_with(HttpOptions::default()).await {
        let caller = caller.with_users().await;
        let mut answers = send(&caller, json!([{ "query": SLOW }, { "query": COUNT }])).await;
        assert_eq!(answers.next().await.unwrap().index, 1);
        let stopping = tokio::spawn(async move { server.drain().await });
        tokio::time::sleep(Duration::from_millis(50)).await;
        let refused = caller.send("POST", PATH, json!({ "queries": [{ "query": INSERT }] })).await;
        refused.refused_with(503, "UNAVAILABLE");
        assert_eq!(refused.json()["details"]["reason"], "stopping");
        assert!(!stopping.is_finished(), "the slow one must outlast this for the test to say anything");
        assert_eq!(rows(&answers.next().await.unwrap()), json!([[2_000_000]]));
        assert!(answers.next().await.is_none());
        stopping.await.unwrap();
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn it_answers_positions_and_reads_what_the_caller_has_seen() {
    let (servers, max_lag) = (Servers::start().await, Duration::from_secs(60));
    let engine: Arc<dyn Engine> = Arc::new(servers.engine(max_lag));
    let (caller, _) = serve(engine, ServiceOptions::default(), HttpOptions::default()).await;
    let caller = caller.with_users().await;
    let (insert, count) = (json!({ "query": INSERT }), json!({ "query": COUNT }));
    // Until the replica is found, and has all there is.
    servers.pause(false).await;
    tokio::time::sleep(Duration::from_secs(2)).await;
    servers.pause(true).await;
    let written = send(&caller, json!([insert, count])).await.rest().await;
    let position = written[0].position.as_deref().unwrap();
    assert!(written[1].position.is_none());
    let counts = |headers: Vec<(&'static str, String)>| {
        let (caller, count) = (&caller, &count);
        async move {
            let headers: Vec<_> = headers.iter().map(|(name, value)| (*name, value.as_str())).collect();
            let answers = send_with(caller, &headers, json!([count, count])).await.rest().await;
            answers.iter().map(|answer| rows(answer)[0][0].clone()).collect::<Vec<_>>()
        }
    };
    assert_eq!(counts(vec![]).await, [2, 2], "the replica is read, which waits");
    assert_eq!(counts(vec![("phantomdb-position", position.to_owned())]).await, [3, 3]);
}
