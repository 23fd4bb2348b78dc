//! What the server refuses, and how.

use std::time::Duration;

use crate::common::{each_server, server, server_with};
use phantomdb_protocol::ROUTES;
use phantomdb_server::http::HttpOptions;
use phantomdb_server::tokens::Tokens;
use phantomdb_service::ServiceOptions;
use serde_json::{Value as Json, json};
use tokio::io::{AsyncReadExt as _, AsyncWriteExt as _};

const USERS: &str = "/databases/app/tables/users";

fn encoded(text: &str) -> String {
    text.bytes().map(|byte| format!("%{byte:02X}")).collect()
}

#[tokio::test]
async fn it_refuses_a_condition_that_is_more_than_one_expression() {
    for caller in each_server().await {
        let caller = caller.with_users().await;
        for condition in [
            "1=1; DROP TABLE users",
            "1=1) UNION SELECT 1,2,3,4",
            "1=1 UNION SELECT 1,2,3,4",
            "1=1 --",
            "1=1 /* */",
            "1=1 LIMIT 1",
            "1=1 RETURNING *",
            "firstName = 'x' OR 'a",
            "id = $1",
        ] {
            let text = encoded(condition);
            let found = caller.get(&format!("{USERS}?condition={text}")).await;
            found.refused_with(400, "SYNTAX_ERROR");
            let deleted = caller.delete(&format!("{USERS}/rows?condition={text}")).await;
            deleted.refused_with(400, "SYNTAX_ERROR");
            let update = json!({ "data": { "age": 1 }, "condition": condition });
            caller.send("PUT", USERS, update).await.refused_with(400, "SYNTAX_ERROR");
        }
        assert_eq!(caller.count().await, 2);
    }
}

#[tokio::test]
async fn it_refuses_lists_that_are_more_than_lists() {
    for caller in each_server().await {
        let caller = caller.with_users().await;
        for text in ["id; DROP TABLE users", "id FROM users --", "id LIMIT 1", "(SELECT 1", "id,"] {
            for name in ["orderBy", "columns"] {
                let answer = caller.get(&format!("{USERS}?{name}={}", encoded(text))).await;
                answer.refused_with(400, "SYNTAX_ERROR");
            }
        }
    }
}

