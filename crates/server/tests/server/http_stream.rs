//! Rows that are read as they are needed: `POST /databases/{db}/stream`.

use std::time::Duration;

use crate::common::{Answer, Caller, each_server, server};
use http_body_util::BodyExt as _;
use serde_json::{Value as Json, json};

const STREAM: &str = "/databases/app/stream";
const NUMBERS: &str =
    "WITH RECURSIVE n (i) AS (SELECT 1 UNION ALL SELECT i + 1 FROM n WHERE i < $1) SELECT i FROM n";

fn lines(answer: &Answer) -> Vec<Json> {
    assert_eq!(answer.headers["content-type"], "application/x-ndjson", "{}", answer.text);
    answer.text.lines().map(|line| serde_json::from_str(line).unwrap()).collect()
}

/// The values of the first column on all lines.
fn values(lines: &[Json]) -> Vec<i64> {
    let rows = lines.iter().filter_map(|line| line["result"]["rows"].as_array()).flatten();
    rows.map(|row| row[0].as_i64().unwrap()).collect()
}

async fn stream(caller: &Caller, headers: &[(&str, &str)], sql: &str, parameters: Json) -> Answer {
    caller.send_with("POST", STREAM, headers, json!({ "query": sql, "parameters": parameters })).await
}

#[tokio::test]
async fn it_answers_pages_of_rows_and_says_when_they_end() {
    for caller in each_server().await {
        let caller = caller.with_users().await;
        for count in [0, 1, 250, 1003] {
            let sql = format!("SELECT i FROM ({NUMBERS}) AS n WHERE $1 > 0 ORDER BY i");
            let lines = lines(&stream(&caller, &[], &sql, json!([count])).await);
            assert_eq!(values(&lines), (1..=count).collect::<Vec<i64>>());
            assert_eq!(lines.last().unwrap(), &json!({ "end": true }));
            assert!(
                lines
                    .iter()
                    .all(|line| line["result"]["rows"].as_array().is_none_or(|rows| rows.len() <= 250))
            );
        }
    }
}

#[tokio::test]
async fn it_refuses_a_statement_as_a_lone_one_is_refused() {
    for caller in each_server().await {
        let caller = caller.with_users().await;
        let missing = stream(&caller, &[], "SELECT nothing FROM users", json!([])).await;
        missing.refused_with(404, "UNKNOWN_COLUMN");
        let wrong = stream(&caller, &[], "SELECT 1 +", json!([])).await;
        wrong.refused_with(400, "SYNTAX_ERROR");
        stream(&caller, &[], "DELETE FROM users", json!([])).await.refused_with(422, "UNSUPPORTED");
        let several = stream(&caller, &[], "SELECT 1; DELETE FROM users", json!([])).await;
        several.refused_with(400, "BAD_REQUEST");
        assert_eq!(values(&lines(&stream(&caller, &[], "SELECT 1; -- end", json!([])).await)), [1]);
        let native = json!({ "query": "SELECT 1", "native": true });
        caller.send("POST", STREAM, native).await.refused_with(400, "BAD_REQUEST");
        assert_eq!(caller.count().await, 2);
    }
}

#[tokio::test]
async fn it_reads_within_a_transaction_and_can_begin_one() {
    for caller in each_server().await {
        let caller = caller.with_users().await;
        let begun = stream(&caller, &[("phantomdb-transaction", "new")], "SELECT 7 AS n", json!([])).await;
        let id = begun.headers["phantomdb-transaction"].to_str().unwrap().to_owned();
        assert_eq!(values(&lines(&begun)), [7]);
        caller.query_in(&id, "UPDATE users SET age = 77").await.ok(200);
        let within =
            stream(&caller, &[("phantomdb-transaction", &id)], "SELECT age FROM users", json!([])).await;
        assert_eq!(values(&lines(&within)), [77, 77]);
        caller.rollback(&id).await.ok(204);
        let after = stream(&caller, &[], "SELECT count(*) FROM users WHERE age = 77", json!([])).await;
        assert_eq!(values(&lines(&after)), [0]);
    }
}

#[tokio::test]
async fn it_says_on_the_last_line_what_went_wrong_in_the_middle() {
    for caller in each_server().await {
        let caller = caller.with_users().await;
        let sql = format!("SELECT 1000 / (600 - i) FROM ({NUMBERS}) AS n ORDER BY i + 0 * $1");
        // PostgreSQL and SQLite may compute a column before or after the sort.
        let sql = sql.replace(" ORDER BY i + 0 * $1", "");
        let lines = lines(&stream(&caller, &[], &sql, json!([1000])).await);
        let (last, before) = lines.split_last().unwrap();
        assert_eq!(last["error"]["code"], "OUT_OF_RANGE", "{last}");
        assert!(last["error"]["requestId"].is_string());
        assert_eq!(values(before).len(), 500);
    }
}

#[tokio::test]
async fn it_reads_no_further_than_the_caller_does_and_ends_with_it() {
    let caller = server().await.with_users().await;
    let body = json!({ "query": NUMBERS, "parameters": [1_000_000_000] }).to_string().into_bytes();
    let mut answer = caller.begun("POST", STREAM, &[], body).await;
    let first = answer.body_mut().frame().await.unwrap().unwrap().into_data().unwrap();
    assert!(first.starts_with(b"{\"result\":"));
    let open = async || {
        let metrics = caller.get("/metrics").await.text;
        let line = metrics
            .lines()
            .find(|line| !line.starts_with('#') && line.contains("open_transactions"))
            .unwrap()
            .to_owned();
        line.rsplit(' ').next().unwrap().to_owned()
    };
    assert_eq!(open().await, "1");
    drop(answer);
    for _ in 0..100 {
        if open().await == "0" {
            return;
        }
        tokio::time::sleep(Duration::from_millis(50)).await;
    }
    panic!("the transaction of the stream is open without its caller");
}
