//! Web pages, which a browser lets send requests to any server, and what they can do here.

use crate::common::{Answer, Caller, server, server_with};
use phantomdb_server::{
    http::{HttpOptions, WebAccess, origin},
    tokens::Tokens,
};
use phantomdb_service::ServiceOptions;

const EVIL: &str = "https://evil.example";
const APP: &str = "https://app.example.org";
const QUERY: &str = "/databases/app/query";

fn drop_users() -> Vec<u8> {
    br#"{"query":"DROP TABLE users"}"#.to_vec()
}

async fn with_app() -> Caller {
    let web = WebAccess::default().with_origins([origin(APP).unwrap()]);
    let options = HttpOptions { web, ..HttpOptions::default() };
    server_with(ServiceOptions::default(), options).await.with_users().await
}

/// An answer without a word about origins, with which a browser keeps the page from reading it.
#[track_caller]
fn is_hidden(answer: &Answer) {
    let cors = answer.headers.keys().find(|name| name.as_str().starts_with("access-control-"));
    assert!(cors.is_none(), "{cors:?}");
}

#[tokio::test]
async fn a_page_of_another_site_changes_and_reads_nothing() {
    let caller = server().await.with_users().await;
    for kind in ["text/plain", "application/x-www-form-urlencoded", "multipart/form-data", "application/json"]
    {
        for site in [vec![("origin", EVIL)], vec![("sec-fetch-site", "cross-site")], vec![("origin", "null")]]
        {
            let headers = [&site[..], &[("content-type", kind)]].concat();
            let answer = caller.raw("POST", QUERY, &headers, drop_users()).await;
            answer.refused_with(403, "FORBIDDEN");
            is_hidden(&answer);
        }
    }
    for site in ["cross-site", "same-site", "CROSS-SITE", "something-new"] {
        // An image, a script or a style of the page.
        let headers = [("sec-fetch-site", site), ("sec-fetch-mode", "no-cors")];
        caller.raw("GET", "/databases", &headers, vec![]).await.refused_with(403, "FORBIDDEN");
    }
    let two = [("origin", EVIL), ("origin", APP)];
    caller.raw("GET", "/databases", &two, vec![]).await.refused_with(403, "FORBIDDEN");
    // The user has typed the URL.
    caller.raw("GET", "/databases", &[("sec-fetch-site", "none")], vec![]).await.ok(200);
    assert_eq!(caller.count().await, 2);
}

#[tokio::test]
async fn it_answers_no_preflight_of_a_page_that_is_not_allowed() {
    for caller in [server().await, with_app().await] {
        let headers = [("origin", EVIL), ("access-control-request-method", "DELETE")];
        let answer = caller.raw("OPTIONS", "/databases/app", &headers, vec![]).await;
        answer.refused_with(403, "FORBIDDEN");
        is_hidden(&answer);
    }
}

#[tokio::test]
async fn a_name_that_was_given_the_address_of_the_server_reads_nothing() {
    let caller = server().await.with_users().await;
    let port = caller.address.port();
    for host in [
        "evil.example".to_owned(),
        format!("evil.example:{port}"),
        format!("localhost.evil.example:{port}"),
        format!("127.0.0.1.evil.example:{port}"),
        format!("user@localhost:{port}"),
        format!("0.0.0.0:{port}"),
        "localhost:evil".to_owned(),
    ] {
        for path in ["/databases", "/health", "/databases/app/tables/users"] {
            caller.raw("GET", path, &[("host", &host)], vec![]).await.refused_with(403, "FORBIDDEN");
        }
        caller.raw("POST", QUERY, &[("host", &host)], drop_users()).await.refused_with(403, "FORBIDDEN");
    }
    for host in
        [format!("localhost:{port}"), "localhost".to_owned(), format!("[::1]:{port}"), "127.0.0.1".to_owned()]
    {
        caller.raw("GET", "/databases", &[("host", &host)], vec![]).await.ok(200);
    }
    assert_eq!(caller.count().await, 2);
}

/// Sends the text and returns the status of the answer.
async fn status_of(caller: &Caller, request: &str) -> String {
    use tokio::io::{AsyncReadExt as _, AsyncWriteExt as _};
    let mut stream = tokio::net::TcpStream::connect(caller.address).await.unwrap();
    stream.write_all(request.as_bytes()).await.unwrap();
    let mut answer = vec![0; 12];
    stream.read_exact(&mut answer).await.unwrap();
    String::from_utf8(answer).unwrap()
}

#[tokio::test]
async fn a_second_host_or_one_in_the_url_counts_too() {
    let caller = server().await;
    for (request, status) in [
        ("GET /databases HTTP/1.1\r\nHost: localhost\r\nHost: evil.example\r\n\r\n", "403"),
        ("GET http://evil.example/databases HTTP/1.1\r\nHost: localhost\r\n\r\n", "403"),
        ("GET http://localhost/databases HTTP/1.1\r\nHost: localhost\r\n\r\n", "200"),
        // A load balancer that speaks HTTP/1.0. Browsers do not.
        ("GET /health HTTP/1.0\r\n\r\n", "200"),
    ] {
        assert_eq!(status_of(&caller, request).await[9..].to_owned(), status, "{request}");
    }
}

