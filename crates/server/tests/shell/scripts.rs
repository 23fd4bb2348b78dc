//! Statements from the command line, from stdin and from files, and the commands beside `phantomdb sql`.

use std::{
    io::{BufRead as _, BufReader, Write as _},
    process::{Command, Stdio},
};

use super::{
    common::process::{Directory, phantomdb, serve, serve_in},
    outcome, run, shop,
};

#[test]
fn a_result_is_a_table_or_what_is_asked_for() {
    let shop = shop("shell-formats");
    let select = "SELECT id, name, email FROM users ORDER BY id";
    let written = |format: &str| {
        let answer = run(&["sql", shop.path(), "-c", select, "--format", format], "");
        assert_eq!((answer.code, answer.stderr.as_str()), (Some(0), ""));
        answer.stdout
    };
    assert_eq!(
        written("table"),
        " id | name  | email\n----+-------+-------\n  1 | Ada   | NULL\n  2 | Grace | NULL\n(2 rows)\n"
    );
    assert_eq!(written("csv"), "id,name,email\n1,Ada,\n2,Grace,\n");
    assert_eq!(
        written("json"),
        "[\n{\"id\":1,\"name\":\"Ada\",\"email\":null},\n{\"id\":2,\"name\":\"Grace\",\"email\":null}\n]\n"
    );
    assert_eq!(
        written("markdown"),
        "| id | name | email |\n| ---: | --- | --- |\n| 1 | Ada | NULL |\n| 2 | Grace | NULL |\n"
    );
    assert!(written("vertical").starts_with("-[ row 1 ]-----"));
    let wrong = run(&["sql", shop.path(), "-c", select, "--format", "xml"], "");
    assert_eq!(wrong.code, Some(2));
}

#[test]
fn statements_come_from_stdin_and_commands_too() {
    let shop = shop("shell-stdin");
    let text =
        "INSERT INTO users (id, name) VALUES (3, 'a;b');\n.mode csv\nSELECT name\n  FROM users WHERE id = 3";
    let answer = run(&["sql", shop.path()], text);
    assert_eq!(answer.stdout, "name\na;b\n", "{answer:?}");
    assert_eq!(answer.code, Some(0));
}

#[test]
fn an_error_points_at_its_place_and_ends_the_script() {
    let shop = shop("shell-error");
    let answer = run(&["sql", shop.path()], "SELECT 1;\n\nSELECT nmae\nFROM users;\nDROP TABLE users;");
    assert_eq!(answer.code, Some(1));
    assert_eq!(
        answer.stderr,
        "line 3: error: there is no column \"nmae\" (UNKNOWN_COLUMN)\nline 1: SELECT nmae\n               ^\n\
         hint: did you mean \"name\"?\n"
    );
    let tables = run(&["sql", shop.path(), "-c", ".tables", "--format", "csv"], "");
    assert_eq!(tables.stdout, "table\norders\nusers\n");
}

#[test]
fn a_script_has_transactions_and_loses_one_that_it_does_not_commit() {
    let shop = shop("shell-transaction");
    let count =
        || run(&["sql", shop.path(), "-c", "SELECT count(*) FROM users", "--format", "csv"], "").stdout;
    let insert = "INSERT INTO users (id, name) VALUES";
    let kept = run(&["sql", shop.path(), "-c", &format!("BEGIN; {insert} (3, 'c'); COMMIT")], "");
    assert_eq!((kept.code, count().as_str()), (Some(0), "count\n3\n"), "{kept:?}");
    let undone = run(&["sql", shop.path(), "-c", &format!("BEGIN; {insert} (4, 'd'); ROLLBACK")], "");
    assert_eq!((undone.code, count().as_str()), (Some(0), "count\n3\n"));
    let lost = run(&["sql", shop.path(), "-c", &format!("BEGIN; {insert} (4, 'd')")], "");
    assert_eq!((lost.code, count().as_str()), (Some(1), "count\n3\n"));
    assert!(lost.stderr.contains("was rolled back; COMMIT keeps its changes"), "{lost:?}");
}

