//! Statements that were found to answer differently on two engines, and what they answer.

use phantomdb_protocol::ErrorCode;
use serde_json::{Value as Json, json};

use super::{
    fixture::{ContractTest, Fixture, contract_tests},
    session::{error, rows, run},
};

pub(super) const TESTS: &[ContractTest] = contract_tests![
    values_travel_alike,
    expressions_have_postgresql_s_types,
    what_postgresql_refuses_is_refused,
    a_value_query_has_one_row,
    a_query_is_assigned_by_its_types,
    a_column_changes_by_its_type,
    bytes_are_read_from_strings,
    names_are_those_of_postgresql,
    a_literal_beside_an_array_has_the_type_of_its_elements,
    a_series_of_decimals_is_exact,
    a_strict_object_leaves_out_the_null_of_a_document,
    a_string_is_compared_with_each_column_of_a_list_by_its_type,
];

async fn values_travel_alike(fixture: &Fixture) {
    let cases: [(&str, Json); 34] = [
        ("ARRAY['2024-01-02 03:04:05.000006'::timestamptz]", json!(["2024-01-02T03:04:05.000006Z"])),
        ("ARRAY['infinity'::timestamp, NULL]", json!(["Infinity", null])),
        ("ARRAY['-infinity'::date]", json!(["-Infinity"])),
        ("CAST('{23:59:59.999999}' AS TIME[])", json!(["23:59:59.999999"])),
        ("CAST('{2024-01-02 03:04:05.000006}' AS TIMESTAMP[])", json!(["2024-01-02T03:04:05.000006Z"])),
        ("ARRAY['\\x00ff'::bytea]", json!(["AP8="])),
        ("CAST(ARRAY['-infinity', '2024-10-27 02:30:00']::timestamp[] AS TIME[])", json!([null, "02:30:00"])),
        ("substr(CAST('abcd' AS TEXT), '3')", json!("cd")),
        ("substr('abcd', '2', '1')", json!("b")),
        ("substring(CAST('ab3' AS TEXT), '3')", json!("3")),
        ("substring('abcd' FROM 2 FOR 2)", json!("bc")),
        ("float4(0.1::float8)", json!(0.1)),
        ("ARRAY[float4(1e10::float8)]", json!([1e10])),
        ("power(0.5, 3)", json!(0.125)),
        ("round(2.25, 1)", json!(2.3)),
        ("NULLIF(1.5, '2'::numeric)", json!("1.5")),
        ("CAST(5 AS BOOLEAN)", json!(true)),
        ("pi() > 3.14", json!(true)),
        ("normalize('e\u{301}', NFC)", json!("é")),
        ("CAST('1' AS JSONB) <@ CAST('[1]' AS JSONB)", json!(true)),
        ("NULL @> '[]'", json!(null)),
        ("CAST(15 AS BIGINT) !~ '5$'", json!(false)),
        ("int4(CAST('7' AS JSONB))", json!(7)),
        ("regexp_substr('abc', 'b', 1, 1, '', 1)", json!("b")),
        ("regexp_substr('abc', 'b', 1, 1, '', 2)", json!(null)),
        ("regexp_instr('abc', 'b', 1, 1, 1, '', 1)", json!(3)),
        ("ROW(1, NULL) IS NULL", json!(false)),
        ("ROW(1, NULL) IS NOT NULL", json!(false)),
        ("ROW(NULL, NULL) IS NULL", json!(true)),
        ("ROW() IS NULL", json!(true)),
        ("(1, 'a') IS NOT NULL", json!(true)),
        ("(1, NULL) = (1, 2)", json!(null)),
        ("CAST(CAST(ARRAY['a', 'b c'] AS VARCHAR(5)[]) AS TEXT)", json!("{a,\"b c\"}")),
        ("CAST(CAST('{a,b}' AS TEXT) AS VARCHAR(5)[])", json!(["a", "b"])),
    ];
    for (expression, expected) in cases {
        let found = rows(&*fixture.session, &format!("SELECT {expression} AS x"), &[]).await;
        assert_eq!(found, json!([[expected]]), "{expression}");
    }
    let session = &*fixture.session;
    let aggregated =
        "SELECT json_agg(x) FROM (VALUES (CAST('{\"a\": 1}' AS JSONB)), (CAST('2' AS JSONB))) AS t(x)";
    assert_eq!(rows(session, aggregated, &[]).await, json!([[[{ "a": 1 }, 2]]]));
    let lateral =
        "SELECT l.x FROM (VALUES (1)) AS t(i) JOIN LATERAL (SELECT CAST(NULL AS BYTEA) AS x) AS l ON TRUE";
    assert_eq!(rows(session, lateral, &[]).await, json!([[null]]));
}

