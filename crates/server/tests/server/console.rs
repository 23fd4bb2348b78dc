//! The console: who gets its page, and which calls its page may make.

use crate::common::{Caller, server, server_with};
use phantomdb_server::{
    http::{HttpOptions, WebAccess},
    tokens::Tokens,
};
use phantomdb_service::ServiceOptions;
use serde_json::json;

const QUERY: &str = "/databases/app/query";
const JSON: (&str, &str) = ("content-type", "application/json");

fn select() -> Vec<u8> {
    br#"{"query":"SELECT 1 AS one"}"#.to_vec()
}

async fn with_console() -> Caller {
    let options =
        HttpOptions { web: WebAccess::default().with_own_pages(), console: true, ..HttpOptions::default() };
    server_with(ServiceOptions::default(), options).await.with_users().await
}

#[tokio::test]
async fn a_page_of_the_server_itself_may_call_it_and_no_other_page() {
    let caller = with_console().await;
    let port = caller.address.port();
    for name in ["127.0.0.1", "localhost", "[::1]"] {
        let (host, own) = (format!("{name}:{port}"), format!("http://{name}:{port}"));
        let headers = [("host", host.as_str()), ("origin", &own), ("sec-fetch-site", "same-origin"), JSON];
        caller.raw("POST", QUERY, &headers, select()).await.ok(200);
        for other in [
            format!("http://{name}:{}", port.wrapping_add(1)),
            format!("http://{name}"),
            format!("http://evil.example:{port}"),
            format!("http://{name}:{port}.evil.example"),
            format!("ftp://{name}:{port}"),
            "null".to_owned(),
            host.clone(),
        ] {
            let headers = [("host", host.as_str()), ("origin", &other), JSON];
            caller.raw("POST", QUERY, &headers, select()).await.refused_with(403, "FORBIDDEN");
        }
        // A page that came over another scheme has the name and the port, but not the origin.
        let headers = [("host", host.as_str()), ("origin", &own), ("sec-fetch-site", "cross-site"), JSON];
        caller.raw("POST", QUERY, &headers, select()).await.refused_with(403, "FORBIDDEN");
        let twice = [("host", host.as_str()), ("origin", &own), ("origin", &own), JSON];
        caller.raw("POST", QUERY, &twice, select()).await.refused_with(403, "FORBIDDEN");
        let form = [("host", host.as_str()), ("origin", &own), ("content-type", "text/plain")];
        caller.raw("POST", QUERY, &form, select()).await.refused_with(415, "BAD_REQUEST");
    }
    // A name that was given the address of the server is its own origin, but not its name.
    let headers = [("host", "evil.example"), ("origin", "http://evil.example"), JSON];
    caller.raw("POST", QUERY, &headers, select()).await.refused_with(403, "FORBIDDEN");
}

#[tokio::test]
async fn without_the_console_a_page_of_the_server_is_like_any_other() {
    let caller = server().await.with_users().await;
    let own = format!("http://{}", caller.address);
    caller.raw("POST", QUERY, &[("origin", &own), JSON], select()).await.refused_with(403, "FORBIDDEN");
    for path in ["/console/", "/console/index.html", "/console/contract.json"] {
        let answer = caller.get(path).await;
        answer.refused_with(404, "NOT_FOUND");
        assert!(answer.text.contains("--console"), "{}", answer.text);
    }
}

#[tokio::test]
async fn the_page_needs_no_token_but_its_calls_do() {
    let options = HttpOptions {
        web: WebAccess::any_host().with_own_pages(),
        tokens: Tokens::of(["a-token-of-16-chars"]),
        console: true,
        ..HttpOptions::default()
    };
    let caller = server_with(ServiceOptions::default(), options).await;
    let page = caller.raw("GET", "/console/", &[("accept-encoding", "gzip, br")], vec![]).await;
    // A checkout need not have built the console.
    match page.status.as_u16() {
        200 => {
            assert_eq!(page.headers["content-encoding"], "gzip");
            let policy = page.headers["content-security-policy"].to_str().unwrap();
            assert!(policy.starts_with("default-src 'none'; script-src 'self'"), "{policy}");
            assert!(!policy.contains("unsafe"), "{policy}");
            let unpacked = caller.raw("GET", "/console/", &[("accept-encoding", "identity")], vec![]).await;
            unpacked.refused_with(406, "BAD_REQUEST");
        }
        _ => {
            page.refused_with(404, "NOT_FOUND");
            assert!(page.text.contains("npm run build:console"), "{}", page.text);
        }
    }
    let moved = caller.get("/console").await;
    assert_eq!((moved.status.as_u16(), moved.headers["location"].to_str().unwrap()), (308, "console/"));
    caller.get("/console/../Cargo.toml").await.refused_with(404, "NOT_FOUND");
    caller.get("/console/..%2f..%2fCargo.toml").await.refused_with(404, "NOT_FOUND");
    assert!(caller.get("/console/contract.json").await.ok(200)["types"].is_array());
    caller.get("/grant").await.refused_with(401, "UNAUTHORIZED");
    let granted = caller.with_token("a-token-of-16-chars").get("/grant").await.ok(200);
    assert_eq!(granted["rights"], json!(["read", "write", "schema", "admin"]));
    assert_eq!(granted["databases"], json!(["*"]));
}

#[tokio::test]
async fn a_link_of_another_site_opens_the_page_and_nothing_else() {
    let caller = with_console().await;
    let link =
        [("sec-fetch-site", "cross-site"), ("sec-fetch-mode", "navigate"), ("sec-fetch-dest", "document")];
    let opened =
        caller.raw("GET", "/console/", &[&link[..], &[("accept-encoding", "gzip")]].concat(), vec![]).await;
    assert_ne!(opened.status, 403);
    caller.raw("GET", "/databases", &link, vec![]).await.refused_with(403, "FORBIDDEN");
    for headers in [
        [("sec-fetch-site", "cross-site"), ("sec-fetch-mode", "navigate"), ("sec-fetch-dest", "iframe")],
        [("sec-fetch-site", "cross-site"), ("sec-fetch-mode", "no-cors"), ("sec-fetch-dest", "script")],
    ] {
        caller.raw("GET", "/console/", &headers, vec![]).await.refused_with(403, "FORBIDDEN");
    }
}

#[tokio::test]
async fn a_browser_that_opens_the_server_itself_is_led_to_the_page() {
    let opens = [("sec-fetch-site", "none"), ("sec-fetch-mode", "navigate"), ("sec-fetch-dest", "document")];
    let caller = with_console().await;
    let led = caller.raw("GET", "/", &opens, vec![]).await;
    assert_eq!((led.status.as_u16(), led.headers["location"].to_str().unwrap()), (303, "console/"));
    assert_eq!(caller.get("/").await.ok(200)["name"], "phantomdb");
    assert_eq!(server().await.raw("GET", "/", &opens, vec![]).await.ok(200)["name"], "phantomdb");
}
