//! The client against real servers, embedded engines, and servers that misbehave.
#![allow(clippy::unwrap_used, clippy::panic, reason = "a test fails by panicking, in its helpers too")]

use std::{
    net::SocketAddr,
    path::PathBuf,
    sync::{
        Arc,
        atomic::{AtomicU32, Ordering},
    },
    time::{Duration, Instant},
};

use phantomdb_client::{Client, ClientOptions};
use phantomdb_engine_sqlite::SqliteEngine;
use phantomdb_protocol::{
    BeginTransaction, Call, CallContext, DeleteRows, Error, ErrorCode, Find, InsertRows, Statement,
    TableName, UnreachableReason, UpdateRows,
};
use phantomdb_server::http::{HttpOptions, HttpServer, router};
use phantomdb_server::tokens::Tokens;
use phantomdb_service::{Service, ServiceOptions};
use serde_json::{Value as Json, json};
use tokio::{
    io::{AsyncReadExt as _, AsyncWriteExt as _},
    net::{TcpListener, TcpStream},
};

const APP: &str = "app";

fn tokens_of(tokens: Vec<String>) -> Arc<Tokens> {
    if tokens.is_empty() { Arc::default() } else { Tokens::of(tokens) }
}

async fn server(tokens: Vec<String>) -> SocketAddr {
    let service = Service::new(Arc::new(SqliteEngine::memory()), ServiceOptions::default());
    let router =
        router(HttpServer::new(service, HttpOptions { tokens: tokens_of(tokens), ..HttpOptions::default() }));
    let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
    let address = listener.local_addr().unwrap();
    tokio::spawn(async move { axum::serve(listener, router).await });
    address
}

fn client(url: &str) -> Client {
    Client::new(url, ClientOptions::default()).unwrap()
}

fn client_of(address: SocketAddr) -> Client {
    client(&format!("http://{address}"))
}

fn query(sql: &str) -> Call {
    let statement = Statement { query: sql.into(), parameters: vec![], ..Statement::default() };
    Call::Query { database: APP.into(), statement }
}

fn reading() -> CallContext {
    CallContext { read_only: true, ..CallContext::default() }
}

async fn run(client: &Client, call: Call) -> Result<Json, Error> {
    run_in(client, call, CallContext::default()).await
}

async fn run_in(client: &Client, call: Call, context: CallContext) -> Result<Json, Error> {
    let text = client.call(call, context).await?;
    Ok(if text.is_empty() { Json::Null } else { serde_json::from_str(&text).unwrap() })
}

async fn with_users(client: &Client) {
    let table = serde_json::from_value(json!({ "table": { "name": "users" }, "columns": [
        { "name": "id", "type": "INTEGER", "primaryKey": true, "autoIncrement": true },
        { "name": "name", "type": "TEXT" },
    ] }));
    run(client, Call::CreateTable { database: APP.into(), table: table.unwrap() }).await.unwrap();
}

fn insert(name: &str) -> Call {
    let insert: InsertRows = serde_json::from_value(json!({ "rows": [{ "name": name }] })).unwrap();
    Call::InsertRows { database: APP.into(), table: TableName::new("users"), insert }
}

fn find(condition: &str) -> Call {
    let find = Find { condition: Some(condition.into()), ..Find::default() };
    Call::Find { database: APP.into(), table: TableName::new("users"), find }
}