async fn expressions_have_postgresql_s_types(fixture: &Fixture) {
    let cases: [(&str, Json); 13] = [
        ("SELECT group_concat(n) FROM (VALUES (1), (2)) AS t(n)", json!("1,2")),
        (
            "SELECT GROUP_CONCAT(DISTINCT s ORDER BY s DESC) FROM (VALUES ('a'), ('b'), ('b')) AS t(s)",
            json!("b,a"),
        ),
        ("SELECT typeof(NULLIF(1.5, 2::float8))", json!("double precision")),
        ("SELECT typeof(NULLIF(1, 2::bigint))", json!("integer")),
        ("SELECT ROW(1, 'b') < ROW(1, 'c')", json!(true)),
        ("SELECT row_to_json(ROW(1, 'a'))", json!({ "f1": 1, "f2": "a" })),
        ("SELECT int4('7') + int4(1)", json!(8)),
        ("SELECT int4(1 < 2) + int4(FALSE)", json!(1)),
        ("SELECT typeof(uuid(CAST('a0eebc99-9c0b-4ef8-bb6d-6bb9bd380a11' AS TEXT)))", json!("uuid")),
        ("SELECT string_agg(n, 0) FROM (VALUES (1), (2)) AS t(n)", json!("102")),
        ("SELECT count(*) FROM jsonb_to_record(NULL) AS r(a INTEGER)", json!(1)),
        (
            "SELECT count(*) FROM (VALUES (1)) AS t(i), LATERAL json_each(to_json(CAST('{\"a\":1}' AS JSONB))) AS r",
            json!(1),
        ),
        (
            "SELECT CAST(percentile_disc(ARRAY[0, 1]) WITHIN GROUP (ORDER BY x) AS TEXT) FROM (VALUES (TIME '10:00'), (TIME '09:00')) AS t(x)",
            json!("{09:00:00,10:00:00}"),
        ),
    ];
    for (query, expected) in cases {
        assert_eq!(rows(&*fixture.session, query, &[]).await, json!([[expected]]), "{query}");
    }
    let session = &*fixture.session;
    let grouped = "SELECT * FROM (VALUES (1, 2), (1, 2)) AS t(a, b) GROUP BY a, b";
    assert_eq!(rows(session, grouped, &[]).await, json!([[1, 2]]));
}

async fn what_postgresql_refuses_is_refused(fixture: &Fixture) {
    use ErrorCode::{OutOfRange, TypeMismatch};
    let cases = [
        ("int4('0.5')", TypeMismatch),
        ("CAST(CAST(NULL AS BOOLEAN) AS BIGINT)", TypeMismatch),
        ("CAST(ARRAY[1] AS INTERVAL[])", TypeMismatch),
        ("to_jsonb(NULL)", TypeMismatch),
        ("array_dims('{a,b}')", TypeMismatch),
        ("ARRAY[1::float8, INTERVAL '1 day']", TypeMismatch),
        ("COALESCE(TIME '10:00', INTERVAL '1 day')", TypeMismatch),
        ("CASE NULL WHEN 1 THEN 2 END", TypeMismatch),
        ("'0' - NULL", TypeMismatch),
        ("json_build_object(CAST('1' AS JSONB), 2)", TypeMismatch),
        ("CAST(CAST('Infinity' AS NUMERIC) AS BIGINT)", OutOfRange),
    ];
    for (expression, code) in cases {
        let refused = error(&*fixture.session, &format!("SELECT {expression} AS x"), &[]).await;
        assert_eq!(refused.code, code, "{expression}: {}", refused.message);
    }
    let recursive = "WITH RECURSIVE r(n, x) AS (SELECT 1, 1.5 UNION ALL SELECT n + 1, x::float8 FROM r WHERE n < 3) SELECT * FROM r";
    assert_eq!(error(&*fixture.session, recursive, &[]).await.code, TypeMismatch);
}

/// The code of a statement that fails; `None` for one that does not.
async fn code_of(fixture: &Fixture, sql: &str) -> Option<ErrorCode> {
    run(&*fixture.session, sql, &[]).await.err().map(|error| error.code)
}

