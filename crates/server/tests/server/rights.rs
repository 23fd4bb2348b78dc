//! What a token allows, by every route, and on both engines.

mod functions;

use std::sync::Arc;

use crate::common::{Answer, Caller, each_server_with};
use phantomdb_protocol::{ROUTES, Right};
use phantomdb_server::{
    http::HttpOptions,
    tokens::{KnownToken, Tokens, hash},
};
use phantomdb_service::{DatabasePattern, Grant};
use serde_json::{Value as Json, json};

fn known(name: &str, rights: &[Right], databases: &[&str]) -> KnownToken {
    let databases = databases.iter().map(|name| DatabasePattern::new(*name)).collect();
    KnownToken {
        hash: hash(name),
        grant: Arc::new(Grant::new(name, rights.iter().copied().collect(), databases)),
        expires: None,
    }
}

fn tokens() -> HttpOptions {
    let tokens = Tokens::known(vec![
        known("root", &Right::ALL, &["*"]),
        known("reads", &[Right::Read], &["app"]),
        known("writes", &[Right::Write], &["app"]),
        known("shapes", &[Right::Schema], &["app"]),
        known("governs", &[Right::Admin], &["app"]),
    ]);
    HttpOptions { tokens, ..HttpOptions::default() }
}

/// A server over each engine, as the caller who may do everything sees it.
async fn each_server() -> Vec<(Caller, bool)> {
    let mut callers = Vec::new();
    for (index, (caller, _)) in each_server_with(tokens()).await.enumerate() {
        callers.push((caller.with_token("root").with_users().await, index == 1));
    }
    callers
}

