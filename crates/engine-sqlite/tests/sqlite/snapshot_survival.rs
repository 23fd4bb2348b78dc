use std::io::Write;
use std::time::Duration;

use phantomdb_engine::{Engine, Session};
use phantomdb_engine_sqlite::SqliteEngine;
use phantomdb_protocol::Statement;
use serde_json::json;

use crate::child_process;
use phantomdb_testing::{Directory, ok, rows};

const ROWS: usize = 1000;

async fn fill(session: &dyn Session, letter: char, count: usize) {
    ok(session, "DELETE FROM \"t\"", &[]).await;
    let values: Vec<String> =
        (0..count).map(|n| format!("({n}, '{}')", letter.to_string().repeat(300))).collect();
    ok(session, &format!("INSERT INTO \"t\" VALUES {}", values.join(",")), &[]).await;
}

/// The child process of the test below.
#[tokio::test(flavor = "multi_thread")]
#[ignore = "run by it_has_the_old_state_or_the_new_one_after_the_process_was_killed_in_a_restore in a process of its own"]
async fn child_that_restores_until_it_is_killed() {
    let engine = SqliteEngine::open(child_process::directory().as_ref()).unwrap();
    engine.create_database("test").await.unwrap();
    let session = engine.database("test").await.unwrap();
    ok(&*session, "CREATE TABLE \"t\" (\"n\" INTEGER PRIMARY KEY, \"v\" TEXT)", &[]).await;
    fill(&*session, 'a', ROWS).await;
    let one = engine.snapshot("test").await.unwrap();
    fill(&*session, 'b', ROWS * 2).await;
    ok(&*session, "CREATE INDEX \"by_v\" ON \"t\" (\"v\")", &[]).await;
    let two = engine.snapshot("test").await.unwrap();
    writeln!(std::io::stderr(), "ready").unwrap();
    loop {
        engine.restore("test", &one).await.unwrap();
        engine.restore("test", &two).await.unwrap();
    }
}

async fn check_that_it_is_either_state(directory: &Directory) -> usize {
    let engine = SqliteEngine::open(&directory.0).unwrap();
    let session = engine.database("test").await.unwrap();
    let found = rows(&*session, "SELECT min(\"v\"), max(\"v\"), count(*) FROM \"t\"", &[]).await;
    let schema = session.describe(&phantomdb_protocol::TableName::new("t")).await.unwrap();
    let indexes = schema.indexes.iter().filter(|index| index.name == "by_v").count();
    let letter = ["a", "b"][indexes].repeat(300);
    assert_eq!(found, json!([[letter, letter, ROWS * (indexes + 1)]]));
    let check = Statement {
        query: "PRAGMA integrity_check".into(),
        parameters: vec![],
        native: true,
        ..Statement::default()
    };
    assert_eq!(session.execute(check).await.unwrap().rows.get(), r#"[["ok"]]"#);
    engine.close().await.unwrap();
    indexes
}

#[tokio::test(flavor = "multi_thread")]
async fn it_has_the_old_state_or_the_new_one_after_the_process_was_killed_in_a_restore() {
    let mut seen = [0, 0];
    for kill in 0..12_u64 {
        let directory = Directory::new();
        let (mut child, mut lines) =
            child_process::start("snapshot_survival::child_that_restores_until_it_is_killed", &directory.0);
        assert!(lines.any(|line| line.unwrap() == "ready"));
        std::thread::sleep(Duration::from_millis(3 + kill * 7));
        child.kill().unwrap();
        child.wait().unwrap();
        seen[check_that_it_is_either_state(&directory).await] += 1;
    }
    assert_eq!(seen.iter().sum::<u32>(), 12);
}
