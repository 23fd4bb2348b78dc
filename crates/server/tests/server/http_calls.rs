//! Every call of the contract, as a caller of the REST interface meets it.

use crate::common::{Caller, each_server, server};
use serde_json::json;

const USERS: &str = "/databases/app/tables/users";

#[tokio::test]
async fn it_says_who_is_there_and_that_it_is_well() {
    let caller = server().await;
    let info = caller.get("/").await.ok(200);
    assert_eq!((&info["name"], &info["engine"]["name"]), (&json!("phantomdb"), &json!("sqlite")));
    assert_eq!(info["limits"]["transactionTimeout"], 60_000);
    assert_eq!(caller.get("/health").await.ok(200), json!({ "status": "healthy" }));
    assert_eq!(caller.get("/ready").await.ok(200), json!({ "status": "ready" }));
}

#[tokio::test]
async fn it_answers_every_path_under_api_v1_too() {
    for caller in each_server().await {
        let caller = caller.with_users().await;
        for path in ["/", "/health", "/databases", "/databases/app/tables", USERS] {
            let (short, long) = (caller.get(path).await, caller.get(&format!("/api/v1{path}")).await);
            assert_eq!((short.status, short.text), (long.status, long.text), "{path}");
        }
        assert_eq!(caller.get("/api/v1").await.status, 200);
    }
}

#[tokio::test]
async fn it_lists_creates_and_drops_databases() {
    for caller in each_server().await {
        let create = json!({ "name": "shop" });
        assert_eq!(caller.send("POST", "/databases", create.clone()).await.ok(201), create);
        caller.send("POST", "/databases", create).await.refused_with(409, "ALREADY_EXISTS");
        caller.send("POST", "/databases", json!({ "name": "shop", "ifNotExists": true })).await.ok(201);
        assert_eq!(caller.get("/databases").await.ok(200), json!({ "databases": ["shop"] }));
        caller.delete("/databases/shop").await.ok(204);
        caller.delete("/databases/shop").await.refused_with(404, "UNKNOWN_DATABASE");
        caller.get("/databases/shop/tables").await.refused_with(404, "UNKNOWN_DATABASE");
    }
}

#[tokio::test]
async fn it_refuses_a_database_name_that_leads_elsewhere() {
    let caller = server().await;
    for name in ["../x", "a/b", "", ".", "..", "a\0b", "a\\b"] {
        let answer = caller.send("POST", "/databases", json!({ "name": name })).await;
        assert!(answer.status.is_client_error(), "{name:?} {}", answer.text);
        answer.code();
    }
}

#[tokio::test]
async fn it_finds_rows_as_the_contract_shows() {
    for caller in each_server().await {
        let caller = caller.with_users().await;
        let path = format!(
            "{USERS}?condition=firstName%3D'John'%20AND%20age%3E18&orderBy=age+DESC&limit=10&offset=0"
        );
        let john = json!({ "id": 1, "firstName": "John", "age": 30, "email": "john@example.org" });
        assert_eq!(caller.get(&path).await.ok(200), json!({ "records": [john] }));
        let path = format!("{USERS}?columns=firstName&orderBy=firstName");
        let both = json!({ "records": [{ "firstName": "Jane" }, { "firstName": "John" }] });
        assert_eq!(caller.get(&path).await.ok(200), both);
        assert_eq!(
            caller.get(&format!("{USERS}?condition=age%3E99")).await.ok(200),
            json!({ "records": [] })
        );
    }
}

#[tokio::test]
async fn it_answers_rows_as_arrays_to_a_client_that_accepts_them() {
    for caller in each_server().await {
        let caller = caller.with_users().await;
        let headers = [("accept", "application/json;q=0.5, application/vnd.phantomdb.rows+json")];
        let path = format!("{USERS}?condition=id=2&columns=id,firstName");
        let answer = caller.raw("GET", &path, &headers, vec![]).await.ok(200);
        assert_eq!(answer["rows"], json!([[2, "Jane"]]));
        assert_eq!(answer["columns"][1], json!({ "name": "firstName", "type": "string" }));
    }
}

#[tokio::test]
async fn it_finds_text_that_needs_percent_encoding() {
    for caller in each_server().await {
        let caller = caller.with_users().await;
        let name = "O'Hara & ü 😀 100% + ?#/";
        let rows = json!({ "rows": [{ "firstName": name }] });
        caller.send("POST", &format!("{USERS}/rows"), rows).await.ok(201);
        let condition: String = format!("firstName='{}'", name.replace('\'', "''"))
            .bytes()
            .map(|byte| format!("%{byte:02X}"))
            .collect();
        let found = caller.get(&format!("{USERS}?condition={condition}")).await.ok(200);
        assert_eq!(found["records"][0]["firstName"], name);
    }
}