/// The rows and tables that a caller could have changed.
async fn state(root: &Caller) -> Json {
    let rows =
        root.query(r#"SELECT "id", "firstName", "age", "email" FROM "users" ORDER BY "id""#).await.ok(200);
    let tables = root.get("/databases/app/tables").await.ok(200);
    let schema = root.get("/databases/app/tables/users/schema").await.ok(200);
    json!([rows["rows"], tables, schema])
}

#[tokio::test]
async fn each_route_asks_for_its_right() {
    for (root, _) in each_server().await {
        let before = state(&root).await;
        for (name, rights) in [
            ("reads", &[Right::Read][..]),
            ("writes", &[Right::Read, Right::Write]),
            ("shapes", &[Right::Read, Right::Write, Right::Schema]),
            ("governs", &[Right::Admin]),
        ] {
            let caller = root.with_token(name);
            for route in ROUTES {
                let segments: Vec<&str> = route
                    .segment_names()
                    .map(|segment| match segment {
                        "db" => "app",
                        "table" => "users",
                        _ => "none",
                    })
                    .collect();
                let has_right = route.needs.is_none_or(|right| rights.contains(&right));
                // Only what is refused is sent as it would succeed: the test is about who is refused.
                let body = if has_right { "{" } else { "{}" };
                let path = route.path_of(&segments);
                if has_right && matches!(route.method.as_str(), "DELETE") {
                    continue;
                }
                // The answer can be a file.
                let answer = caller.begun(route.method.as_str(), &path, &[], body.into()).await;
                assert_eq!(answer.status() != 403, has_right, "{name} {} {path}", route.name);
                assert_ne!(answer.status(), 401);
            }
        }
        assert_eq!(state(&root).await, before);
    }
}

/// The ways in which a statement reaches the engine.
async fn send(caller: &Caller, sql: &str, way: &str) -> Vec<Answer> {
    let query = json!({ "query": sql });
    match way {
        "query" => vec![caller.query(sql).await],
        "query under a key" => {
            let headers = [("idempotency-key", sql)];
            let sql = json!({ "query": sql });
            let header_is_text = headers[0].1.bytes().all(|byte| (b' '..=b'~').contains(&byte));
            let headers = if header_is_text && headers[0].1.len() < 200 { &headers[..] } else { &[] };
            vec![caller.send_with("POST", "/databases/app/query", headers, sql).await]
        }
        "batch" | "atomic batch" => {
            let batch =
                json!({ "statements": [{ "query": "SELECT 1" }, query], "atomic": way == "atomic batch" });
            vec![caller.send("POST", "/databases/app/batch", batch).await]
        }
        "queries" => {
            let keyed = json!({ "query": sql, "idempotencyKey": format!("{way} {}", sql.len()) });
            let claims = json!({ "query": sql, "readOnly": true });
            let queries = json!({ "queries": [query, keyed, claims] });
            vec![caller.send("POST", "/databases/app/queries", queries).await]
        }
        "text of several statements" => vec![caller.query(&format!("SELECT 1; {sql}; SELECT 2")).await],
        "transaction" => {
            let id = caller.begin(json!({ "readOnly": false, "immediate": true })).await;
            let answer = caller.query_in(&id, sql).await;
            let batch = json!({ "statements": [query], "atomic": true });
            let headers = [("phantomdb-transaction", id.as_str())];
            let batch = caller.send_with("POST", "/databases/app/batch", &headers, batch).await;
            let committed = caller.commit(&id).await;
            assert!(committed.status.is_success() || committed.status == 409, "{}", committed.text);
            vec![answer, batch]
        }
        "snapshot transaction" => {
            let id = caller.begin(json!({ "isolationLevel": "SERIALIZABLE" })).await;
            let answer = caller.query_in(&id, sql).await;
            caller.commit(&id).await;
            vec![answer]
        }
        other => panic!("{other}"),
    }
}

const WAYS: [&str; 8] = [
    "query",
    "query under a key",
    "batch",
    "atomic batch",
    "queries",
    "text of several statements",
    "transaction",
    "snapshot transaction",
];

/// True when no statement of the answer succeeded that was not harmless.
fn refused(answer: &Answer) -> bool {
    if !answer.status.is_success() {
        return true;
    }
    // A batch or several queries: each line and each outcome must be an error, but for `SELECT 1`.
    if answer.headers["content-type"] == "application/x-ndjson" {
        return answer.text.lines().all(|line| line.contains("\"error\":"));
    }
    let json: Json = serde_json::from_str(&answer.text).unwrap();
    json["results"].as_array().is_some_and(|results| results.last().unwrap().get("error").is_some())
}

/// Statements that change rows or tables. The code is that of the answer to a token that reads, on both engines.
const CHANGES: [&str; 24] = [
    r#"INSERT INTO "users" ("firstName") VALUES ('X')"#,
    r#"INSERT INTO "users" ("firstName") VALUES ('X') RETURNING *"#,
    r#"INSERT INTO "users" ("firstName") SELECT "firstName" FROM "users""#,
    r#"INSERT INTO "users" ("id", "firstName") VALUES (1, 'X') ON CONFLICT ("id") DO UPDATE SET "firstName" = 'X'"#,
    r#"UPDATE "users" SET "age" = 1"#,
    r#"UPDATE "users" SET "age" = 1 RETURNING "age""#,
    r#"DELETE FROM "users""#,
    r#"DELETE FROM "users" WHERE "id" IN (SELECT "id" FROM "users") RETURNING *"#,
    r#"/* SELECT 1 */ DELETE FROM "users""#,
    "-- SELECT 1\nDELETE FROM \"users\"",
    r#"WITH a AS (SELECT 1) DELETE FROM "users""#,
    r#"WITH a AS (SELECT 'X' AS x) INSERT INTO "users" ("firstName") SELECT x FROM a"#,
    r#"SELECT * FROM "users" FOR UPDATE"#,
    r#"TRUNCATE "users""#,
    r#"CREATE TABLE "more" ("a" INTEGER)"#,
    r#"CREATE VIEW "more" AS SELECT 1 AS "a""#,
    r#"CREATE INDEX "more" ON "users" ("age")"#,
    r#"CREATE SCHEMA "more""#,
    r#"ALTER TABLE "users" ADD COLUMN "more" INTEGER"#,
    r#"ALTER TABLE "users" RENAME TO "more""#,
    r#"DROP TABLE "users""#,
    r#"DROP TABLE IF EXISTS "none", "users" CASCADE"#,
    r#"COMMENT ON TABLE "users" IS 'X'"#,
    r#"DROP SCHEMA IF EXISTS "public" CASCADE"#,
];

/// Statements that would change something if they were accepted. What refuses them differs.
const ODDITIES: [&str; 24] = [
    r#"WITH a AS (DELETE FROM "users" RETURNING *) SELECT * FROM a"#,
    r#"WITH a AS (UPDATE "users" SET "age" = 1 RETURNING *) SELECT count(*) FROM a"#,
    r#"EXPLAIN ANALYZE DELETE FROM "users""#,
    r#"EXPLAIN (ANALYZE) UPDATE "users" SET "age" = 1"#,
    r#"(DELETE FROM "users")"#,
    r#"SELECT * INTO "more" FROM "users""#,
    r#"CREATE TABLE "more" AS SELECT * FROM "users""#,
    r#"CREATE TEMP TABLE "more" ("a" INTEGER)"#,
    r#"REPLACE INTO "users" ("id", "firstName") VALUES (1, 'X')"#,
    r#"MERGE INTO "users" u USING (SELECT 1 AS x) s ON u."id" = s.x WHEN MATCHED THEN DELETE"#,
    "PRAGMA user_version = 5",
    "PRAGMA query_only = OFF",
    "SELECT * FROM pragma_query_only(0)",
    "PRAGMA writable_schema = ON",
    "VACUUM",
    "REINDEX",
    "ANALYZE",
    "ATTACH DATABASE 'x' AS y",
    "DO $$ BEGIN DELETE FROM \"users\"; END $$",
    "COPY \"users\" FROM STDIN",
    "LOCK TABLE \"users\"",
    "NOTIFY x",
    "GRANT ALL ON \"users\" TO PUBLIC",
    "BEGIN READ WRITE",
];

#[tokio::test]
async fn a_token_that_reads_changes_nothing_by_any_statement() {
    for (root, _) in each_server().await {
        let before = state(&root).await;
        let caller = root.with_token("reads");
        for sql in CHANGES {
            for way in WAYS {
                for answer in send(&caller, sql, way).await {
                    assert!(refused(&answer), "{way}: {sql}: {}", answer.text);
                    assert!(answer.text.contains("FORBIDDEN"), "{way}: {sql}: {}", answer.text);
                }
            }
        }
        assert_eq!(state(&root).await, before);
        for sql in ODDITIES {
            for way in WAYS {
                for answer in send(&caller, sql, way).await {
                    assert!(refused(&answer), "{way}: {sql}: {}", answer.text);
                }
            }
            let native = json!({ "query": sql, "native": true });
            let answer = caller.send("POST", "/databases/app/query", native.clone()).await;
            answer.refused_with(403, "FORBIDDEN");
            let batch = json!({ "statements": [native] });
            caller.send("POST", "/databases/app/batch", batch).await.refused_with(403, "FORBIDDEN");
            assert_eq!(state(&root).await, before, "{sql}");
        }
    }
}

#[tokio::test]
async fn a_token_that_reads_adds_no_rows_beside_a_statement() {
    for (root, _) in each_server().await {
        let before = state(&root).await;
        let caller = root.with_token("reads");
        let rows = json!({
            "query": r#"INSERT INTO "users" ("firstName") VALUES ($1)"#,
            "rows": [["X"], ["Y"]],
        });
        caller.send("POST", "/databases/app/query", rows.clone()).await.refused_with(403, "FORBIDDEN");
        let id = caller.begin(json!({})).await;
        let headers = [("phantomdb-transaction", id.as_str())];
        let within = caller.send_with("POST", "/databases/app/query", &headers, rows).await;
        within.refused_with(403, "FORBIDDEN");
        for (method, path) in [
            ("POST", "/databases/app/tables/users/rows"),
            ("PUT", "/databases/app/tables/users"),
            ("DELETE", "/databases/app/tables/users/rows?all=true"),
            ("PATCH", "/databases/app/tables/users"),
            ("DELETE", "/databases/app/tables/users"),
            ("DELETE", "/databases/app"),
        ] {
            let answer = caller.send_with(method, path, &headers, json!({ "rows": [] })).await;
            answer.refused_with(403, "FORBIDDEN");
        }
        caller.commit(&id).await.ok(204);
        assert_eq!(state(&root).await, before);
    }
}

#[tokio::test]
async fn a_token_that_reads_reads() {
    for (root, _) in each_server().await {
        let caller = root.with_token("reads");
        for way in WAYS.into_iter().filter(|way| *way != "text of several statements") {
            for sql in
                [r#"SELECT "firstName" FROM "users" ORDER BY "id""#, r#"WITH a AS (SELECT 1) SELECT 'John'"#]
            {
                for answer in send(&caller, sql, way).await {
                    assert!(
                        answer.status.is_success() && answer.text.contains("John"),
                        "{way}: {}",
                        answer.text
                    );
                    assert!(!answer.text.contains("\"error\""), "{way}: {}", answer.text);
                }
            }
        }
        for path in ["", "?condition=age%3E1&columns=id,upper(%22firstName%22)", "/schema"] {
            caller.get(&format!("/databases/app/tables/users{path}")).await.ok(200);
        }
        caller.query("SELECT 1; SELECT 2").await.ok(200);
        caller.query("SAVEPOINT a").await.refused_with(400, "BAD_REQUEST");
        let id = caller.begin(json!({ "readOnly": true })).await;
        caller.query_in(&id, "SAVEPOINT a").await.ok(200);
        caller.query_in(&id, "SELECT count(*) FROM users").await.ok(200);
        caller.query_in(&id, "ROLLBACK TO a").await.ok(200);
        caller.rollback(&id).await.ok(204);
    }
}

#[tokio::test]
async fn a_token_that_reads_takes_no_lock() {
    for (root, _) in each_server().await {
        let caller = root.with_token("reads");
        let id = caller.begin(json!({ "immediate": true })).await;
        caller.query_in(&id, r#"SELECT count(*) FROM "users""#).await.ok(200);
        root.query(r#"UPDATE "users" SET "age" = 5"#).await.ok(200);
        caller.commit(&id).await.ok(204);
    }
}

#[tokio::test]
async fn a_token_that_writes_changes_rows_but_no_tables() {
    for (root, _) in each_server().await {
        let caller = root.with_token("writes");
        let schema = async || root.get("/databases/app/tables").await.ok(200);
        let before = schema().await;
        for sql in [
            r#"CREATE TABLE "more" ("a" INTEGER)"#,
            r#"DROP TABLE "users""#,
            r#"ALTER TABLE "users" RENAME TO "more""#,
            r#"ALTER TABLE "users" DROP COLUMN "age""#,
            r#"CREATE INDEX "more" ON "users" ("age")"#,
            r#"COMMENT ON TABLE "users" IS 'X'"#,
            r#"CREATE VIEW "more" AS SELECT 1 AS "a""#,
        ] {
            for way in WAYS {
                for answer in send(&caller, sql, way).await {
                    assert!(refused(&answer), "{way}: {sql}: {}", answer.text);
                    assert!(answer.text.contains("FORBIDDEN"), "{way}: {sql}: {}", answer.text);
                }
            }
        }
        assert_eq!(schema().await, before);
        caller.query(r#"INSERT INTO "users" ("firstName") VALUES ('X') RETURNING *"#).await.ok(200);
        caller
            .send("PUT", "/databases/app/tables/users", json!({ "data": { "age": 1 }, "all": true }))
            .await
            .ok(200);
        caller.query(r#"SELECT * FROM "users" FOR UPDATE"#).await.ok(200);
        caller.query(r#"TRUNCATE "users" RESTART IDENTITY"#).await.ok(200);
        let native = json!({ "query": "SELECT 1", "native": true });
        caller.send("POST", "/databases/app/query", native).await.refused_with(403, "FORBIDDEN");
        let shapes = root.with_token("shapes");
        shapes.query(r#"CREATE TABLE "more" ("a" INTEGER)"#).await.ok(200);
        shapes.delete("/databases/app/tables/more").await.ok(204);
        shapes.delete("/databases/app").await.refused_with(403, "FORBIDDEN");
    }
}

#[tokio::test]
async fn a_token_knows_its_databases_only() {
    for (root, _) in each_server().await {
        for name in ["other", "app2"] {
            root.send("POST", "/databases", json!({ "name": name })).await.ok(201);
        }
        let governs = root.with_token("governs");
        let reads = root.with_token("reads");
        assert_eq!(reads.get("/databases").await.ok(200)["databases"], json!(["app"]));
        for database in ["other", "app2", "none", "App"] {
            let refused = reads.get(&format!("/databases/{database}/tables")).await;
            refused.refused_with(403, "FORBIDDEN");
            let query = json!({ "query": "SELECT 1" });
            let path = format!("/databases/{database}/query");
            reads.send("POST", &path, query.clone()).await.refused_with(403, "FORBIDDEN");
            let path = format!("/databases/{database}/queries");
            let queries = json!({ "queries": [query] });
            reads.send("POST", &path, queries).await.refused_with(403, "FORBIDDEN");
            let begin = json!({ "database": database });
            reads.send("POST", "/transactions", begin).await.refused_with(403, "FORBIDDEN");
            let create = json!({ "name": database });
            governs.send("POST", "/databases", create).await.refused_with(403, "FORBIDDEN");
            governs.delete(&format!("/databases/{database}")).await.refused_with(403, "FORBIDDEN");
        }
        // A transaction of the own database is no way to another.
        let id = reads.begin(json!({})).await;
        let headers = [("phantomdb-transaction", id.as_str())];
        let path = "/databases/other/tables";
        reads.raw("GET", path, &headers, vec![]).await.refused_with(403, "FORBIDDEN");
        // The right to databases as a whole does not show what is in them.
        governs.get("/databases/app/tables").await.refused_with(403, "FORBIDDEN");
        governs.query("SELECT 1").await.refused_with(403, "FORBIDDEN");
        governs.get("/metrics").await;
        governs.delete("/databases/app").await.ok(204);
        for name in ["other", "app2"] {
            root.delete(&format!("/databases/{name}")).await.ok(204);
        }
    }
}

#[tokio::test]
async fn the_right_admin_sees_and_ends_the_transactions_of_its_databases() {
    for (root, _) in each_server().await {
        root.send("POST", "/databases", json!({ "name": "other" })).await.ok(201);
        let (writes, governs) = (root.with_token("writes"), root.with_token("governs"));
        let own = writes.begin(json!({})).await;
        writes.query_in(&own, r#"DELETE FROM "users""#).await.ok(200);
        let elsewhere = root.begin(json!({ "database": "other" })).await;
        let listed = governs.get("/transactions").await.ok(200);
        let only = &listed["transactions"][0];
        assert_eq!(listed["transactions"].as_array().map(Vec::len), Some(1), "{listed}");
        assert_eq!([&only["transactionId"], &only["database"], &only["token"]], [&own, "app", "writes"]);
        assert!(only["idleFor"].as_u64() <= only["openFor"].as_u64(), "{only}");
        for (caller, id, status) in [(&writes, &own, 403), (&governs, &elsewhere, 409), (&governs, &own, 204)]
        {
            let answer = caller.delete(&format!("/transactions/{id}")).await;
            assert_eq!(answer.status, status, "{}", answer.text);
        }
        writes.query_in(&own, "SELECT 1").await.refused_with(409, "TRANSACTION_EXPIRED");
        assert_eq!(root.count().await, 2);
        root.delete(&format!("/transactions/{elsewhere}")).await.ok(204);
        assert_eq!(root.get("/transactions").await.ok(200), json!({ "transactions": [], "waits": [] }));
        root.delete("/databases/other").await.ok(204);
    }
}

#[tokio::test]
async fn a_token_of_one_database_does_not_see_the_others_by_a_statement() {
    for (root, is_postgres) in each_server().await {
        root.send("POST", "/databases", json!({ "name": "hidden" })).await.ok(201);
        for name in ["reads", "writes", "shapes"] {
            let caller = root.with_token(name);
            for sql in [
                "SELECT datname FROM pg_database",
                "SELECT datname FROM pg_catalog.pg_database",
                r#"SELECT "datname" FROM "pg_database""#,
                "SELECT query FROM pg_stat_activity",
                "SELECT (SELECT max(query) FROM pg_stat_activity)",
                "SELECT statement FROM pg_prepared_statements",
                "WITH a AS (SELECT datname FROM pg_stat_database) SELECT * FROM a",
                "SELECT datname FROM pg_stat_progress_vacuum",
                "SELECT * FROM pg_stat_get_activity(NULL)",
                "SELECT PG_STAT_GET_BACKEND_ACTIVITY(1)",
                "SELECT has_database_privilege('hidden', 'CONNECT')",
                "SELECT pg_database_size('hidden')",
                "SELECT pg_get_object_address('database', '{hidden}', '{}')",
                "SELECT pg_describe_object(1262, x, 0) FROM generate_series(1, 99999) AS g(x)",
                "SELECT (pg_identify_object(1262, 1::oid, 0)).identity",
                "SELECT pg_identify_object_as_address(1262, 1::oid, 0)",
                "SELECT query_to_xml('SELECT * FROM pg_data' || 'base', true, true, '')",
                "SELECT table_to_xml(('pg_data' || 'base')::regclass, true, true, '')",
                "SELECT schema_to_xml('pg_catalog', true, true, '')",
                "SELECT * FROM ts_stat('SELECT datname::text::tsvector FROM pg_data' || 'base')",
                "CREATE VIEW spy AS SELECT datname FROM pg_database",
                "INSERT INTO users (\"firstName\") SELECT datname FROM pg_database",
                "UPDATE users SET email = d.datname FROM pg_database d",
                "DELETE FROM users WHERE EXISTS (SELECT 1 FROM pg_database WHERE datname = 'hidden')",
            ] {
                for way in WAYS {
                    for answer in send(&caller, sql, way).await {
                        assert!(refused(&answer), "{way}: {sql}: {}", answer.text);
                        assert!(!answer.text.contains("hidden"), "{way}: {sql}: {}", answer.text);
                    }
                }
            }
            if is_postgres {
                let path = "/databases/app/tables/pg_database?columns=datname";
                caller.get(path).await.refused_with(403, "FORBIDDEN");
                let path = "/databases/app/tables/pg_stat_activity?schema=pg_catalog";
                caller.get(path).await.refused_with(403, "FORBIDDEN");
            }
        }
        root.delete("/databases/hidden").await.ok(204);
        assert_eq!(root.count().await, 2);
    }
}
