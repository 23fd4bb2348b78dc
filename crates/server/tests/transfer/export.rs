//! Exports, and what comes back from them.

use std::time::Duration;

use rusqlite::Connection;
use rusqlite::types::Value;
use serde_json::json;

use crate::sqlite::KEPT_WHOLE;
use crate::support::{Place, Server, holds, open, phantomdb};

/// Tables with a key of two columns, with none, and with the names that SQLite's row number could have.
const KEYS: &str = "
CREATE TABLE pairs (a INTEGER NOT NULL, b TEXT NOT NULL, c REAL, PRIMARY KEY (a, b));
CREATE TABLE keyless (a INTEGER, b TEXT);
CREATE TABLE hidden (rowid TEXT, oid INTEGER);
CREATE TABLE moments (at DATETIME NOT NULL PRIMARY KEY, price DECIMAL(10,2), raw BLOB, ok BOOLEAN);
WITH RECURSIVE n(i) AS (SELECT 1 UNION ALL SELECT i + 1 FROM n WHERE i < 5001)
  INSERT INTO pairs SELECT i / 3, 'b' || i, i * 0.5 FROM n;
INSERT INTO keyless SELECT a, b FROM pairs;
INSERT INTO keyless SELECT a, b FROM pairs;
INSERT INTO hidden SELECT b, a FROM pairs;
WITH RECURSIVE n(i) AS (SELECT 1 UNION ALL SELECT i + 1 FROM n WHERE i < 4500)
  INSERT INTO moments SELECT strftime('%Y-%m-%d %H:%M:%fZ', 1.7e9 + i / 8.0, 'unixepoch'), i / 4.0, randomblob(8), i % 2 FROM n;
";

/// All rows of a table, sorted.
fn rows(database: &Connection, table: &str) -> Vec<Vec<Value>> {
    let mut statement = database.prepare(&format!("SELECT * FROM \"{table}\"")).unwrap();
    let width = statement.column_count();
    let read = |row: &rusqlite::Row<'_>| (0..width).map(|index| row.get(index)).collect();
    let mut rows: Vec<Vec<Value>> = statement.query_map([], read).unwrap().map(Result::unwrap).collect();
    rows.sort_by_key(|row| format!("{row:?}"));
    rows
}

fn export(from: &str, output: &str) -> crate::support::Outcome {
    phantomdb(&["export", "--from", from, "--database", "new", output])
}

#[test]
fn an_export_is_a_plain_sqlite_file() {
    let place = Place::new();
    place.import(&place.source(KEPT_WHOLE), &[]).succeeds();
    let (data, file) = (place.data(), place.0.join("out.db"));
    let (data, output) = (data.to_str().unwrap(), file.to_str().unwrap());
    export(data, output).succeeds();
    holds(
        &Connection::open(&file).unwrap(),
        &[
            ("SELECT type FROM pragma_table_info('authors') WHERE name = 'seen'", "DATETIME"),
            ("SELECT type FROM pragma_table_info('authors') WHERE name = 'price'", "DECIMAL(10,2)"),
            ("SELECT typeof(raw) || hex(raw) FROM authors WHERE id = 7", "blob00FF"),
            ("SELECT count(*) FROM books", "2"),
            ("SELECT count(*) FROM pragma_foreign_key_list('books')", "3"),
            ("SELECT count(*) FROM pragma_foreign_key_check", "0"),
            ("SELECT count(*) FROM sqlite_schema WHERE name IN ('books_author', 'authors_lower')", "2"),
            ("PRAGMA integrity_check", "ok"),
        ],
    );
    for name in ["out.db", "out.sql"] {
        let file = place.0.join(name);
        std::fs::write(&file, "kept").unwrap();
        let output = file.to_str().unwrap();
        export(data, output).fails_with(&format!("there is a file {output} already; name another"));
        assert_eq!(std::fs::read_to_string(&file).unwrap(), "kept");
    }
    export(data, "/nowhere/out.sql").fails_with("/nowhere/out.sql cannot be written: entity not found");
    export(data, "out.txt").fails_with("NAME.db or NAME.sql");
    phantomdb(&["export", "--from", data, "--database", "nothing", "x.db"])
        .fails_with("no database \"nothing\"");
}

