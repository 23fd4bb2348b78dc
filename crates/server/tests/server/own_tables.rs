//! The tables that PhantomDB keeps in a database for itself are out of the reach of statements, on both engines. In them are
//! the answers of other callers.

use crate::common::{Answer, Caller, each_server};
use phantomdb_sql::own_tables::OwnTable;
use serde_json::{Value as Json, json};

const INSERT: &str = r#"INSERT INTO "users" ("firstName") VALUES ('Kay') RETURNING "firstName""#;

async fn keyed(caller: &Caller, key: &str) -> Answer {
    let body = json!({ "query": INSERT });
    caller.send_with("POST", "/databases/app/query", &[("idempotency-key", key)], body).await
}

async fn count(caller: &Caller) -> Json {
    caller.query(r#"SELECT count(*) FROM "users" WHERE "firstName" = 'Kay'"#).await.ok(200)["rows"].clone()
}

#[tokio::test]
async fn no_statement_names_a_table_of_phantomdb() {
    for caller in each_server().await {
        let caller = caller.with_users().await;
        keyed(&caller, "first").await.ok(200);
        for own in OwnTable::ALL.map(OwnTable::name) {
            let upper = own.to_uppercase();
            for sql in [
                format!("SELECT * FROM {own}"),
                format!("SELECT * FROM \"public\".\"{own}\""),
                format!("SELECT * FROM \"{upper}\""),
                format!("SELECT (SELECT count(*) FROM `{own}`)"),
                format!("WITH a AS (SELECT * FROM {own}) SELECT * FROM a"),
                format!("DELETE FROM {own}"),
                format!("UPDATE {own} SET key = NULL"),
                format!("INSERT INTO {own} DEFAULT VALUES"),
                format!("CREATE TABLE {own} (a INTEGER)"),
                format!("CREATE TABLE c (a INTEGER REFERENCES {own} (seq))"),
                format!("CREATE VIEW v AS SELECT * FROM {own}"),
                format!("CREATE INDEX i ON {own} (key)"),
                format!("ALTER TABLE users RENAME TO {own}"),
                format!("ALTER TABLE {own} RENAME TO mine"),
                format!("DROP TABLE {own}"),
                format!("TRUNCATE {own}"),
            ] {
                let answer = caller.query(&sql).await;
                assert_eq!(answer.code(), "FORBIDDEN", "{sql}");
            }
            let table = format!("/databases/app/tables/{own}");
            caller.get(&table).await.refused_with(403, "FORBIDDEN");
            caller.delete(&format!("{table}/rows?all=true")).await.refused_with(403, "FORBIDDEN");
            caller.delete(&table).await.refused_with(403, "FORBIDDEN");
            let operation = json!([{ "op": "addColumn", "column": { "name": "b", "type": "TEXT" } }]);
            let rename = json!([{ "op": "renameTable", "to": { "name": own } }]);
            let reference = json!({ "name": "r", "type": "BLOB",
                "references": { "table": { "name": own }, "columns": ["key"] } });
            let reference = json!([{ "op": "addColumn", "column": reference }]);
            for (path, operations) in [
                (table.as_str(), operation),
                ("/databases/app/tables/users", rename),
                ("/databases/app/tables/users", reference),
            ] {
                let body = json!({ "operations": operations });
                caller.send("PATCH", path, body).await.refused_with(403, "FORBIDDEN");
            }
        }
        keyed(&caller, "first").await.ok(200);
        assert_eq!(count(&caller).await, json!([[1]]));
    }
}

#[tokio::test]
async fn a_user_makes_no_table_that_lists_would_hide() {
    for caller in each_server().await {
        let caller = caller.with_users().await;
        for sql in [
            "CREATE TABLE phantomdb_notes (a INTEGER)",
            "CREATE TABLE \"PhantomDB_notes\" AS SELECT 1 AS a",
            "CREATE VIEW public.phantomdb_notes AS SELECT 1 AS a",
            "ALTER TABLE users RENAME TO phantomdb_notes",
        ] {
            let answer = caller.query(sql).await;
            assert_eq!(answer.code(), "BAD_REQUEST", "{sql}");
        }
        let rename = json!({ "operations": [{ "op": "renameTable", "to": { "name": "phantomdb_notes" } }] });
        caller.send("PATCH", "/databases/app/tables/users", rename).await.refused_with(400, "BAD_REQUEST");
        // Names of columns are free.
        caller.query("SELECT 1 AS phantomdb_notes").await.ok(200);
    }
}
