//! The real binary as people who operate it use it: tokens, signals, logs, metrics and the configuration file.

use std::{
    fs,
    io::Read as _,
    os::unix::fs::PermissionsExt as _,
    time::{Duration, Instant},
};

use crate::common::{
    Caller,
    process::{Directory, Served, phantomdb, serve, serve_in},
};
use http_body_util::BodyExt as _;
use phantomdb_testing::postgres::postgres_url;
use serde_json::{Value as Json, json};
use tokio::io::{AsyncReadExt as _, AsyncWriteExt as _};

/// A directory with one file in it, for its owner only.
fn file(name: &str, content: &str) -> (Directory, String) {
    let directory = Directory::new(name);
    fs::create_dir_all(&directory.0).unwrap();
    let path = directory.0.join("file");
    fs::write(&path, content).unwrap();
    fs::set_permissions(&path, fs::Permissions::from_mode(0o600)).unwrap();
    let path = path.to_str().unwrap().to_owned();
    (directory, path)
}

/// What a command writes to stdout, or its exit code and what it writes to stderr.
fn run(arguments: &[&str]) -> Result<String, (i32, String)> {
    let output = phantomdb(arguments).output().unwrap();
    let text = |bytes: Vec<u8>| String::from_utf8(bytes).unwrap();
    match output.status.code().unwrap() {
        0 => Ok(text(output.stdout)),
        code => Err((code, text(output.stderr))),
    }
}

/// Asks until the status is this one.
async fn answers_with(caller: &Caller, path: &str, status: u16) {
    let start = Instant::now();
    loop {
        let answer = caller.get(path).await;
        if answer.status == status {
            return;
        }
        assert!(start.elapsed() < Duration::from_secs(20), "{path}: {}", answer.text);
        tokio::time::sleep(Duration::from_millis(50)).await;
    }
}

/// Stops the server and returns what it wrote into its log.
fn log_of(mut served: Served) -> String {
    served.signal("-TERM");
    assert_eq!(served.exit_code(Duration::from_secs(15)), Some(0));
    let mut log = String::new();
    served.child.stderr.take().unwrap().read_to_string(&mut log).unwrap();
    log
}

#[tokio::test]
async fn tokens_are_made_listed_and_revoked_while_the_server_runs() {
    let (_directory, store) = file("token-store", "");
    let option = format!("--token-store={store}");
    let create = |name: &str, rights: &str, more: &[&str]| {
        run(&[&["token", "create", name, &option, "--rights", rights, "--databases", "app,shop_*"], more]
            .concat())
    };
    let reads = create("reads", "read", &[]).unwrap().trim().to_owned();
    assert!(reads.starts_with("phantomdb_") && reads.len() >= 50, "{reads}");
    assert!(!fs::read_to_string(&store).unwrap().contains(&reads));
    let served = serve(&["--memory", &option]);
    served.caller.get("/databases").await.refused_with(401, "UNAUTHORIZED");
    let reader = served.caller.with_token(&reads);
    reader.get("/databases").await.ok(200);
    reader.send("POST", "/databases", json!({ "name": "app" })).await.refused_with(403, "FORBIDDEN");
    // A token that is made while the server runs is known without a signal.
    let admin = create("admin", "read,admin", &[]).unwrap().trim().to_owned();
    let admin = served.caller.with_token(&admin);
    answers_with(&admin, "/databases", 200).await;
    admin.send("POST", "/databases", json!({ "name": "app" })).await.ok(201);
    admin.send("POST", "/databases", json!({ "name": "other" })).await.refused_with(403, "FORBIDDEN");
    let past = create("past", "read", &["--expires", "2020-01-01T00:00:00Z"]).unwrap();
    // Before the tokens that are refused below, which the server counts.
    served.caller.with_token(past.trim()).get("/databases").await.refused_with(401, "UNAUTHORIZED");
    let list = run(&["token", "list", &option]).unwrap();
    for part in ["reads\tread\tapp,shop_*", "admin\tread,admin", "expired 2020"] {
        assert!(list.contains(part), "{list}");
    }
    assert!(create("reads", "read", &[]).unwrap_err().1.contains("already"));
    run(&["token", "revoke", "reads", &option]).unwrap();
    assert_eq!(run(&["token", "revoke", "reads", &option]).unwrap_err().0, 1);
    served.signal("-HUP");
    answers_with(&reader, "/databases", 401).await;
    // What cannot be read changes nothing.
    fs::write(&store, "[[token]]\nname = 'x'\n").unwrap();
    served.signal("-HUP");
    tokio::time::sleep(Duration::from_millis(300)).await;
    admin.get("/databases").await.ok(200);
    assert!(log_of(served).contains("stay valid"));
}

