//! Columns that are arrays.

use phantomdb_protocol::{ErrorCode, Value};
use serde_json::json;

use super::{
    fixture::{ContractTest, Fixture, contract_tests},
    session::{ask, ask_with, error, ok, rows, text},
};

pub(super) const TESTS: &[ContractTest] = contract_tests![
    arrays_of_two_types_of_text_need_a_cast,
    a_subscript_needs_parentheses_around_an_expression,
    bytes_are_looked_for_in_an_array,
    an_array_of_documents_is_cast_by_its_documents,
    a_text_that_is_cast_is_in_the_notation_of_arrays,
    an_array_keeps_its_elements,
    an_element_is_converted_or_refused,
    operators_and_functions_read_arrays,
    arrays_are_compared_by_their_elements,
];

const TABLE: &str = "CREATE TABLE \"t\" (\"id\" INTEGER PRIMARY KEY, \"tags\" VARCHAR(5)[] NOT NULL DEFAULT '{}', \
    \"numbers\" INTEGER[], \"prices\" DECIMAL(10,2)[], \"flags\" BOOLEAN[], \"at\" TIMESTAMP[], \"large\" BIGINT[], \
    \"documents\" JSONB[], \"grid\" INTEGER[][])";

async fn an_array_keeps_its_elements(fixture: &Fixture) {
    let session = &*fixture.session;
    ok(session, TABLE, &[]).await;
    let parameters = [
        Value::String(r#"["a","b\"c",null]"#.into()),
        Value::Json("[1,-2]".into()),
        Value::Json(r#"["1.5",2]"#.into()),
        Value::Json("[true,false]".into()),
        Value::Json(r#"["2026-01-02T03:04:05.678Z"]"#.into()),
        Value::Json(r#"["9007199254740993",1]"#.into()),
        Value::Json(r#"[{"a":[1,2]},[3],"x"]"#.into()),
        Value::String("{{1,2},{3,4}}".into()),
    ];
    ok(session, "INSERT INTO \"t\" VALUES (1, $1, $2, $3, $4, $5, $6, $7, $8)", &parameters).await;
    assert_eq!(
        rows(session, "SELECT * FROM \"t\"", &[]).await,
        json!([[
            1,
            ["a", "b\"c", null],
            [1, -2],
            ["1.50", "2.00"],
            [true, false],
            ["2026-01-02T03:04:05.678Z"],
            ["9007199254740993", 1],
            [{ "a": [1, 2] }, [3], "x"],
            [[1, 2], [3, 4]]
        ]])
    );
    ok(session, "INSERT INTO \"t\" (\"id\", \"numbers\") VALUES (2, ARRAY[5, NULL])", &[]).await;
    ok(session, "UPDATE \"t\" SET \"numbers\" = \"numbers\" || 6 WHERE \"id\" = 2", &[]).await;
    let changed = rows(session, "SELECT \"tags\", \"numbers\", \"prices\" FROM \"t\" WHERE \"id\" = 2", &[]);
    assert_eq!(changed.await, json!([[[], [5, null, 6], null]]));
}

async fn an_element_is_converted_or_refused(fixture: &Fixture) {
    let session = &*fixture.session;
    ok(session, TABLE, &[]).await;
    for (column, value, code) in [
        ("tags", r#"["toolong"]"#, ErrorCode::OutOfRange),
        ("numbers", r#"["x"]"#, ErrorCode::TypeMismatch),
        ("numbers", "[3000000000]", ErrorCode::OutOfRange),
        ("numbers", "5", ErrorCode::TypeMismatch),
        ("prices", "[123456789012]", ErrorCode::OutOfRange),
        ("flags", r#"["perhaps"]"#, ErrorCode::TypeMismatch),
        ("grid", "[[1],[2,3]]", ErrorCode::TypeMismatch),
    ] {
        let insert = format!("INSERT INTO \"t\" (\"id\", \"{column}\") VALUES (1, $1)");
        let refused = error(session, &insert, &[Value::String(value.into())]).await;
        assert_eq!(refused.code, code, "{column} {value}: {refused:?}");
    }
    for name in ["ENUM('a')[]", "CITEXT[]", "BLOB[]"] {
        let refused = error(session, &format!("CREATE TABLE \"u\" (\"a\" {name})"), &[]).await;
        assert_eq!(refused.code, ErrorCode::Unsupported, "{name}");
    }
}

async fn operators_and_functions_read_arrays(fixture: &Fixture) {
    let session = &*fixture.session;
    ok(session, TABLE, &[]).await;
    let insert = "INSERT INTO \"t\" (\"id\", \"tags\", \"numbers\", \"prices\") VALUES \
        (1, '{a,b}', '{1,2}', '{1.0}'), (2, '{b,c}', '{2,3}', '{2.5,1}'), (3, '{}', NULL, '{}')";
    ok(session, insert, &[]).await;
    let list = |text: &str| vec![Value::Json(text.to_owned())];
    for (condition, parameters, expected) in [
        ("\"tags\" @> $1", list(r#"["b"]"#), json!([[1], [2]])),
        ("\"tags\" @> ARRAY['a','b']", vec![], json!([[1]])),
        ("\"tags\" <@ $1", list(r#"["a","b"]"#), json!([[1], [3]])),
        ("\"tags\" && $1", list(r#"["c","x"]"#), json!([[2]])),
        ("\"tags\" = $1", list(r#"["b","c"]"#), json!([[2]])),
        ("\"numbers\" && '{1,3}'", vec![], json!([[1], [2]])),
        ("\"prices\" @> '{1.00}'", vec![], json!([[1], [2]])),
        ("'c' = ANY(\"tags\")", vec![], json!([[2]])),
        ("$1 = ANY(\"numbers\")", vec![Value::Integer(2)], json!([[1], [2]])),
        ("5 <> ALL(\"numbers\")", vec![], json!([[1], [2]])),
        ("\"id\" = ANY($1)", list("[1,3]"), json!([[1], [3]])),
        ("cardinality(\"tags\") = 0", vec![], json!([[3]])),
        ("\"numbers\"[1] = 2", vec![], json!([[2]])),
        ("array_length(\"numbers\", 1) = 2", vec![], json!([[1], [2]])),
        ("array_to_string(\"tags\", '-') = 'a-b'", vec![], json!([[1]])),
    ] {
        let query = format!("SELECT \"id\" FROM \"t\" WHERE {condition} ORDER BY \"id\"");
        assert_eq!(rows(session, &query, &parameters).await, expected, "{condition}");
    }
    let tags = "SELECT DISTINCT tag FROM \"t\", unnest(\"tags\") AS tag ORDER BY tag";
    assert_eq!(rows(session, tags, &[]).await, json!([["a"], ["b"], ["c"]]));
    let collected =
        "SELECT array_agg(\"id\" ORDER BY \"id\" DESC), array_agg(\"prices\"[1] ORDER BY \"id\") FROM \"t\"";
    assert_eq!(rows(session, collected, &[]).await, json!([[[3, 2, 1], ["1.00", "2.50", null]]]));
}

async fn arrays_are_compared_by_their_elements(fixture: &Fixture) {
    let session = &*fixture.session;
    ok(
        session,
        "CREATE TABLE \"s\" (\"id\" INTEGER PRIMARY KEY, \"n\" INTEGER[] UNIQUE, \"d\" DECIMAL(10,2)[])",
        &[],
    )
    .await;
    ok(
        session,
        "INSERT INTO \"s\" VALUES (1, '{10}', '{1.5}'), (2, '{9}', '{1.50}'), (3, '{9,1}', '{10}'), (4, '{}', '{9}')",
        &[],
    )
    .await;
    let by = |order: &str| format!("SELECT \"id\" FROM \"s\" ORDER BY {order}, \"id\"");
    assert_eq!(rows(session, &by("\"n\""), &[]).await, json!([[4], [2], [3], [1]]));
    assert_eq!(rows(session, &by("\"d\""), &[]).await, json!([[1], [2], [4], [3]]));
    let groups = "SELECT count(*) FROM (SELECT \"d\" FROM \"s\" GROUP BY \"d\") AS \"g\"";
    assert_eq!(rows(session, groups, &[]).await, json!([[3]]));
    let refused = error(session, "INSERT INTO \"s\" (\"id\", \"n\") VALUES (5, '[9, 1]')", &[]).await;
    // PostgreSQL reads a literal in its own notation only.
    assert!(matches!(refused.code, ErrorCode::UniqueViolation | ErrorCode::TypeMismatch), "{refused:?}");
    let refused =
        error(session, "INSERT INTO \"s\" (\"id\", \"n\") VALUES (5, $1)", &[Value::Json("[9, 1]".into())])
            .await;
    assert_eq!(refused.code, ErrorCode::UniqueViolation);
}

/// A parameter may be a JSON array. A text that is computed may not.
async fn a_text_that_is_cast_is_in_the_notation_of_arrays(fixture: &Fixture) {
    let session = &*fixture.session;
    ok(session, "CREATE TABLE texts (t TEXT)", &[]).await;
    ok(session, "INSERT INTO texts VALUES ('{1,2}')", &[]).await;
    assert_eq!(
        ask(session, "SELECT CAST(t AS INTEGER[])::text, lower('{A}')::text[]::text FROM texts").await,
        "{1,2}|{a}"
    );
    let bound = ask_with(session, "SELECT CAST($1 AS INTEGER[])::text", &[text("[1,2]")]).await;
    assert_eq!(bound, "{1,2}");
    ok(session, "UPDATE texts SET t = '[1,2]'", &[]).await;
    for expression in ["CAST(t AS INTEGER[])", "lower('[]')::bigint[]", "jsonb_pretty('[]')::bigint[]"] {
        let refused = error(session, &format!("SELECT {expression} FROM texts"), &[]).await;
        assert_eq!(refused.code, ErrorCode::TypeMismatch, "{expression}");
    }
}

async fn arrays_of_two_types_of_text_need_a_cast(fixture: &Fixture) {
    let session = &*fixture.session;
    ok(session, "CREATE TABLE t (v VARCHAR(10)[], w TEXT[])", &[]).await;
    ok(session, "INSERT INTO t VALUES ('{a,b}', '{b,c}')", &[]).await;
    for operator in ["&&", "@>", "<@", "=", "<>", "<", ">="] {
        for (left, right) in [("v", "w"), ("w", "v"), ("v", "CAST('{a}' AS TEXT[])")] {
            let sql = format!("SELECT {left} {operator} {right} FROM t");
            assert_eq!(error(session, &sql, &[]).await.code, ErrorCode::TypeMismatch, "{sql}");
        }
    }
    for (expression, expected) in [
        ("v && CAST(w AS VARCHAR[])", "true"),
        ("v && ARRAY['b']", "true"),
        ("v @> '{a}'", "true"),
        ("w = CAST('{b,c}' AS TEXT[])", "true"),
        ("CAST(v || w AS TEXT) = '{a,b,b,c}'", "true"),
        ("'a' = ANY (v)", "true"),
    ] {
        assert_eq!(ask(session, &format!("SELECT {expression} FROM t")).await, expected, "{expression}");
    }
}

async fn a_subscript_needs_parentheses_around_an_expression(fixture: &Fixture) {
    let session = &*fixture.session;
    for expression in [
        "ARRAY[1,2][1]",
        "-ARRAY[1,2][1]",
        "1 + ARRAY[1,2][1]",
        "ARRAY(SELECT 1)[1]",
        "trim_array(ARRAY[1,2], 1)[1]",
    ] {
        let refused = error(session, &format!("SELECT {expression}"), &[]).await;
        assert_eq!(refused.code, ErrorCode::SyntaxError, "{expression}");
    }
    ok(session, "CREATE TABLE t (a INTEGER[])", &[]).await;
    ok(session, "INSERT INTO t VALUES ('{1,2}')", &[]).await;
    let parts = "SELECT (ARRAY[1,2])[1], -(ARRAY[1,2])[2], a[1], t.a[2], (SELECT a FROM t)[1] FROM t";
    assert_eq!(ask(session, parts).await, "1|-2|1|2|1");
}

async fn bytes_are_looked_for_in_an_array(fixture: &Fixture) {
    let session = &*fixture.session;
    ok(session, "CREATE TABLE t (id INTEGER, b BLOB)", &[]).await;
    ok(session, "INSERT INTO t VALUES (1, '\\xdeadbeef'), (2, '\\x00'), (3, NULL)", &[]).await;
    for (condition, expected) in [
        ("'\\xdeadbeef'::bytea = ANY (ARRAY['\\x', b])", "true false ∅"),
        ("'\\xdeadbeef'::bytea <> ALL (ARRAY['\\x', b])", "false true ∅"),
        ("'\\x01'::bytea > ANY (ARRAY[b, '\\xff'])", "false true ∅"),
        ("b = ANY (array_remove(ARRAY[b, '\\x01'], '\\x01'))", "true true ∅"),
    ] {
        let query = format!("SELECT {condition} FROM t ORDER BY id");
        assert_eq!(ask(session, &query).await, expected, "{condition}");
    }
}

async fn an_array_of_documents_is_cast_by_its_documents(fixture: &Fixture) {
    let session = &*fixture.session;
    let casts =
        "SELECT CAST('{true}'::jsonb[] AS BOOLEAN[])::text, CAST('{1.6}'::jsonb[] AS INTEGER[])::text";
    assert_eq!(ask(session, casts).await, "{t}|{2}");
    for cast in ["'{1}'::jsonb[] AS BOOLEAN[]", "'{true}'::jsonb[] AS INTEGER[]"] {
        let refused = error(session, &format!("SELECT CAST({cast})"), &[]).await;
        assert_eq!(refused.code, ErrorCode::TypeMismatch, "{cast}");
    }
}
