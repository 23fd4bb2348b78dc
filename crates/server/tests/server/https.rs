//! The real binary over TLS.

use std::{
    io::Read as _,
    path::Path,
    time::{Duration, Instant},
};

use crate::common::process::{Directory, Served, phantomdb, serve, serve_in};
use http::Version;
use phantomdb_testing::certificates::{Authority, Pair};
use phantomdb_tls::Trust;
use reqwest::Client;
use serde_json::{Value as Json, json};
use tokio::{
    io::{AsyncReadExt as _, AsyncWriteExt as _},
    net::TcpStream,
};

const LOCAL: &[&str] = &["127.0.0.1", "localhost"];
const SLOW: &str = r#"WITH RECURSIVE n(i) AS (SELECT 1 UNION ALL SELECT i + 1 FROM n WHERE i < 2000000)
                      SELECT count(*) FROM n"#;

/// A server over HTTPS with the files of a directory, with its databases in memory.
fn serve_with(pair: &Pair, directory: &Directory, arguments: &[&str]) -> Served {
    let (certificate, key) = pair.write(&directory.0);
    let files = ["--tls-cert", certificate.to_str().unwrap(), "--tls-key", key.to_str().unwrap()];
    serve(&[&["--memory"], &files[..], arguments].concat())
}

/// A client that trusts the authority and nobody else, and offers what it speaks.
fn client(authority: &Authority, protocols: &[&str]) -> Client {
    let mut config = Trust::authorities("the test", &[authority.pem()]).unwrap().client_config().unwrap();
    config.alpn_protocols = protocols.iter().map(|&name| name.into()).collect();
    Client::builder().tls_backend_preconfigured(config).no_proxy().build().unwrap()
}

fn url(served: &Served, path: &str) -> String {
    format!("https://{}{path}", served.caller.address)
}

async fn query(client: &Client, served: &Served, sql: &str) -> reqwest::Result<Json> {
    let body = json!({ "query": sql }).to_string();
    let answer = client.post(url(served, "/databases/app/query")).body(body).send().await?;
    Ok(serde_json::from_str(&answer.text().await?).unwrap())
}