#[test]
fn a_wrong_token_command_says_what_is_wrong() {
    let (_directory, store) = file("token-wrong", "");
    let option = format!("--token-store={store}");
    for (arguments, why) in [
        (vec!["token", "create", "a", &option, "--rights", "root", "--databases", "*"], "root"),
        (vec!["token", "create", "a", &option, "--databases", "*"], "--rights"),
        (vec!["token", "create", "a", &option, "--rights", "read"], "--databases"),
        (vec!["token", "create", "", &option, "--rights", "read", "--databases", "*"], "name"),
        (vec!["token", "create", "a", "--rights", "read", "--databases", "*"], "--token-store"),
        (
            vec!["token", "create", "a", &option, "--rights", "read", "--databases", "*", "--expires", "x"],
            "12h",
        ),
    ] {
        let (code, said) = run(&arguments).unwrap_err();
        assert!(code == 2 && said.contains(why), "{arguments:?}: {said}");
    }
}

#[test]
fn it_takes_no_short_token_and_no_file_that_others_can_write() {
    for (content, mode, why) in [
        ("short\n", 0o600, "needs 16"),
        ("# only a comment of 16 characters\n", 0o600, "no token"),
        ("a-token-of-16-chars\n", 0o666, "chmod 600"),
        ("a-token-of-16-chars\n", 0o620, "chmod 600"),
    ] {
        let (_directory, path) = file("token-file", content);
        fs::set_permissions(&path, fs::Permissions::from_mode(mode)).unwrap();
        let (code, said) =
            run(&["serve", "--memory", "--listen", "127.0.0.1:0", "--token-file", &path]).unwrap_err();
        assert!(code == 2 && said.contains(why), "{content}: {said}");
    }
    let output = phantomdb(&["serve", "--memory"]).env("PHANTOMDB_TOKEN", "short").output().unwrap();
    assert_eq!(output.status.code(), Some(2));
}

#[tokio::test]
async fn a_comment_of_the_token_file_is_no_token() {
    let (_directory, path) = file("comment", "# a-comment-of-16-chars\na-token-of-16-chars\n");
    let served = serve(&["--memory", "--token-file", &path]);
    for wrong in ["# a-comment-of-16-chars", "a-comment-of-16-chars"] {
        served.caller.with_token(wrong).get("/databases").await.refused_with(401, "UNAUTHORIZED");
    }
    served.caller.with_token("a-token-of-16-chars").get("/databases").await.ok(200);
}

#[tokio::test]
async fn guessing_is_slowed_down_and_logged_but_nobody_is_locked_out() {
    let (_directory, path) = file("guess", "a-token-of-16-chars\n");
    let served = serve(&["--memory", "--token-file", &path]);
    let guesser = served.caller.with_token("a-wrong-token-of-mine");
    let start = Instant::now();
    for _ in 0..10 {
        guesser.get("/databases").await.refused_with(401, "UNAUTHORIZED");
    }
    assert!(start.elapsed() > Duration::from_secs(4), "{:?}", start.elapsed());
    let blocked = guesser.get("/databases").await;
    blocked.refused_with(429, "TOO_MANY_REQUESTS");
    assert!(blocked.headers["retry-after"].to_str().unwrap().parse::<u64>().unwrap() >= 1);
    served.caller.with_token("a-token-of-16-chars").get("/databases").await.ok(200);
    let log = log_of(served);
    assert!(log.contains("WARN") && log.contains("127.0.0.1") && log.contains("wrong_tokens=10"), "{log}");
    assert!(!log.contains("a-wrong-token-of-mine"), "{log}");
}