async fn a_value_query_has_one_row(fixture: &Fixture) {
    let session = &*fixture.session;
    for sql in [
        "CREATE TABLE one_row (id INTEGER PRIMARY KEY, n INTEGER UNIQUE, s TEXT)",
        "INSERT INTO one_row VALUES (1, 10, 'a'), (2, 20, 'b')",
        "CREATE TABLE other_row (id INTEGER, s TEXT)",
        "INSERT INTO other_row VALUES (1, 'x'), (1, 'y')",
    ] {
        assert_eq!(code_of(fixture, sql).await, None, "{sql}");
    }
    for several in [
        "SELECT (SELECT id FROM one_row)",
        "SELECT (SELECT id FROM one_row WHERE id > 0)",
        "SELECT (SELECT s FROM other_row WHERE id = 1)",
        "SELECT (SELECT o.s FROM other_row AS o WHERE o.id = t.id) FROM one_row AS t",
        "SELECT (SELECT o.s FROM one_row AS t JOIN other_row AS o ON o.id = t.id WHERE t.id = 1)",
        "SELECT (SELECT 1 UNION ALL SELECT 2)",
        "SELECT (SELECT unnest(ARRAY[1, 2]))",
        "SELECT (SELECT x FROM (VALUES (1), (2)) AS v(x))",
        "SELECT (SELECT max(id) FROM one_row GROUP BY id)",
        "SELECT (WITH one_row AS (SELECT 1 AS id FROM other_row) SELECT id FROM one_row WHERE id = 1)",
        "SELECT 1 WHERE 1 = (SELECT id FROM one_row LIMIT 2)",
        "UPDATE one_row SET s = (SELECT s FROM other_row)",
        "UPDATE one_row SET (n, s) = (SELECT id + 50, s FROM other_row)",
        "INSERT INTO other_row VALUES (3, (SELECT s FROM one_row))",
        "DELETE FROM one_row WHERE id = (SELECT id FROM one_row)",
    ] {
        assert_eq!(code_of(fixture, several).await, Some(ErrorCode::BadRequest), "{several}");
    }
    let cases: [(&str, Json); 10] = [
        ("(SELECT s FROM one_row WHERE id = 1)", json!("a")),
        ("(SELECT s FROM one_row WHERE 20 = n AND s > '')", json!("b")),
        ("(SELECT s FROM other_row WHERE id = 7)", json!(null)),
        ("(SELECT s FROM other_row WHERE s = 'y')", json!("y")),
        ("(SELECT s FROM other_row ORDER BY s DESC LIMIT 1)", json!("y")),
        ("(SELECT s FROM other_row ORDER BY s FETCH FIRST ROW ONLY)", json!("x")),
        ("(SELECT count(*) FROM other_row)", json!(2)),
        ("(SELECT 1 UNION SELECT 1)", json!(1)),
        ("(SELECT DISTINCT id FROM other_row)", json!(1)),
        ("(SELECT 5 WHERE FALSE)", json!(null)),
    ];
    for (query, expected) in cases {
        assert_eq!(rows(session, &format!("SELECT {query}"), &[]).await, json!([[expected]]), "{query}");
    }
    let correlated =
        "SELECT t.id FROM one_row AS t WHERE (SELECT o.n FROM one_row AS o WHERE o.id = t.id) > 10";
    assert_eq!(rows(session, correlated, &[]).await, json!([[2]]));
}

async fn a_query_is_assigned_by_its_types(fixture: &Fixture) {
    let session = &*fixture.session;
    for sql in [
        "CREATE TABLE given (id INTEGER PRIMARY KEY, b BOOLEAN, n DECIMAL(10,2), d DATE, s TEXT)",
        "INSERT INTO given VALUES (1, TRUE, 1.25, '2020-01-02', 'x')",
        "CREATE TABLE taken (k INTEGER, s TEXT, i INTEGER, b BOOLEAN, j JSONB)",
        "INSERT INTO taken (k, s, i) SELECT 1, b, n FROM given",
        "INSERT INTO taken (k, s, i) SELECT 2, n, 1.5 FROM given",
        "INSERT INTO taken (k, s, i) SELECT 3, d, '7' FROM given",
        "INSERT INTO taken (k, b) SELECT 4, 'yes'",
        "INSERT INTO taken (k, s, i) SELECT 5, * FROM (SELECT coalesce(b, FALSE), n + 1 FROM given) AS q",
        "INSERT INTO taken (k) VALUES (6)",
        "UPDATE taken SET (s, i) = (SELECT b, n * 3 FROM given) WHERE k = 6",
    ] {
        assert_eq!(code_of(fixture, sql).await, None, "{sql}");
    }
    let found = rows(session, "SELECT k, s, i, b FROM taken ORDER BY k", &[]).await;
    let expected = json!([
        [1, "true", 1, null],
        [2, "1.25", 2, null],
        [3, "2020-01-02", 7, null],
        [4, null, null, true],
        [5, "true", 2, null],
        [6, "true", 4, null],
    ]);
    assert_eq!(found, expected);
    for refused in [
        "INSERT INTO taken (i) SELECT b FROM given",
        "INSERT INTO taken (i) SELECT s FROM given",
        "INSERT INTO taken (b) SELECT id FROM given",
        "INSERT INTO taken (j) SELECT id FROM given",
        "INSERT INTO taken (i) SELECT '8' UNION SELECT '9'",
        "UPDATE taken SET (i, s) = (SELECT b, s FROM given)",
    ] {
        assert_eq!(code_of(fixture, refused).await, Some(ErrorCode::TypeMismatch), "{refused}");
    }
}

