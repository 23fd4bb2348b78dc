//! A token that reads may call the functions of PostgreSQL that only read.

use serde_json::json;

use super::{WAYS, each_server, refused, send, state};

/// Functions of PostgreSQL's users, most of which write.
const FUNCTIONS: &[&str] = &[
    "CREATE SEQUENCE s",
    r#"CREATE FUNCTION wipe() RETURNS int LANGUAGE plpgsql AS $$ BEGIN DELETE FROM "users"; RETURN 1; END $$"#,
    r#"CREATE FUNCTION wipe_sql() RETURNS bigint LANGUAGE sql AS $$ DELETE FROM "users" RETURNING 1::bigint $$"#,
    r#"CREATE FUNCTION wipe_stable() RETURNS int LANGUAGE plpgsql STABLE SECURITY DEFINER AS
       $$ BEGIN EXECUTE 'DELETE FROM "users"'; RETURN 1; END $$"#,
    r#"CREATE FUNCTION free() RETURNS int LANGUAGE plpgsql AS
       $$ BEGIN SET TRANSACTION READ WRITE; DELETE FROM "users"; RETURN 1; END $$"#,
    r#"CREATE FUNCTION ages() RETURNS bigint LANGUAGE sql AS $$ SELECT sum("age") FROM "users" $$"#,
    r#"CREATE VIEW "wiping" AS SELECT wipe() AS "w""#,
];

/// Calls that would do more than read.
const CALLS: &[&str] = &[
    "nextval('s')",
    "setval('s', 7)",
    "wipe()",
    "wipe_sql()",
    "wipe_stable()",
    "free()",
    "public.wipe()",
    "lo_create(4711)",
    "lo_creat(-1)",
    "\"lo_create\"(4711)",
    "pg_catalog.lo_create(4711)",
    "pg_notify('x', 'y')",
    "pg_advisory_lock(1)",
    "pg_terminate_backend(pg_backend_pid())",
    "pg_sleep(0)",
    "set_config('transaction_read_only', 'off', true)",
    "set_config('default_transaction_read_only', 'off', false)",
    r#"query_to_xml('DELETE FROM "users"', true, true, '')"#,
    "pg_logical_emit_message(false, 'a', 'b')",
    "pg_create_restore_point('x')",
];

/// Functions of PostgreSQL that do more than read, of the server and of users.
#[tokio::test]
async fn a_token_that_reads_changes_nothing_by_a_function() {
    let Some((root, _)) = each_server().await.into_iter().find(|(_, is_postgres)| *is_postgres) else {
        return;
    };
    let native = async |sql: &str| {
        root.send("POST", "/databases/app/query", json!({ "query": sql, "native": true })).await.ok(200)
    };
    for sql in FUNCTIONS {
        native(sql).await;
    }
    let before = state(&root).await;
    let caller = root.with_token("reads");
    for call in CALLS {
        let statements = [
            format!("SELECT {call}"),
            format!("SELECT * FROM {call}"),
            format!("SELECT 1 WHERE {call} IS NOT NULL"),
            format!("SELECT * FROM (SELECT 1) q, LATERAL {call} z"),
            format!("SELECT (SELECT max({call}) OVER () FROM (SELECT 1) q)"),
        ];
        for sql in &statements {
            for way in WAYS {
                for answer in send(&caller, sql, way).await {
                    assert!(refused(&answer), "{way}: {sql}: {}", answer.text);
                }
            }
        }
        for part in ["condition", "columns", "orderBy"] {
            let call = if part == "condition" { format!("{call} IS NOT NULL") } else { (*call).to_owned() };
            let call: String = call.bytes().map(|byte| format!("%{byte:02X}")).collect();
            let answer = caller.get(&format!("/databases/app/tables/users?{part}={call}")).await;
            assert!(answer.status.is_client_error(), "{part}: {}", answer.text);
        }
    }
    caller.get("/databases/app/tables/wiping").await.refused_with(403, "FORBIDDEN");
    assert_eq!(state(&root).await, before);
    let number = native("SELECT last_value, is_called FROM s").await;
    assert_eq!(number["rows"], json!([[1, false]]));
    assert_eq!(
        native("SELECT count(*) FROM pg_largeobject_metadata WHERE oid = 4711").await["rows"],
        json!([[0]])
    );
    // This function only reads. PostgreSQL takes every function for one that writes unless its definition says otherwise.
    assert_eq!(caller.query("SELECT ages()").await.ok(200)["rows"], json!([[50]]));
}
