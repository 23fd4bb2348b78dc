//! Imports that are killed, at any moment: what is left is nothing, or the whole database.
#![cfg(unix)]

use std::path::Path;
use std::time::{Duration, Instant};

use serde_json::json;

use crate::support::{Place, Server, command, phantomdb, text};

const ROWS: u32 = 30_000;
const MOMENTS: u32 = 25;

const SOURCE: &str = "
CREATE TABLE parents (id INTEGER PRIMARY KEY AUTOINCREMENT, name TEXT NOT NULL UNIQUE);
CREATE TABLE children (id INTEGER PRIMARY KEY, parent INTEGER NOT NULL REFERENCES parents (id), note TEXT);
CREATE INDEX children_parent ON children (parent);
WITH RECURSIVE n(i) AS (SELECT 1 UNION ALL SELECT i + 1 FROM n WHERE i < 30000)
  INSERT INTO parents SELECT i, 'name ' || i FROM n;
INSERT INTO children SELECT id, id, 'note ' || id FROM parents;
";

/// Runs the import and kills it after a while, unless it ends before.
fn kill_after(arguments: &[&str], delay: Duration) {
    let mut child = command(arguments).spawn().unwrap();
    std::thread::sleep(delay);
    let _ = child.kill();
    child.wait().unwrap();
}

/// Moments all over the time that a whole import takes, a little beyond its end too.
fn moments(whole: Duration) -> impl Iterator<Item = Duration> {
    (0..MOMENTS).map(move |moment| whole.mul_f64(f64::from(moment) * 1.1 / f64::from(MOMENTS)))
}

fn how_long(arguments: &[&str]) -> Duration {
    let start = Instant::now();
    phantomdb(arguments).succeeds();
    start.elapsed()
}

fn is_whole(file: &Path) {
    let database = crate::support::open(file);
    assert_eq!(text(&database, "SELECT count(*) FROM parents"), ROWS.to_string());
    assert_eq!(text(&database, "SELECT count(*) FROM children"), ROWS.to_string());
    assert_eq!(text(&database, "SELECT count(*) FROM sqlite_schema WHERE name = 'children_parent'"), "1");
    assert_eq!(text(&database, "PRAGMA integrity_check"), "ok");
}

#[test]
fn a_killed_import_into_a_directory_leaves_nothing_or_the_whole_database() {
    let place = Place::new();
    let source = place.source(SOURCE);
    let data = place.data();
    let arguments = ["import", source.as_str(), "--to", data.to_str().unwrap(), "--database", "new"];
    let whole = how_long(&arguments);
    is_whole(&data.join("new.db"));
    for delay in moments(whole) {
        std::fs::remove_file(data.join("new.db")).or_else(ignore_missing).unwrap();
        kill_after(&arguments, delay);
        let left = place.files();
        let others: Vec<&String> =
            left.iter().filter(|name| *name != "new.db" && !name.starts_with(".import-")).collect();
        assert!(others.is_empty(), "{left:?}");
        assert!(left.len() <= 2, "what the one before left is gone: {left:?}");
        if left.iter().any(|name| name == "new.db") {
            is_whole(&data.join("new.db"));
        }
    }
    std::fs::remove_file(data.join("new.db")).or_else(ignore_missing).unwrap();
    phantomdb(&arguments).succeeds();
    assert_eq!(place.files(), ["new.db"], "the next import takes away what the killed ones left");
    is_whole(&data.join("new.db"));
}

fn ignore_missing(error: std::io::Error) -> std::io::Result<()> {
    if error.kind() == std::io::ErrorKind::NotFound { Ok(()) } else { Err(error) }
}

#[tokio::test(flavor = "multi_thread")]
async fn a_killed_import_into_a_server_leaves_no_table_or_the_whole_database() {
    let place = Place::new();
    let source = place.source(SOURCE);
    let data = place.data();
    // Whoever waits takes over from a caller that is gone.
    let server = Server::start(&["--data", data.to_str().unwrap(), "--lock-idle-timeout", "100"]);
    let arguments = ["import", source.as_str(), "--to", &server.url, "--database", "new"];
    let whole = how_long(&arguments);
    for delay in moments(whole).step_by(4) {
        server.caller.delete("/databases/new").await;
        kill_after(&arguments, delay);
        let tables = server.caller.get("/databases/new/tables").await;
        if tables.status == 200 {
            let tables = tables.json()["tables"].clone();
            let names = [json!([]), json!([{ "name": "children" }, { "name": "parents" }])];
            assert!(names.contains(&tables), "{tables}");
        }
    }
    server.caller.delete("/databases/new").await;
    kill_after(&arguments, whole / 2);
    let again = phantomdb(&arguments);
    assert!(again.code == Some(0) || again.stderr.contains("with tables already"), "{}", again.stderr);
    drop(server);
    is_whole(&data.join("new.db"));
}