#[test]
fn the_exit_code_says_what_is_wrong() {
    let shop = shop("shell-exit");
    let code = |arguments: &[&str]| run(arguments, "").code;
    assert_eq!(code(&["sql", shop.path(), "-c", "SELECT 1"]), Some(0));
    assert_eq!(code(&["sql", shop.path(), "-c", "SELEC 1"]), Some(1));
    assert_eq!(code(&["sql", "oracle://x", "-c", "SELECT 1"]), Some(2));
    assert_eq!(code(&["sql", "http://127.0.0.1:1", "-c", "SELECT 1"]), Some(3));
    assert_eq!(code(&["status", "http://127.0.0.1:1"]), Some(3));
    let served = serve_in(&[("PHANTOMDB_TOKEN", "0123456789abcdef")], &["--memory"]);
    let url = format!("http://{}", served.caller.address);
    let refused = run(&["sql", &url, "-d", "app", "-c", "SELECT 1"], "");
    assert_eq!(refused.code, Some(4));
    assert!(
        refused.stderr.contains("takes the token from the environment variable PHANTOMDB_TOKEN"),
        "{refused:?}"
    );
    let with_token = format!("phantomdb://any:0123456789abcdef@{}/app", served.caller.address);
    assert_eq!(code(&["databases", "create", "app", &with_token]), Some(0));
    let answer = run(&["sql", &with_token, "-c", "SELECT 7 AS n", "--format", "csv"], "");
    assert_eq!(answer.stdout, "n\n7\n", "{answer:?}");
}

#[test]
fn what_is_missing_is_named_together_with_what_is_there() {
    let shop = shop("shell-missing");
    let stderr = |arguments: &[&str]| run(arguments, "").stderr;
    assert!(stderr(&["sql", "/nowhere", "-c", "SELECT 1"]).contains("there is no directory /nowhere"));
    let misspelt = stderr(&["sql", shop.path(), "-d", "apq", "-c", "SELECT 1"]);
    assert!(misspelt.contains("there is no database \"apq\"") && misspelt.contains("did you mean \"app\"?"));
    assert!(stderr(&["sql", shop.path(), "-c", "SELECT * FROM usres"]).contains("hint: did you mean users?"));
    assert!(stderr(&["sql", shop.path(), "-c", "SELECT coalesc(1)"]).contains("did you mean coalesce()?"));
    let unlike = stderr(&["sql", shop.path(), "-c", "SELECT zzz FROM users"]);
    assert!(unlike.contains("hint: users has id, name, email"), "{unlike}");
    let within = stderr(&["sql", &format!("file:{}/app", shop.path()), "-c", "SELECT 1"]);
    let advice = format!("has the database \"app\": write file:{} --database app\n", shop.path());
    assert!(within.contains(&advice), "{within}");
    let table = "CREATE TABLE \"Kunde\" (extra TEXT, \"E-Mail\" TEXT)";
    assert_eq!(run(&["sql", shop.path(), "-c", table], "").code, Some(0));
    let unquoted = stderr(&["sql", shop.path(), "-c", "SELECT E-Mail FROM Kunde"]);
    assert!(unquoted.contains("hint: did you mean \"E-Mail\"? such a name needs its quotes"), "{unquoted}");
    let pragma = stderr(&["sql", shop.path(), "-c", "PRAGMA table_info(users)"]);
    assert!(pragma.contains("hint: the shell has .describe TABLE"), "{pragma}");
    assert!(stderr(&["sql", shop.path(), "-c", "VACUUM"]).contains("`phantomdb compact`"));
}

