//! What a statement does to its session, no other caller meets.

use phantomdb_engine::Session;
use phantomdb_engine_postgres::{PostgresEngine, PostgresOptions};
use phantomdb_protocol::{AlterOperation, ColumnDefinition, ErrorCode, Statement, TableName};
use phantomdb_testing::{error, ok, postgres::postgres_url, rows, statement};
use serde_json::{Value, json};

use crate::fixture::Fixture;

/// One connection: the next caller gets the one that was used before, if it is still there.
async fn fixture() -> Fixture {
    let options = PostgresOptions { connections: 1, ..PostgresOptions::default() };
    let fixture = Fixture::with_options(options).await;
    let session = &*fixture.session;
    ok(session, "CREATE TABLE \"t\" (\"id\" INTEGER, \"v\" TEXT)", &[]).await;
    ok(session, "INSERT INTO \"t\" VALUES (1, 'a')", &[]).await;
    native(
        session,
        "CREATE FUNCTION harm(x text DEFAULT 'x') RETURNS text LANGUAGE plpgsql AS $$ BEGIN \
         PERFORM pg_catalog.set_config('search_path', 'pg_temp', false), pg_catalog.pg_advisory_lock(7); \
         EXECUTE 'CREATE TEMP TABLE IF NOT EXISTS left_behind (a int)'; RETURN x; END $$",
    )
    .await;
    native(session, "CREATE SCHEMA other; CREATE FUNCTION other.lower(text) RETURNS text LANGUAGE sql AS 'SELECT harm($1)'")
        .await;
    fixture
}

async fn native(session: &dyn Session, sql: &str) {
    for sql in sql
        .split("; CREATE")
        .enumerate()
        .map(|(at, part)| if at == 0 { part.into() } else { format!("CREATE{part}") })
    {
        let statement = Statement { query: sql.clone(), native: true, ..Statement::default() };
        session.execute(statement).await.unwrap_or_else(|error| panic!("{sql}: {error}"));
    }
}

async fn process(session: &dyn Session) -> Value {
    rows(session, "SELECT pg_backend_pid()", &[]).await
}

/// What a caller sees of its session.
async fn state(session: &dyn Session) -> Value {
    let sql = "SELECT current_setting('search_path'), current_setting('statement_timeout'), \
               (SELECT count(*) FROM pg_catalog.pg_locks WHERE locktype = 'advisory' AND pid = pg_backend_pid()), \
               to_regclass('pg_temp.left_behind')::text, count(*) FROM \"t\"";
    rows(session, sql, &[]).await
}

