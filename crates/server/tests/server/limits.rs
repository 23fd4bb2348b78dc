//! The limits of statements, results and transactions: each is reached, says its name, and leaves the server as it was.

use std::{
    num::NonZeroU32,
    sync::Arc,
    time::{Duration, Instant},
};

use crate::common::{Answer, Caller, serve, server_with};
use phantomdb_engine::{BytesInFlight, Engine, ResultLimits};
use phantomdb_engine_sqlite::{SqliteEngine, SqliteOptions};
use phantomdb_server::http::{ConnectionLimits, HttpOptions};
use phantomdb_server::tokens::Tokens;
use phantomdb_service::ServiceOptions;
use phantomdb_testing::namespace::Namespace;
use serde_json::json;

/// Never ends.
const RUNAWAY: &str = "WITH RECURSIVE c(x) AS (SELECT 1 UNION ALL SELECT 1 FROM c) SELECT count(*) FROM c";
const RUNAWAY_WRITE: &str = "WITH RECURSIVE c(x) AS (SELECT 1 UNION ALL SELECT 1 FROM c) \
                             INSERT INTO \"users\" (\"firstName\") SELECT 'x' FROM c";

#[track_caller]
fn names(answer: &Answer, status: u16, code: &str, setting: &str) {
    answer.refused_with(status, code);
    assert!(answer.text.contains(setting), "{}", answer.text);
}

async fn each_engine(options: ServiceOptions) -> Vec<Caller> {
    let engines: [Arc<dyn Engine>; 2] = [Arc::new(SqliteEngine::memory()), Arc::new(Namespace::new())];
    let mut callers = Vec::new();
    for engine in engines {
        let (caller, _) = serve(engine, options.clone(), HttpOptions::default()).await;
        callers.push(caller.with_users().await);
    }
    callers
}

async fn on_sqlite(options: SqliteOptions) -> Caller {
    let engine = Arc::new(SqliteEngine::memory().with_options(options));
    serve(engine, ServiceOptions::default(), HttpOptions::default()).await.0.with_users().await
}