#[tokio::test]
async fn it_inserts_rows_that_name_different_columns() {
    for caller in each_server().await {
        let caller = caller.with_users().await;
        let rows = json!({
            "rows": [{ "firstName": "A", "age": 1 }, { "firstName": "B" }, { "age": 3, "firstName": "C" }],
            "returning": ["id", "firstName", "age"],
        });
        let answer = caller.send("POST", &format!("{USERS}/rows"), rows).await.ok(201);
        assert_eq!(
            answer,
            json!({ "inserted": 3, "rows": [
                { "id": 3, "firstName": "A", "age": 1 },
                { "id": 4, "firstName": "B", "age": 18 },
                { "id": 5, "firstName": "C", "age": 3 },
            ] })
        );
    }
}

#[tokio::test]
async fn it_inserts_all_rows_or_none() {
    for caller in each_server().await {
        let caller = caller.with_users().await;
        let rows = json!({ "rows": [{ "firstName": "A" }, { "email": "no name" }] });
        let answer = caller.send("POST", &format!("{USERS}/rows"), rows).await;
        answer.refused_with(422, "NOT_NULL_VIOLATION");
        assert_eq!(caller.count().await, 2);
    }
}

#[tokio::test]
async fn it_answers_a_conflict_with_names_or_resolves_it() {
    for caller in each_server().await {
        let caller = caller.with_users().await;
        let rows = |conflict: serde_json::Value| json!({ "rows": [{ "firstName": "Joe", "email": "john@example.org" }], "onConflict": conflict });
        let path = format!("{USERS}/rows");
        let answer = caller.send("POST", &path, rows(json!(null))).await;
        answer.refused_with(409, "UNIQUE_VIOLATION");
        assert_eq!(answer.json()["details"]["columns"], json!(["email"]));
        assert_eq!(caller.send("POST", &path, rows(json!({}))).await.ok(201)["inserted"], 0);
        let update = json!({ "columns": ["email"], "update": ["firstName"] });
        caller.send("POST", &path, rows(update)).await.ok(201);
        let found = caller.get(&format!("{USERS}?condition=id=1")).await.ok(200);
        assert_eq!(found["records"][0]["firstName"], "Joe");
    }
}

#[tokio::test]
async fn it_updates_and_deletes_by_condition_and_all_rows_only_when_told_so() {
    for caller in each_server().await {
        let caller = caller.with_users().await;
        let older = |extra: serde_json::Value| {
            let mut body = json!({ "data": { "age": 40 } });
            body.as_object_mut().unwrap().extend(extra.as_object().unwrap().clone());
            body
        };
        let updated = caller.send("PUT", USERS, older(json!({ "condition": "firstName = 'John'" }))).await;
        assert_eq!(updated.ok(200), json!({ "updated": 1 }));
        caller.send("PUT", USERS, older(json!({}))).await.refused_with(400, "BAD_REQUEST");
        assert_eq!(caller.send("PUT", USERS, older(json!({ "all": true }))).await.ok(200)["updated"], 2);

        caller.delete(&format!("{USERS}/rows")).await.refused_with(400, "BAD_REQUEST");
        caller.delete(&format!("{USERS}/rows?condition=")).await.refused_with(400, "BAD_REQUEST");
        let deleted = caller.delete(&format!("{USERS}/rows?condition=firstName%20LIKE%20'Ja%25'")).await;
        assert_eq!(deleted.ok(200), json!({ "deleted": 1 }));
        assert_eq!(caller.delete(&format!("{USERS}/rows?all=true")).await.ok(200), json!({ "deleted": 1 }));
    }
}

#[tokio::test]
async fn it_describes_alters_lists_and_drops_tables() {
    for caller in each_server().await {
        let caller = caller.with_users().await;
        let tables = caller.get("/databases/app/tables").await.ok(200);
        assert_eq!(tables, json!({ "tables": [{ "name": "users" }] }));
        let schema = caller.get(&format!("{USERS}/schema")).await.ok(200);
        assert_eq!(schema["primaryKey"], json!(["id"]));
        assert_eq!(schema["columns"][1]["type"], "VARCHAR(50)");

        let operations = json!({ "operations": [
            { "op": "addColumn", "column": { "name": "note", "type": "TEXT" } },
            { "op": "renameColumn", "from": "age", "to": "years" },
        ] });
        caller.send("PATCH", USERS, operations).await.ok(204);
        let schema = caller.get(&format!("{USERS}/schema")).await.ok(200);
        let names: Vec<_> = schema["columns"].as_array().unwrap().iter().map(|c| &c["name"]).collect();
        assert_eq!(names, ["id", "firstName", "years", "email", "note"]);

        caller.delete(&format!("{USERS}?condition=id=1")).await.refused_with(400, "BAD_REQUEST");
        caller.delete(USERS).await.ok(204);
        caller.delete(USERS).await.refused_with(404, "UNKNOWN_TABLE");
        caller.delete(&format!("{USERS}?ifExists=true")).await.ok(204);
        caller.get(USERS).await.refused_with(404, "UNKNOWN_TABLE");
    }
}

