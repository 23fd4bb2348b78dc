//! Values that are bound where a value of another type is wanted.

use phantomdb_protocol::{Cell, ErrorCode, Statement, Value};
use serde_json::json;

use super::fixture::{ContractTest, Fixture, contract_tests};
use super::session::{ask, ask_with, error, ok, rows, text};

/// The tests of this file.
pub(super) const TESTS: &[ContractTest] = contract_tests![
    a_text_becomes_the_bytes_that_it_writes,
    a_time_and_bytes_become_a_text_for_a_function,
    a_value_becomes_the_text_that_postgresql_makes_of_it,
    a_boolean_becomes_a_document,
    a_value_becomes_a_text_in_every_statement_that_assigns_it,
    a_value_becomes_a_text_in_an_expression,
    a_value_that_nothing_gives_a_type_keeps_its_own,
    a_value_becomes_a_text_in_a_cursor,
    a_time_is_stored_in_one_form_whatever_form_it_came_in,
    a_column_of_booleans_takes_the_numbers_0_and_1,
    a_value_chooses_among_the_functions_that_take_it,
    a_text_or_null_is_not_taken_for_a_number,
    documents_that_nothing_gives_a_type_are_texts,
    a_column_takes_a_uuid_in_every_form_that_postgresql_reads,
];

async fn a_value_becomes_the_text_that_postgresql_makes_of_it(fixture: &Fixture) {
    let session = &*fixture.session;
    ok(session, "CREATE TABLE t (a TEXT, b VARCHAR(40), c CITEXT)", &[]).await;
    for (value, expected) in [
        (Value::Boolean(true), "true"),
        (Value::Boolean(false), "false"),
        (Value::Integer(7), "7"),
        (Value::Float(0.1), "0.1"),
        (Value::Float(1e21), "1e+21"),
        (Value::Float(-0.000_001_5), "-1.5e-06"),
        (Value::Decimal("1.50".into()), "1.50"),
        (Value::Date("2024-02-29".into()), "2024-02-29"),
        (Value::Timestamp("2024-02-29T01:02:03.000Z".into()), "2024-02-29 01:02:03+00"),
        (Value::Timestamp("2024-02-29T01:02:03.450Z".into()), "2024-02-29 01:02:03.45+00"),
        (Value::Blob(vec![0, 255]), "\\x00ff"),
        (text("1"), "1"),
    ] {
        for column in ["a", "b", "c"] {
            let insert = format!("INSERT INTO t ({column}) VALUES ($1) RETURNING {column}");
            assert_eq!(
                rows(session, &insert, std::slice::from_ref(&value)).await,
                json!([[expected]]),
                "{value:?}"
            );
        }
    }
}

async fn a_boolean_becomes_a_document(fixture: &Fixture) {
    let session = &*fixture.session;
    ok(session, "CREATE TABLE t (a JSON, b JSONB)", &[]).await;
    let insert = "INSERT INTO t VALUES ($1, $2) RETURNING a, b";
    let values = [Value::Boolean(true), Value::Boolean(false)];
    assert_eq!(rows(session, insert, &values).await, json!([[true, false]]));
}

async fn a_value_becomes_a_text_in_every_statement_that_assigns_it(fixture: &Fixture) {
    let session = &*fixture.session;
    ok(session, "CREATE TABLE t (id INTEGER PRIMARY KEY, a TEXT, b BOOLEAN)", &[]).await;
    let yes = [Value::Boolean(true)];
    ok(session, "INSERT INTO t VALUES (1, $1, $1), (2, 'x', NULL)", &yes).await;
    ok(session, "UPDATE t SET a = $1 WHERE id = 2", &yes).await;
    let upsert = "INSERT INTO t (id, a) VALUES (1, 'y') ON CONFLICT (id) DO UPDATE SET a = $1";
    ok(session, upsert, &[Value::Boolean(false)]).await;
    ok(session, "WITH n AS (INSERT INTO t (id, a) VALUES (3, $1) RETURNING id) SELECT id FROM n", &yes).await;
    let many = Statement {
        query: "INSERT INTO t (id, a) VALUES ($1, $2)".to_owned(),
        rows: vec![
            vec![Cell::Value(Value::Integer(4)), Cell::Value(Value::Boolean(true))],
            vec![Cell::Value(Value::Integer(5)), Cell::Value(Value::Float(1e21))],
        ],
        ..Statement::default()
    };
    session.execute(many).await.unwrap();
    let found = ask(session, "SELECT id, a, b FROM t ORDER BY id").await;
    assert_eq!(found, "1|false|true 2|true|∅ 3|true|∅ 4|true|∅ 5|1e+21|∅");
}

