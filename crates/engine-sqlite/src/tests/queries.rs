//! Queries, functions, and the types of results.

use super::*;

#[test]
fn a_query_of_an_orm_is_adapted() {
    let database = Database::with(&[USERS]);
    let select = "SELECT \"User\".\"id\", \"User\".\"name\" AS \"n\" FROM \"Users\" AS \"User\" WHERE \
                  (\"User\".\"meta\"#>>'{a,b}') = $1 AND \"User\".\"name\" LIKE $2 ORDER BY \"User\".\"id\" DESC NULLS LAST LIMIT 10 OFFSET $3";
    assert_eq!(
        database.sql(select),
        "SELECT \"User\".\"id\", \"User\".\"name\" AS \"n\" FROM \"Users\" AS \"User\" WHERE \
         (phantomdb_jsonb_path_text(\"User\".\"meta\", phantomdb_array_input('{a,b}', 'text'))) = ?1 AND \"User\".\"name\" LIKE ?2 ESCAPE '\\' \
         ORDER BY \"User\".\"id\" DESC LIMIT 10 OFFSET phantomdb_row_count(?3, 'OFFSET')"
    );
    assert_eq!(
        database.adapt("SELECT id FROM \"Users\" FOR NO KEY UPDATE OF \"Users\" SKIP LOCKED").kind,
        phantomdb_sql::Kind::LockingRead
    );
}

#[test]
fn any_and_all_of_a_query_are_null_when_only_a_null_could_decide() {
    let database =
        Database::with(&[USERS, "INSERT INTO \"Users\" (\"name\", age) VALUES ('a', 1), ('b', NULL)"]);
    assert_eq!(database.ask("SELECT name FROM \"Users\" WHERE age < ALL (SELECT 2 UNION SELECT 3)"), "a");
    assert_eq!(database.ask("SELECT name FROM \"Users\" WHERE NOT (age > ANY (SELECT 2))"), "a");
    for (expression, expected) in [
        ("1 > ANY (SELECT age FROM \"Users\")", "NULL"),
        ("2 > ANY (SELECT age FROM \"Users\")", "true"),
        ("2 > ALL (SELECT age FROM \"Users\")", "NULL"),
        ("1 > ALL (SELECT age FROM \"Users\")", "false"),
        ("NULL > ALL (SELECT 1 WHERE false)", "true"),
        ("NULL > ANY (SELECT 1 WHERE false)", "false"),
    ] {
        let query = format!("SELECT coalesce(CAST({expression} AS TEXT), 'NULL')");
        assert_eq!(database.ask(&query), expected, "{expression}");
    }
}

#[test]
fn arithmetic_computes_with_numbers_dates_and_documents_only() {
    let database = Database::with(&[
        USERS,
        "INSERT INTO \"Users\" (\"name\", \"meta\") VALUES ('3 Ann', '{\"a\":1,\"b\":2}')",
    ]);
    for (expression, expected) in [
        ("DATE '2020-03-01' - DATE '2020-02-01'", "29"),
        ("DATE '2020-02-28' + 2", "2020-03-01"),
        ("DATE '2020-03-01' - 1", "2020-02-29"),
        ("'5' + 1", "6"),
        ("(meta ? 'a')::text", "true"),
        ("(meta ?| ARRAY['x','b'])::text", "true"),
        ("(meta ?& ARRAY['x','b'])::text", "false"),
        ("name COLLATE \"C\"", "3 Ann"),
        ("meta - 'a'", "{\"b\": 2}"),
        ("meta - 'x'", "{\"a\": 1, \"b\": 2}"),
        ("CAST('[1,2,3]' AS JSONB) - 1", "[1, 3]"),
        ("CAST('[1,2,3]' AS JSONB) - (-1)", "[1, 2]"),
        ("CAST('[\"a\",\"b\"]' AS JSONB) - 'a'", "[\"b\"]"),
    ] {
        assert_eq!(database.ask(&format!("SELECT {expression} FROM \"Users\"")), expected, "{expression}");
    }
    for expression in ["name + 1", "now() + now()", "now() + 1", "name * 2", "\"on\" + 1", "meta * 2"] {
        let (code, message, _) = refused(&database, &format!("SELECT {expression} FROM \"Users\""));
        assert_eq!(code, ErrorCode::TypeMismatch, "{expression}");
        assert!(message.contains("there is no such operator"), "{message}");
    }
}

#[test]
fn the_order_of_a_column_without_nulls_can_use_its_index() {
    let database = Database::with(&[USERS]);
    assert_eq!(
        database.sql("SELECT id FROM \"Users\" ORDER BY id, name"),
        "SELECT \"id\" FROM \"Users\" ORDER BY \"id\", \"name\""
    );
}

#[test]
fn a_function_wants_a_cast_where_postgresql_wants_one() {
    let database = Database::new();
    assert_eq!(
        database.ask("SELECT date_part('dow', DATE '2026-05-06'), length(gen_random_uuid()::text)"),
        "3.0|36"
    );
    for expression in ["date_part('dow', '2026-05-06')", "length(gen_random_uuid())", "length(42)"] {
        assert!(adapt(&format!("SELECT {expression}"), &database).is_err(), "{expression}");
    }
    assert!(database.ask("SELECT version()").starts_with("PhantomDB"));
}

#[test]
fn the_types_of_results_are_known_without_a_row() {
    use phantomdb_protocol::ColumnType::{Boolean, Integer, Json, String};
    let database = Database::with(&[USERS]);
    let types = |sql: &str| database.adapt(sql).column_types;
    assert_eq!(
        types("SELECT name IS NULL, meta->'a', meta->>'a', 'x' FROM \"Users\""),
        [Boolean, Json, String, String].map(Some)
    );
    assert_eq!(types("SELECT $1, coalesce(age, 1) FROM \"Users\""), [None, Some(Integer)]);
}