#[tokio::test]
async fn it_creates_and_drops_indexes() {
    for caller in each_server().await {
        let caller = caller.with_users().await;
        let path = format!("{USERS}/indexes");
        let index =
            json!({ "name": "by_age", "fields": [{ "column": "age", "descending": true }], "unique": true });
        assert_eq!(caller.send("POST", &path, index).await.ok(201), json!({ "name": "by_age" }));
        let rows = json!({ "rows": [{ "firstName": "X", "age": 30 }] });
        let twice = caller.send("POST", &format!("{USERS}/rows"), rows).await;
        twice.refused_with(409, "UNIQUE_VIOLATION");
        caller.delete(&format!("{path}/by_age")).await.ok(204);
        caller.delete(&format!("{path}/by_age")).await.refused_with(404, "NOT_FOUND");
    }
}

#[tokio::test]
async fn it_runs_queries_with_parameters() {
    for caller in each_server().await {
        let caller = caller.with_users().await;
        let body = json!({ "query": r#"SELECT "id", "firstName" FROM "users" WHERE "age" > $1"#, "parameters": [25] });
        let answer = caller.send("POST", "/databases/app/query", body).await.ok(200);
        assert_eq!(answer["rows"], json!([[1, "John"]]));
        assert_eq!(answer["columns"][0], json!({ "name": "id", "type": "integer" }));
        assert_eq!(answer["affectedRows"], 0);
        let answer = caller.query(r#"UPDATE "users" SET "age" = 1"#).await.ok(200);
        assert_eq!(answer["affectedRows"], 2);
    }
}

#[tokio::test]
async fn it_answers_each_statement_of_a_batch() {
    for caller in each_server().await {
        let caller = caller.with_users().await;
        let body = |atomic: bool| {
            json!({ "atomic": atomic, "statements": [
                { "query": r#"INSERT INTO "users" ("firstName") VALUES ($1)"#, "parameters": ["A"] },
                { "query": "SELECT * FROM nowhere" },
                { "query": r#"SELECT count(*) FROM "users""# },
            ] })
        };
        let all = caller.send("POST", "/databases/app/batch", body(true)).await;
        all.refused_with(404, "UNKNOWN_TABLE");
        assert_eq!(caller.count().await, 2);
        let each = caller.send("POST", "/databases/app/batch", body(false)).await.ok(200);
        assert_eq!(each["results"][0]["affectedRows"], 1);
        assert_eq!(each["results"][1]["error"]["code"], "UNKNOWN_TABLE");
        assert_eq!(each["results"][2]["rows"], json!([[3]]));
    }
}

#[tokio::test]
async fn it_reads_each_statement_of_a_batch_by_itself() {
    for caller in each_server().await {
        let caller = caller.with_users().await;
        let insert = json!({ "query": r#"INSERT INTO "users" ("firstName") VALUES ('A')"# });
        let unreadable =
            json!({ "query": "SELECT $1", "parameters": [{ "type": "integer", "value": "one" }] });
        let body = |atomic: bool| json!({ "atomic": atomic, "statements": [insert, unreadable, unreadable, insert] });
        let all = caller.send("POST", "/databases/app/batch", body(true)).await;
        all.refused_with(400, "BAD_REQUEST");
        assert_eq!(caller.count().await, 2);
        let each = caller.send("POST", "/databases/app/batch", body(false)).await.ok(200);
        let codes: Vec<_> = (0..4).map(|index| each["results"][index]["error"]["code"].as_str()).collect();
        assert_eq!(codes, [None, Some("BAD_REQUEST"), Some("BAD_REQUEST"), None]);
        assert_eq!(caller.count().await, 4);
    }
}

#[tokio::test]
async fn it_speaks_http_2_without_tls() {
    let caller = server().await;
    let info = Caller::http2(caller.address).get("/").await.ok(200);
    assert_eq!(info["name"], "phantomdb");
}

#[tokio::test]
async fn it_counts_what_it_does() {
    for caller in each_server().await {
        let caller = caller.with_users().await;
        caller.get("/nowhere").await.refused_with(404, "NOT_FOUND");
        caller.begin(json!({})).await;
        let text = caller.get("/metrics").await.text;
        assert!(text.contains("phantomdb_requests_total{code=\"404\"} 1\n"), "{text}");
        assert!(text.contains("phantomdb_open_transactions 1\n"), "{text}");
    }
}