#[test]
fn views_are_exported_as_sql_and_reported_where_they_are_left_out() {
    let place = Place::new();
    place.import(&place.source("CREATE TABLE notes (id INTEGER PRIMARY KEY, note TEXT)"), &[]).succeeds();
    let data = place.data();
    let views = "CREATE VIEW second AS SELECT id FROM notes; CREATE VIEW first AS SELECT id FROM second";
    phantomdb(&["sql", data.to_str().unwrap(), "-d", "new", "-c", views]).succeeds();
    let server = Server::start(&["--data", data.to_str().unwrap()]);
    for (from, name) in [(data.to_str().unwrap(), "straight"), (&server.url, "served")] {
        let script = place.0.join(format!("{name}.sql"));
        export(from, script.to_str().unwrap()).succeeds();
        let target = place.0.join("target");
        phantomdb(&["import", script.to_str().unwrap(), "--to", target.to_str().unwrap()]).succeeds();
        let imported = open(&target.join(format!("{name}.db")));
        holds(
            &imported,
            &[("SELECT group_concat(name) FROM sqlite_schema WHERE type = 'view'", "second,first")],
        );

        let file = place.0.join(format!("{name}.sqlite"));
        let outcome = export(from, file.to_str().unwrap()).succeeds();
        assert_eq!(outcome.stderr.matches("left out of the SQLite file").count(), 2, "{}", outcome.stderr);
    }
}

#[test]
fn an_export_that_fails_midway_leaves_no_file() {
    let place = Place::new();
    place.import(&place.source("CREATE TABLE notes (id INTEGER PRIMARY KEY, note TEXT)"), &[]).succeeds();
    let stored = Connection::open(place.data().join("new.db")).unwrap();
    stored.execute_batch("INSERT INTO notes VALUES (1, 'whole'), (2, CAST(X'FF' AS TEXT))").unwrap();
    drop(stored);
    let before = place.files();
    let (data, output) = (place.data(), place.0.join("out.sql"));
    let output = output.to_str().unwrap();
    export(data.to_str().unwrap(), output).fails_with("a text is not UTF-8");
    assert!(!std::path::Path::new(output).exists());
    assert!(!std::path::Path::new(&format!("{output}.partial")).exists());
    assert_eq!(place.files(), before);
}

#[test]
fn rows_are_the_same_after_an_import_and_an_export() {
    let place = Place::new();
    let source = place.source(KEYS);
    place.import(&source, &[]).succeeds();
    let data = place.data();
    let straight = place.0.join("straight.db");
    export(data.to_str().unwrap(), straight.to_str().unwrap()).succeeds();
    let server = Server::start(&["--data", data.to_str().unwrap()]);
    let served = place.0.join("served.db");
    export(&server.url, served.to_str().unwrap()).succeeds();
    let (imported, straight, served) = (place.imported(), open(&straight), open(&served));
    let original = Connection::open(&source).unwrap();
    for table in ["pairs", "keyless", "hidden"] {
        let expected = rows(&original, table);
        assert_eq!(rows(&imported, table), expected, "{table} imported");
        assert_eq!(rows(&straight, table), expected, "{table} exported from the directory");
        assert_eq!(rows(&served, table), expected, "{table} exported from the server");
    }
    // Times are written in one form and decimals with all their digits, in PhantomDB and in what comes from it.
    let same = "SELECT count(*) FROM moments WHERE at LIKE '____-__-__T__:__:__.___Z' AND price LIKE '%.__'";
    holds(&imported, &[(same, "4500")]);
    assert_eq!(rows(&straight, "moments"), rows(&served, "moments"));
    let raw =
        "SELECT group_concat(hex(raw) || ok || round(price, 2)) FROM (SELECT * FROM moments ORDER BY raw)";
    let read = |database: &Connection| crate::support::text(database, raw);
    assert_eq!(read(&straight), read(&original));
}