#[test]
fn tables_and_indexes_have_quotes_for_people_and_none_for_programs() {
    let shop = shop("shell-names");
    let table = "CREATE TABLE \"my list\" (a INTEGER); CREATE INDEX \"by a\" ON \"my list\" (a)";
    assert_eq!(run(&["sql", shop.path(), "-c", table], "").code, Some(0));
    let shown = |command: &str, format: &str| {
        run(&["sql", shop.path(), "-c", command, "--format", format], "").stdout
    };
    assert_eq!(shown(".tables my*", "csv"), "table\nmy list\n");
    assert_eq!(shown(".tables my*", "json"), "[\n{\"table\":\"my list\"}\n]\n");
    assert!(shown(".tables my*", "table").contains("\n \"my list\"\n"));
    let row = shown(".indexes \"my list\"", "csv");
    assert_eq!(row.lines().last(), Some("my list,by a,no,a,\"\""));
    assert!(shown(".indexes \"my list\"", "table").contains("\n \"my list\" | \"by a\" | no"));
    let none = run(&["sql", shop.path(), "-c", ".tables %my%"], "");
    assert_eq!(
        (none.code, none.stderr.as_str()),
        (Some(0), "no table is named %my%; * and ? stand for other text\n")
    );
}

#[test]
fn views_are_listed_and_shown_as_views() {
    let shop = shop("shell-views");
    // In alphabetical order the first one reads the second one.
    let made =
        "CREATE VIEW named AS SELECT id, name FROM users; CREATE VIEW all_named AS SELECT * FROM named";
    assert_eq!(run(&["sql", shop.path(), "-c", made], "").code, Some(0));
    let shown = |command: &str, format: &str| {
        run(&["sql", shop.path(), "-c", command, "--format", format], "").stdout
    };
    let list = "table,kind\norders,table\nusers,table\nall_named,view\nnamed,view\n";
    assert_eq!(shown(".tables", "csv"), list);
    assert_eq!(shown(".tables na*", "csv"), "table,kind\nnamed,view\n");
    let described = shown(".describe named", "table");
    assert!(described.starts_with("View named\n"), "{described}");
    assert!(described.contains("Query:\n    SELECT"), "{described}");
    assert!(shown(".schema named", "table").starts_with("CREATE VIEW \"named\" AS SELECT"));
    let misspelt = run(&["sql", shop.path(), "-c", "SELECT * FROM nmaed"], "").stderr;
    assert!(misspelt.contains("hint: did you mean named?"), "{misspelt}");

    let written = run(&["schema", shop.path()], "");
    assert_eq!(written.stdout, shown(".schema", "table"));
    let copy = Directory::new("shell-views-copy");
    assert_eq!(run(&["databases", "create", "app", copy.path()], "").code, Some(0));
    let copied = run(&["sql", copy.path()], &written.stdout);
    assert_eq!((copied.code, copied.stderr.as_str()), (Some(0), ""), "{written:?}");
    assert_eq!(run(&["schema", copy.path()], "").stdout, written.stdout);
    let one = run(&["schema", shop.path(), "--table", "na*"], "").stdout;
    assert!(one.starts_with("CREATE VIEW \"named\""), "{one}");
}

#[test]
fn a_table_is_described_with_the_keys_that_reference_it() {
    let shop = shop("shell-referenced");
    let described = |table: &str| run(&["sql", shop.path(), "-c", &format!(".describe {table}")], "").stdout;
    let users = described("users");
    let key = "Referenced by:\n    orders: orders_userId_fkey: FOREIGN KEY (userId) REFERENCES users (id)\n";
    assert!(users.ends_with(key), "{users}");
    assert!(!described("orders").contains("Referenced by"));
    let table = "CREATE TABLE notes (id INTEGER PRIMARY KEY, \"order\" INTEGER REFERENCES orders)";
    assert_eq!(run(&["sql", shop.path(), "-c", table], "").code, Some(0));
    let orders = described("orders");
    assert!(
        orders.ends_with("    notes: notes_order_fkey: FOREIGN KEY (\"order\") REFERENCES orders\n"),
        "{orders}"
    );
}

#[test]
fn a_script_of_the_home_directory_and_one_with_a_space_in_its_name_are_read() {
    let shop = shop("shell-read");
    std::fs::write(format!("{}/a b.sql", shop.path()), "SELECT 5 AS n;").unwrap();
    for command in [".read \"~/a b.sql\"", ".read '~/a b.sql'", "\\i ~/a b.sql"] {
        let mut shell = phantomdb(&["sql", "memory:", "-c", command, "--format", "csv"]);
        let answer = outcome(shell.env("HOME", shop.path()), "");
        assert_eq!((answer.stdout.as_str(), answer.stderr.as_str()), ("n\n5\n", ""), "{command}");
    }
}

