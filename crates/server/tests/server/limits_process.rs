//! The limits of the process: connections, files, memory and what callers do slowly.
#![cfg(target_os = "linux")]

use std::{
    io::{Read as _, Write as _},
    net::TcpStream,
    time::{Duration, Instant},
};

use crate::common::process::{Directory, Served, serve};
use serde_json::json;

/// The files that the process has open.
fn open_files(served: &Served) -> usize {
    std::fs::read_dir(format!("/proc/{}/fd", served.child.id())).unwrap().count()
}

/// The most memory that the process has had, in MB.
fn peak_memory(served: &Served) -> u64 {
    let status = std::fs::read_to_string(format!("/proc/{}/status", served.child.id())).unwrap();
    let line = status.lines().find_map(|line| line.strip_prefix("VmHWM:")).unwrap();
    line.trim().trim_end_matches(" kB").trim().parse::<u64>().unwrap() / 1024
}

fn connect(served: &Served) -> TcpStream {
    let stream = TcpStream::connect(served.caller.address).unwrap();
    stream.set_read_timeout(Some(Duration::from_secs(10))).unwrap();
    stream
}

/// What the server sends until it closes the connection, and how long that takes.
fn until_closed(mut stream: TcpStream) -> (String, Duration) {
    let (start, mut bytes) = (Instant::now(), Vec::new());
    if let Err(error) = stream.read_to_end(&mut bytes) {
        assert_eq!(error.kind(), std::io::ErrorKind::ConnectionReset, "still open: {error}");
    }
    (String::from_utf8_lossy(&bytes).into_owned(), start.elapsed())
}

#[tokio::test]
async fn slow_and_idle_callers_lose_their_connections() {
    let served =
        serve(&["--memory", "--header-timeout", "500", "--body-timeout", "600", "--idle-timeout", "1500"]);
    let path = "POST /databases HTTP/1.1\r\nhost: localhost\r\ncontent-type: application/json\r\n";
    let mut half_header = connect(&served);
    half_header.write_all(b"GET / HTTP/1.1\r\nX: ").unwrap();
    let (answer, time) = until_closed(half_header);
    assert!(answer.is_empty() && time < Duration::from_secs(3), "{answer} {time:?}");

    let mut half_body = connect(&served);
    half_body.write_all(format!("{path}content-length: 100\r\n\r\n{{").as_bytes()).unwrap();
    let (answer, _) = until_closed(half_body);
    assert!(answer.starts_with("HTTP/1.1 408") && answer.contains("--body-timeout"), "{answer}");

    let (answer, time) = until_closed(connect(&served));
    assert!(answer.is_empty() && time >= Duration::from_millis(1_000), "{answer} {time:?}");

    // A caller that asks again and again stays.
    for _ in 0..4 {
        served.caller.get("/databases").await.ok(200);
        tokio::time::sleep(Duration::from_millis(600)).await;
    }
    let http2 = crate::common::Caller::http2(served.caller.address);
    for _ in 0..2 {
        http2.get("/databases").await.ok(200);
        tokio::time::sleep(Duration::from_millis(2_000)).await;
    }
}

#[tokio::test]
async fn a_caller_that_takes_no_answer_loses_its_connection() {
    let served = serve(&["--memory", "--write-timeout", "700"]);
    served.caller.send("POST", "/databases", json!({ "name": "app" })).await.ok(201);
    let body = json!({ "query": "SELECT repeat('x', 20000000)" }).to_string();
    let mut stream = connect(&served);
    let head = format!(
        "POST /databases/app/query HTTP/1.1\r\nhost: localhost\r\ncontent-type: application/json\r\ncontent-length: {}\r\n\r\n",
        body.len()
    );
    stream.write_all((head + &body).as_bytes()).unwrap();
    // The answer has begun.
    stream.set_read_timeout(Some(Duration::from_secs(60))).unwrap();
    stream.peek(&mut [0]).unwrap();
    tokio::time::sleep(Duration::from_secs(3)).await;
    stream.set_read_timeout(Some(Duration::from_secs(10))).unwrap();
    let (answer, _) = until_closed(stream);
    assert!(answer.starts_with("HTTP/1.1 200") && answer.len() < 20_000_000, "{} bytes came", answer.len());
    served.caller.query("SELECT 1").await.ok(200);
}

