//! The real binary: what it says, what it refuses, and how it stops.

use std::{io::Read as _, time::Duration};

use crate::common::{
    Caller,
    process::{self, Directory, phantomdb, serve},
};
use serde_json::json;

#[tokio::test]
async fn it_stops_on_sigterm_with_what_is_committed_kept_and_what_is_open_undone() {
    let directory = Directory::new("sigterm");
    let mut served = serve(&["--data", directory.path()]);
    let caller = Caller::new(served.caller.address).with_users().await;
    let id = caller.begin(json!({})).await;
    let insert = r#"INSERT INTO "users" ("firstName") VALUES ('X')"#;
    caller.query_in(&id, insert).await.ok(200);
    served.signal("-TERM");
    assert_eq!(served.exit_code(Duration::from_secs(8)), Some(0));
    drop(served);

    let served = serve(&["--data", directory.path()]);
    assert_eq!(served.caller.count().await, 2);
    let late = served.caller.query_in(&id, insert).await;
    late.refused_with(409, "TRANSACTION_EXPIRED");
    served.caller.query(insert).await.ok(200);
}

#[tokio::test]
async fn it_stops_on_ctrl_c_after_what_runs_has_ended() {
    let mut served = serve(&["--memory", "--grace", "60s"]);
    let caller = Caller::new(served.caller.address).with_users().await;
    let slow = r#"WITH RECURSIVE n(i) AS (SELECT 1 UNION ALL SELECT i + 1 FROM n WHERE i < 2000000)
                  SELECT count(*) FROM n"#;
    let running = tokio::spawn(async move { caller.query(slow).await.ok(200) });
    tokio::time::sleep(Duration::from_millis(150)).await;
    served.signal("-INT");
    assert_eq!(running.await.unwrap()["rows"], json!([[2_000_000]]));
    assert_eq!(served.exit_code(Duration::from_secs(15)), Some(0));
}

/// A connection of its own, as a load balancer makes it.
fn newcomer(served: &process::Served) -> Caller {
    Caller::new(served.caller.address)
}

#[tokio::test]
async fn it_says_to_new_calls_that_it_stops_while_what_runs_comes_to_its_end() {
    let mut served = serve(&["--memory", "--grace", "60s"]);
    let caller = Caller::new(served.caller.address).with_users().await;
    let id = caller.begin(json!({})).await;
    caller.query_in(&id, r#"UPDATE "users" SET "firstName" = 'X'"#).await.ok(200);
    let slow = r#"WITH RECURSIVE n(i) AS (SELECT 1 UNION ALL SELECT i + 1 FROM n WHERE i < 4000000)
                  SELECT count(*) FROM n"#;
    let address = served.caller.address;
    let running = tokio::spawn(async move { Caller::new(address).query(slow).await.ok(200) });
    // This one waits for the transaction, which is rolled back.
    let insert = r#"INSERT INTO "users" ("firstName") VALUES ('Y')"#;
    let waiting = tokio::spawn(async move { Caller::new(address).query(insert).await.ok(200) });
    tokio::time::sleep(Duration::from_millis(150)).await;
    served.signal("-TERM");
    tokio::time::sleep(Duration::from_millis(100)).await;

    for path in ["/databases/app/query", "/api/v1/databases/app/query"] {
        let refused = newcomer(&served).send("POST", path, json!({ "query": "SELECT 1" })).await;
        refused.refused_with(503, "UNAVAILABLE");
        assert_eq!(refused.headers["retry-after"], "1");
        assert_eq!(refused.json()["details"]["reason"], "stopping");
    }
    newcomer(&served).query_in(&id, "SELECT 1").await.refused_with(503, "UNAVAILABLE");
    newcomer(&served).commit(&id).await.refused_with(503, "UNAVAILABLE");
    let ready = newcomer(&served).get("/ready").await;
    ready.refused_with(503, "UNAVAILABLE");
    assert_eq!(ready.headers["retry-after"], "1");
    newcomer(&served).get("/health").await.ok(200);

    assert_eq!(waiting.await.unwrap()["affectedRows"], json!(1));
    assert!(!running.is_finished(), "the slow one must outlast the newcomers for this test to say anything");
    assert_eq!(running.await.unwrap()["rows"], json!([[4_000_000]]));
    assert_eq!(served.exit_code(Duration::from_secs(15)), Some(0));
}

#[tokio::test]
async fn it_says_on_stderr_that_it_serves_this_computer_only() {
    let mut served = serve(&["--memory"]);
    served.signal("-TERM");
    assert_eq!(served.exit_code(Duration::from_secs(8)), Some(0));
    let mut said = String::new();
    served.child.stderr.take().unwrap().read_to_string(&mut said).unwrap();
    assert!(said.contains("only callers on this computer"), "{said}");
}

#[test]
fn it_refuses_to_serve_other_computers_without_a_token() {
    let output = phantomdb(&["serve", "--listen", "0.0.0.0:0", "--memory"]).output().unwrap();
    assert_eq!(output.status.code(), Some(2));
    let said = String::from_utf8(output.stderr).unwrap();
    assert!(said.contains("--token-file"), "{said}");
    assert!(output.stdout.is_empty());
}

#[tokio::test]
async fn it_asks_for_the_tokens_of_its_file() {
    let directory = Directory::new("token");
    std::fs::create_dir_all(&directory.0).unwrap();
    let file = directory.0.join("token");
    std::fs::write(&file, "# the first\nthe-first-token-1\nthe-second-token-2\n").unwrap();
    let served = serve(&["--memory", "--token-file", file.to_str().unwrap()]);
    served.caller.get("/databases").await.refused_with(401, "UNAUTHORIZED");
    served.caller.with_token("the-second-token-2").get("/databases").await.ok(200);
}

#[test]
fn it_says_what_is_wrong_with_a_port_in_use() {
    let taken = std::net::TcpListener::bind("127.0.0.1:0").unwrap();
    let address = taken.local_addr().unwrap().to_string();
    let output = phantomdb(&["serve", "--memory", "--listen", &address]).output().unwrap();
    assert_eq!(output.status.code(), Some(1));
    assert!(String::from_utf8(output.stderr).unwrap().contains(&address));
}