async fn a_column_changes_by_its_type(fixture: &Fixture) {
    let session = &*fixture.session;
    for sql in [
        "CREATE TABLE changed (n DECIMAL(8,2), f DOUBLE PRECISION, b BOOLEAN, g DOUBLE PRECISION, a INTEGER[], j JSONB, i INTEGER)",
        "INSERT INTO changed VALUES (2.50, 2.5, TRUE, 1e300, ARRAY[1, 2], '{\"a\":1}', 7)",
        "ALTER TABLE changed ALTER COLUMN n TYPE INTEGER, ALTER COLUMN f TYPE BIGINT, ALTER COLUMN b TYPE TEXT",
        "ALTER TABLE changed ALTER COLUMN g TYPE TEXT, ALTER COLUMN a TYPE TEXT, ALTER COLUMN j TYPE TEXT",
        "ALTER TABLE changed ALTER COLUMN i TYPE DECIMAL(6,2)",
    ] {
        assert_eq!(code_of(fixture, sql).await, None, "{sql}");
    }
    let found = rows(session, "SELECT * FROM changed", &[]).await;
    assert_eq!(found, json!([[3, 2, "true", "1e+300", "{1,2}", "{\"a\": 1}", "7.00"]]));
}

async fn bytes_are_read_from_strings(fixture: &Fixture) {
    let session = &*fixture.session;
    for sql in [
        "CREATE TABLE held (id INTEGER PRIMARY KEY, b BLOB DEFAULT '\\x0102')",
        "INSERT INTO held VALUES (1, '\\x00ff'), (2, 'abc'), (3, 'a\\\\b\\001')",
        "INSERT INTO held SELECT 4, '\\x00ff'",
        "INSERT INTO held (id) VALUES (5)",
        "UPDATE held SET b = '\\xab' WHERE id = 2",
    ] {
        assert_eq!(code_of(fixture, sql).await, None, "{sql}");
    }
    let found = rows(session, "SELECT id, encode(b, 'hex') FROM held ORDER BY id", &[]).await;
    assert_eq!(found, json!([[1, "00ff"], [2, "ab"], [3, "615c6201"], [4, "00ff"], [5, "0102"]]));
    let equal = rows(session, "SELECT id FROM held WHERE b = '\\x00ff' ORDER BY id", &[]).await;
    assert_eq!(equal, json!([[1], [4]]));
    for refused in
        ["INSERT INTO held VALUES (6, '\\x0')", "SELECT 'a'::bytea LIKE 'a'::bytea", "SELECT '1' LIKE 1"]
    {
        assert_eq!(code_of(fixture, refused).await, Some(ErrorCode::TypeMismatch), "{refused}");
    }
}

async fn names_are_those_of_postgresql(fixture: &Fixture) {
    let session = &*fixture.session;
    for sql in ["CREATE TABLE named (a INTEGER, b TEXT)", "INSERT INTO named VALUES (1, 'x')"] {
        assert_eq!(code_of(fixture, sql).await, None, "{sql}");
    }
    let cases: [(&str, Json); 4] = [
        ("SELECT row_to_json(t) FROM named AS t(x, y)", json!({ "a": 1, "b": "x" })),
        ("SELECT row_to_json(t) FROM (SELECT * FROM named) AS t(x, y)", json!({ "x": 1, "y": "x" })),
        ("WITH q AS (SELECT * FROM named) SELECT row_to_json(t) FROM q AS t(x)", json!({ "x": 1, "b": "x" })),
        ("SELECT string_agg(DISTINCT t.b, ',' ORDER BY b::text) FROM named AS t", json!("x")),
    ];
    for (query, expected) in cases {
        assert_eq!(rows(session, query, &[]).await, json!([[expected]]), "{query}");
    }
    for (refused, code) in [
        ("CREATE TABLE system_names (xmin INTEGER)", ErrorCode::AlreadyExists),
        ("ALTER TABLE named ADD COLUMN ctid INTEGER", ErrorCode::AlreadyExists),
        ("ALTER TABLE named RENAME COLUMN b TO tableoid", ErrorCode::AlreadyExists),
        ("SELECT string_agg(DISTINCT a::text, ',' ORDER BY a) FROM named", ErrorCode::SyntaxError),
        ("SELECT array_agg(DISTINCT lower(b) ORDER BY b) FROM named", ErrorCode::SyntaxError),
        ("SELECT char_length('a'::bytea)", ErrorCode::UnknownFunction),
        ("SELECT z.a FROM named", ErrorCode::UnknownTable),
    ] {
        assert_eq!(code_of(fixture, refused).await, Some(code), "{refused}");
    }
    // Columns are looked at before conditions.
    let both = "SELECT sum(b) FROM named WHERE a = TRUE";
    assert_eq!(code_of(fixture, both).await, Some(ErrorCode::UnknownFunction));
    let strict = "SELECT jsonb_object_agg_strict(CAST('[1]' AS JSONB), NULL) FROM named";
    assert_eq!(rows(session, strict, &[]).await, json!([[{}]]));
}

