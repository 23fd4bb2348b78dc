//! Connections to a PostgreSQL server that accepts nobody without TLS.

use std::{
    path::PathBuf,
    sync::{Arc, Mutex, Weak},
    time::Duration,
};

use phantomdb_engine::{Engine as _, Session};
use phantomdb_engine_postgres::{PostgresEngine, PostgresOptions};
use phantomdb_protocol::{Error, ErrorCode, Statement};
use phantomdb_testing::{
    Directory,
    certificates::Authority,
    postgres::{Server, postgres_url, start_with_tls_only},
    statement,
};

/// A server whose certificate is for `localhost`.
struct Secured {
    server: Server,
    /// The file of the authority that signed it.
    root: PathBuf,
    /// The file of another authority.
    other: PathBuf,
    _directory: Directory,
}

impl Secured {
    /// The URL of the server with this host.
    fn url(&self, host: &str, query: &str) -> String {
        let url = self.server.url.replace("127.0.0.1", host);
        let root = |path: &PathBuf| path.to_str().unwrap().replace('/', "%2F");
        format!("{url}?{}", query.replace("ROOT", &root(&self.root)).replace("OTHER", &root(&self.other)))
    }
}

/// The server for all tests that run at the same time. It stops with the last of them.
fn secured() -> Arc<Secured> {
    static SECURED: Mutex<Weak<Secured>> = Mutex::new(Weak::new());
    let mut current = SECURED.lock().unwrap();
    if let Some(secured) = current.upgrade() {
        return secured;
    }
    let (authority, directory) = (Authority::new("one"), Directory::new());
    let (certificate, key) = authority.server(&["localhost"]).write(&directory.0);

    let server = start_with_tls_only(&certificate, &key);
    let (root, other) = (directory.0.join("root.pem"), directory.0.join("other.pem"));
    std::fs::write(&root, authority.pem()).unwrap();
    std::fs::write(&other, Authority::new("other").pem()).unwrap();
    let secured = Arc::new(Secured { server, root, other, _directory: directory });
    *current = Arc::downgrade(&secured);
    secured
}

fn open(url: &str) -> Result<PostgresEngine, Error> {
    PostgresEngine::open(url, PostgresOptions::default())
}

/// The reason why the connection fails. The error names no host and no password.
async fn refused(url: &str) -> String {
    let error = open(url).unwrap().version().await.unwrap_err();
    assert_eq!(error.code, ErrorCode::Unavailable, "{error:?}");
    for secret in ["localhost", "127.0.0.1", "phantomdb:", "root.pem"] {
        assert!(!error.message.contains(secret), "{}", error.message);
    }
    error.message
}

#[tokio::test(flavor = "multi_thread")]
async fn it_connects_over_tls_as_sslmode_says() {
    let secured = secured();
    for (host, query) in [
        ("127.0.0.1", ""),
        ("127.0.0.1", "sslmode=prefer"),
        ("127.0.0.1", "sslmode=require"),
        ("127.0.0.1", "sslmode=require&sslrootcert=ROOT"),
        ("127.0.0.1", "sslmode=verify-ca&sslrootcert=ROOT"),
        ("localhost", "sslmode=verify-full&sslrootcert=ROOT"),
        ("127.0.0.1", "sslmode=require&channel_binding=require"),
    ] {
        let engine = open(&secured.url(host, query)).unwrap();
        let session = engine.database("postgres").await.unwrap_or_else(|error| panic!("{query}: {error}"));
        let sql = "SELECT ssl FROM pg_stat_ssl WHERE pid = pg_backend_pid()";
        let question = Statement { query: sql.into(), native: true, ..Statement::default() };
        assert_eq!(session.execute(question).await.unwrap().rows.get(), "[[true]]", "{query}");
        engine.close().await.unwrap();
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn the_error_says_why_a_server_is_not_trusted() {
    let secured = secured();
    let untrusted = "its certificate is signed by nobody who is trusted here";
    for (host, query, why) in [
        ("127.0.0.1", "sslmode=verify-full&sslrootcert=ROOT", "its certificate is for another name"),
        ("localhost", "sslmode=verify-full&sslrootcert=OTHER", untrusted),
        ("localhost", "sslmode=verify-ca&sslrootcert=OTHER", untrusted),
        ("localhost", "sslmode=require&sslrootcert=OTHER", untrusted),
        ("localhost", "sslmode=verify-full", untrusted),
        ("localhost", "sslrootcert=system", untrusted),
    ] {
        let message = refused(&secured.url(host, query)).await;
        assert!(message.contains(why) && message.contains("sslrootcert"), "{query}: {message}");
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn the_error_says_when_only_one_side_wants_tls() {
    let message = refused(&secured().url("127.0.0.1", "sslmode=disable")).await;
    assert!(message.contains("without TLS") && message.contains("sslmode=require"), "{message}");
    let message = refused(&format!("{}?sslmode=require", postgres_url())).await;
    assert!(message.contains("it offers no TLS"), "{message}");
    let engine = open(&format!("{}?sslmode=prefer", postgres_url())).unwrap();
    assert!(engine.version().await.unwrap().starts_with("PostgreSQL"));
}

#[tokio::test(flavor = "multi_thread")]
async fn it_refuses_an_unusable_root_certificate_when_it_starts() {
    let directory = Directory::new();
    std::fs::create_dir_all(&directory.0).unwrap();
    let file = |name: &str, text: &str| {
        let path = directory.0.join(name);
        std::fs::write(&path, text).unwrap();
        path
    };
    for (path, why) in [
        (directory.0.join("missing.pem"), "cannot be read"),
        (file("empty.pem", ""), "holds no certificate"),
        (file("broken.pem", "-----BEGIN CERTIFICATE-----\n"), "is not well-formed PEM"),
    ] {
        let path = path.to_str().unwrap();
        let error = open(&format!("postgres://h/d?sslmode=verify-full&sslrootcert={path}")).err().unwrap();
        assert_eq!(error.code, ErrorCode::BadRequest);
        assert!(error.message.contains(path) && error.message.contains(why), "{}", error.message);
    }
}

/// Waits until the statement runs, or until it has stopped.
async fn until_asleep(session: &dyn Session, asleep: bool) {
    let sql = "SELECT count(*) FROM pg_stat_activity WHERE query LIKE '%pg_sleep(60)%' AND state = 'active' \
               AND pid <> pg_backend_pid()";
    let asked = async {
        let expected = format!("[[{}]]", i32::from(asleep));
        let question = Statement { query: sql.into(), native: true, ..Statement::default() };
        while session.execute(question.clone()).await.unwrap().rows.get() != expected {
            tokio::time::sleep(Duration::from_millis(20)).await;
        }
    };
    tokio::time::timeout(Duration::from_secs(10), asked).await.unwrap();
}

#[tokio::test(flavor = "multi_thread")]
async fn a_statement_is_cancelled_over_tls_too() {
    let secured = secured();
    let engine = open(&secured.url("localhost", "sslmode=verify-full&sslrootcert=ROOT")).unwrap();
    let session = engine.database("postgres").await.unwrap();
    let sleeper = Arc::clone(&session);
    let waiting = tokio::spawn(async move { sleeper.execute(statement("SELECT pg_sleep(60)", &[])).await });
    until_asleep(&*session, true).await;
    waiting.abort();
    until_asleep(&*session, false).await;
    engine.close().await.unwrap();
}