#[tokio::test]
async fn a_statement_ends_in_time_and_leaves_nothing() {
    // Long enough for the other calls, on a busy computer too.
    let limit = Some(Duration::from_millis(1_500));
    for caller in each_engine(ServiceOptions { statement_timeout: limit, ..ServiceOptions::default() }).await
    {
        let start = Instant::now();
        names(&caller.query(RUNAWAY_WRITE).await, 503, "STATEMENT_TIMEOUT", "--statement-timeout");
        assert!(start.elapsed() < Duration::from_secs(60), "{:?}", start.elapsed());
        let body =
            json!({ "statements": [{ "query": "DELETE FROM users" }, { "query": RUNAWAY }], "atomic": true });
        let batch = caller.send("POST", "/databases/app/batch", body).await;
        names(&batch, 503, "STATEMENT_TIMEOUT", "--statement-timeout");
        assert_eq!(caller.count().await, 2);

        let id = caller.begin(json!({})).await;
        names(&caller.query_in(&id, RUNAWAY).await, 503, "STATEMENT_TIMEOUT", "--statement-timeout");
        caller.query_in(&id, r#"INSERT INTO "users" ("firstName") VALUES ('X')"#).await.ok(200);
        caller.commit(&id).await.ok(204);
        assert_eq!(caller.count().await, 3);
    }
}

#[tokio::test]
async fn a_caller_can_ask_for_less_time() {
    for caller in each_engine(ServiceOptions::default()).await {
        let header = [("phantomdb-statement-timeout", "300")];
        for (path, body) in [
            ("/databases/app/query", json!({ "query": RUNAWAY })),
            ("/databases/app/query", json!({ "query": RUNAWAY_WRITE })),
        ] {
            let answer = caller.send_with("POST", path, &header, body).await;
            names(&answer, 503, "STATEMENT_TIMEOUT", "statementTimeoutMs");
        }
        let body = json!({ "queries": [{ "query": RUNAWAY }, { "query": "SELECT 1" }] });
        let header = [("phantomdb-statement-timeout", "1500")];
        let lines = caller.send_with("POST", "/databases/app/queries", &header, body).await.text;
        assert!(lines.contains("STATEMENT_TIMEOUT") && lines.contains("[[1]]"), "{lines}");
        assert_eq!(caller.count().await, 2);
        let wrong = [("phantomdb-statement-timeout", "soon")];
        let answer =
            caller.send_with("POST", "/databases/app/query", &wrong, json!({ "query": "SELECT 1" })).await;
        names(&answer, 400, "BAD_REQUEST", "PhantomDB-Statement-Timeout");
    }
}

#[tokio::test]
async fn a_read_does_not_wait_for_ever_for_others() {
    let caller = on_sqlite(SqliteOptions {
        reads_max: 2,
        read_wait_timeout: Duration::from_millis(200),
        ..SqliteOptions::default()
    })
    .await;
    let (slow, header) = (json!({ "query": RUNAWAY }), [("phantomdb-statement-timeout", "1500")]);
    let run = || caller.send_with("POST", "/databases/app/query", &header, slow.clone());
    let refused = async {
        tokio::time::sleep(Duration::from_millis(300)).await;
        caller.query("SELECT count(*) FROM users").await
    };
    let (first, second, refused) = tokio::join!(run(), run(), refused);
    names(&refused, 503, "UNAVAILABLE", "--read-wait-timeout");
    assert!(refused.text.contains("--reads-max"), "{}", refused.text);
    for answer in [first, second] {
        answer.refused_with(503, "STATEMENT_TIMEOUT");
    }
    assert_eq!(caller.count().await, 2);
}

#[tokio::test]
async fn a_statement_that_is_too_large_is_refused_before_it_is_parsed() {
    let caller = server_with(ServiceOptions::default(), HttpOptions::default()).await.with_users().await;
    let start = Instant::now();
    let long = caller.query(&format!("SELECT {}1", "1+".repeat(2_000_000))).await;
    names(&long, 413, "TOO_LARGE", "--statement-tokens-max");
    for chain in [
        format!("SELECT {}1", "1+".repeat(100_000)),
        format!("SELECT now(){}", " AT TIME ZONE 'UTC'".repeat(50_000)),
        format!("SELECT {}1", "NOT ".repeat(50_000)),
    ] {
        names(&caller.query(&chain).await, 413, "TOO_LARGE", "--statement-chain-max");
    }
    assert!(start.elapsed() < Duration::from_secs(20), "{:?}", start.elapsed());
    let rows = format!("INSERT INTO users (\"firstName\") VALUES ('a'){}", ", ('a')".repeat(20_000));
    assert_eq!(caller.query(&rows).await.ok(200)["affectedRows"], json!(20_001));
}

#[tokio::test]
async fn a_result_is_not_larger_than_it_may_be() {
    let series = "SELECT * FROM generate_series(1, 100000)";
    let limits = |rows, bytes| ResultLimits { rows, bytes, in_flight: None };
    for (results, setting) in
        [(limits(Some(1_000), None), "--result-rows-max"), (limits(None, Some(10_000)), "--result-bytes-max")]
    {
        let sqlite = SqliteOptions { results: results.clone(), ..SqliteOptions::default() };
        let engines: [Arc<dyn Engine>; 2] = [
            Arc::new(SqliteEngine::memory().with_options(sqlite)),
            Arc::new(Namespace::with_results(results)),
        ];
        for engine in engines {
            let (caller, _) = serve(engine, ServiceOptions::default(), HttpOptions::default()).await;
            let caller = caller.with_users().await;
            names(&caller.query(series).await, 413, "TOO_LARGE", setting);
            let id = caller.begin(json!({})).await;
            names(&caller.query_in(&id, series).await, 413, "TOO_LARGE", setting);
            caller.query_in(&id, "DELETE FROM users").await.ok(200);
            caller.commit(&id).await.ok(204);
            assert_eq!(caller.count().await, 0);
        }
    }
}

#[tokio::test]
async fn bodies_and_results_share_the_memory_of_the_server() {
    let in_flight = BytesInFlight::new(1 << 20);
    let results = ResultLimits { in_flight: Some(Arc::clone(&in_flight)), ..ResultLimits::default() };
    let engine =
        Arc::new(SqliteEngine::memory().with_options(SqliteOptions { results, ..SqliteOptions::default() }));
    let http = HttpOptions { bytes_in_flight: Some(Arc::clone(&in_flight)), ..HttpOptions::default() };
    let caller = serve(engine, ServiceOptions::default(), http).await.0.with_users().await;
    let large = caller.query("SELECT * FROM generate_series(1, 300000)").await;
    names(&large, 503, "UNAVAILABLE", "--bytes-in-flight-max");
    let body = json!({ "query": "SELECT $1", "parameters": ["x".repeat(2 << 20)] });
    let long = caller.send("POST", "/databases/app/query", body).await;
    names(&long, 503, "UNAVAILABLE", "--bytes-in-flight-max");
    caller.query("SELECT * FROM generate_series(1, 30000)").await.ok(200);
    tokio::time::sleep(Duration::from_millis(50)).await;
    assert_eq!(in_flight.used(), 0, "everything that was counted is given back");
}

#[tokio::test]
async fn a_client_that_does_not_read_stops_the_work() {
    let in_flight = BytesInFlight::new(1 << 30);
    let http = HttpOptions { bytes_in_flight: Some(Arc::clone(&in_flight)), ..HttpOptions::default() };
    let (caller, _) = serve(Arc::new(SqliteEngine::memory()), ServiceOptions::default(), http).await;
    let caller = caller.with_users().await;
    let queries = vec![json!({ "query": "SELECT * FROM generate_series(1, 200000)" }); 90];
    let body = json!({ "queries": queries }).to_string().into_bytes();
    let answer = caller.begun("POST", "/databases/app/queries", &[], body).await;
    // Until as much waits as may, and then for a little more than five seconds.
    let start = Instant::now();
    while in_flight.used() < 31 << 20 && start.elapsed() < Duration::from_secs(300) {
        tokio::time::sleep(Duration::from_millis(50)).await;
    }
    tokio::time::sleep(Duration::from_millis(7_000)).await;
    assert!(in_flight.used() < 64 << 20, "{} bytes wait for the client", in_flight.used());
    let start = Instant::now();
    caller.query("SELECT 1").await.ok(200);
    assert!(start.elapsed() < Duration::from_secs(20), "nothing runs any more");
    use http_body_util::BodyExt as _;
    let text = answer.into_body().collect().await.unwrap().to_bytes();
    let lines = String::from_utf8(text.to_vec()).unwrap();
    assert_eq!(lines.lines().count(), 90);
    assert!(lines.contains("were not read for"));
}

#[tokio::test]
async fn a_caller_has_so_many_requests_in_a_second() {
    let http = HttpOptions {
        rate_limit: NonZeroU32::new(20),
        tokens: Tokens::of(["one", "two"]),
        ..HttpOptions::default()
    };
    let caller = server_with(ServiceOptions::default(), http).await;
    let (one, two) = (caller.with_token("one"), caller.with_token("two"));
    let mut refused = None;
    for _ in 0..60 {
        let answer = one.get("/databases").await;
        if answer.status != 200 {
            refused = Some(answer);
            break;
        }
    }
    let refused = refused.unwrap();
    names(&refused, 429, "TOO_MANY_REQUESTS", "--rate-limit");
    assert_eq!(refused.headers["retry-after"], "1");
    two.get("/databases").await.ok(200);
    tokio::time::sleep(Duration::from_millis(1_000)).await;
    one.get("/databases").await.ok(200);
}

#[tokio::test]
async fn a_caller_has_no_more_requests_by_writing_its_token_in_other_ways() {
    let options = |tokens| HttpOptions { rate_limit: NonZeroU32::new(20), tokens, ..HttpOptions::default() };
    let with_tokens = server_with(ServiceOptions::default(), options(Tokens::of(["one"]))).await;
    let without = server_with(ServiceOptions::default(), options(Arc::default())).await;
    let spelled: fn(usize) -> String = |number| format!("bearer{}one", " ".repeat(number + 1));
    let invented: fn(usize) -> String = |number| format!("Bearer {number}");
    // A request that needs no token says nothing about its caller by showing one.
    let rows = [
        (&with_tokens, "/databases", spelled),
        (&without, "/databases", invented),
        (&with_tokens, "/health", invented),
    ];
    for (caller, path, authorization) in rows {
        let mut statuses = Vec::new();
        for number in 0..60 {
            let value = authorization(number);
            statuses
                .push(caller.raw("GET", path, &[("authorization", &value)], vec![]).await.status.as_u16());
        }
        assert!(statuses.contains(&429), "{path}: {statuses:?}");
    }
}

#[tokio::test]
async fn long_headers_are_refused_with_a_body() {
    let connections = ConnectionLimits { header_bytes_max: 10_000, ..ConnectionLimits::default() };
    let http = HttpOptions { connections, ..HttpOptions::default() };
    let caller = server_with(ServiceOptions::default(), http).await;
    let long = "x".repeat(11_000);
    let answer = caller.raw("GET", "/databases", &[("x-long", &long)], vec![]).await;
    names(&answer, 431, "TOO_LARGE", "--header-bytes-max");
    let answer = caller.get(&format!("/databases/app/tables/t?condition={long}")).await;
    names(&answer, 414, "TOO_LARGE", "--header-bytes-max");
}

#[tokio::test]
async fn a_transaction_is_not_older_than_it_may_be() {
    let options =
        ServiceOptions { transaction_age_max: Some(Duration::from_millis(400)), ..ServiceOptions::default() };
    for caller in each_engine(options).await {
        let id = caller.begin(json!({})).await;
        caller.query_in(&id, "DELETE FROM users").await.ok(200);
        for _ in 0..6 {
            tokio::time::sleep(Duration::from_millis(100)).await;
            caller.query_in(&id, "SELECT 1").await;
        }
        names(&caller.commit(&id).await, 409, "TRANSACTION_EXPIRED", "--transaction-age-max");
        assert_eq!(caller.count().await, 2);
    }
}