#[test]
fn the_database_of_the_locks_is_not_chosen_and_keeps_no_other_from_being_chosen() {
    let shop = shop("shell-locks");
    assert_eq!(run(&["databases", "create", "phantomdb_locks", shop.path()], "").code, Some(0));
    let count = ["sql", shop.path(), "-c", "SELECT count(*) FROM users", "--format", "csv"];
    assert_eq!(run(&count, "").stdout, "count\n2\n");
    assert_eq!(run(&["schema", shop.path()], "").code, Some(0));
    let named = run(&["sql", shop.path(), "-d", "phantomdb_locks", "-c", "SELECT 1"], "");
    assert_eq!(named.code, Some(0), "{named:?}");
    assert_eq!(run(&["databases", "create", "other", shop.path()], "").code, Some(0));
    let several = run(&["schema", shop.path()], "");
    assert_eq!(several.code, Some(2));
    assert!(several.stderr.contains("there are app, other\n"), "{several:?}");
}

#[test]
fn a_server_and_memory_are_asked_in_the_same_way() {
    let served = serve(&["--memory"]);
    let url = format!("phantomdb://{}/app", served.caller.address);
    assert_eq!(run(&["databases", "create", "app", &url], "").code, Some(0));
    let text = "CREATE TABLE t (a INTEGER); INSERT INTO t VALUES (1), (2); SELECT sum(a) AS sum FROM t";
    for place in [url.as_str(), "memory:"] {
        let answer = run(&["sql", place, "--format", "csv", "-c", text], "");
        assert_eq!((answer.stdout.as_str(), answer.stderr.as_str()), ("sum\n3\n", ""), "{place}");
    }
}

#[test]
fn hostile_names_and_values_reach_the_terminal_as_text_only() {
    let directory = shop("shell-hostile");
    let text = "CREATE TABLE \"a\"\"b\n\u{1b}[31m\" (\"x\u{1b}]0;y\u{7}\" TEXT, \"select\" TEXT);
                INSERT INTO \"a\"\"b\n\u{1b}[31m\" VALUES ('\u{1b}[2J\u{202e}👩\u{200d}💻日本', NULL);
                SELECT * FROM \"a\"\"b\n\u{1b}[31m\";\n.tables\n.schema\n.indexes\n";
    for format in ["table", "vertical", "markdown", "json"] {
        let answer = run(&["sql", directory.path(), "--format", format], text);
        assert_eq!((answer.code, answer.stderr.as_str()), (Some(0), ""), "{format}");
        // A definition is SQL that can be run again, so it keeps its characters in a file.
        let shown = answer.stdout.split("CREATE TABLE").next().unwrap();
        assert!(!shown.contains(['\u{1b}', '\u{7}', '\u{202e}']), "{format}: {shown:?}");
        let drop = "DROP TABLE \"a\"\"b\n\u{1b}[31m\"";
        assert_eq!(run(&["sql", directory.path(), "-c", drop], "").code, Some(0));
    }
}

#[test]
fn the_schema_is_written_as_sql_that_runs_and_as_diagrams() {
    let from = shop("shell-schema");
    let written = |place: &Directory, format: &str| {
        let answer = run(&["schema", place.path(), "--format", format], "");
        assert_eq!((answer.code, answer.stderr.as_str()), (Some(0), ""));
        answer.stdout
    };
    let sql = written(&from, "sql");
    let to = Directory::new("shell-schema-copy");
    assert_eq!(run(&["databases", "create", "app", to.path()], "").code, Some(0));
    let copied = run(&["sql", to.path()], &sql);
    assert_eq!((copied.code, copied.stderr.as_str()), (Some(0), ""), "{sql}");
    assert_eq!(written(&to, "sql"), sql);
    assert!(written(&from, "mermaid").contains("users |o--o{ orders : \"userId\""));
    assert!(written(&from, "svg").starts_with("<svg xmlns="));
    let one = run(&["schema", from.path(), "--table", "us*"], "").stdout;
    assert!(one.contains("\"users\"") && !one.contains("\"orders\""), "{one}");
}