#[tokio::test]
async fn it_quotes_names_so_that_they_stay_names() {
    for caller in each_server().await {
        let caller = caller.with_users().await;
        let name = encoded(r#"users" WHERE 1=1; DROP TABLE "users"#);
        caller.get(&format!("/databases/app/tables/{name}")).await.refused_with(404, "UNKNOWN_TABLE");
        let rows = json!({ "rows": [{ "firstName\") VALUES ('x'); --": 1 }] });
        let answer = caller.send("POST", &format!("{USERS}/rows"), rows).await;
        answer.refused_with(404, "UNKNOWN_COLUMN");
        assert_eq!(caller.count().await, 2);
    }
}

#[tokio::test]
async fn it_refuses_parameters_it_does_not_know_or_cannot_read() {
    let caller = server().await.with_users().await;
    for query in ["where=id=1", "limit=x", "limit=-1", "offset=1.5", "limit=1&limit=2", "condition=%FF"] {
        caller.get(&format!("{USERS}?{query}")).await.refused_with(400, "BAD_REQUEST");
    }
    caller.get(&format!("{USERS}?limit=18446744073709551615")).await.refused_with(400, "OUT_OF_RANGE");
    caller.delete(&format!("{USERS}/rows?all=yes")).await.refused_with(400, "BAD_REQUEST");
    caller.get("/databases/%FF/tables").await.refused_with(400, "BAD_REQUEST");
}

#[tokio::test]
async fn it_answers_unknown_paths_and_methods_in_json() {
    let caller = server().await;
    for path in ["/nowhere", "/databases/a/b", "/api/v2/databases", "/api/v1/nowhere"] {
        caller.get(path).await.refused_with(404, "NOT_FOUND");
    }
    for (method, path) in [("PUT", "/databases"), ("GET", "/databases/a/query"), ("POST", "/api/v1/health")] {
        let answer = caller.raw(method, path, &[], vec![]).await;
        answer.refused_with(405, "BAD_REQUEST");
        assert!(answer.headers.contains_key("allow"), "{path}");
    }
}

#[tokio::test]
async fn it_refuses_bodies_that_are_not_what_the_call_takes_without_repeating_values() {
    let caller = server().await.with_users().await;
    for body in [
        "",
        "{",
        "[]",
        "{}",
        r#"{"query": 5}"#,
        r#"{"query": "SELECT 1", "parameters": "secret"}"#,
        r#"{"query": "SELECT 1", "parameters": [{"type": "integer", "value": "secret"}]}"#,
        r#"{"query": "SELECT 1", "parameters": [[1]]}"#,
        "\u{0}",
    ] {
        let answer = caller.raw("POST", "/databases/app/query", &[], body.into()).await;
        answer.refused_with(400, "BAD_REQUEST");
        assert!(!answer.text.contains("secret"), "{}", answer.text);
    }
    caller.raw("POST", "/databases/app/query", &[], vec![0xff, 0xfe]).await.refused_with(400, "BAD_REQUEST");
    let deep = "[".repeat(100_000);
    caller.raw("POST", "/databases/app/query", &[], deep.into()).await.refused_with(400, "BAD_REQUEST");
}

#[tokio::test]
async fn it_takes_a_body_with_any_content_type() {
    let caller = server().await.with_users().await;
    for kind in ["text/plain", "application/x-www-form-urlencoded"] {
        let body = br#"{"query": "SELECT 1"}"#.to_vec();
        caller.raw("POST", "/databases/app/query", &[("content-type", kind)], body).await.ok(200);
    }
}

#[tokio::test]
async fn it_refuses_a_body_beyond_its_limit_and_says_the_limit() {
    let options = HttpOptions { body_max: 1_000_000, ..HttpOptions::default() };
    let caller = server_with(ServiceOptions::default(), options).await;
    let answer = caller.raw("POST", "/databases/app/query", &[], vec![b' '; 3_000_000]).await;
    answer.refused_with(413, "TOO_LARGE");
    assert!(answer.text.contains("1000000"));
}

#[tokio::test]
async fn it_lets_nobody_in_without_the_token() {
    let options = HttpOptions { tokens: Tokens::of(["s3cret"]), ..HttpOptions::default() };
    let caller = server_with(ServiceOptions::default(), options).await;
    let headers: [&[(&str, &str)]; 5] = [
        &[],
        &[("authorization", "Bearer s3cres")],
        &[("authorization", "Bearer s3cret2")],
        &[("authorization", "Bearer")],
        &[("authorization", "Basic s3cret")],
    ];
    for headers in headers {
        for path in ["/", "/databases", "/metrics", "/nowhere"] {
            let answer = caller.raw("GET", path, headers, vec![]).await;
            answer.refused_with(401, "UNAUTHORIZED");
            assert_eq!(answer.headers["www-authenticate"], "Bearer");
            assert!(!answer.text.contains("s3cre"));
        }
    }
    caller.with_token("s3cret").get("/databases").await.ok(200);
    caller.get("/health").await.ok(200);
    caller.get("/api/v1/ready").await.ok(200);
}

#[tokio::test]
async fn it_echoes_the_request_id_or_makes_one() {
    let caller = server().await;
    let answer = caller.raw("GET", "/nowhere", &[("x-request-id", "abc-1")], vec![]).await;
    answer.refused_with(404, "NOT_FOUND");
    assert_eq!(answer.headers["x-request-id"], "abc-1");
    let long = "x".repeat(1_000);
    let answer = caller.raw("GET", "/health", &[("x-request-id", &long)], vec![]).await;
    assert_eq!(answer.headers["x-request-id"].len(), 36);
    assert!(!answer.headers.contains_key("access-control-allow-origin"));
}

#[tokio::test]
async fn it_survives_what_is_not_http() {
    let caller = server().await;
    for garbage in [&b"\x16\x03\x01\x02\x00hello"[..], b"GET / HTTP/9.9\r\n\r\n", b"\r\n\r\n\r\n"] {
        let mut socket = tokio::net::TcpStream::connect(caller.address).await.unwrap();
        socket.write_all(garbage).await.unwrap();
        socket.shutdown().await.unwrap();
        let mut answer = Vec::new();
        // Reset or closed, as long as the server lives.
        let _ = socket.read_to_end(&mut answer).await;
    }
    caller.get("/health").await.ok(200);
}

#[tokio::test]
async fn it_refuses_the_engines_own_sql_when_it_is_told_to() {
    let native = json!({ "query": "PRAGMA user_version", "native": true });
    let open = server().await.with_users().await;
    open.send("POST", "/databases/app/query", native.clone()).await.ok(200);
    let options = ServiceOptions { allow_native: false, ..ServiceOptions::default() };
    let closed = server_with(options, HttpOptions::default()).await.with_users().await;
    closed.send("POST", "/databases/app/query", native.clone()).await.refused_with(403, "FORBIDDEN");
    let batch = json!({ "statements": [{ "query": "SELECT 1" }, native], "atomic": false });
    closed.send("POST", "/databases/app/batch", batch).await.refused_with(403, "FORBIDDEN");
}

#[tokio::test]
async fn it_takes_each_header_of_a_call_once() {
    let caller = server().await.with_users().await;
    let query = json!({ "query": "SELECT 1" }).to_string().into_bytes();
    for name in ["authorization", "phantomdb-transaction", "idempotency-key", "phantomdb-statement-timeout"] {
        let twice = [(name, "1"), (name, "1")];
        let answer = caller.raw("POST", "/databases/app/query", &twice, query.clone()).await;
        assert!(answer.text.contains(name), "{}", answer.text);
        answer.refused_with(400, "BAD_REQUEST");
    }
}

#[tokio::test]
async fn it_takes_no_compressed_body() {
    let caller = server().await.with_users().await;
    let query = json!({ "query": "SELECT 1" }).to_string().into_bytes();
    for (encoding, status) in [("gzip", 415), ("br", 415), ("identity", 200)] {
        let headers = [("content-encoding", encoding)];
        let answer = caller.raw("POST", "/databases/app/query", &headers, query.clone()).await;
        assert_eq!(answer.status, status, "{encoding}: {}", answer.text);
    }
}

#[tokio::test]
async fn it_refuses_keys_that_a_body_does_not_have() {
    let caller = server().await.with_users().await;
    for (method, path, mut body) in [
        ("POST", "/databases", json!({ "name": "new" })),
        (
            "POST",
            "/databases/app/tables",
            json!({ "name": "t", "columns": [{ "name": "a", "type": "TEXT" }] }),
        ),
        ("PATCH", "/databases/app/tables/users", json!({ "operations": [] })),
        ("PUT", "/databases/app/tables/users", json!({ "data": { "age": 1 }, "all": true })),
        ("POST", "/databases/app/tables/users/rows", json!({ "rows": [] })),
        ("POST", "/databases/app/query", json!({ "query": "SELECT 1" })),
        ("POST", "/databases/app/describe", json!({ "query": "SELECT 1" })),
        ("POST", "/databases/app/stream", json!({ "query": "SELECT 1" })),
        ("POST", "/databases/app/batch", json!({ "statements": [] })),
        ("POST", "/databases/app/queries", json!({ "queries": [] })),
        ("POST", "/transactions", json!({ "database": "app" })),
    ] {
        // A transaction that is not read-only because of a small letter would write.
        body["readonly"] = json!(true);
        let answer = caller.send(method, path, body).await;
        answer.refused_with(400, "BAD_REQUEST");
        assert!(answer.text.contains("readonly"), "{path}: {}", answer.text);
    }
    let statement = json!({ "statements": [{ "query": "SELECT 1", "Parameters": [1] }] });
    let answer = caller.send("POST", "/databases/app/batch", statement).await;
    assert!(answer.text.contains("BAD_REQUEST") && answer.text.contains("Parameters"), "{}", answer.text);
    let typed = json!({ "query": "SELECT $1", "parameters": [{ "type": "AAA", "value": null }] });
    caller.send("POST", "/databases/app/query", typed).await.refused_with(400, "BAD_REQUEST");
    let text = caller.send("POST", "/databases/app/query", json!("SELECT 1")).await;
    assert!(text.text.contains("expected an object"), "{}", text.text);
}

#[tokio::test]
async fn it_refuses_the_values_of_an_object_as_an_array() {
    let caller = server().await.with_users().await;
    let whole = json!(["DELETE FROM users", [], false, [], false, false]);
    let member = json!({ "statements": [whole.clone()] });
    let nested = json!({ "name": "t", "columns": [["id", "INTEGER"]] });
    let constraint = json!({ "name": "t", "columns": [{ "name": "id", "type": "INTEGER" }], "constraints": [["unique", ["id"]]] });
    for (path, body) in [("query", whole), ("batch", member), ("tables", nested), ("tables", constraint)] {
        let answer = caller.send("POST", &format!("/databases/app/{path}"), body).await;
        assert!(
            answer.text.contains("BAD_REQUEST") && answer.text.contains("not an array"),
            "{}",
            answer.text
        );
    }
}

#[tokio::test]
async fn it_refuses_unknown_keys_within_tables_columns_indexes_and_changes() {
    let caller = server().await.with_users().await;
    let id = json!({ "name": "id", "type": "INTEGER", "primaryKey": true });
    let reference = json!({ "table": { "name": "users" }, "columns": ["id"] });
    let with = |base: &Json, key: &str| {
        let mut changed = base.clone();
        changed[key] = json!(true);
        changed
    };
    let table = |columns: Json, constraints: Json| json!({ "name": "t", "columns": columns, "constraints": constraints });
    let key = json!({ "type": "foreignKey", "columns": ["id"], "references": reference });
    let mut deep = id.clone();
    deep["references"] = with(&reference, "ondelete");
    let mut deep_key = key.clone();
    deep_key["references"] = with(&reference, "ondelete");
    let operation = |operation: Json| json!({ "operations": [operation] });
    let index = json!({ "name": "i", "fields": [{ "column": "age" }] });
    let (tables, users) = ("/databases/app/tables", "/databases/app/tables/users");
    for (method, path, body, unknown) in [
        ("POST", tables, table(json!([with(&id, "primarykey")]), json!([])), "primarykey"),
        ("POST", tables, table(json!([deep]), json!([])), "references.ondelete"),
        ("POST", tables, table(json!([id]), json!([with(&key, "onDelete")])), "onDelete"),
        ("POST", tables, table(json!([id]), json!([deep_key])), "ondelete"),
        ("POST", tables, json!({ "table": { "name": "t", "Schema": "s" }, "columns": [id] }), "Schema"),
        ("POST", "/databases/app/tables/users/indexes", with(&index, "Unique"), "Unique"),
        (
            "POST",
            "/databases/app/tables/users/indexes",
            json!({ "name": "i", "fields": [with(&json!({ "column": "age" }), "desc")] }),
            "desc",
        ),
        (
            "PATCH",
            users,
            operation(json!({ "op": "addColumn", "column": with(&id, "allownull") })),
            "allownull",
        ),
        ("PATCH", users, operation(json!({ "op": "dropColumn", "name": "age", "Cascade": true })), "Cascade"),
        (
            "PATCH",
            users,
            operation(json!({ "op": "renameTable", "to": { "name": "people", "Schema": "s" } })),
            "Schema",
        ),
    ] {
        let answer = caller.send(method, path, body.clone()).await;
        answer.refused_with(400, "BAD_REQUEST");
        assert!(answer.text.contains(&format!("{unknown}`")), "{body}: {}", answer.text);
    }
    // The description of a table can be sent back as it is.
    let described = caller.get("/databases/app/tables/users/schema").await;
    let columns = &described.json()["columns"];
    let copy = json!({ "name": "copy", "columns": columns });
    caller.send("POST", tables, copy).await.ok(201);
}

#[tokio::test]
async fn it_refuses_query_parameters_that_a_call_does_not_have() {
    let caller = server().await.with_users().await;
    for route in ROUTES.iter().filter(|route| route.needs.is_some()) {
        let path = route.path.replace("{db}", "app").replace("{table}", "users");
        let path = path.replace("{id}", "x").replace("{name}", "x");
        let body = json!({ "query": "SELECT 1", "queries": [] });
        let answer = caller.send(route.method.as_str(), &format!("{path}?conditoin=secret"), body).await;
        assert_eq!(answer.status, 400, "{} {}: {}", route.method.as_str(), path, answer.text);
        let is_named = answer.text.contains("conditoin") && !answer.text.contains("secret");
        assert!(is_named, "{path}: {}", answer.text);
    }
    caller.get("/health?probe=1").await.ok(200);
    let known = caller.get("/databases?limit=1").await;
    known.refused_with(400, "BAD_REQUEST");
    assert!(known.text.contains("limit") && known.text.contains("it takes none"), "{}", known.text);
}

#[tokio::test]
async fn it_refuses_a_body_that_says_it_is_too_long() {
    let caller = server().await;
    let mut stream = tokio::net::TcpStream::connect(caller.address).await.unwrap();
    let head = "POST /databases HTTP/1.1\r\nHost: localhost\r\nContent-Length: 99999999999\r\n\r\n";
    stream.write_all(head.as_bytes()).await.unwrap();
    let mut answer = [0; 12];
    let read = stream.read_exact(&mut answer);
    // Without sending any of it: the time of a body is a minute.
    tokio::time::timeout(Duration::from_secs(20), read).await.unwrap().unwrap();
    assert_eq!(&answer, b"HTTP/1.1 413");
}
