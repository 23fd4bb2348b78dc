use phantomdb_engine_postgres::PostgresOptions;
use phantomdb_protocol::{ColumnType, ErrorCode, Statement, Value};
use phantomdb_testing::{ask_with, error, ok, rows, text};
use serde_json::{Value as Json, json};

use crate::fixture::Fixture;

const TIMESTAMP: &str = "2026-01-02T03:04:05.678Z";
const KEY: &str = "0193c2c5-8f0b-7e0f-8c0a-0123456789ab";

fn of_each_type() -> Vec<(Value, ColumnType, Json)> {
    vec![
        (Value::Boolean(true), ColumnType::Boolean, json!(true)),
        (Value::Integer(5), ColumnType::Integer, json!(5)),
        (Value::Integer(1 << 40), ColumnType::Integer, json!(1_u64 << 40)),
        (Value::Integer(i64::MAX), ColumnType::Integer, json!("9223372036854775807")),
        (Value::Float(2.5), ColumnType::Float, json!(2.5)),
        (Value::Float(f64::NAN), ColumnType::Float, json!("NaN")),
        (text("it's \"$1\" \\ 🦀"), ColumnType::String, json!("it's \"$1\" \\ 🦀")),
        (Value::Decimal("1.10".into()), ColumnType::Decimal, json!("1.10")),
        (Value::Timestamp(TIMESTAMP.into()), ColumnType::Timestamp, json!(TIMESTAMP)),
        (Value::Date("2026-01-02".into()), ColumnType::Date, json!("2026-01-02")),
        (Value::Time("03:04:05".into()), ColumnType::Time, json!("03:04:05")),
        (Value::Uuid(KEY.into()), ColumnType::Uuid, json!(KEY)),
        (Value::Json("{\"b\":1,\"a\":[2]}".into()), ColumnType::Json, json!({ "b": 1, "a": [2] })),
        (Value::Blob(vec![0, 255]), ColumnType::Blob, json!("AP8=")),
    ]
}