async fn a_literal_beside_an_array_has_the_type_of_its_elements(fixture: &Fixture) {
    let session = &*fixture.session;
    for (condition, expected) in [
        ("'9999999999' > ALL (ARRAY[5000000000, 1])", json!(true)),
        ("'9999999999' < ANY (ARRAY[5000000000, 1])", json!(false)),
        ("'1.5' > ALL (ARRAY[1, 1.25])", json!(true)),
        ("'2' > ALL (ARRAY[1, NULL])", json!(null)),
        ("'10' < ALL (ARRAY[9, 11])", json!(false)),
        ("'b' > ALL (ARRAY['a', 'c'])", json!(false)),
        ("'5000000000' <> ANY (ARRAY[5000000000, 1])", json!(true)),
    ] {
        assert_eq!(
            rows(session, &format!("SELECT {condition}"), &[]).await,
            json!([[expected]]),
            "{condition}"
        );
    }
    let types = "SELECT typeof(sum(n)), typeof(count(*)) FROM (VALUES (1), (2)) AS t(n)";
    assert_eq!(rows(session, types, &[]).await, json!([["bigint", "bigint"]]));
}

async fn a_series_of_decimals_is_exact(fixture: &Fixture) {
    let series = "SELECT * FROM generate_series(1.0, 1.5, 0.25) WITH ORDINALITY AS s(x, n)";
    let expected = json!([["1.0", 1], ["1.25", 2], ["1.50", 3]]);
    assert_eq!(rows(&*fixture.session, series, &[]).await, expected);
}

async fn a_strict_object_leaves_out_the_null_of_a_document(fixture: &Fixture) {
    let values = "(VALUES ('a', CAST('1' AS JSONB)), ('a', 'null'), ('b', 'null'), ('c', '{\"x\":null}'), ('d', NULL)) AS t(k, v)";
    for (call, expected) in [
        ("jsonb_object_agg_strict(k, v)", json!({ "a": 1, "c": { "x": null } })),
        ("json_object_agg_strict(k, v) FILTER (WHERE k > 'a')", json!({ "b": null, "c": { "x": null } })),
        ("jsonb_object_agg(k, v) FILTER (WHERE k > 'b')", json!({ "c": { "x": null }, "d": null })),
    ] {
        let query = format!("SELECT {call} FROM {values}");
        assert_eq!(rows(&*fixture.session, &query, &[]).await, json!([[expected]]), "{call}");
    }
    // A key is never NULL, also when nothing would stand under it.
    for name in ["jsonb_object_agg_strict", "json_object_agg_strict"] {
        let query = format!("SELECT {name}(CAST(k AS JSONB), NULL) OVER () FROM (VALUES (NULL)) AS t(k)");
        assert_eq!(code_of(fixture, &query).await, Some(ErrorCode::TypeMismatch), "{name}");
    }
}

async fn a_string_is_compared_with_each_column_of_a_list_by_its_type(fixture: &Fixture) {
    let session = &*fixture.session;
    let values = "(VALUES (5, '5', 1.50), (6, '5.0', 5.0)) AS t(n, s, p)";
    for (condition, expected) in [
        ("'5' IN (n, s)", json!([[true], [false]])),
        ("'5' NOT IN (s, p, '7')", json!([[false], [false]])),
        ("'5.0' IN (s, p)", json!([[false], [true]])),
        ("'5.0' NOT IN (s, '5', '6')", json!([[true], [false]])),
        ("NULL IN (n, s)", json!([[null], [null]])),
    ] {
        let found = rows(session, &format!("SELECT {condition} FROM {values} ORDER BY n"), &[]).await;
        assert_eq!(found, expected, "{condition}");
    }
}