#[tokio::test]
async fn a_hang_up_ends_nothing() {
    let mut served = serve(&["--memory"]);
    served.signal("-HUP");
    tokio::time::sleep(Duration::from_millis(200)).await;
    assert!(served.child.try_wait().unwrap().is_none());
    served.caller.get("/health").await.ok(200);
}

#[tokio::test]
async fn it_stops_within_its_grace_whatever_runs() {
    let mut served = serve(&["--memory", "--grace", "3s"]);
    let caller = Caller::new(served.caller.address).with_users().await;
    let address = served.caller.address;
    let forever = "WITH RECURSIVE n(i) AS (SELECT 1 UNION ALL SELECT i + 1 FROM n) SELECT count(*) FROM n";
    let lone = tokio::spawn(async move { Caller::new(address).query(forever).await.status });
    let id = caller.begin(json!({})).await;
    let within = tokio::spawn(async move { Caller::new(address).query_in(&id, forever).await.status });
    let keyed = tokio::spawn(async move {
        let headers = [("idempotency-key", "k")];
        let query = json!({ "query": forever });
        Caller::new(address).send_with("POST", "/databases/app/query", &headers, query).await.status
    });
    let many = json!({ "queries": [{ "query": forever }, { "query": "SELECT 1" }] });
    // This answer has begun, so it breaks off with its connection.
    let many = many.to_string().into_bytes();
    let many = Caller::new(address).begun("POST", "/databases/app/queries", &[], many).await;
    assert_eq!(many.status(), 200);
    tokio::time::sleep(Duration::from_millis(500)).await;
    served.signal("-TERM");
    let start = Instant::now();
    assert_eq!(served.exit_code(Duration::from_secs(20)), Some(0));
    assert!(start.elapsed() < Duration::from_secs(4), "{:?}", start.elapsed());
    for call in [lone, within, keyed] {
        assert_eq!(call.await.unwrap(), 503);
    }
    many.into_body().collect().await.unwrap_err();
}

#[tokio::test]
async fn it_logs_json_with_what_an_operator_looks_for() {
    let (_directory, path) = file("json", "a-token-of-16-chars\n");
    let arguments =
        ["--memory", "--token-file", &path, "--log-format", "json", "--log-level", "info", "--log-slow", "0"];
    let served = serve(&arguments);
    let caller = Caller::new(served.caller.address).with_token("a-token-of-16-chars").with_users().await;
    let headers = [("x-request-id", "the-id")];
    let query = json!({ "query": "SELECT 'a secret' AS a -- a secret" });
    caller.send_with("POST", "/databases/app/query", &headers, query).await.ok(200);
    caller.query("DROP TABLE users").await.ok(200);
    caller.send("POST", "/databases/app/query", json!({ "query": "SELECT 1, 2" })).await.ok(200);
    served.caller.get("/databases").await.refused_with(401, "UNAUTHORIZED");
    let log = log_of(served);
    assert!(!log.contains("a secret") && !log.contains("a-token-of-16-chars"), "{log}");
    let lines: Vec<Json> = log
        .lines()
        .filter(|line| line.starts_with('{'))
        .map(|line| serde_json::from_str(line).unwrap())
        .collect();
    let find = |what: &dyn Fn(&Json) -> bool| {
        lines.iter().find(|line| what(line)).unwrap_or_else(|| panic!("{log}")).clone()
    };
    let answered = find(&|line| line["span"]["id"] == "the-id" && line["message"] == "answered");
    assert_eq!(answered["status"], 200);
    assert!(answered["took_ms"].as_f64().is_some());
    let span = &answered["span"];
    assert_eq!((span["database"].as_str(), span["method"].as_str()), (Some("app"), Some("POST")));
    assert!(span["token"].as_str().unwrap().starts_with("token "));
    assert!(span["peer"].as_str().unwrap().starts_with("127.0.0.1:"));
    let slow = find(&|line| line["target"] == "slow" && line["request"] == "the-id");
    assert_eq!((slow["text"].as_str(), slow["route"].as_str()), (Some("SELECT ? AS a"), Some("query")));
    assert_eq!(slow["statement"], span["statement"]);
    let audit = |event: &str, text: &str| {
        find(&|line| line["target"] == "audit" && line["event"] == event && line.to_string().contains(text))
    };
    audit("changed", "DROP TABLE users");
    audit("changed", "createTable");
    audit("changed", "createDatabase");
    audit("refused", "Unauthorized");
    assert!(
        !lines.iter().any(|line| line["target"] == "audit" && line.to_string().contains("SELECT")),
        "{log}"
    );
}