#[test]
fn what_export_writes_is_imported_and_read() {
    let from = shop("shell-export");
    let file = format!("{}.sql", from.path());
    let to = Directory::new("shell-import");
    let exported = run(&["export", "--from", from.path(), "--database", "app", &file], "");
    assert_eq!(exported.code, Some(0), "{exported:?}");
    let imported = run(&["import", &file, "--to", to.path(), "--database", "copy"], "");
    assert_eq!(imported.code, Some(0), "{imported:?}");
    assert_eq!(run(&["databases", "create", "other", to.path()], "").code, Some(0));
    let read = run(&["sql", to.path(), "-d", "other", "-f", &file], "");
    assert_eq!((read.code, read.stderr.as_str()), (Some(0), ""));
    for name in ["copy", "other"] {
        let select = "SELECT name FROM users ORDER BY id";
        let names = run(&["sql", to.path(), "-d", name, "-c", select, "--format", "csv"], "").stdout;
        assert_eq!(names, "name\nAda\nGrace\n", "{name}");
    }
    std::fs::remove_file(file).unwrap();
}

#[test]
fn results_are_exported_to_files_that_are_not_overwritten() {
    let shop = shop("shell-export-command");
    let file = format!("{}/users.csv", shop.path());
    let text = format!(".export {file} users\n");
    assert_eq!(run(&["sql", shop.path()], &text).code, Some(0));
    assert_eq!(std::fs::read_to_string(&file).unwrap(), "id,name,email\n1,Ada,\n2,Grace,\n");
    let again = run(&["sql", shop.path()], &text);
    assert_eq!(again.code, Some(1));
    assert!(again.stderr.contains("is there already, and is not overwritten"), "{again:?}");
}

#[test]
fn a_reader_that_goes_away_ends_the_output_in_silence() {
    let shop = shop("shell-pipe");
    let rows =
        "WITH RECURSIVE n(i) AS (SELECT 1 UNION ALL SELECT i + 1 FROM n WHERE i < 100000) SELECT i FROM n";
    for arguments in [&["sql", shop.path(), "-c", rows][..], &["completions", "bash"], &["man"]] {
        let mut child =
            phantomdb(arguments).env_remove("PHANTOMDB_URL").stdin(Stdio::null()).spawn().unwrap();
        drop(child.stdout.take());
        let output = child.wait_with_output().unwrap();
        assert_eq!(
            (output.status.code(), String::from_utf8(output.stderr).unwrap()),
            (Some(0), String::new())
        );
    }
}

#[test]
fn there_are_no_colours_outside_of_a_terminal() {
    let shop = shop("shell-colours");
    let answer = run(&["sql", shop.path(), "-c", "SELECT NULL AS x; SELECT y"], "");
    assert!(!answer.stdout.contains('\u{1b}') && !answer.stderr.contains('\u{1b}'), "{answer:?}");
}

#[test]
fn databases_are_listed_made_and_dropped() {
    let directory = Directory::new("shell-databases");
    let code = |arguments: &[&str]| run(arguments, "").code;
    let list = || run(&["databases", "list", directory.path()], "").stdout;
    assert_eq!(code(&["databases", "list", directory.path()]), Some(1));
    assert_eq!(code(&["databases", "create", "one", directory.path()]), Some(0));
    assert_eq!(code(&["databases", "create", "my two", directory.path()]), Some(0));
    assert_eq!(code(&["databases", "create", "one", directory.path()]), Some(1));
    assert_eq!(list(), "my two\none\n");
    assert_eq!(code(&["databases", "drop", "one", directory.path()]), Some(2));
    assert_eq!(code(&["databases", "drop", "one", directory.path(), "--yes"]), Some(0));
    assert_eq!(code(&["databases", "drop", "one", directory.path(), "--yes"]), Some(1));
    assert_eq!(list(), "my two\n");
    let status = run(&["status", directory.path(), "--format", "json"], "");
    assert!(status.stdout.contains("{\"what\":\"names\",\"value\":\"my two\"}"), "{status:?}");
}

