//! Transactions and idempotency keys.

use std::time::Duration;

use crate::common::{Caller, each_server, server, server_with};
use phantomdb_server::http::HttpOptions;
use phantomdb_server::tokens::Tokens;
use phantomdb_service::ServiceOptions;
use serde_json::{Value as Json, json};

const INSERT: &str = r#"INSERT INTO "users" ("firstName") VALUES ('X')"#;
const UNKNOWN: &str = "no such transaction";

#[tokio::test]
async fn it_shows_what_a_transaction_wrote_to_others_only_after_its_commit() {
    for caller in each_server().await {
        let caller = caller.with_users().await;
        let id = caller.begin(json!({})).await;
        caller.query_in(&id, INSERT).await.ok(200);
        let within = caller.query_in(&id, r#"SELECT count(*) FROM "users""#).await.ok(200);
        assert_eq!((within["rows"][0][0].as_u64(), caller.count().await), (Some(3), 2));
        caller.commit(&id).await.ok(204);
        assert_eq!(caller.count().await, 3);
    }
}

#[tokio::test]
async fn it_undoes_a_transaction_that_is_rolled_back() {
    for caller in each_server().await {
        let caller = caller.with_users().await;
        let id = caller.begin(json!({ "isolationLevel": "SERIALIZABLE" })).await;
        caller.query_in(&id, INSERT).await.ok(200);
        caller.rollback(&id).await.ok(204);
        assert_eq!(caller.count().await, 2);
    }
}

#[tokio::test]
async fn it_runs_every_kind_of_call_in_a_transaction() {
    for caller in each_server().await {
        let caller = caller.with_users().await;
        let id = caller.begin(json!({})).await;
        let headers = [("phantomdb-transaction", id.as_str())];
        let users = "/databases/app/tables/users";
        let rows = json!({ "rows": [{ "firstName": "A" }, { "age": 4, "firstName": "B" }] });
        caller.send_with("POST", &format!("{users}/rows"), &headers, rows).await.ok(201);
        let update = json!({ "data": { "age": 5 }, "condition": "firstName='B'" });
        assert_eq!(caller.send_with("PUT", users, &headers, update).await.ok(200)["updated"], 1);
        let found = caller.raw("GET", &format!("{users}?condition=age=5"), &headers, vec![]).await.ok(200);
        assert_eq!(found["records"].as_array().map(Vec::len), Some(1));
        let gone = format!("{users}/rows?condition=age=5");
        assert_eq!(caller.raw("DELETE", &gone, &headers, vec![]).await.ok(200)["deleted"], 1);
        let table = json!({ "name": "other", "columns": [{ "name": "a", "type": "TEXT" }] });
        caller.send_with("POST", "/databases/app/tables", &headers, table).await.ok(201);
        caller.rollback(&id).await.ok(204);
        assert_eq!(caller.count().await, 2);
        caller.get("/databases/app/tables/other").await.refused_with(404, "UNKNOWN_TABLE");
    }
}

#[tokio::test]
async fn it_goes_on_after_a_statement_that_failed() {
    for caller in each_server().await {
        let caller = caller.with_users().await;
        let id = caller.begin(json!({})).await;
        caller.query_in(&id, INSERT).await.ok(200);
        caller.query_in(&id, "SELECT * FROM nowhere").await.refused_with(404, "UNKNOWN_TABLE");
        caller.commit(&id).await.ok(204);
        assert_eq!(caller.count().await, 3);
    }
}

#[tokio::test]
async fn it_refuses_to_end_a_transaction_twice_and_says_how_it_ended() {
    for caller in each_server().await {
        let caller = caller.with_users().await;
        let (committed, undone) = (caller.begin(json!({})).await, caller.begin(json!({})).await);
        caller.commit(&committed).await.ok(204);
        caller.rollback(&undone).await.ok(204);
        for (id, how) in [(committed, "already committed"), (undone, "already rolled back")] {
            for answer in
                [caller.commit(&id).await, caller.rollback(&id).await, caller.query_in(&id, INSERT).await]
            {
                answer.refused_with(409, "TRANSACTION_EXPIRED");
                assert!(answer.text.contains(how), "{}", answer.text);
            }
        }
    }
}

#[tokio::test]
async fn it_rolls_back_a_transaction_that_was_idle_too_long_and_says_so() {
    for caller in each_server().await {
        let caller = caller.with_users().await;
        let id = caller.begin(json!({ "timeout": 150 })).await;
        caller.query_in(&id, INSERT).await.ok(200);
        for _ in 0..4 {
            tokio::time::sleep(Duration::from_millis(60)).await;
            caller.query_in(&id, "SELECT 1").await.ok(200);
        }
        tokio::time::sleep(Duration::from_millis(500)).await;
        let late = caller.query_in(&id, INSERT).await;
        late.refused_with(409, "TRANSACTION_EXPIRED");
        assert!(late.text.contains("150 ms"), "{}", late.text);
        assert_eq!(caller.count().await, 2);
        // Its write lock is free again.
        caller.query(INSERT).await.ok(200);
    }
}

#[tokio::test]
async fn it_caps_the_time_out_a_transaction_asks_for() {
    let caller = server().await.with_users().await;
    let body = json!({ "database": "app", "timeout": 999_999_999 });
    assert_eq!(caller.send("POST", "/transactions", body).await.ok(201)["timeout"], 600_000);
}

#[tokio::test]
async fn it_runs_the_calls_of_one_transaction_one_after_the_other() {
    for caller in each_server().await {
        let caller = caller.with_users().await;
        let id = caller.begin(json!({})).await;
        let answers = futures_all((0..20).map(|_| caller.query_in(&id, INSERT)).collect()).await;
        assert!(answers.iter().all(|answer| answer.status == 200));
        caller.commit(&id).await.ok(204);
        assert_eq!(caller.count().await, 22);
    }
}

/// All at once, as far as one task can.
async fn futures_all<F: Future>(futures: Vec<F>) -> Vec<F::Output> {
    let mut pending: Vec<_> = futures.into_iter().map(|future| (Box::pin(future), None)).collect();
    std::future::poll_fn(|context| {
        for (future, output) in &mut pending {
            if output.is_none()
                && let std::task::Poll::Ready(done) = future.as_mut().poll(context)
            {
                *output = Some(done);
            }
        }
        match pending.iter().all(|(_, output)| output.is_some()) {
            true => std::task::Poll::Ready(()),
            false => std::task::Poll::Pending,
        }
    })
    .await;
    pending.into_iter().filter_map(|(_, output)| output).collect()
}

#[tokio::test]
async fn it_answers_another_token_as_if_the_transaction_never_was() {
    let tokens = Tokens::of(["first", "second"]);
    let options = HttpOptions { tokens, ..HttpOptions::default() };
    let caller = server_with(ServiceOptions::default(), options).await;
    let (first, second) = (caller.with_token("first").with_users().await, caller.with_token("second"));
    let id = first.begin(json!({})).await;
    let unknown = second.query_in("not-an-id", INSERT).await;
    for answer in [second.query_in(&id, INSERT).await, second.commit(&id).await, second.rollback(&id).await] {
        answer.refused_with(409, "TRANSACTION_EXPIRED");
        assert_eq!(answer.json()["message"], unknown.json()["message"]);
    }
    assert!(unknown.text.contains(UNKNOWN));
    first.commit(&id).await.ok(204);
    assert!(second.commit(&id).await.text.contains(UNKNOWN));
}

#[tokio::test]
async fn it_refuses_calls_a_transaction_cannot_hold() {
    for caller in each_server().await {
        let caller = caller.with_users().await;
        caller.send("POST", "/databases", json!({ "name": "other" })).await.ok(201);
        let id = caller.begin(json!({})).await;
        let headers = [("phantomdb-transaction", id.as_str())];
        let wrong = [
            ("POST", "/databases", json!({ "name": "third" })),
            ("POST", "/transactions", json!({ "database": "app" })),
            ("POST", "/databases/other/query", json!({ "query": "SELECT 1" })),
        ];
        for (method, path, body) in wrong {
            caller.send_with(method, path, &headers, body).await.refused_with(400, "BAD_REQUEST");
        }
        caller.commit(&id).await.ok(204);
    }
}

#[tokio::test]
async fn it_bounds_how_many_transactions_are_open() {
    let options = ServiceOptions { transactions_max: 2, ..ServiceOptions::default() };
    let caller = server_with(options, HttpOptions::default()).await.with_users().await;
    let ids = [caller.begin(json!({})).await, caller.begin(json!({})).await];
    let third = caller.send("POST", "/transactions", json!({ "database": "app" })).await;
    third.refused_with(429, "TOO_MANY_REQUESTS");
    assert_eq!(third.headers["retry-after"], "1");
    caller.rollback(&ids[0]).await.ok(204);
    caller.begin(json!({ "timeout": 50 })).await;
    tokio::time::sleep(Duration::from_millis(300)).await;
    caller.begin(json!({})).await;
}

async fn insert_with_key(caller: &Caller, key: &str, name: &str) -> crate::common::Answer {
    let rows = json!({ "rows": [{ "firstName": name }], "returning": ["id"] });
    caller.send_with("POST", "/databases/app/tables/users/rows", &[("idempotency-key", key)], rows).await
}

#[tokio::test]
async fn it_answers_a_repeated_idempotency_key_with_the_first_answer() {
    for caller in each_server().await {
        let caller = caller.with_users().await;
        let answers: Vec<Json> =
            futures_all((0..10).map(|_| insert_with_key(&caller, "k", "X")).collect::<Vec<_>>())
                .await
                .into_iter()
                .map(|answer| answer.ok(201))
                .collect();
        assert!(answers.iter().all(|answer| *answer == answers[0]), "{answers:?}");
        assert_eq!(caller.count().await, 3);
        insert_with_key(&caller, "k", "Y").await.refused_with(400, "BAD_REQUEST");
        insert_with_key(&caller, "other", "X").await.ok(201);
        assert_eq!(caller.count().await, 4);
    }
}

#[tokio::test]
async fn it_repeats_the_answer_of_a_commit_by_its_key() {
    for caller in each_server().await {
        let caller = caller.with_users().await;
        let id = caller.begin(json!({})).await;
        caller.query_in(&id, INSERT).await.ok(200);
        for _ in 0..2 {
            let path = format!("/transactions/{id}/commit");
            caller.raw("POST", &path, &[("idempotency-key", "c")], vec![]).await.ok(204);
        }
        assert_eq!(caller.count().await, 3);
    }
}

#[tokio::test]
async fn it_repeats_an_error_with_the_id_of_the_request_at_hand() {
    for caller in each_server().await {
        let caller = caller.with_users().await;
        for id in ["one", "two"] {
            let headers = [("idempotency-key", "k"), ("x-request-id", id)];
            let body = json!({ "query": "SELECT * FROM nowhere" });
            let answer = caller.send_with("POST", "/databases/app/query", &headers, body).await;
            answer.refused_with(404, "UNKNOWN_TABLE");
            assert_eq!(answer.json()["requestId"], id);
        }
    }
}

const QUERY: &str = "/databases/app/query";

async fn begin_with(caller: &Caller, transaction: &str, sql: &str) -> crate::common::Answer {
    let headers = [("phantomdb-transaction", transaction)];
    caller.send_with("POST", QUERY, &headers, json!({ "query": sql })).await
}

fn id_of(answer: &crate::common::Answer) -> String {
    answer.headers["phantomdb-transaction"].to_str().unwrap().to_owned()
}

#[tokio::test]
async fn it_begins_a_transaction_with_its_first_statement() {
    for caller in each_server().await {
        let caller = caller.with_users().await;
        let first = begin_with(&caller, "new", INSERT).await;
        let id = id_of(&first);
        assert_eq!(first.ok(200)["affectedRows"], 1);
        assert_eq!(caller.count().await, 2);
        let second = caller.query_in(&id, INSERT).await;
        assert!(!second.headers.contains_key("phantomdb-transaction"));
        caller.commit(&id).await.ok(204);
        assert_eq!(caller.count().await, 4);
    }
}

#[tokio::test]
async fn a_transaction_goes_on_whose_first_statement_fails() {
    for caller in each_server().await {
        let caller = caller.with_users().await;
        let first =
            begin_with(&caller, "new; isolation-level=repeatable-read", "SELECT * FROM nowhere").await;
        first.refused_with(404, "UNKNOWN_TABLE");
        let id = id_of(&first);
        caller.query_in(&id, INSERT).await.ok(200);
        caller.commit(&id).await.ok(204);
        assert_eq!(caller.count().await, 3);
    }
}

#[tokio::test]
async fn a_transaction_begins_with_its_options() {
    for caller in each_server().await {
        let caller = caller.with_users().await;
        let first = begin_with(&caller, "new; read-only; timeout=60000", "SELECT 1").await;
        caller.query_in(&id_of(&first), INSERT).await.refused_with(400, "BAD_REQUEST");
        for (transaction, key) in [("new; readonly", None), ("new; timeout=soon", None), ("new", Some("k"))] {
            let mut headers = vec![("phantomdb-transaction", transaction)];
            headers.extend(key.map(|key| ("idempotency-key", key)));
            let refused = caller.send_with("POST", QUERY, &headers, json!({ "query": INSERT })).await;
            refused.refused_with(400, "BAD_REQUEST");
            assert!(!refused.headers.contains_key("phantomdb-transaction"));
        }
        let elsewhere = caller
            .send_with(
                "POST",
                "/databases/none/query",
                &[("phantomdb-transaction", "new")],
                json!({ "query": "SELECT 1" }),
            )
            .await;
        elsewhere.refused_with(404, "UNKNOWN_DATABASE");
        assert_eq!(caller.count().await, 2);
    }
}

#[tokio::test]
async fn each_of_many_queries_can_begin_a_transaction() {
    for caller in each_server().await {
        let caller = caller.with_users().await;
        let queries = json!({ "queries": [
            { "query": "SELECT 1", "transaction": "new; read-only" },
            { "query": "SELECT * FROM nowhere", "transaction": "new" },
            { "query": "SELECT 1", "transaction": "new; often" },
        ] });
        let answer = caller.send("POST", "/databases/app/queries", queries).await;
        let mut lines: Vec<Json> =
            answer.text.lines().map(|line| serde_json::from_str(line).unwrap()).collect();
        lines.sort_by_key(|line| line["index"].as_u64());
        assert_eq!(lines[0]["result"]["rows"], json!([[1]]));
        assert_eq!(lines[1]["error"]["code"], "UNKNOWN_TABLE");
        for line in &lines[..2] {
            caller.rollback(line["transaction"]["id"].as_str().unwrap()).await.ok(204);
        }
        assert_eq!(
            (&lines[2]["error"]["code"], &lines[2]["transaction"]),
            (&json!("BAD_REQUEST"), &Json::Null)
        );
    }
}

#[tokio::test]
async fn a_transaction_whose_first_caller_goes_away_frees_its_lock() {
    let caller = server().await.with_users().await;
    let slow = "INSERT INTO \"users\" (\"firstName\") WITH RECURSIVE n (i) AS (SELECT 1 UNION ALL SELECT i + 1 FROM n \
                WHERE i < 1000000000) SELECT max(i) FROM n";
    let first = tokio::time::timeout(Duration::from_millis(300), begin_with(&caller, "new", slow)).await;
    assert!(first.is_err(), "the statement should have taken longer");
    // Otherwise it would wait for as long as a transaction may keep the lock idle.
    let begun = std::time::Instant::now();
    caller.query(INSERT).await.ok(200);
    assert!(begun.elapsed() < Duration::from_secs(4), "{:?}", begun.elapsed());
    assert_eq!(caller.count().await, 3);
}
