//! Calls with idempotency keys to a server that is killed after it ran them: the answer is fetched, nothing runs twice.

use crate::common::{
    Answer, Caller,
    process::{Directory, Served, serve},
};
use serde_json::{Value as Json, json};

const USERS: &str = "/databases/app/tables/users";

async fn start(directory: &Directory) -> Served {
    let mut served = serve(&["--data", directory.path()]);
    served.caller = Caller::new(served.caller.address).with_users().await;
    served
}

/// Kills the server and starts another on the same files.
fn restart(served: Served, directory: &Directory) -> Served {
    served.signal("-KILL");
    drop(served);
    serve(&["--data", directory.path()])
}

async fn send(caller: &Caller, key: &str, (method, path, body): &(&str, String, Json)) -> Answer {
    let body = if body.is_null() { vec![] } else { body.to_string().into_bytes() };
    caller.raw(method, path, &[("idempotency-key", key)], body).await
}

fn query(sql: &str) -> (&'static str, String, Json) {
    ("POST", "/databases/app/query".to_owned(), json!({ "query": sql }))
}

#[tokio::test]
async fn it_fetches_the_answer_of_every_kind_of_write_after_it_was_killed() {
    let directory = Directory::new("fetch");
    let mut served = start(&directory).await;
    let insert =
        |name: &str| format!(r#"INSERT INTO "users" ("firstName") VALUES ('{name}') RETURNING "id""#);
    let rows = json!({ "rows": [{ "firstName": "A" }, { "firstName": "B", "age": 1 }], "returning": ["*"] });
    let batch = |atomic: bool| {
        let statements = [insert("C"), r#"SELECT count(*) FROM "users""#.into(), insert("D")];
        let statements = statements.map(|query| json!({ "query": query }));
        ("POST", "/databases/app/batch".to_owned(), json!({ "statements": statements, "atomic": atomic }))
    };
    let table = json!({ "name": "things", "columns": [{ "name": "a", "type": "TEXT", "unique": true }] });
    let column = json!([{ "op": "addColumn", "column": { "name": "b", "type": "TEXT" } }]);
    let things = "/databases/app/tables/things";
    let calls = [
        query(&insert("Q")),
        ("POST", format!("{USERS}/rows"), rows),
        ("PUT", USERS.to_owned(), json!({ "data": { "age": 99 }, "condition": "firstName='Q'" })),
        ("DELETE", format!("{USERS}/rows?condition=age=99"), Json::Null),
        batch(true),
        batch(false),
        ("POST", "/databases/app/tables".to_owned(), table),
        ("PATCH", things.to_owned(), json!({ "operations": column })),
        ("POST", format!("{things}/indexes"), json!({ "name": "by_b", "fields": [{ "column": "b" }] })),
        ("DELETE", format!("{things}/indexes/by_b"), Json::Null),
        ("DELETE", things.to_owned(), Json::Null),
    ];
    let mut answers = Vec::new();
    for (number, call) in calls.iter().enumerate() {
        let answer = send(&served.caller, &number.to_string(), call).await;
        assert!(answer.status.is_success(), "{call:?}: {}", answer.text);
        answers.push((answer.status, answer.text));
    }
    let count = served.caller.count().await;
    served = restart(served, &directory);
    for (number, call) in calls.iter().enumerate() {
        let again = send(&served.caller, &number.to_string(), call).await;
        // Only the atomic batch keeps what its reads answered; one that is not reads anew, and writes nothing.
        if *call != batch(false) {
            assert_eq!((again.status, again.text), answers[number], "{call:?}");
        }
    }
    assert_eq!(served.caller.count().await, count);
    let tables = served.caller.get("/databases/app/tables").await.ok(200);
    assert_eq!(tables, json!({ "tables": [{ "name": "users" }] }));
}

#[tokio::test]
async fn it_fetches_the_answer_of_a_commit_and_knows_of_none_that_was_not_made() {
    let directory = Directory::new("commit");
    let mut served = start(&directory).await;
    let (committed, open) =
        (served.caller.begin(json!({})).await, served.caller.begin(json!({ "readOnly": true })).await);
    served.caller.query_in(&committed, &query_insert("X")).await.ok(200);
    let commit = |id: &str| ("POST", format!("/transactions/{id}/commit"), Json::Null);
    send(&served.caller, "c", &commit(&committed)).await.ok(204);
    served = restart(served, &directory);
    send(&served.caller, "c", &commit(&committed)).await.ok(204);
    send(&served.caller, "o", &commit(&open)).await.refused_with(409, "TRANSACTION_EXPIRED");
    send(&served.caller, "other", &commit(&committed)).await.refused_with(409, "TRANSACTION_EXPIRED");
    assert_eq!(served.caller.count().await, 3);
}

fn query_insert(name: &str) -> String {
    format!(r#"INSERT INTO "users" ("firstName") VALUES ('{name}')"#)
}

#[tokio::test]
async fn it_refuses_a_kept_key_for_another_call_and_runs_anew_what_failed() {
    let directory = Directory::new("refuse");
    let mut served = start(&directory).await;
    let insert = |name: &str| query(&query_insert(name));
    send(&served.caller, "k", &insert("X")).await.ok(200);
    let failing = query(r#"INSERT INTO "users" ("firstName", "email") VALUES ('E', 'john@example.org')"#);
    send(&served.caller, "f", &failing).await.refused_with(409, "UNIQUE_VIOLATION");
    served = restart(served, &directory);
    send(&served.caller, "k", &insert("Y")).await.refused_with(400, "BAD_REQUEST");
    served.caller.query(r#"DELETE FROM "users" WHERE "email" = 'john@example.org'"#).await.ok(200);
    send(&served.caller, "f", &failing).await.ok(200);
    assert_eq!(served.caller.count().await, 3);
}

#[tokio::test]
async fn it_makes_the_table_of_answers_again_when_it_was_dropped() {
    let directory = Directory::new("dropped");
    let served = start(&directory).await;
    let insert =
        |name: &str| query(&format!(r#"INSERT INTO "users" ("firstName") VALUES ('{name}') RETURNING "id""#));
    send(&served.caller, "a", &insert("A")).await.ok(200);
    send(&served.caller, "b", &insert("B")).await.ok(200);
    let drop = json!({ "query": "DROP TABLE phantomdb_answers", "native": true });
    served.caller.send("POST", "/databases/app/query", drop).await.ok(200);
    let first = send(&served.caller, "c", &insert("C")).await.ok(200);
    assert_eq!(send(&served.caller, "c", &insert("C")).await.ok(200), first);
    assert_eq!(served.caller.count().await, 5);
}

#[tokio::test]
async fn it_keeps_the_answers_of_the_last_writes_only() {
    let directory = Directory::new("bound");
    let served = start(&directory).await;
    let long = "x".repeat(8 * 1024 * 1024);
    for number in 0..12 {
        let body = json!({ "query": r#"UPDATE "users" SET "age" = "age" + 1 WHERE "id" = 1 RETURNING $1::text AS "long""#,
            "parameters": [long] });
        let call = ("POST", "/databases/app/query".to_owned(), body);
        send(&served.caller, &number.to_string(), &call).await.ok(200);
    }
    let count = r#"SELECT count(*), max(length("answer")) FROM "phantomdb_answers""#;
    let body = json!({ "query": count, "native": true });
    let kept = served.caller.send("POST", "/databases/app/query", body).await.ok(200);
    // 64 MiB of 8 MiB each.
    assert_eq!(kept["rows"][0][0], 8, "{kept}");
}