async fn count(client: &Client) -> u64 {
    let answer = run_in(client, query(r#"SELECT count(*) FROM "users""#), reading()).await.unwrap();
    answer["rows"][0][0].as_u64().unwrap()
}

struct Directory(PathBuf);

impl Directory {
    fn new(name: &str) -> Self {
        let path = std::env::temp_dir().join(format!("phantomdb-client-{name}-{}", std::process::id()));
        let _ = std::fs::remove_dir_all(&path);
        Self(path)
    }

    fn url(&self) -> String {
        format!("file:{}", self.0.display())
    }
}

impl Drop for Directory {
    fn drop(&mut self) {
        let _ = std::fs::remove_dir_all(&self.0);
    }
}

/// Makes every kind of call. The answers must not depend on the connection string.
async fn tour(client: &Client) -> Vec<Json> {
    with_users(client).await;
    let mut answers = Vec::new();
    let database = || APP.to_owned();
    let users = || TableName::new("users");
    let update: UpdateRows =
        serde_json::from_value(json!({ "data": { "name": "C" }, "condition": "name = 'B'" })).unwrap();
    let delete = DeleteRows { condition: Some("name = 'A'".into()), all: false };
    for call in [
        insert("A"),
        insert("B & ü"),
        insert("B"),
        find("name LIKE 'B%'"),
        find(&format!("name = 'B & ü' OR name = '{}'", "x".repeat(10_000))),
        Call::UpdateRows { database: database(), table: users(), update },
        Call::DeleteRows { database: database(), table: users(), delete },
        query(r#"SELECT * FROM "users" ORDER BY "id""#),
        Call::ListTables { database: database() },
        Call::ListDatabases,
        Call::DropTable { database: database(), table: users(), if_exists: true },
    ] {
        answers.push(run(client, call).await.unwrap());
    }
    let arrays = CallContext { rows_as_arrays: true, ..CallContext::default() };
    for call in [find("name = 1"), query("SELECT FROM WHERE"), find("1=1; DROP TABLE users")] {
        let mut error = run_in(client, call, arrays.clone()).await.unwrap_err();
        assert!(error.request_id.take().is_some());
        answers.push(serde_json::to_value(error).unwrap());
    }
    answers
}

#[tokio::test]
async fn it_answers_the_same_over_http_in_memory_and_on_disk() {
    let directory = Directory::new("tour");
    let served = client_of(server(vec![]).await);
    let (memory, disk) = (client("memory:"), client(&directory.url()));
    let answers = tour(&served).await;
    assert_eq!(answers, tour(&memory).await);
    assert_eq!(answers, tour(&disk).await);
    disk.close().await.unwrap();
}

#[tokio::test]
async fn it_keeps_what_is_on_disk_when_closed() {
    let directory = Directory::new("keep");
    let first = client(&directory.url());
    with_users(&first).await;
    run(&first, insert("A")).await.unwrap();
    first.close().await.unwrap();
    let again = client(&directory.url());
    assert_eq!(count(&again).await, 1);
    again.close().await.unwrap();
}

#[tokio::test]
async fn it_shares_a_named_memory_while_anyone_uses_it_and_a_private_one_never() {
    let (first, second) = (client("memory:shared-test"), client("memory:shared-test"));
    with_users(&first).await;
    run(&second, insert("A")).await.unwrap();
    first.close().await.unwrap();
    assert_eq!(count(&second).await, 1);
    second.close().await.unwrap();
    let third = client("memory:shared-test");
    assert_eq!(run(&third, find("1=1")).await.unwrap_err().code, ErrorCode::UnknownTable);
    let (one, other) = (client("memory:"), client("memory:"));
    with_users(&one).await;
    assert_eq!(run(&other, find("1=1")).await.unwrap_err().code, ErrorCode::UnknownTable);
}

#[tokio::test]
async fn it_shares_a_directory_however_it_is_written() {
    let directory = Directory::new("shared");
    let roundabout = format!("file:{}/x/..", directory.0.display());
    std::fs::create_dir_all(directory.0.join("x")).unwrap();
    let (first, second) = (client(&directory.url()), client(&roundabout));
    with_users(&first).await;
    run(&second, insert("A")).await.unwrap();
    assert_eq!(count(&first).await, 1);
    first.close().await.unwrap();
    second.close().await.unwrap();
}

#[tokio::test]
async fn it_rolls_back_on_close_and_keeps_others_out_of_its_transactions() {
    let (first, second) = (client("memory:owners"), client("memory:owners"));
    with_users(&first).await;
    let begin = BeginTransaction { database: APP.into(), ..BeginTransaction::default() };
    let begun = run(&first, Call::BeginTransaction(begin)).await.unwrap();
    let id = begun["transaction_id"].as_str().map(str::to_owned);
    let within = CallContext { transaction: id, ..CallContext::default() };
    run_in(&first, insert("A"), within.clone()).await.unwrap();
    let other = run_in(&second, insert("B"), within).await.unwrap_err();
    assert_eq!(other.code, ErrorCode::TransactionExpired);
    first.close().await.unwrap();
    assert_eq!(count(&second).await, 0);
    run(&second, insert("B")).await.unwrap();
}

#[tokio::test]
async fn it_makes_the_database_unless_told_not_to() {
    let address = server(vec![]).await;
    for url in [format!("http://{address}"), "memory:".into()] {
        let options = ClientOptions { create_database: false, ..ClientOptions::default() };
        let careful = Client::new(&url, options).unwrap();
        let error = run(&careful, query("SELECT 1")).await.unwrap_err();
        assert_eq!(error.code, ErrorCode::UnknownDatabase, "{url}");
        let (a, b) = (query("SELECT 1"), query("SELECT 2"));
        let eager = client(&url);
        let (a, b) = tokio::join!(run(&eager, a), run(&eager, b));
        assert_eq!((a.is_ok(), b.is_ok()), (true, true), "{url}");
        run(&eager, Call::DropDatabase { name: APP.into() }).await.unwrap();
        assert!(run(&eager, query("SELECT 3")).await.is_ok(), "and makes it again on {url}");
    }
}

#[cfg(unix)]
#[tokio::test]
async fn it_makes_a_directory_for_databases_only_and_for_nobody_else() {
    use std::os::unix::fs::PermissionsExt as _;
    let place = phantomdb_testing::Directory::new();
    let path = place.0.join("data");
    let options = ClientOptions { create_database: false, ..ClientOptions::default() };
    let careful = Client::new(&format!("file:{}", path.display()), options).unwrap();
    for call in [query("SELECT 1"), Call::ListDatabases, Call::DropDatabase { name: APP.into() }] {
        let error = run(&careful, call).await.unwrap_err();
        assert_eq!(error.code, ErrorCode::UnknownDatabase);
        assert!(error.message.contains("there is no directory"), "{}", error.message);
    }
    assert!(!path.exists());
    let create = Call::CreateDatabase { name: APP.into(), if_not_exists: false, template: None };
    run(&careful, create).await.unwrap();
    run(&careful, query("SELECT 1")).await.unwrap();
    assert_eq!(path.metadata().unwrap().permissions().mode() & 0o777, 0o700);
}

#[tokio::test]
async fn it_fails_every_call_after_close() {
    for client in [client_of(server(vec![]).await), client("memory:"), client("memory:closed")] {
        run(&client, query("SELECT 1")).await.unwrap();
        client.close().await.unwrap();
        client.close().await.unwrap();
        let error = run(&client, query("SELECT 1")).await.unwrap_err();
        assert_eq!(
            (error.code, error.details.reason),
            (ErrorCode::Unavailable, Some(UnreachableReason::Closed))
        );
    }
}

#[tokio::test]
async fn it_says_why_a_server_cannot_be_reached() {
    let free = TcpListener::bind("127.0.0.1:0").await.unwrap().local_addr().unwrap();
    let quick = || ClientOptions { retries: 1, request_timeout_ms: 1_000, ..ClientOptions::default() };
    for (url, reason) in [
        (format!("http://{free}"), UnreachableReason::Refused),
        ("http://no-such-host.invalid:1".into(), UnreachableReason::HostNotFound),
    ] {
        let client = Client::new(&url, quick()).unwrap();
        let error = run(&client, query("SELECT 1")).await.unwrap_err();
        assert_eq!(error.code, ErrorCode::Unavailable);
        assert_eq!(error.details.reason, Some(reason), "{}", error.message);
        assert!(error.message.contains(&url), "{}", error.message);
    }
}

#[tokio::test]
async fn it_sends_the_token_and_never_shows_it() {
    let address = server(vec!["s3cret".into()]).await;
    let with = |token: &str| {
        let options = ClientOptions { token: Some(token.into()), ..ClientOptions::default() };
        Client::new(&format!("http://{address}"), options)
    };
    run(&with("s3cret").unwrap(), query("SELECT 1")).await.unwrap();
    let error = run(&with("s3cres").unwrap(), query("SELECT 1")).await.unwrap_err();
    assert_eq!(error.code, ErrorCode::Unauthorized);
    assert!(!format!("{error:?}").contains("s3cre"));
    assert!(!format!("{:?}", with("s3cret\n").err().unwrap()).contains("s3cre"));
}

/// A server that answers every request with this text, and counts them.
async fn canned(answer: &'static str) -> (Client, Arc<AtomicU32>) {
    let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
    let (address, requests) = (listener.local_addr().unwrap(), Arc::new(AtomicU32::new(0)));
    let counted = Arc::clone(&requests);
    tokio::spawn(async move {
        while let Ok((mut socket, _)) = listener.accept().await {
            let counted = Arc::clone(&counted);
            tokio::spawn(async move {
                let mut buffer = [0; 65_536];
                while matches!(socket.read(&mut buffer).await, Ok(read) if read > 0) {
                    counted.fetch_add(1, Ordering::SeqCst);
                    if answer.is_empty() || socket.write_all(answer.as_bytes()).await.is_err() {
                        return;
                    }
                }
            });
        }
    });
    let options = ClientOptions { retries: 2, request_timeout_ms: 5_000, ..ClientOptions::default() };
    (Client::new(&format!("http://{address}"), options).unwrap(), requests)
}

#[tokio::test]
async fn it_names_the_status_of_an_answer_that_is_not_phantomdbs() {
    let (client, requests) =
        canned("HTTP/1.1 502 Bad Gateway\r\ncontent-type: text/html\r\ncontent-length: 4\r\n\r\n<p/>").await;
    let error = run(&client, query("SELECT 1")).await.unwrap_err();
    assert_eq!(error.code, ErrorCode::Unavailable);
    assert!(error.message.contains("502"), "{}", error.message);
    assert_eq!(requests.load(Ordering::SeqCst), 3);

    let (client, requests) =
        canned("HTTP/1.1 200 OK\r\ncontent-type: text/html\r\ncontent-length: 4\r\n\r\n<p/>").await;
    let error = run(&client, query("SELECT 1")).await.unwrap_err();
    assert!(error.message.contains("200"), "{}", error.message);
    assert_eq!(requests.load(Ordering::SeqCst), 1);
}

#[tokio::test]
async fn it_never_repeats_a_call_of_a_transaction() {
    let (client, requests) = canned("").await;
    let within = CallContext { transaction: Some("t".into()), ..reading() };
    let error = run_in(&client, query("SELECT 1"), within).await.unwrap_err();
    assert_eq!(error.details.reason, Some(UnreachableReason::Closed), "{}", error.message);
    assert_eq!(requests.load(Ordering::SeqCst), 1);
}

#[tokio::test]
async fn it_waits_as_long_as_the_server_asks() {
    let body = "HTTP/1.1 429 Too Many Requests\r\nretry-after: 1\r\ncontent-type: application/json\r\n\
                content-length: 46\r\n\r\n{\"code\":\"TOO_MANY_REQUESTS\",\"message\":\"later\"}";
    let (client, requests) = canned(body).await;
    let start = Instant::now();
    let error = run_in(&client, query("SELECT 1"), reading()).await.unwrap_err();
    assert_eq!(error.code, ErrorCode::TooManyRequests);
    assert_eq!(requests.load(Ordering::SeqCst), 3);
    assert!(start.elapsed() >= Duration::from_secs(2));
}

#[tokio::test]
async fn it_gives_up_when_no_answer_comes_in_time() {
    let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
    let url = format!("http://{}", listener.local_addr().unwrap());
    let options = ClientOptions { request_timeout_ms: 200, ..ClientOptions::default() };
    let client = Client::new(&url, options).unwrap();
    let start = Instant::now();
    let error = run_in(&client, query("SELECT 1"), reading()).await.unwrap_err();
    assert_eq!(error.details.reason, Some(UnreachableReason::TimedOut), "{}", error.message);
    assert!(start.elapsed() < Duration::from_secs(20));
}

/// Between client and server; of every three connections it cuts two, each after its third request went through and
/// before the answer to it.
async fn cutting_proxy(server: SocketAddr) -> SocketAddr {
    let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
    let address = listener.local_addr().unwrap();
    tokio::spawn(async move {
        let mut number = 0;
        while let Ok((mut near, _)) = listener.accept().await {
            number += 1;
            let cut = number % 3 != 0;
            tokio::spawn(async move {
                let mut far = TcpStream::connect(server).await.unwrap();
                let mut buffer = vec![0; 65_536];
                let mut exchanges = 0;
                while let Ok(read @ 1..) = near.read(&mut buffer).await {
                    far.write_all(&buffer[..read]).await.unwrap();
                    let read = far.read(&mut buffer).await.unwrap();
                    exchanges += 1;
                    if cut && exchanges == 3 || near.write_all(&buffer[..read]).await.is_err() {
                        return;
                    }
                }
            });
        }
    });
    address
}

#[tokio::test]
async fn it_fetches_the_answer_of_a_write_that_was_lost_and_never_writes_twice() {
    let server = server(vec![]).await;
    let direct = client_of(server);
    with_users(&direct).await;
    let cut = client_of(cutting_proxy(server).await);
    for number in 0..60 {
        run(&cut, insert(&number.to_string())).await.unwrap();
    }
    assert_eq!(count(&direct).await, 60);
}
