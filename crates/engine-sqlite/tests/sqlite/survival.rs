use std::io::Write;

use phantomdb_engine::Engine;
use phantomdb_engine_sqlite::SqliteEngine;
use phantomdb_protocol::Value;

use crate::child_process;
use phantomdb_testing::{Directory, ok, rows};

/// The child process of the test below.
#[tokio::test(flavor = "multi_thread")]
#[ignore = "run by it_has_every_acknowledged_row_after_the_process_was_killed in a process of its own"]
async fn child_that_writes_until_it_is_killed() {
    let engine = SqliteEngine::open(child_process::directory().as_ref()).unwrap();
    engine.create_database("test").await.unwrap();
    let session = engine.database("test").await.unwrap();
    ok(&*session, "CREATE TABLE \"t\" (\"n\" INTEGER PRIMARY KEY)", &[]).await;
    for n in 0.. {
        ok(&*session, "INSERT INTO \"t\" (\"n\") VALUES ($1)", &[Value::Integer(n)]).await;
        writeln!(std::io::stderr(), "wrote {n}").unwrap();
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn it_has_every_acknowledged_row_after_the_process_was_killed() {
    let directory = Directory::new();
    let (mut child, mut lines) =
        child_process::start("survival::child_that_writes_until_it_is_killed", &directory.0);
    let mut acknowledged = 0;
    while acknowledged < 100 {
        let line = lines.next().unwrap().unwrap();
        if let Some(n) = line.strip_prefix("wrote ") {
            acknowledged = n.parse::<i64>().unwrap();
        }
    }
    child.kill().unwrap();
    child.wait().unwrap();
    // Rows that were acknowledged after the last line that was read count as well.
    for line in lines.map_while(Result::ok) {
        if let Some(n) = line.strip_prefix("wrote ").and_then(|n| n.parse().ok()) {
            acknowledged = n;
        }
    }
    let engine = SqliteEngine::open(&directory.0).unwrap();
    let session = engine.database("test").await.unwrap();
    let found = rows(&*session, "SELECT count(*), max(\"n\") FROM \"t\"", &[]).await;
    assert!(found[0][0].as_i64().unwrap() > acknowledged, "{found} of {acknowledged}");
    assert_eq!(found[0][0].as_i64().unwrap(), found[0][1].as_i64().unwrap() + 1);
}