#[test]
fn a_result_of_any_size_is_read_in_pages() {
    let file = shop("shell-pages");
    let served = serve(&["--memory", "--result-bytes-max", "1000000"]);
    let url = format!("phantomdb://{}/app", served.caller.address);
    assert_eq!(run(&["databases", "create", "app", &url], "").code, Some(0));
    // The server refuses results over a megabyte, and this one has three.
    let rows = "SELECT i, repeat('x', 100) AS x FROM generate_series(1, 30000) AS s(i)";
    let after = "SELECT count(*) FROM generate_series(1, 3) AS s(i)";
    for place in [file.path(), &url] {
        let answer = run(&["sql", place, "-c", rows, "--format", "csv"], "");
        assert_eq!((answer.code, answer.stderr.as_str()), (Some(0), ""));
        assert_eq!(answer.stdout.lines().count(), 30_001);
        assert_eq!(answer.stdout.lines().last().unwrap(), format!("30000,{}", "x".repeat(100)));
        let table = run(&["sql", place, "-c", rows, "-c", after], "").stdout;
        assert!(table.contains("\n 30000 | x") && table.ends_with("(1 row)\n"));
        let within =
            run(&["sql", place, "-c", &format!("BEGIN; {rows}; {after}; COMMIT"), "--format", "csv"], "");
        assert_eq!((within.code, within.stdout.lines().last()), (Some(0), Some("3")));
    }
    let target = format!("{}/rows.csv", file.path());
    let exported = run(&["sql", &url, "-c", &format!(".export {target} {rows}")], "");
    assert_eq!((exported.code, exported.stderr.as_str()), (Some(0), ""));
    assert_eq!(std::fs::read_to_string(target).unwrap().lines().count(), 30_001);
}

#[test]
fn a_failure_after_the_first_page_comes_after_its_rows_and_leaves_no_file() {
    let shop = shop("shell-half");
    let rows = "SELECT 1 / (1000 - i) AS x FROM generate_series(1, 2000) AS s(i)";
    let answer = run(&["sql", shop.path(), "-c", rows, "--format", "csv"], "");
    assert_eq!(answer.code, Some(1));
    assert!(answer.stdout.lines().count() > 200 && answer.stderr.contains("division by zero"), "{answer:?}");
    let target = format!("{}/rows.csv", shop.path());
    let exported = run(&["sql", shop.path(), "-c", &format!(".export {target} {rows}")], "");
    assert_eq!((exported.code, std::path::Path::new(&target).exists()), (Some(1), false), "{exported:?}");
}

#[test]
fn the_last_result_is_exported_only_when_it_was_read_to_its_end() {
    let shop = shop("shell-last");
    let target = format!("{}/last.csv", shop.path());
    let text = format!("SELECT i FROM generate_series(1, 600) AS s(i);\n.export {target}\n");
    assert_eq!(run(&["sql", shop.path()], &text).code, Some(0));
    assert_eq!(std::fs::read_to_string(target).unwrap().lines().count(), 601);
    let large = "SELECT repeat('x', 1000) AS x FROM generate_series(1, 20000) AS s(i);";
    let refused = run(&["sql", shop.path()], &format!("{large}\n.export {}/large.csv\n", shop.path()));
    assert!(refused.stderr.contains("the last result is too large to be kept"), "{:?}", refused.stderr);
}

#[test]
fn a_result_beyond_the_limit_of_a_server_is_refused_with_advice() {
    let served = serve(&["--memory", "--result-rows-max", "10"]);
    let url = format!("phantomdb://{}/app", served.caller.address);
    assert_eq!(run(&["databases", "create", "app", &url], "").code, Some(0));
    let rows =
        "WITH RECURSIVE n(i) AS (SELECT 1 UNION ALL SELECT i + 1 FROM n WHERE i < 100) SELECT i FROM n";
    let answer = run(&["sql", &url, "-c", rows], "");
    assert_eq!((answer.code, answer.stdout.as_str()), (Some(1), ""));
    assert!(answer.stderr.contains("TOO_LARGE") && answer.stderr.contains("hint: LIMIT"), "{answer:?}");
}

