use std::io::{BufRead, BufReader, Write};
use std::process::{Command, Stdio};

use phantomdb_engine::Engine;
use phantomdb_engine_sqlite::SqliteEngine;
use phantomdb_protocol::Value;

use phantomdb_testing::{Directory, ok, rows};

/// Set for the child: the directory it writes to.
const CHILD: &str = "PHANTOMDB_TEST_SURVIVAL";

/// Not a test of its own: what the child of the test below does until it is killed.
#[tokio::test(flavor = "multi_thread")]
async fn child_that_writes_until_it_is_killed() {
    let Some(directory) = std::env::var_os(CHILD) else { return };
    let engine = SqliteEngine::open(directory.as_ref()).unwrap();
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
    let mut child = Command::new(std::env::current_exe().unwrap())
        .args(["--exact", "survival::child_that_writes_until_it_is_killed", "--nocapture"])
        .env(CHILD, &directory.0)
        .stdout(Stdio::null())
        .stderr(Stdio::piped())
        .spawn()
        .unwrap();
    let mut acknowledged = 0;
    let mut lines = BufReader::new(child.stderr.take().unwrap()).lines();
    while acknowledged < 100 {
        let line = lines.next().unwrap().unwrap();
        if let Some(n) = line.strip_prefix("wrote ") {
            acknowledged = n.parse::<i64>().unwrap();
        }
    }
    child.kill().unwrap();
    child.wait().unwrap();
    // What was acknowledged between the last look and the end counts as well.
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