async fn a_value_becomes_a_text_in_an_expression(fixture: &Fixture) {
    let session = &*fixture.session;
    ok(session, "CREATE TABLE bound (s TEXT, b BLOB)", &[]).await;
    ok(session, "INSERT INTO bound (s) VALUES ('true')", &[]).await;
    let yes = Value::Boolean(true);
    for (expression, value, expected) in [
        ("$1 || 'x'", &yes, "truex"),
        ("upper($1)", &yes, "TRUE"),
        ("length($1)", &yes, "4"),
        ("$1::text", &yes, "true"),
        ("to_jsonb($1::text)", &yes, "true"),
        ("concat(s, $1)", &yes, "truet"),
        ("coalesce($1, 'z')", &yes, "true"),
        ("coalesce($1, 'z') || 'x'", &Value::Integer(5), "5x"),
        ("lower(s) = $1", &yes, "true"),
        ("CASE WHEN s = 'x' THEN 'y' ELSE $1 END", &Value::Float(0.5), "0.5"),
        ("$1 || 'x'", &Value::Float(1e300), "1e+300x"),
        ("upper($1)", &Value::Float(1e-7), "1E-07"),
    ] {
        let found =
            ask_with(session, &format!("SELECT {expression} FROM bound"), std::slice::from_ref(value)).await;
        assert_eq!(found, expected, "{expression} {value:?}");
    }
    ok(session, "UPDATE bound SET b = $1", &[yes]).await;
    assert_eq!(ask(session, "SELECT encode(b, 'escape') FROM bound").await, "true");
    let typed = rows(session, "SELECT coalesce($1, 'z') FROM bound", &[Value::Integer(5)]).await;
    assert_eq!(typed, json!([["5"]]));
}

