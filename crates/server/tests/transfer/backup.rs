//! `phantomdb backup`, `restore`, `check` and `compact`.

use serde_json::json;

use crate::support::{Outcome, Place, Server, command, holds, open, phantomdb};

/// A directory with a database `new` of 3,000 rows.
fn filled() -> Place {
    let place = Place::new();
    let source = place.source(
        "CREATE TABLE p (id INTEGER PRIMARY KEY, s TEXT); CREATE TABLE c (id INTEGER PRIMARY KEY, p INTEGER REFERENCES p(id));
         WITH RECURSIVE n(i) AS (SELECT 1 UNION ALL SELECT i + 1 FROM n WHERE i < 3000) INSERT INTO p SELECT i, 'row ' || i FROM n;
         INSERT INTO c SELECT id, id FROM p",
    );
    place.import(&source, &[]).succeeds();
    place
}

fn path(place: &Place, name: &str) -> String {
    place.0.join(name).to_str().unwrap().to_owned()
}

fn run(arguments: &[&str]) -> Outcome {
    phantomdb(arguments)
}

const ROWS: &[(&str, &str)] = &[("SELECT count(*) FROM p", "3000"), ("SELECT count(*) FROM c", "3000")];

#[tokio::test(flavor = "multi_thread")]
async fn a_backup_of_a_directory_and_of_its_server_are_the_same() {
    let place = filled();
    let data = place.data().to_str().unwrap().to_owned();
    let (cold, hot, beside) = (path(&place, "cold.db"), path(&place, "hot.db"), path(&place, "beside.db"));
    run(&["backup", &data, "--database", "new", "--out", &cold]).succeeds();
    let server = Server::start(&["--data", &data]);
    run(&["backup", &server.url, "--database", "new", "--out", &hot]).succeeds();
    // The directory is the server's alone, but a backup only reads.
    run(&["backup", &data, "--database", "new", "--out", &beside]).succeeds();
    for file in [&cold, &hot, &beside] {
        run(&["check", file]).succeeds();
        holds(&open(file.as_ref()), ROWS);
    }
    run(&["check", &server.url, "--database", "new"]).succeeds();
    run(&["compact", &server.url, "--database", "new"]).succeeds();
    run(&["backup", &data, "--database", "new", "--out", &hot]).fails_with("already");
    run(&["backup", &data, "--database", "none", "--out", &path(&place, "x.db")]).fails_with("no database");
    assert!(!place.0.join("x.db").exists());

    // A restore makes a database, and replaces one only with --force.
    let restore = |file: &str, to: &str, more: &[&str]| {
        run(&[&["restore", file, "--to", to, "--database", "again"], more].concat())
    };
    restore(&hot, &server.url, &[]).succeeds();
    let lose = json!({ "query": "DELETE FROM \"c\"" });
    server.caller.send("POST", "/databases/again/query", lose).await.ok(200);
    restore(&hot, &server.url, &[]).fails_with("--force");
    restore(&hot, &data, &[]).fails_with("http://");
    restore(&hot, &server.url, &["--force"]).succeeds();
    drop(server);
    holds(&open(&place.data().join("again.db")), ROWS);
    restore(&cold, &data, &[]).fails_with("--force");
    restore(&cold, &data, &["--force"]).succeeds();
    restore(&cold, &path(&place, "elsewhere"), &[]).succeeds();
    holds(&open(&place.0.join("elsewhere/again.db")), ROWS);
}

#[test]
fn a_backup_that_was_changed_is_found_out() {
    let place = filled();
    let (data, file) = (place.data().to_str().unwrap().to_owned(), path(&place, "a.db"));
    run(&["backup", &data, "--database", "new", "--out", &file]).succeeds();
    let mut bytes = std::fs::read(&file).unwrap();
    let text = bytes.windows(8).position(|window| window == b"row 2999").unwrap();
    // No check of SQLite sees that a value is another one.
    bytes[text] = b'R';
    std::fs::write(&file, &bytes).unwrap();
    let says = "was changed or damaged";
    run(&["check", &file]).fails_with(says);
    run(&["restore", &file, "--to", &data, "--database", "x"]).fails_with(says);
    std::fs::remove_file(format!("{file}.sha256")).unwrap();
    assert!(run(&["check", &file]).succeeds().stdout.contains("no checksum"));
    bytes[4096..8192].fill(0x5a);
    std::fs::write(&file, &bytes).unwrap();
    run(&["check", &file]).fails_with("damaged");
    run(&["restore", &file, "--to", &data, "--database", "x"]).fails_with("damaged");
    assert!(!place.files().iter().any(|name| name.starts_with("x.") || name.starts_with(".restore")));
}