#[tokio::test(flavor = "multi_thread")]
async fn a_value_keeps_its_type_where_none_can_be_inferred() {
    let fixture = Fixture::new().await;
    for sql in [
        "SELECT $1 AS \"v\"",
        "SELECT coalesce(NULL, $1) AS \"v\"",
        "SELECT CASE WHEN TRUE THEN $1 END AS \"v\"",
    ] {
        for (value, column_type, expected) in of_each_type() {
            let answer = ok(&*fixture.session, sql, std::slice::from_ref(&value)).await;
            assert_eq!(answer.columns[0].column_type, column_type, "{sql} {value:?}");
            let rows: Json = serde_json::from_str(answer.rows.get()).unwrap();
            assert_eq!(rows, json!([[expected]]), "{sql}");
        }
        assert_eq!(rows(&*fixture.session, sql, &[Value::Null]).await, json!([[null]]));
    }
    fixture.end().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn one_statement_takes_values_of_different_types_in_turn() {
    let fixture = Fixture::new().await;
    let sql = "SELECT $1 || $2, $3 + $4";
    let session = &*fixture.session;
    for _ in 0..2 {
        let answer = |values: [Value; 4]| async move { ask_with(session, sql, &values).await };
        assert_eq!(answer([text("a"), text("b"), Value::Integer(1), Value::Integer(2)]).await, "ab|3");
        assert_eq!(
            answer([text("a"), Value::Integer(7), Value::Float(0.5), Value::Integer(2)]).await,
            "a7|2.5"
        );
        let decimal = Value::Decimal("0.1".into());
        assert_eq!(answer([Value::Null, text("b"), decimal.clone(), decimal]).await, "∅|0.2");
    }
    fixture.end().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_column_is_compared_with_values_that_its_type_cannot_hold() {
    let fixture = Fixture::new().await;
    let session = &*fixture.session;
    ok(session, "CREATE TABLE \"t\" (\"i\" INTEGER, \"s\" VARCHAR(20), \"d\" DATE, \"b\" BOOLEAN)", &[])
        .await;
    ok(session, "INSERT INTO \"t\" VALUES (1, '5', '2026-01-02', TRUE), (2, 'x', '2026-01-03', FALSE)", &[])
        .await;
    for (condition, value, found) in [
        ("\"i\" < $1", Value::Integer(1 << 40), "1 2"),
        ("\"i\" = $1", Value::Integer(1 << 40), ""),
        ("\"i\" > $1", Value::Float(1.5), "2"),
        ("\"i\" = $1", Value::Float(2.0), "2"),
        ("\"i\" = $1", Value::Decimal("1.5".into()), ""),
        ("\"i\" = $1", text("2"), "2"),
        ("\"s\" = $1", Value::Integer(5), "1"),
        ("\"d\" > $1", Value::Timestamp("2026-01-02T12:00:00.000Z".into()), "2"),
        ("\"b\" = $1", Value::Integer(1), "1"),
        ("\"b\" = $1", text("false"), "2"),
        ("\"i\" = ANY($1)", Value::Json("[2, 3]".into()), "2"),
        ("\"s\" LIKE $1", text("_"), "1 2"),
    ] {
        let sql = format!("SELECT \"i\" FROM \"t\" WHERE {condition} ORDER BY \"i\"");
        assert_eq!(
            ask_with(session, &sql, std::slice::from_ref(&value)).await,
            found,
            "{condition} {value:?}"
        );
    }
    let wrong = error(session, "SELECT * FROM \"t\" WHERE \"i\" = $1", &[text("secret")]).await;
    assert_eq!(wrong.code, ErrorCode::TypeMismatch);
    assert!(!wrong.message.contains("secret"), "{}", wrong.message);
    fixture.end().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_path_into_a_document_may_be_a_parameter() {
    let fixture = Fixture::new().await;
    let session = &*fixture.session;
    ok(session, "CREATE TABLE \"t\" (\"meta\" JSON)", &[]).await;
    ok(session, "INSERT INTO \"t\" VALUES ($1)", &[text("{\"a\": [1, {\"b\": \"x\"}]}")]).await;
    let ask = |sql: &'static str, values: Vec<Value>| async move { ask_with(session, sql, &values).await };
    assert_eq!(
        ask("SELECT \"meta\"->$1->$2->>$3 FROM \"t\"", vec![text("a"), Value::Integer(1), text("b")]).await,
        "x"
    );
    assert_eq!(ask("SELECT \"meta\"#>>$1 FROM \"t\"", vec![text("{a,0}")]).await, "1");
    assert_eq!(ask("SELECT \"meta\"#>>'{a,1,b}' = $1 FROM \"t\"", vec![text("x")]).await, "true");
    assert_eq!(
        ask("SELECT \"meta\" @> $1 FROM \"t\"", vec![Value::Json("{\"a\": [1]}".into())]).await,
        "true"
    );
    fixture.end().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn sums_and_averages_have_the_types_of_their_arguments() {
    let fixture = Fixture::new().await;
    let session = &*fixture.session;
    ok(
        session,
        "CREATE TABLE \"t\" (\"i\" INTEGER, \"big\" BIGINT, \"d\" DECIMAL(10,2), \"f\" DOUBLE PRECISION)",
        &[],
    )
    .await;
    ok(session, "INSERT INTO \"t\" VALUES (1, 1, 0.10, 0.5), (2, 2, 0.20, 1)", &[]).await;
    for (expression, column_type, value) in [
        ("sum(\"big\")", ColumnType::Integer, json!(3)),
        ("sum(\"d\")", ColumnType::Decimal, json!("0.30")),
        ("avg(\"i\")", ColumnType::Float, json!(1.5)),
        ("avg(\"f\")", ColumnType::Float, json!(0.75)),
        ("coalesce(sum(\"big\"), 0)", ColumnType::Integer, json!(3)),
        ("sum(\"i\" * 1.5)", ColumnType::Float, json!(4.5)),
        ("sum(\"d\" * 1.5)", ColumnType::Decimal, json!("0.450")),
        ("round(avg(\"f\"), 1)", ColumnType::Float, json!(0.8)),
        ("1.5", ColumnType::Float, json!(1.5)),
        ("count(*)", ColumnType::Integer, json!(2)),
    ] {
        let answer = ok(session, &format!("SELECT {expression} FROM \"t\""), &[]).await;
        let rows: Json = serde_json::from_str(answer.rows.get()).unwrap();
        assert_eq!((answer.columns[0].column_type, &rows[0][0]), (column_type, &value), "{expression}");
    }
    fixture.end().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn values_of_types_that_phantomdb_lacks_come_as_text() {
    let fixture = Fixture::new().await;
    let native = |query: &str| Statement {
        query: query.to_owned(),
        parameters: vec![],
        native: true,
        ..Statement::default()
    };
    let answer = fixture
        .session
        .execute(native(
            "SELECT point(1, 2) AS p, interval '1 day 2 hours' AS i, ARRAY[1, NULL, 3] AS a, \
             ARRAY[['a'], ['b']] AS aa, 'a b'::tsvector AS v, inet '127.0.0.1' AS ip ORDER BY 1 = 1",
        ))
        .await
        .unwrap();
    let rows: Json = serde_json::from_str(answer.rows.get()).unwrap();
    assert_eq!(
        rows,
        json!([["(1,2)", "1 day 02:00:00", [1, null, 3], [["a"], ["b"]], "'a' 'b'", "127.0.0.1/32"]])
    );
    let names: Vec<&str> = answer.columns.iter().map(|column| column.name.as_str()).collect();
    assert_eq!(names, ["p", "i", "a", "aa", "v", "ip"]);
    fixture.end().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_prepared_statement_goes_on_when_its_column_gets_another_type() {
    const INSERT: &str = "INSERT INTO \"t\" (\"v\") VALUES ($1) RETURNING \"v\"";
    let fixture =
        Fixture::with_options(PostgresOptions { connections: 1, ..PostgresOptions::default() }).await;
    let session = &*fixture.session;
    let types = [
        ("BOOLEAN", Value::Boolean(true), json!(true)),
        ("INTEGER", Value::Integer(5), json!(5)),
        ("BIGINT", Value::Integer(1 << 40), json!(1_u64 << 40)),
        ("DOUBLE PRECISION", Value::Float(2.5), json!(2.5)),
        ("DECIMAL(9,2)", Value::Decimal("1.10".into()), json!("1.10")),
        ("TEXT", text("it's text"), json!("it's text")),
        ("TIMESTAMP", Value::Timestamp(TIMESTAMP.into()), json!(TIMESTAMP)),
        ("DATE", Value::Date("2026-01-02".into()), json!("2026-01-02")),
        ("TIME", Value::Time("03:04:05".into()), json!("03:04:05")),
        ("UUID", Value::Uuid(KEY.into()), json!(KEY)),
        ("JSON", Value::Json("{\"a\":1}".into()), json!({ "a": 1 })),
        ("BLOB", Value::Blob(b"foobar".to_vec()), json!("Zm9vYmFy")),
        ("BLOB", text("\\x666f6f626172"), json!("Zm9vYmFy")),
    ];
    for (before, first, expected_first) in &types {
        for (after, second, expected_second) in &types {
            for (name, value, expected) in [(before, first, expected_first), (after, second, expected_second)]
            {
                ok(session, "DROP TABLE IF EXISTS \"t\"", &[]).await;
                ok(session, &format!("CREATE TABLE \"t\" (\"v\" {name})"), &[]).await;
                let stored = rows(session, INSERT, std::slice::from_ref(value)).await;
                assert_eq!(stored, json!([[expected]]), "{before}, then {after}");
            }
        }
    }
    fixture.end().await;
}