#[test]
fn a_time_is_compared_in_its_stored_form_and_its_index_serves() {
    let database = Database::with(&[USERS, "CREATE INDEX i ON \"Users\" (at)"]);
    assert_eq!(
        database.sql("SELECT id FROM \"Users\" AS u WHERE u.at > $1 AND at < '2026-01-01 01:00+01'"),
        "SELECT \"id\" FROM \"Users\" AS \"u\" WHERE \"u\".\"at\" > phantomdb_text_timestamptz(?1) \
         AND \"at\" < phantomdb_text_timestamptz('2026-01-01 01:00+01')"
    );
    let plan = database.ask("EXPLAIN SELECT id FROM \"Users\" WHERE at > $1");
    assert!(plan.contains("USING COVERING INDEX i (at>?)"), "{plan}");
    let plan = database.ask("EXPLAIN SELECT id FROM \"Users\" WHERE name LIKE 'abc%'");
    assert!(plan.contains("(name>? AND name<?)"), "{plan}");
}

#[test]
fn a_full_or_right_join_without_an_index_makes_one() {
    let database = Database::with(&[
        "CREATE TABLE a (id INTEGER, k INTEGER, x TEXT, p DECIMAL(5,2))",
        "CREATE TABLE b (id INTEGER PRIMARY KEY, k INTEGER, y TEXT, q DECIMAL(5,2))",
    ]);
    for (join, indexes) in [
        ("FULL JOIN b ON a.k = b.k", 2),
        ("FULL JOIN b ON y = x AND a.k > b.k", 2),
        ("FULL JOIN b ON a.p = b.q", 2),
        ("FULL JOIN b USING (k)", 2),
        ("RIGHT JOIN b ON a.k = b.k", 1),
        ("RIGHT JOIN b USING (k)", 1),
    ] {
        let plan = database.ask(&format!("EXPLAIN SELECT * FROM a {join}"));
        assert_eq!(plan.matches("AUTOMATIC COVERING INDEX").count(), indexes, "{join}: {plan}");
    }
    // The key of the table serves.
    let sql = database.sql("SELECT * FROM a FULL JOIN b ON a.k = b.id");
    assert!(sql.contains("FULL JOIN"), "{sql}");
}

#[test]
fn each_statement_has_its_kind() {
    use phantomdb_sql::Kind;
    let database = Database::with(&[USERS]);
    for (sql, kind) in [
        ("BEGIN", Kind::Begin),
        ("START TRANSACTION", Kind::Begin),
        ("COMMIT", Kind::Commit),
        ("ROLLBACK", Kind::Rollback),
        ("SAVEPOINT \"x\"", Kind::Savepoint("x".into())),
        ("ROLLBACK TO SAVEPOINT \"x\"", Kind::RollbackTo("x".into())),
        ("RELEASE SAVEPOINT \"x\"", Kind::Release("x".into())),
        ("SET TRANSACTION ISOLATION LEVEL READ COMMITTED", Kind::Nothing),
        ("SET CONSTRAINTS ALL DEFERRED", Kind::Write),
        ("COMMENT ON TABLE \"Users\" IS 'x'", Kind::Schema),
        ("CREATE SCHEMA IF NOT EXISTS s", Kind::Schema),
        ("SELECT 1", Kind::Read),
        ("SELECT id FROM \"Users\" FOR KEY SHARE", Kind::LockingRead),
        ("WITH a AS (SELECT 1) UPDATE \"Users\" SET age = 1", Kind::Write),
        ("DROP TABLE \"Users\"", Kind::Schema),
    ] {
        assert_eq!(database.adapt(sql).kind, kind, "{sql}");
    }
    assert_eq!(database.adapt("SELECT $2, $1, $2").parameter_count, 2);
    assert!(database.adapt("DELETE FROM \"Users\" RETURNING id").returns_rows);
    assert!(!database.adapt("DELETE FROM \"Users\"").returns_rows);
}

#[test]
fn an_alias_names_the_columns_of_a_sub_query_of_the_same_name() {
    let database = Database::with(&["CREATE TABLE t (x INTEGER)", "INSERT INTO t VALUES (1), (2)"]);
    assert_eq!(database.ask("SELECT t.a FROM (SELECT x FROM t) AS t (a) ORDER BY t.a"), "1 2");
}

#[test]
fn an_interval_is_read_in_the_forms_of_postgresql() {
    let database = Database::new();
    for (interval, expected) in [
        ("1 day", "2020-01-02T00:00:00.000Z"),
        ("-1 mon", "2019-12-01T00:00:00.000Z"),
        ("2 hours 30 minutes", "2020-01-01T02:30:00.000Z"),
        ("30 minutes 2 hours", "2020-01-01T02:30:00.000Z"),
        ("01:30:00", "2020-01-01T01:30:00.000Z"),
    ] {
        let query = format!("SELECT TIMESTAMP '2020-01-01' + INTERVAL '{interval}'");
        assert_eq!(database.ask(&query), expected, "{interval}");
    }
}

#[test]
fn calls_with_a_grammar_of_their_own_are_calls_of_functions() {
    let database = Database::new();
    assert_eq!(database.ask("SELECT OVERLAY('abcdef' PLACING '45' FROM 4)"), "abc45f");
    assert_eq!(database.ask("SELECT OVERLAY('yabadoo' PLACING 'daba' FROM 5 FOR 0)"), "yabadabadoo");
    assert_eq!(database.ask("SELECT length(normalize('\u{e4}', NFD))"), "2");
    assert_eq!(database.ask("SELECT '\u{e4}' IS NFD NORMALIZED, '\u{e4}' IS NOT NORMALIZED"), "0|0");
}