#[tokio::test]
async fn no_level_by_itself_writes_values_into_the_log() {
    for engine in ["--memory", "--engine"] {
        let of_postgres = [engine, postgres_url(), "--allow-superuser"];
        let place = if engine == "--memory" { &of_postgres[..1] } else { &of_postgres[..] };
        let served = serve(&[place, &["--log-level", "debug"]].concat());
        let name = format!("logged_{}", std::process::id());
        served.caller.send("POST", "/databases", json!({ "name": name })).await.ok(201);
        let query = json!({ "query": "SELECT 'a secret', $1::text", "parameters": ["another secret"] });
        served.caller.send("POST", &format!("/databases/{name}/query"), query).await.ok(200);
        let path = format!("/databases/{name}/query");
        let create = json!({ "query": "CREATE TABLE t (a TEXT DEFAULT 'a third secret')" });
        served.caller.send("POST", &path, create).await.ok(200);
        served.caller.delete(&format!("/databases/{name}")).await.ok(204);
        let log = log_of(served);
        assert!(log.contains("DEBUG") && !log.contains("secret"), "{log}");
    }
}

/// The address of the admin port, which the log has.
fn admin_address(served: &mut Served) -> std::net::SocketAddr {
    use std::io::BufRead as _;
    let mut lines = std::io::BufReader::new(served.child.stderr.as_mut().unwrap()).lines();
    let line = lines.find_map(|line| line.ok().filter(|line| line.contains("metrics are served"))).unwrap();
    let address: Json = serde_json::from_str(&line).unwrap();
    address["address"].as_str().unwrap().parse().unwrap()
}