#[tokio::test(flavor = "multi_thread")]
async fn a_connection_comes_back_as_it_was_however_a_statement_changes_it() {
    let fixture = fixture().await;
    let session = &*fixture.session;
    let clean = json!([["\"$user\", public", "0", 0, null, 1]]);
    for sql in [
        "SELECT harm()",
        "SELECT * FROM \"harm\"('x')",
        "SELECT * FROM \"t\", LATERAL harm(\"v\")",
        "SELECT other.lower(\"v\") FROM \"t\"",
        "SELECT \"id\" FROM \"t\" WHERE harm(\"v\") = 'a' ORDER BY harm(\"v\")",
        "WITH x AS (SELECT harm() AS h) SELECT h FROM x",
        "SELECT upper(harm())",
        "UPDATE \"t\" SET \"v\" = harm(\"v\")",
        "UPDATE \"t\" SET \"v\" = \"v\" RETURNING harm(\"v\")",
        "INSERT INTO \"t\" SELECT 2, harm() WHERE harm() = 'no'",
        "DELETE FROM \"t\" WHERE harm(\"v\") = 'no'",
        "EXPLAIN ANALYZE SELECT harm()",
        "ALTER TABLE \"t\" ADD COLUMN \"w\" TEXT DEFAULT harm()",
        "ALTER TABLE \"t\" ADD CONSTRAINT \"c\" CHECK (harm(\"v\") IS NOT NULL)",
    ] {
        let before = process(session).await;
        ok(session, sql, &[]).await;
        assert_ne!(process(session).await, before, "{sql}");
        assert_eq!(state(session).await, clean, "{sql}");
    }
    for sql in [
        "DO 'BEGIN PERFORM harm(); END'",
        "SELECT harm()",
        "CREATE TEMP TABLE left_behind (a int)",
        "SELECT 1 INTO TEMP left_behind",
    ] {
        native(session, sql).await;
        assert_eq!(state(session).await, clean, "native {sql}");
    }
    let column = ColumnDefinition { default: Some("harm()".into()), ..ColumnDefinition::new("x", "TEXT") };
    session.alter(&TableName::new("t"), vec![AlterOperation::AddColumn { column }]).await.unwrap();
    assert_eq!(state(session).await, clean, "alter");
    let batch = [statement("SELECT 1", &[]), statement("SELECT harm()", &[])];
    for atomic in [true, false] {
        session.execute_batch(batch.to_vec(), atomic).await.unwrap();
        assert_eq!(state(session).await, clean, "batch {atomic}");
    }
    let transaction = fixture.begin(None).await;
    ok(&*transaction, "SELECT harm()", &[]).await;
    transaction.commit().await.unwrap();
    assert_eq!(state(session).await, clean, "transaction");
    fixture.end().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn nor_does_the_code_of_the_database_change_the_session_of_others() {
    let fixture = fixture().await;
    let session = &*fixture.session;
    let clean = |rows: i64| json!([["\"$user\", public", "0", 0, null, rows]]);
    assert_eq!(state(session).await, clean(1));
    native(session, "CREATE VIEW v AS SELECT harm(v) AS h FROM t").await;
    native(session, "CREATE VIEW w AS SELECT * FROM pg_settings").await;
    native(session, "CREATE TABLE d (a int, b text DEFAULT harm())").await;
    native(session, "CREATE TABLE c (a int CHECK (harm(a::text) IS NOT NULL))").await;
    native(
        session,
        "CREATE FUNCTION touch() RETURNS trigger LANGUAGE plpgsql AS 'BEGIN PERFORM harm(); RETURN NEW; END'",
    )
    .await;
    native(session, "CREATE TRIGGER tr BEFORE UPDATE ON t FOR EACH ROW EXECUTE FUNCTION touch()").await;
    for sql in [
        "SELECT * FROM \"v\"",
        "INSERT INTO \"d\" (\"a\") VALUES (1)",
        "INSERT INTO \"c\" VALUES (1)",
        "UPDATE \"t\" SET \"v\" = 'b'",
        "UPDATE \"w\" SET \"setting\" = 'pg_temp' WHERE \"name\" = 'search_path'",
        "UPDATE \"pg_catalog\".\"pg_settings\" SET \"setting\" = 'pg_temp' WHERE \"name\" = 'search_path'",
    ] {
        for _ in 0..2 {
            ok(session, sql, &[]).await;
            assert_eq!(state(session).await, clean(1), "{sql}");
        }
        let transaction = fixture.begin(None).await;
        ok(&*transaction, sql, &[]).await;
        transaction.rollback().await.unwrap();
        assert_eq!(state(session).await, clean(1), "{sql}");
    }
    fixture.end().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn functions_that_are_read_and_found_neutral_keep_the_connection() {
    let options = PostgresOptions { connections: 1, ..PostgresOptions::default() };
    let fixture = Fixture::with_options(options).await;
    let session = &*fixture.session;
    native(session, "CREATE FUNCTION twice(x int) RETURNS int LANGUAGE sql AS 'SELECT abs(x) * 2'").await;
    native(session, "CREATE EXTENSION citext").await;
    let before = process(session).await;
    assert_eq!(rows(session, "SELECT twice(2), citext_cmp('a', 'A')", &[]).await, json!([[4, 0]]));
    assert_eq!(process(session).await, before);
    // What another one makes of it is seen once the catalog is looked at again.
    native(session, "CREATE OR REPLACE FUNCTION twice(x int) RETURNS int LANGUAGE sql AS 'SELECT x * pg_backend_pid() * (SELECT length(set_config(''a.b'', ''c'', false)))'").await;
    let before = process(session).await;
    ok(session, "SELECT twice(2)", &[]).await;
    assert_ne!(process(session).await, before);
    fixture.end().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn statements_that_leave_the_session_alone_keep_its_connection() {
    let fixture = fixture().await;
    let session = &*fixture.session;
    let before = process(session).await;
    ok(session, "SELECT to_tsvector('a') @@ to_tsquery('a'), pg_catalog.lower('A'), pg_sleep(0), set_config('a.b', 'c', true)", &[])
        .await;
    ok(session, "INSERT INTO \"t\" (\"id\", \"v\") VALUES (2, now()::text)", &[]).await;
    ok(session, "ALTER TABLE \"t\" ADD COLUMN \"w\" TIMESTAMP DEFAULT now()", &[]).await;
    native(session, "SELECT count(*) FROM t WHERE v LIKE lower('%')").await;
    native(session, "INSERT INTO t (id, v) VALUES (3, concat('a', 'b'))").await;
    assert_eq!(process(session).await, before);
    fixture.end().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn functions_that_only_change_the_session_say_what_to_use() {
    let fixture = fixture().await;
    for sql in [
        "SELECT set_config('search_path', 'pg_temp', false)",
        "SELECT set_config('search_path', 'pg_temp', \"id\" = 1) FROM \"t\"",
        "SELECT * FROM set_config('search_path', 'pg_temp', false)",
        "SELECT \"id\" FROM \"t\" WHERE pg_catalog.set_config('a.b', 'c', false) = 'c'",
        "SELECT pg_advisory_lock(1)",
        "SELECT * FROM \"pg_try_advisory_lock\"(1)",
        "SELECT setseed(0.1)",
    ] {
        let refused = error(&*fixture.session, sql, &[]).await;
        assert_eq!(refused.code, ErrorCode::Unsupported, "{sql}: {refused}");
        assert!(refused.message.contains("changes the session"), "{}", refused.message);
    }
    fixture.end().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_superuser_is_refused_and_the_role_of_the_docs_is_enough() {
    let strict = || PostgresOptions { allow_superuser: false, ..PostgresOptions::default() };
    let engine = PostgresEngine::open(postgres_url(), strict()).unwrap();
    let refused = phantomdb_engine::Engine::version(&engine).await.unwrap_err();
    assert_eq!(refused.code, ErrorCode::Forbidden);
    assert!(refused.message.contains("CREATE ROLE") && refused.message.contains("--allow-superuser"));

    let fixture = fixture().await;
    let role = format!("{}_role", fixture.database);
    native(&*fixture.session, &format!("CREATE ROLE {role} LOGIN CREATEDB PASSWORD 'secret'")).await;
    let (_, rest) = postgres_url().split_once('@').unwrap();
    let engine = PostgresEngine::open(&format!("postgres://{role}:secret@{rest}"), strict()).unwrap();
    {
        use phantomdb_engine::Engine as _;
        let database = format!("{}_own", fixture.database);
        engine.create_database(&database).await.unwrap();
        let session = engine.database(&database).await.unwrap();
        ok(&*session, "CREATE TABLE \"t\" (\"id\" INTEGER PRIMARY KEY, \"v\" VARCHAR(5))", &[]).await;
        ok(&*session, "INSERT INTO \"t\" VALUES (1, 'a')", &[]).await;
        assert_eq!(
            error(&*session, "SELECT pg_read_file('PG_VERSION')", &[]).await.code,
            ErrorCode::Forbidden
        );
        drop(session);
        engine.drop_database(&database).await.unwrap();
        engine.close().await.unwrap();
    }
    native(&*fixture.session, &format!("DROP ROLE {role}")).await;
    fixture.end().await;
}