/// A frame of HTTP/2.
fn frame(kind: u8, flags: u8, stream: u32, payload: &[u8]) -> Vec<u8> {
    let length = u32::try_from(payload.len()).unwrap().to_be_bytes();
    [&length[1..], &[kind, flags], &stream.to_be_bytes(), payload].concat()
}

/// How a connection of HTTP/2 begins.
fn http2_beginning() -> Vec<u8> {
    [b"PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n".to_vec(), frame(4, 0, 0, &[])].concat()
}

#[tokio::test]
async fn pings_do_not_keep_an_answer_that_nobody_takes() {
    let served = serve(&["--memory", "--write-timeout", "700"]);
    let mut stream = connect(&served);
    // SETTINGS with no room for an answer, then HEADERS of `GET /openapi.json` to `localhost`.
    let headers = b"\x82\x86\x04\x0d/openapi.json\x01\x09localhost";
    let begin = [
        b"PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n".to_vec(),
        frame(4, 0, 0, &[0, 4, 0, 0, 0, 0]),
        frame(1, 5, 1, headers),
    ];
    stream.write_all(&begin.concat()).unwrap();
    stream.set_read_timeout(Some(Duration::from_millis(200))).unwrap();
    let (start, mut bytes) = (Instant::now(), [0; 4096]);
    while stream.write_all(&frame(6, 0, 0, b"12345678")).is_ok() {
        match stream.read(&mut bytes) {
            Ok(0) => break,
            Err(error) if error.kind() == std::io::ErrorKind::ConnectionReset => break,
            _ => {}
        }
        assert!(start.elapsed() < Duration::from_secs(20), "the connection is still open");
        tokio::time::sleep(Duration::from_millis(50)).await;
    }
    assert!(start.elapsed() >= Duration::from_millis(600), "it was closed at once");
}

/// Sends bytes again and again, and reads what comes back, until the server closes the connection or all are sent. Returns the
/// number of bytes that were sent.
fn flood(mut stream: TcpStream, mut next: impl FnMut() -> Option<Vec<u8>>) -> usize {
    let mut reading = stream.try_clone().unwrap();
    let reader = std::thread::spawn(move || std::io::copy(&mut reading, &mut std::io::sink()).ok());
    let mut sent = 0;
    while let Some(bytes) = next() {
        if stream.write_all(&bytes).is_err() {
            break;
        }
        sent += bytes.len();
    }
    stream.shutdown(std::net::Shutdown::Both).ok();
    reader.join().unwrap();
    sent
}

#[tokio::test]
async fn streams_that_are_reset_at_once_keep_nobody_waiting() {
    let served = serve(&["--memory"]);
    let mut stream = connect(&served);
    stream.write_all(&http2_beginning()).unwrap();
    let before = peak_memory(&served);
    let mut streams = (0..50_000u32).map(|number| 2 * number + 1);
    // HEADERS of `GET /databases` to `localhost`, and RST_STREAM.
    let headers = b"\x82\x86\x04\x0a/databases\x01\x09localhost";
    let flooding = tokio::task::spawn_blocking(move || {
        flood(stream, || {
            let number = streams.next()?;
            Some([frame(1, 5, number, headers), frame(3, 0, number, &[0, 0, 0, 8])].concat())
        })
    });
    while !flooding.is_finished() {
        served.caller.get("/databases").await.ok(200);
    }
    flooding.await.unwrap();
    served.caller.get("/databases").await.ok(200);
    let after = peak_memory(&served);
    assert!(after < before + 100, "{before} MB, then {after} MB");
}

#[tokio::test]
async fn headers_over_http2_without_an_end_close_the_connection() {
    let served = serve(&["--memory"]);
    let mut stream = connect(&served);
    stream.write_all(&http2_beginning()).unwrap();
    let before = peak_memory(&served);
    // HEADERS of `GET /` that are not complete, and CONTINUATION after CONTINUATION with one more field.
    let field = [b"\x00\x01x\x7f\x81\x01".to_vec(), vec![b'y'; 256]].concat();
    let mut parts = std::iter::once(frame(1, 1, 1, b"\x82\x86\x84"))
        .chain(std::iter::repeat_with(move || frame(9, 0, 1, &field)))
        .take(400_000);
    let sent = tokio::task::spawn_blocking(move || flood(stream, || parts.next())).await.unwrap();
    assert!(sent < 50_000_000, "{sent} bytes were taken");
    served.caller.get("/databases").await.ok(200);
    let after = peak_memory(&served);
    assert!(after < before + 100, "{before} MB, then {after} MB");
}