#[tokio::test]
async fn the_admin_port_has_the_metrics_and_nothing_else() {
    let (_directory, path) = file("admin", "a-token-of-16-chars\n");
    let arguments = ["--memory", "--token-file", &path, "--admin-listen", "127.0.0.1:0"];
    let logging = ["--log-format", "json", "--log-level", "phantomdb_server::cli=info"];
    let mut served = serve(&[&arguments[..], &logging[..]].concat());
    let admin = Caller::new(admin_address(&mut served));
    let caller = served.caller.with_token("a-token-of-16-chars").with_users().await;
    caller.query("SELECT nothing").await;
    served.caller.get("/metrics").await.refused_with(401, "UNAUTHORIZED");
    let metrics = admin.get("/metrics").await;
    assert_eq!(metrics.status, 200);
    assert!(metrics.headers["content-type"].to_str().unwrap().starts_with("application/openmetrics-text"));
    for line in [
        "phantomdb_requests_total{code=\"404\"} 1",
        "phantomdb_request_duration_seconds_count{route=\"query\",code=\"404\"} 1",
        "phantomdb_request_duration_seconds_bucket{le=\"0.005\",route=\"createDatabase\",code=\"201\"}",
        "phantomdb_errors_total{code=\"UNKNOWN_COLUMN\"} 1",
        "phantomdb_open_transactions 0",
        "phantomdb_lock_waits_total 0",
        "phantomdb_lock_wait_seconds_total 0",
        "phantomdb_databases_in_use 1",
        "# EOF",
    ] {
        assert!(metrics.text.contains(line), "{line}\n{}", metrics.text);
    }
    admin.get("/health").await.ok(200);
    admin.get("/ready").await.ok(200);
    admin.get("/databases").await.refused_with(404, "NOT_FOUND");
    admin.raw("GET", "/metrics", &[("host", "evil.example")], vec![]).await.refused_with(403, "FORBIDDEN");
    admin
        .raw("GET", "/metrics", &[("origin", "https://evil.example")], vec![])
        .await
        .refused_with(403, "FORBIDDEN");
    caller.get("/metrics").await;
}

#[tokio::test]
async fn the_admin_port_keeps_no_connection_that_says_nothing() {
    let arguments =
        ["--memory", "--admin-listen", "127.0.0.1:0", "--header-timeout", "200ms", "--idle-timeout", "200ms"];
    let logging = ["--log-format", "json", "--log-level", "phantomdb_server::cli=info"];
    let mut served = serve(&[&arguments[..], &logging[..]].concat());
    let address = admin_address(&mut served);
    for begun in ["", "GET /metrics HTTP/1.1\r\nHost: x"] {
        let mut stream = tokio::net::TcpStream::connect(address).await.unwrap();
        stream.write_all(begun.as_bytes()).await.unwrap();
        let mut rest = Vec::new();
        let closed = tokio::time::timeout(Duration::from_secs(20), stream.read_to_end(&mut rest)).await;
        assert!(closed.is_ok(), "{begun:?} is kept open");
    }
    Caller::new(address).get("/health").await.ok(200);
}

#[tokio::test]
async fn the_configuration_file_has_the_options_of_the_command_line() {
    let (_directory, token) = file("config-token", "a-token-of-16-chars\n");
    let text =
        format!("memory = true\ntoken-file = '{token}'\nbody-max = 100\nallow-host = ['db.example.org']\n");
    let (_config, path) = file("config", &text);
    let served = serve_in(&[("PHANTOMDB_BODY_MAX", "50")], &["--config", &path]);
    served.caller.get("/databases").await.refused_with(401, "UNAUTHORIZED");
    let caller = served.caller.with_token("a-token-of-16-chars");
    caller.raw("GET", "/databases", &[("host", "db.example.org")], vec![]).await.ok(200);
    caller.raw("GET", "/databases", &[("host", "evil.example")], vec![]).await.refused_with(403, "FORBIDDEN");
    // The environment goes before the file.
    let long = vec![b' '; 60];
    caller.raw("POST", "/databases", &[], long).await.refused_with(413, "TOO_LARGE");
    for (text, why) in
        [("listne = 'x'", "listne"), ("memory = 5", "true or false"), ("listen = 'nonsense'", "nonsense")]
    {
        let (_wrong, path) = file("config-wrong", text);
        let (code, said) = run(&["serve", "--config", &path]).unwrap_err();
        assert!(code == 2 && said.contains(why), "{text}: {said}");
    }
}

#[tokio::test]
async fn the_example_of_a_configuration_file_starts_a_server() {
    let example = concat!(env!("CARGO_MANIFEST_DIR"), "/../../deploy/phantomdb.toml");
    let directory = Directory::new("example");
    let served = serve(&["--config", example, "--data", directory.path(), "--admin-listen", "127.0.0.1:0"]);
    served.caller.get("/ready").await.ok(200);
}