#[test]
fn backups_are_made_on_a_schedule_and_the_newest_are_kept() {
    let place = filled();
    let data = place.data().to_str().unwrap().to_owned();
    let directory = place.0.join("backups");
    let mut scheduled = command(&["backup", &data, "--database", "new", "--dir"]);
    scheduled.arg(&directory).args(["--every", "1s", "--keep", "2"]);
    let mut child = scheduled.spawn().unwrap();
    let names = || -> Vec<String> {
        let Ok(list) = std::fs::read_dir(&directory) else { return Vec::new() };
        let mut names: Vec<String> =
            list.map(|entry| entry.unwrap().file_name().to_string_lossy().into_owned()).collect();
        names.retain(|name| !name.starts_with('.'));
        names.sort();
        names
    };
    let begun = std::time::Instant::now();
    let mut seen = std::collections::BTreeSet::new();
    while seen.len() < 4 {
        assert!(begun.elapsed().as_secs() < 20, "{seen:?}");
        seen.extend(names().into_iter().filter(|name| name.ends_with(".db")));
        std::thread::sleep(std::time::Duration::from_millis(50));
    }
    let id = child.id().to_string();
    std::process::Command::new("kill").args(["-TERM", &id]).status().unwrap();
    assert_eq!(child.wait().unwrap().code(), Some(0));
    let left = names();
    assert_eq!(left.len(), 4, "{left:?}");
    for name in left.iter().filter(|name| name.ends_with(".db")) {
        assert!(left.contains(&format!("{name}.sha256")));
        run(&["check", directory.join(name).to_str().unwrap()]).succeeds();
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn an_exported_script_is_imported_as_a_whole_or_not_at_all() {
    let place = filled();
    let (data, script) = (place.data().to_str().unwrap().to_owned(), path(&place, "new.sql"));
    run(&["export", "--from", &data, "--database", "new", &script]).succeeds();
    let target = path(&place, "target");
    run(&["import", &script, "--to", &target]).succeeds();
    holds(&open(&place.0.join("target/new.db")), ROWS);
    run(&["import", &script, "--to", &target]).fails_with("with tables already");
    let server = Server::start(&["--memory"]);
    run(&["import", &script, "--to", &server.url, "--database", "served"]).succeeds();
    let rows = server.caller.get("/databases/served/tables/c?limit=5000").await.ok(200);
    assert_eq!(rows["records"].as_array().unwrap().len(), 3000);

    let broken = path(&place, "broken.sql");
    std::fs::write(&broken, std::fs::read_to_string(&script).unwrap() + "INSERT INTO \"none\" VALUES (1);\n")
        .unwrap();
    let line = std::fs::read_to_string(&broken).unwrap().lines().count();
    let failure =
        format!("nothing was imported: {broken}:{line}: there is no table \"none\" in: INSERT INTO \"none\"");
    run(&["import", &broken, "--to", &target]).fails_with(&failure);
    run(&["import", &broken, "--to", &server.url]).fails_with(&failure);
    let dump = path(&place, "broken.sql");
    std::fs::write(
        &dump,
        "PRAGMA foreign_keys=OFF;\nBEGIN TRANSACTION;\nCREATE TABLE t (a INTEGER);\nCOMMIT;\n",
    )
    .unwrap();
    let refused = format!("{dump}:1: ");
    run(&["import", &dump, "--to", &target]).fails_with(&refused);
    run(&["import", &dump, "--to", &target]).fails_with("imports SQLite files (app.db)");
    assert!(!place.0.join("target/broken.db").exists());
    std::fs::write(&dump, b"\xff\xfe").unwrap();
    run(&["import", &dump, "--to", &target]).fails_with("it is not text in UTF-8");
    let marked = path(&place, "marked.sql");
    std::fs::write(&marked, "\u{feff}CREATE TABLE t (a INTEGER);\r\nINSERT INTO t VALUES (1);\r\n").unwrap();
    run(&["import", &marked, "--to", &target]).succeeds();
    assert_eq!(server.caller.get("/databases").await.ok(200), json!({ "databases": ["served"] }));
}