#[tokio::test]
async fn there_are_no_more_connections_than_may_be() {
    let served = serve(&["--memory", "--connections-max", "3"]);
    let held: Vec<TcpStream> = (0..3).map(|_| connect(&served)).collect();
    tokio::time::sleep(Duration::from_millis(200)).await;
    let (answer, _) = until_closed(connect(&served));
    assert!(answer.starts_with("HTTP/1.1 503") && answer.contains("--connections-max"), "{answer}");
    drop(held);
    tokio::time::sleep(Duration::from_millis(200)).await;
    served.caller.get("/databases").await.ok(200);
}

#[tokio::test]
async fn files_are_opened_when_they_are_needed_and_closed_when_not() {
    let directory = Directory::new("files");
    let served = serve(&["--data", directory.path(), "--database-idle-timeout", "400", "--open-files", "90"]);
    let caller = crate::common::Caller::new(served.caller.address).with_users().await;
    let before = open_files(&served);
    let mut ids = Vec::new();
    for _ in 0..9 {
        ids.push(caller.begin(json!({})).await);
    }
    assert!(open_files(&served) <= before + 3, "a transaction without a statement opens nothing");
    caller
        .send("POST", "/transactions", json!({ "database": "app" }))
        .await
        .refused_with(429, "TOO_MANY_REQUESTS");
    for id in &ids {
        caller.query_in(id, "SELECT count(*) FROM users").await.ok(200);
        caller.rollback(id).await.ok(204);
    }
    for number in 0..15 {
        caller.send("POST", "/databases", json!({ "name": format!("d{number}") })).await.ok(201);
        let query = json!({ "query": "SELECT 1" });
        caller.send("POST", &format!("/databases/d{number}/query"), query).await.ok(200);
    }
    let with_databases = open_files(&served);
    tokio::time::sleep(Duration::from_millis(900)).await;
    caller.query("SELECT 1").await.ok(200);
    tokio::time::sleep(Duration::from_millis(300)).await;
    let after = open_files(&served);
    assert!(after + 15 <= with_databases, "{with_databases} files, then {after}");
    caller.send("POST", "/databases/d3/query", json!({ "query": "SELECT 1" })).await.ok(200);
}

#[tokio::test]
async fn running_out_of_files_is_said_and_passes() {
    let directory = Directory::new("out-of-files");
    let served = serve(&["--data", directory.path(), "--open-files", "64", "--transactions-max", "60"]);
    let caller = crate::common::Caller::new(served.caller.address).with_users().await;
    let mut refused = None;
    let mut ids = Vec::new();
    for _ in 0..40 {
        let id = caller.begin(json!({})).await;
        let answer = caller.query_in(&id, "SELECT count(*) FROM users").await;
        ids.push(id);
        if answer.status != 200 {
            refused = Some(answer);
            break;
        }
    }
    let refused = refused.unwrap();
    refused.refused_with(503, "UNAVAILABLE");
    assert!(refused.text.contains("--open-files"), "{}", refused.text);
    for id in ids {
        caller.rollback(&id).await.ok(204);
    }
    assert_eq!(caller.count().await, 2);
}

#[tokio::test]
async fn memory_is_bounded() {
    let directory = Directory::new("memory");
    let served = serve(&["--data", directory.path(), "--sqlite-heap-max", "60000000"]);
    let caller = crate::common::Caller::new(served.caller.address).with_users().await;
    let sums = caller.query(&format!("SELECT {}1", "1+".repeat(8_000_000))).await;
    sums.refused_with(413, "TOO_LARGE");
    assert!(peak_memory(&served) < 400, "{} MB for a long statement", peak_memory(&served));
    let distinct = caller
        .query("SELECT count(*) FROM (SELECT DISTINCT repeat('x', 500) || i FROM generate_series(1, 300000) AS s(i)) AS d")
        .await;
    distinct.refused_with(413, "TOO_LARGE");
    assert!(distinct.text.contains("--sqlite-heap-max"), "{}", distinct.text);
    assert!(peak_memory(&served) < 500, "{} MB", peak_memory(&served));
    assert_eq!(caller.count().await, 2);
    caller.query(r#"INSERT INTO "users" ("firstName") VALUES ('X')"#).await.ok(200);
}