async fn create(client: &Client, served: &Served) {
    let answer = client.post(url(served, "/databases")).body(r#"{"name":"app"}"#).send().await.unwrap();
    assert_eq!(answer.status(), 201);
}

async fn reaches(client: &Client, served: &Served) -> bool {
    client.get(url(served, "/health")).send().await.is_ok_and(|answer| answer.status() == 200)
}

/// Waits until it is so, for as long as the files may go without a look, and some more.
async fn reaches_soon(authority: &Authority, served: &Served) -> bool {
    let begun = Instant::now();
    while begun.elapsed() < Duration::from_secs(15) {
        if reaches(&client(authority, &[]), served).await {
            return true;
        }
        tokio::time::sleep(Duration::from_millis(50)).await;
    }
    false
}

#[tokio::test]
async fn it_speaks_http_1_and_http_2_as_they_are_agreed_on_in_the_handshake() {
    let (authority, directory) = (Authority::new("one"), Directory::new("tls-alpn"));
    let served = serve_with(&authority.server(LOCAL), &directory, &[]);
    let first = client(&authority, &["h2", "http/1.1"]);
    create(&first, &served).await;
    for (protocols, version) in [
        (&["h2", "http/1.1"][..], Version::HTTP_2),
        (&["http/1.1"], Version::HTTP_11),
        (&[], Version::HTTP_11),
    ] {
        let client = client(&authority, protocols);
        let answer = client.get(url(&served, "/databases")).send().await.unwrap();
        assert_eq!((answer.status().as_u16(), answer.version()), (200, version));
        assert_eq!(query(&client, &served, "SELECT 1 AS one").await.unwrap()["rows"], json!([[1]]));
    }
}

#[tokio::test]
async fn it_is_not_reached_by_who_trusts_somebody_else() {
    let (authority, directory) = (Authority::new("one"), Directory::new("tls-other"));
    let served = serve_with(&authority.server(LOCAL), &directory, &[]);
    assert!(reaches(&client(&authority, &[]), &served).await);
    assert!(!reaches(&client(&Authority::new("two"), &[]), &served).await);
}

#[tokio::test]
async fn it_tells_who_comes_without_tls_so_and_looks_at_nothing_of_the_call() {
    let (authority, directory) = (Authority::new("one"), Directory::new("tls-plain"));
    let served = serve_with(&authority.server(LOCAL), &directory, &[]);
    create(&client(&authority, &[]), &served).await;
    for path in ["/databases/app", "/api/v1/databases/app", "/health", "/nowhere"] {
        let refused = served.caller.delete(path).await;
        refused.refused_with(400, "BAD_REQUEST");
        assert!(refused.text.contains("https://"), "{}", refused.text);
    }
    let databases = client(&authority, &[]).get(url(&served, "/databases")).send().await.unwrap();
    assert!(databases.text().await.unwrap().contains("app"));
}

#[tokio::test]
async fn it_serves_others_while_handshakes_stall_and_ends_those_in_time() {
    let (authority, directory) = (Authority::new("one"), Directory::new("tls-stalled"));
    let served = serve_with(&authority.server(LOCAL), &directory, &[]);
    let mut silent = Vec::new();
    for _ in 0..50 {
        silent.push(TcpStream::connect(served.caller.address).await.unwrap());
    }
    // The beginning of a handshake that does not go on.
    silent[0].write_all(&[22, 3, 1, 2, 0, 1]).await.unwrap();
    let begun = Instant::now();
    assert!(reaches(&client(&authority, &[]), &served).await);
    assert!(begun.elapsed() < Duration::from_secs(5), "{:?}", begun.elapsed());
    for stream in &mut silent {
        let ended = tokio::time::timeout(Duration::from_secs(20), stream.read(&mut [0; 64])).await;
        assert!(matches!(ended, Ok(Ok(0) | Err(_))), "{ended:?}");
    }
    assert!(begun.elapsed() > Duration::from_secs(5), "{:?}", begun.elapsed());
}

#[tokio::test]
async fn it_finishes_what_runs_when_it_is_told_to_stop() {
    let (authority, directory) = (Authority::new("one"), Directory::new("tls-stop"));
    let mut served = serve_with(&authority.server(LOCAL), &directory, &[]);
    let client = client(&authority, &["h2"]);
    create(&client, &served).await;
    let idle = TcpStream::connect(served.caller.address).await.unwrap();
    let stop = async {
        tokio::time::sleep(Duration::from_millis(150)).await;
        served.signal("-TERM");
    };
    let (answer, ()) = tokio::join!(query(&client, &served, SLOW), stop);
    assert_eq!(answer.unwrap()["rows"], json!([[2_000_000]]));
    drop(client);
    // Whoever has not even said hello holds nothing up.
    assert_eq!(served.exit_code(Duration::from_secs(8)), Some(0));
    drop(idle);
}

#[tokio::test]
async fn it_takes_up_a_renewed_certificate_on_sighup_and_keeps_its_connections() {
    let (old, new, directory) = (Authority::new("old"), Authority::new("new"), Directory::new("tls-hup"));
    let served = serve_with(&old.server(LOCAL), &directory, &[]);
    // It trusts the old one only: it is answered later on because its connection is still there.
    let connected = client(&old, &["h2"]);
    create(&connected, &served).await;
    let running = query(&connected, &served, SLOW);
    let renewal = async {
        new.server(LOCAL).write(&directory.0);
        served.signal("-HUP");
        tokio::time::sleep(Duration::from_millis(500)).await;
        assert!(reaches(&client(&new, &[]), &served).await);
        assert!(!reaches(&client(&old, &[]), &served).await);
    };
    let (answer, ()) = tokio::join!(running, renewal);
    assert_eq!(answer.unwrap()["rows"], json!([[2_000_000]]));
    assert_eq!(query(&connected, &served, "SELECT 1 AS one").await.unwrap()["rows"], json!([[1]]));
}

#[tokio::test]
async fn it_takes_up_a_certificate_that_is_renewed_behind_links_without_being_told() {
    let (old, new, directory) = (Authority::new("old"), Authority::new("new"), Directory::new("tls-links"));
    let (one, two, live) = (directory.0.join("1"), directory.0.join("2"), directory.0.join("live"));
    old.server(LOCAL).write(&one);
    new.server(LOCAL).write(&two);
    std::os::unix::fs::symlink(&one, &live).unwrap();
    let file = |name: &str| live.join(name).to_str().unwrap().to_owned();
    let served = serve(&["--memory", "--tls-cert", &file("cert.pem"), "--tls-key", &file("key.pem")]);
    assert!(reaches(&client(&old, &[]), &served).await);
    std::fs::remove_file(&live).unwrap();
    std::os::unix::fs::symlink(&two, &live).unwrap();
    assert!(reaches_soon(&new, &served).await);
}

#[tokio::test]
async fn it_keeps_the_certificate_it_has_when_the_renewed_one_is_of_no_use() {
    let (old, new, directory) = (Authority::new("old"), Authority::new("new"), Directory::new("tls-broken"));
    let mut served = serve_with(&old.server(LOCAL), &directory, &[]);
    let renewed = new.server(LOCAL);
    // The certificate is there, its key not yet.
    std::fs::write(directory.0.join("cert.pem"), &renewed.certificate).unwrap();
    served.signal("-HUP");
    tokio::time::sleep(Duration::from_millis(500)).await;
    assert!(reaches(&client(&old, &[]), &served).await);
    std::fs::write(directory.0.join("key.pem"), &renewed.key).unwrap();
    assert!(reaches_soon(&new, &served).await);
    served.signal("-TERM");
    assert_eq!(served.exit_code(Duration::from_secs(8)), Some(0));
    let mut said = String::new();
    served.child.stderr.take().unwrap().read_to_string(&mut said).unwrap();
    assert!(said.contains("stays in use") && said.contains("does not belong"), "{said}");
}

#[tokio::test]
async fn it_passes_calls_on_to_a_server_whose_authority_the_environment_names() {
    let (authority, directory) = (Authority::new("one"), Directory::new("tls-peers"));
    let has_it = serve_with(&authority.server(LOCAL), &directory, &["--server-name", "a"]);
    let client = client(&authority, &[]);
    create(&client, &has_it).await;
    let begin = client.post(url(&has_it, "/transactions")).body(r#"{"database":"app"}"#).send().await;
    let begun: Json = serde_json::from_str(&begin.unwrap().text().await.unwrap()).unwrap();
    let id = begun["transaction_id"].as_str().unwrap();
    let (root, peer) = (directory.0.join("root.pem"), format!("a={}", url(&has_it, "")));
    std::fs::write(&root, authority.pem()).unwrap();
    let arguments = ["--memory", "--server-name", "b", "--peer", &peer];
    for (variable, status) in [("NODE_EXTRA_CA_CERTS", 200), ("SSL_CERT_FILE", 200), ("NO_MATTER", 421)] {
        let passes_on = serve_in(&[(variable, root.to_str().unwrap())], &arguments);
        passes_on.caller.query_in(id, "SELECT 1 AS one").await.ok(status);
    }
}

#[tokio::test]
async fn it_takes_an_import_over_https() {
    let (authority, directory) = (Authority::new("one"), Directory::new("tls-import"));
    let served = serve_with(&authority.server(LOCAL), &directory, &[]);
    let (root, source) = (directory.0.join("root.pem"), directory.0.join("source.db"));
    std::fs::write(&root, authority.pem()).unwrap();
    let made = rusqlite::Connection::open(&source).unwrap();
    made.execute_batch("CREATE TABLE t (x INTEGER); INSERT INTO t VALUES (7)").unwrap();
    let import = |variable: &str| {
        let to = url(&served, "");
        let mut command = phantomdb(&["import", source.to_str().unwrap(), "--to", &to, "--database", "app"]);
        command.env(variable, &root).output().unwrap()
    };
    let refused = import("NO_MATTER");
    assert_eq!(refused.status.code(), Some(1));
    let said = String::from_utf8(refused.stderr).unwrap();
    assert!(said.contains("signed by nobody who is trusted here"), "{said}");
    assert_eq!(import("NODE_EXTRA_CA_CERTS").status.code(), Some(0));
    let client = client(&authority, &[]);
    assert_eq!(query(&client, &served, "SELECT x FROM t").await.unwrap()["rows"], json!([[7]]));
}

/// What a server that could not start has said, which must have nothing of the key in it.
#[track_caller]
fn refused(certificate: &Path, key: &Path) -> String {
    let files = ["--tls-cert", certificate.to_str().unwrap(), "--tls-key", key.to_str().unwrap()];
    let arguments = [&["serve", "--listen", "127.0.0.1:0", "--memory"], &files[..]].concat();
    let output = phantomdb(&arguments).output().unwrap();
    assert_eq!(output.status.code(), Some(2));
    assert!(output.stdout.is_empty());
    let said = String::from_utf8(output.stderr).unwrap();
    for line in std::fs::read_to_string(key).unwrap_or_default().lines().filter(|line| line.len() > 20) {
        assert!(line.starts_with("-----") || !said.contains(line), "{said}");
    }
    said
}

#[test]
fn it_says_which_file_it_cannot_use_and_why() {
    let directory = Directory::new("tls-files");
    let authority = Authority::new("one");
    let (certificate, key) = authority.server(LOCAL).write(&directory.0.join("good"));
    let (_, other_key) = authority.server(LOCAL).write(&directory.0.join("other"));
    let file = |name: &str, text: &str| {
        let path = directory.0.join(name);
        std::fs::write(&path, text).unwrap();
        path
    };
    let key_text = std::fs::read_to_string(&key).unwrap();
    let encrypted = file("encrypted.pem", &key_text.replace("PRIVATE KEY", "ENCRYPTED PRIVATE KEY"));
    let cut = file("cut.pem", &key_text[..key_text.len() / 2]);
    let wrong = file("wrong.pem", &key_text.replace("MI", "??"));
    let broken = file("broken.pem", "-----BEGIN CERTIFICATE-----\nAAAA\n-----END CERTIFICATE-----\n");
    let empty = file("empty.pem", "");
    let missing = directory.0.join("missing.pem");
    for (certificate, key, named, why) in [
        (&missing, &key, &missing, "cannot be read"),
        (&certificate, &missing, &missing, "cannot be read"),
        (&certificate, &other_key, &other_key, "does not belong to the certificate"),
        (&key, &certificate, &key, "holds no certificate"),
        (&empty, &key, &empty, "holds no certificate"),
        (&broken, &key, &broken, "holds a certificate that cannot be read"),
        (&certificate, &certificate, &certificate, "holds no private key"),
        (&certificate, &encrypted, &encrypted, "not encrypted"),
        (&certificate, &cut, &cut, "is not well-formed PEM"),
        (&certificate, &wrong, &wrong, "is not well-formed PEM"),
    ] {
        let said = refused(certificate, key);
        assert!(said.contains(why) && said.contains(named.to_str().unwrap()), "{why}: {said}");
    }
}

#[test]
fn it_wants_both_files_or_none() {
    for (given, wanted) in [("--tls-cert", "--tls-key"), ("--tls-key", "--tls-cert")] {
        let output = phantomdb(&["serve", "--memory", given, "x.pem"]).output().unwrap();
        assert_eq!(output.status.code(), Some(2));
        let said = String::from_utf8(output.stderr).unwrap();
        assert!(said.contains(wanted) && said.contains("required"), "{said}");
    }
}