async fn a_value_that_nothing_gives_a_type_keeps_its_own(fixture: &Fixture) {
    let session = &*fixture.session;
    for (value, alone, document) in [
        (Value::Boolean(true), json!(true), json!(true)),
        (Value::Integer(5), json!(5), json!(5)),
        (Value::Decimal("1.50".into()), json!("1.50"), json!(1.50)),
        (text("a"), json!("a"), json!("a")),
        (Value::Date("2024-02-29".into()), json!("2024-02-29"), json!("2024-02-29")),
        (Value::Json(r#"{"b":[1]}"#.into()), json!({ "b": [1] }), json!({ "b": [1] })),
        (
            Value::Timestamp("2024-02-29T01:02:03.450Z".into()),
            json!("2024-02-29T01:02:03.450Z"),
            json!("2024-02-29T01:02:03.45+00:00"),
        ),
    ] {
        let bound = std::slice::from_ref(&value);
        let sql = "SELECT $1, to_jsonb($1), json_build_array($1), jsonb_build_object('k', $1)";
        let expected = json!([[alone, document, [document], { "k": document }]]);
        assert_eq!(rows(session, sql, bound).await, expected, "{value:?}");
    }
    let (first, key) = ([Value::Integer(1)], [text("1")]);
    for (sql, by_place, by_key) in [
        ("SELECT '[5, \"six\"]'::json -> $1", json!("six"), json!(null)),
        ("SELECT '[5, \"six\"]'::jsonb ->> $1", json!("six"), json!(null)),
        ("SELECT '{\"1\": 7}'::jsonb -> $1", json!(null), json!(7)),
        ("SELECT '[5, \"1\"]'::jsonb - $1", json!([5]), json!([5])),
        ("SELECT substring('1abc', $1)", json!("1abc"), json!("1")),
        ("SELECT CASE WHEN true THEN $1 END", json!(1), json!("1")),
        ("SELECT ARRAY[$1, $1]", json!([1, 1]), json!(["1", "1"])),
    ] {
        assert_eq!(rows(session, sql, &first).await, json!([[by_place]]), "{sql}");
        assert_eq!(rows(session, sql, &key).await, json!([[by_key]]), "{sql}");
    }
    ok(session, "CREATE TABLE t (id INTEGER PRIMARY KEY, about JSONB)", &[]).await;
    ok(session, "INSERT INTO t VALUES (1, '{}')", &[]).await;
    let yes = [Value::Boolean(true)];
    for sql in [
        "SELECT CASE WHEN true THEN $1 END",
        "SELECT coalesce(NULL, $1)",
        "SELECT v FROM (VALUES ($1)) q (v)",
    ] {
        assert_eq!(rows(session, sql, &yes).await, json!([[true]]), "{sql}");
    }
    let set = "UPDATE t SET about = jsonb_set(about, '{a}', to_jsonb($1)) WHERE id = $2 RETURNING about";
    let values = [Value::Boolean(true), Value::Integer(1)];
    assert_eq!(rows(session, set, &values).await, json!([[{ "a": true }]]));
}

async fn a_value_becomes_a_text_in_a_cursor(fixture: &Fixture) {
    let transaction = fixture.begin(None).await;
    let declare = "DECLARE c NO SCROLL CURSOR FOR SELECT upper($1), $1 || 'x'";
    ok(&*transaction, declare, &[Value::Boolean(true)]).await;
    assert_eq!(rows(&*transaction, "FETCH 2 FROM c", &[]).await, json!([["TRUE", "truex"]]));
    transaction.commit().await.unwrap();
}

async fn a_column_takes_a_uuid_in_every_form_that_postgresql_reads(fixture: &Fixture) {
    let session = &*fixture.session;
    ok(session, "CREATE TABLE t (id INTEGER PRIMARY KEY, key UUID, keys UUID[])", &[]).await;
    ok(session, "INSERT INTO t (id) VALUES (1)", &[]).await;
    let stored = "018f4e3c-7a8b-7c0d-9e1f-2a3b4c5d6e7f";
    for form in [
        "{018F4e3c7a8b7c0d9e1f2a3b4c5d6e7f}",
        "018f4e3c7a8b7c0d9e1f2a3b4c5d6e7f",
        "{018f4e3c-7a8b-7c0d-9e1f-2a3b4c5d6e7f}",
        "018f-4e3c-7a8b-7c0d-9e1f-2a3b-4c5d-6e7f",
    ] {
        let written = format!("UPDATE t SET key = '{form}', keys = '{{\"{form}\"}}' RETURNING key, keys");
        assert_eq!(rows(session, &written, &[]).await, json!([[stored, [stored]]]), "{form}");
        let bound = "UPDATE t SET key = $1 WHERE key = $1 RETURNING key";
        assert_eq!(rows(session, bound, &[text(form)]).await, json!([[stored]]), "{form}");
    }
    for wrong in [" 018f4e3c-7a8b-7c0d-9e1f-2a3b4c5d6e7f", "urn:uuid:018f4e3c-7a8b-7c0d-9e1f-2a3b4c5d6e7f"] {
        let refused = error(session, "UPDATE t SET key = $1", &[text(wrong)]).await;
        assert_eq!(refused.code, ErrorCode::TypeMismatch, "{wrong}");
    }
}

async fn a_value_chooses_among_the_functions_that_take_it(fixture: &Fixture) {
    let session = &*fixture.session;
    for (sql, value, expected) in [
        ("SELECT to_hex($1)", Value::Integer(255), json!([["ff"]])),
        ("SELECT int4($1)", Value::Float(2.5), json!([[2]])),
        ("SELECT COALESCE(sum($1), 0) FROM (VALUES (1), (2)) AS v (x)", Value::Integer(3), json!([[6]])),
    ] {
        assert_eq!(rows(session, sql, &[value]).await, expected, "{sql}");
    }
    let beside = "SELECT DATE '2024-01-05' - $1, format('%s-%s', $2, $3)";
    let values = [text("2024-01-01"), text("x"), Value::Integer(7)];
    assert_eq!(rows(session, beside, &values).await, json!([[4, "x-7"]]));
    let decimal = |text: &str| Value::Decimal(text.into());
    for [left, right] in [
        [Value::Integer(9), Value::Integer(10)],
        [Value::Float(9.5), Value::Integer(10)],
        [decimal("9.5"), decimal("10.2")],
        [Value::Boolean(false), Value::Boolean(true)],
        [text("10"), text("9")],
    ] {
        let compared = rows(session, "SELECT $1 < $2, $1 IS NOT DISTINCT FROM $2", &[left, right]).await;
        assert_eq!(compared, json!([[true, false]]));
    }
    let before =
        "SELECT lag($1) OVER (ORDER BY x), first_value($1) OVER (ORDER BY x) FROM (VALUES (1), (2)) AS v (x)";
    let yes = [Value::Boolean(true)];
    assert_eq!(rows(session, before, &yes).await, json!([[null, true], [true, true]]));
    let refused = error(session, "SELECT to_hex($1)", &[text("255")]).await;
    assert_eq!(refused.code, ErrorCode::TypeMismatch);
}

async fn a_text_or_null_is_not_taken_for_a_number(fixture: &Fixture) {
    let session = &*fixture.session;
    for (sql, parameters) in [
        ("SELECT to_hex($1)", vec![Value::Null]),
        ("SELECT $1 + $2", vec![text("1"), text("2")]),
        ("SELECT $1 * $2", vec![Value::Null, Value::Null]),
        ("SELECT abs(-$1)", vec![text("1")]),
    ] {
        let refused = error(session, sql, &parameters).await;
        assert_eq!(refused.code, ErrorCode::TypeMismatch, "{sql}");
    }
    let sum = rows(session, "SELECT $1 + $2", &[Value::Integer(1), Value::Null]).await;
    assert_eq!(sum, json!([[null]]));
    assert_eq!(rows(session, "SELECT $1 + 2", &[text("1")]).await, json!([[3]]));
}

async fn documents_that_nothing_gives_a_type_are_texts(fixture: &Fixture) {
    let session = &*fixture.session;
    let [left, right] = ["{\"a\":1}", "{\"b\":2}"].map(|json| Value::Json(json.into()));
    let both = [left, right];
    let joined = rows(session, "SELECT $1 || $2", &both).await;
    assert_eq!(joined, json!([["{\"a\":1}{\"b\":2}"]]));
    assert_eq!(rows(session, "SELECT $1 = $2", &both).await, json!([[false]]));
    let merged = rows(session, "SELECT $1::jsonb || $2", &both).await;
    assert_eq!(merged, json!([[{"a": 1, "b": 2}]]));
}

async fn a_text_becomes_the_bytes_that_it_writes(fixture: &Fixture) {
    let session = &*fixture.session;
    ok(session, "CREATE TABLE held (id INTEGER PRIMARY KEY, b BLOB)", &[]).await;
    ok(session, "INSERT INTO held VALUES (1, NULL)", &[]).await;
    for (written, hex) in [
        ("\\xff00", "ff00"),
        ("\\x", ""),
        ("a\\\\b", "615c62"),
        ("\\001", "01"),
        ("abc", "616263"),
        ("ä", "c3a4"),
    ] {
        let value = [text(written)];
        for sql in [
            "UPDATE held SET b = $1 RETURNING encode(b, 'hex')",
            "INSERT INTO held VALUES (1, $1) ON CONFLICT (id) DO UPDATE SET b = EXCLUDED.b RETURNING encode(b, 'hex')",
            "SELECT encode(b, 'hex') FROM held WHERE b = $1",
            "SELECT encode(CAST($1 AS BLOB), 'hex')",
        ] {
            assert_eq!(ask_with(session, sql, &value).await, hex, "{sql} {written}");
        }
    }
    for refused in ["\\xzz", "\\x1", "\\8", "a\\"] {
        let code = error(session, "UPDATE held SET b = $1", &[text(refused)]).await.code;
        assert_eq!(code, ErrorCode::TypeMismatch, "{refused}");
    }
}

async fn a_time_and_bytes_become_a_text_for_a_function(fixture: &Fixture) {
    let at = Value::Timestamp("2024-02-29T01:02:03.450Z".into());
    let bytes = Value::Blob(vec![0, 255]);
    for (expression, value, expected) in [
        ("upper($1)", &at, "2024-02-29 01:02:03.45+00"),
        ("length($1)", &at, "25"),
        ("md5($1) = md5('2024-02-29 01:02:03.45+00')", &at, "true"),
        ("left($1, 10)", &at, "2024-02-29"),
        ("replace($1, ' ', 'T')", &at, "2024-02-29T01:02:03.45+00"),
        ("coalesce($1, 'x')", &at, "2024-02-29 01:02:03.45+00"),
        ("concat($1, '')", &bytes, "\\x00ff"),
        ("format('%s', $1)", &bytes, "\\x00ff"),
        ("CAST(to_json($1) AS TEXT)", &bytes, "\"\\\\x00ff\""),
        ("encode($1, 'hex')", &Value::Integer(5), "35"),
        ("encode($1, 'escape')", &Value::Boolean(true), "true"),
    ] {
        let found =
            ask_with(&*fixture.session, &format!("SELECT {expression}"), std::slice::from_ref(value)).await;
        assert_eq!(found, expected, "{expression} {value:?}");
    }
}

async fn a_time_is_stored_in_one_form_whatever_form_it_came_in(fixture: &Fixture) {
    let session = &*fixture.session;
    ok(session, "CREATE TABLE t (id SERIAL PRIMARY KEY, at TIMESTAMP UNIQUE, day DATE)", &[]).await;
    let insert = "INSERT INTO t (at) VALUES ($1)";
    ok(session, insert, &[text("2020-01-02T00:00:00.000Z")]).await;
    let midnight = "2020-01-01T24:00:00.000Z";
    for value in [[text(midnight)], [Value::Timestamp(midnight.into())]] {
        assert_eq!(ask_with(session, "SELECT id FROM t WHERE at = $1", &value).await, "1");
        assert_eq!(error(session, insert, &value).await.code, ErrorCode::UniqueViolation);
    }
    for (column, value) in [("at", "0000-01-01T00:00:00.000Z"), ("at", "0000-12-31"), ("day", "0000-01-01")] {
        let insert = format!("INSERT INTO t ({column}) VALUES ($1)");
        let refused = error(session, &insert, &[text(value)]).await;
        assert_eq!(refused.code, ErrorCode::OutOfRange, "{value}: {}", refused.message);
    }
    assert_eq!(ask(session, "SELECT count(*) FROM t").await, "1");
}

async fn a_column_of_booleans_takes_the_numbers_0_and_1(fixture: &Fixture) {
    let session = &*fixture.session;
    ok(session, "CREATE TABLE t (flag BOOLEAN)", &[]).await;
    let writes = ["INSERT INTO t VALUES ($1)", "UPDATE t SET flag = $1"];
    for sql in writes {
        for (number, expected) in [(1, "true"), (0, "false")] {
            ok(session, "DELETE FROM t", &[]).await;
            ok(session, "INSERT INTO t VALUES (NULL)", &[]).await;
            ok(session, sql, &[Value::Integer(number)]).await;
            assert_eq!(ask(session, "SELECT flag FROM t WHERE flag IS NOT NULL").await, expected);
        }
        for number in [2, -1] {
            assert_eq!(
                error(session, sql, &[Value::Integer(number)]).await.code,
                ErrorCode::TypeMismatch,
                "{sql}"
            );
        }
    }
}