#[tokio::test(flavor = "multi_thread")]
async fn an_export_as_sql_makes_the_same_database_anew() {
    let place = Place::new();
    place.import(&place.source(&format!("{KEPT_WHOLE}{KEYS}")), &[]).succeeds();
    let sql = place.0.join("out.sql");
    export(place.data().to_str().unwrap(), sql.to_str().unwrap()).succeeds();
    let written = std::fs::read_to_string(&sql).unwrap();
    assert_eq!(export(place.data().to_str().unwrap(), "-").succeeds().stdout, written);

    let again = place.0.join("again");
    let server = Server::start(&["--data", again.to_str().unwrap()]);
    server.caller.send("POST", "/databases", json!({ "name": "new" })).await.ok(201);
    for statement in written.split_inclusive(";\n") {
        let answer = server.caller.send("POST", "/databases/new/query", json!({ "query": statement })).await;
        assert_eq!(answer.status, 200, "{} for {statement}", answer.text);
    }
    drop(server);
    let again = open(&again.join("new.db"));
    for table in [
        "authors",
        "books",
        "odd \"\"name\"\" [x]",
        "chicken",
        "egg",
        "pairs",
        "keyless",
        "hidden",
        "moments",
    ] {
        assert_eq!(rows(&again, table), rows(&place.imported(), table), "{table}");
    }
    holds(
        &again,
        &[
            ("SELECT count(*) FROM pragma_foreign_key_list('books')", "3"),
            ("SELECT group_concat(name) FROM pragma_table_xinfo('authors') WHERE hidden = 3", "upper_name"),
        ],
    );
}

/// Each write adds as much to one table as it takes from the other.
#[tokio::test(flavor = "multi_thread")]
async fn an_export_is_of_one_moment() {
    let place = Place::new();
    let source = place.source(
        "CREATE TABLE a (id INTEGER PRIMARY KEY, n INTEGER); CREATE TABLE z (n INTEGER);
         WITH RECURSIVE i(i) AS (SELECT 1 UNION ALL SELECT i + 1 FROM i WHERE i < 20000) INSERT INTO a SELECT i, 0 FROM i;
         INSERT INTO z SELECT n FROM a;",
    );
    place.import(&source, &[]).succeeds();
    let data = place.data();
    let server = Server::start(&["--data", data.to_str().unwrap()]);
    let writer = crate::common::Caller::new(server.caller.address);
    let writing = tokio::spawn(async move {
        for written in 1_u32.. {
            let statements = json!([
                { "query": "UPDATE a SET n = n + 1 WHERE id = 20000" },
                { "query": "UPDATE z SET n = n - 1 WHERE rowid = 1" },
            ]);
            let batch = json!({ "statements": statements, "atomic": true });
            let answer = writer.send("POST", "/databases/new/batch", batch).await;
            assert_eq!(answer.status, 200, "{} after {written}", answer.text);
        }
    });
    let written = json!({ "query": "SELECT n FROM a WHERE id = 20000 AND n > 0" });
    while server.caller.send("POST", "/databases/new/query", written.clone()).await.ok(200)["rows"]
        == json!([])
    {
        tokio::time::sleep(Duration::from_millis(5)).await;
    }
    for (from, name) in [(data.to_str().unwrap(), "straight.db"), (server.url.as_str(), "served.db")] {
        let file = place.0.join(name);
        tokio::task::block_in_place(|| export(from, file.to_str().unwrap()).succeeds());
        let exported = open(&file);
        assert_eq!(
            crate::support::text(&exported, "SELECT (SELECT sum(n) FROM a) + (SELECT sum(n) FROM z)"),
            "0",
            "{name}"
        );
        assert_ne!(
            crate::support::text(&exported, "SELECT sum(n) FROM a"),
            "0",
            "it was written to meanwhile"
        );
    }
    assert!(!writing.is_finished(), "the writer never waited in vain");
    writing.abort();
}
