//! Statements that were found to answer differently on two engines, and what they answer.

use phantomdb_protocol::ErrorCode;
use serde_json::{Value as Json, json};

use super::{
    ContractTest, Fixture, contract_tests,
    session::{error, rows},
};

pub(super) const TESTS: &[ContractTest] = contract_tests![
    values_travel_alike,
    expressions_have_postgresql_s_types,
    what_postgresql_refuses_is_refused,
];

async fn values_travel_alike(fixture: &Fixture) {
    let cases: [(&str, Json); 23] = [
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
    let cases: [(&str, Json); 12] = [
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