#[tokio::test]
async fn the_authority_of_http2_is_a_host() {
    let caller = server().await;
    let own = Caller::http2(caller.address);
    own.get("/databases").await.ok(200);
    let stream = tokio::net::TcpStream::connect(caller.address).await.unwrap();
    let io = hyper_util::rt::TokioIo::new(stream);
    let executor = hyper_util::rt::TokioExecutor::new();
    let (mut sender, connection) = hyper::client::conn::http2::handshake(executor, io).await.unwrap();
    tokio::spawn(connection);
    for (host, status) in [("localhost", 200), ("evil.example", 403), ("localhost.evil.example:80", 403)] {
        let request = http::Request::builder().uri(format!("http://{host}/databases"));
        let request = request.body(http_body_util::Empty::<bytes::Bytes>::new()).unwrap();
        assert_eq!(sender.send_request(request).await.unwrap().status(), status, "{host}");
    }
}

#[tokio::test]
async fn an_allowed_page_asks_calls_and_reads() {
    let caller = with_app().await;
    let asks = [
        ("origin", APP),
        ("access-control-request-method", "POST"),
        ("access-control-request-headers", "authorization,content-type,phantomdb-transaction"),
    ];
    let answer = caller.raw("OPTIONS", QUERY, &asks, vec![]).await;
    assert_eq!((answer.status.as_u16(), answer.text.as_str()), (204, ""));
    let header = |answer: &Answer, name: &str| {
        let values = answer.headers.get_all(name).iter().map(|value| value.to_str().unwrap());
        values.collect::<Vec<_>>().join(", ")
    };
    assert_eq!(header(&answer, "access-control-allow-origin"), APP);
    let allowed = header(&answer, "access-control-allow-headers").to_lowercase();
    for name in ["authorization", "content-type", "phantomdb-transaction", "idempotency-key", "traceparent"] {
        assert!(allowed.split(", ").any(|allowed| allowed == name), "{name} {allowed}");
    }
    assert!(header(&answer, "access-control-allow-methods").contains("DELETE"));
    assert!(header(&answer, "vary").contains("Origin"));

    let json = [
        ("origin", APP),
        ("sec-fetch-site", "cross-site"),
        ("content-type", "application/json; charset=utf-8"),
    ];
    let query = br#"{"query":"SELECT 1"}"#.to_vec();
    let answer = caller.raw("POST", QUERY, &json, query.clone()).await;
    assert_eq!(answer.status, 200);
    assert_eq!(header(&answer, "access-control-allow-origin"), APP);
    assert!(header(&answer, "access-control-expose-headers").contains("PhantomDB-Position"));
    assert_eq!(header(&answer, "access-control-allow-credentials"), "");
    // Errors are readable too.
    let answer = caller.raw("GET", "/databases/none/tables", &[("origin", APP)], vec![]).await;
    assert_eq!(answer.status, 404);
    assert_eq!(header(&answer, "access-control-allow-origin"), APP);
    // What a form of the page sends has no preflight.
    for kind in [Some("text/plain"), None] {
        let mut headers = vec![("origin", APP)];
        headers.extend(kind.map(|kind| ("content-type", kind)));
        caller.raw("POST", QUERY, &headers, query.clone()).await.refused_with(415, "BAD_REQUEST");
    }
    // An answer without an origin may be cached for others.
    assert_eq!(header(&caller.get("/databases").await, "vary"), "Origin");
    is_hidden(&caller.get("/databases").await);
    // A part of an allowed origin is none.
    for other in
        ["https://app.example.org.evil.example", "http://app.example.org", "https://app.example.org:444"]
    {
        caller.raw("GET", "/databases", &[("origin", other)], vec![]).await.refused_with(403, "FORBIDDEN");
    }
}

#[tokio::test]
async fn a_page_needs_a_token_but_its_preflight_does_not() {
    let web = WebAccess::any_host().with_origins([origin(APP).unwrap()]);
    let tokens = Tokens::of(["a-token-of-16-chars"]);
    let options = HttpOptions { web, tokens, ..HttpOptions::default() };
    let caller = server_with(ServiceOptions::default(), options).await;
    let asks = [("origin", APP), ("access-control-request-method", "GET")];
    assert_eq!(caller.raw("OPTIONS", "/databases", &asks, vec![]).await.status, 204);
    let answer = caller.raw("GET", "/databases", &[("origin", APP)], vec![]).await;
    answer.refused_with(401, "UNAUTHORIZED");
    assert_eq!(answer.headers["access-control-allow-origin"], APP);
    let caller = caller.with_token("a-token-of-16-chars");
    // With tokens any name will do, but no page of another origin.
    caller.raw("GET", "/databases", &[("host", "db.example.org")], vec![]).await.ok(200);
    caller.raw("GET", "/databases", &[("origin", EVIL)], vec![]).await.refused_with(403, "FORBIDDEN");
    caller
        .raw("GET", "/databases", &[("sec-fetch-site", "same-site")], vec![])
        .await
        .refused_with(403, "FORBIDDEN");
}