#[test]
fn every_help_fits_a_terminal_of_80_columns() {
    let help = run(&["--help"], "").stdout;
    let commands: Vec<&str> = help
        .lines()
        .skip_while(|line| !line.starts_with("Commands:"))
        .skip(1)
        .take_while(|line| !line.is_empty())
        .filter_map(|line| line.strip_prefix("  ").filter(|rest| !rest.starts_with(' ')))
        .filter_map(|line| line.split_whitespace().next())
        .collect();
    assert!(commands.contains(&"sql") && commands.len() > 10, "{commands:?}");
    for command in commands {
        let help = run(&[command, "--help"], "").stdout;
        let longest = help.lines().max_by_key(|line| line.chars().count()).unwrap_or_default();
        assert!(longest.chars().count() <= 80, "{command}: {longest}");
    }
    assert!(help.lines().all(|line| line.chars().count() <= 80), "{help}");
}

#[test]
fn completions_and_man_pages_are_written() {
    for shell in ["bash", "zsh", "fish"] {
        let text = run(&["completions", shell], "").stdout;
        assert!(text.contains("databases") && text.contains("models"), "{shell}");
        let file = std::env::temp_dir().join(format!("phantomdb-completions-{}.{shell}", std::process::id()));
        std::fs::write(&file, text).unwrap();
        // A shell that is not installed cannot check its file.
        if let Ok(status) = Command::new(shell).arg("-n").arg(&file).status() {
            assert!(status.success(), "{shell}");
        }
        std::fs::remove_file(file).unwrap();
    }
    let page = run(&["man", "sql"], "").stdout;
    assert!(page.starts_with(".ie") && page.contains(".TH PHANTOMDB-SQL 1"), "{page}");
    assert_eq!(run(&["man", "nothing"], "").code, Some(2));
    let of_npm = run(&["man", "studio"], "");
    assert_eq!(of_npm.code, Some(2));
    assert!(of_npm.stderr.contains("studio has no man page; `npx phantomdb studio --help`"), "{of_npm:?}");
}

#[test]
fn the_history_and_the_url_may_come_from_the_environment() {
    let shop = shop("shell-environment");
    let mut command = phantomdb(&["sql", "-c", "SELECT 5 AS n", "--format", "csv"]);
    command.env("PHANTOMDB_URL", shop.path());
    command.stdin(Stdio::null());
    assert_eq!(String::from_utf8(command.output().unwrap().stdout).unwrap(), "n\n5\n");
    let mut refused = phantomdb(&["sql", "memory:", "-c", ".read /nowhere.sql"]);
    let answer = outcome(&mut refused, "");
    assert_eq!(answer.code, Some(1));
    assert!(answer.stderr.contains("/nowhere.sql cannot be read"), "{answer:?}");
}

#[test]
fn ctrl_c_ends_a_script_that_runs_and_one_that_waits_for_input() {
    let shop = shop("shell-interrupt");
    let endless = "WITH RECURSIVE n(i) AS (SELECT 1 UNION ALL SELECT i + 1 FROM n) SELECT count(*) FROM n";
    for (arguments, text) in [
        (&["sql", shop.path(), "-c", "SELECT 'begun' AS a", "-c", endless][..], ""),
        (&["sql", shop.path()], "SELECT 'begun' AS a;\n"),
    ] {
        let mut command = phantomdb(arguments);
        let mut child = command.env_remove("PHANTOMDB_URL").stdin(Stdio::piped()).spawn().unwrap();
        // Waiting for the child would close its stdin.
        let mut stdin = child.stdin.take().unwrap();
        stdin.write_all(text.as_bytes()).unwrap();
        let mut lines = BufReader::new(child.stdout.take().unwrap()).lines();
        // It listens for signals before it runs the first statement.
        lines.find(|line| line.as_ref().is_ok_and(|line| line.contains("begun"))).unwrap().unwrap();
        let id = child.id().to_string();
        assert!(Command::new("kill").args(["-INT", &id]).status().unwrap().success());
        assert_eq!(child.wait().unwrap().code(), Some(130), "{arguments:?}");
        drop(stdin);
    }
}
