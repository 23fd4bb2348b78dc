//! A bound value stands in several places of a statement, and the first place gives it its type.

use phantomdb_protocol::{ColumnType, ErrorCode, Value};
use serde_json::json;

use super::fixture::{ContractTest, Fixture, contract_tests};
use super::session::{all, ask_with, error, ok, rows, text};

/// The tests of this file.
pub(super) const TESTS: &[ContractTest] = contract_tests![
    the_first_place_gives_a_value_its_type,
    a_value_that_is_assigned_twice_has_one_type,
    a_number_that_is_no_integer_has_its_own_type_beside_one,
    a_list_is_a_json_array_or_an_array_in_quotes,
    a_value_that_is_an_array_has_to_be_cast,
];

const TABLE: &[&str] = &[
    "CREATE TABLE t (id INTEGER PRIMARY KEY, n INTEGER, s TEXT, d DATE, p DECIMAL(6, 2))",
    "INSERT INTO t VALUES (1, 5, '1', '2020-01-01', 1), (2, 7, 'b', NULL, 2)",
];

async fn the_first_place_gives_a_value_its_type(fixture: &Fixture) {
    let session = &*fixture.session;
    all(session, TABLE).await;
    let one = || Value::Integer(1);
    // Each of these is refused whatever type the value has: it would need two.
    for (condition, value, code) in [
        ("$1 >= 4 AND upper($1) = 'A'", text("5"), ErrorCode::UnknownFunction),
        ("$1 >= 4 AND upper($1) = 'A'", Value::Integer(5), ErrorCode::UnknownFunction),
        ("$1 <= 'a' AND $1 >= 4", Value::Integer(5), ErrorCode::TypeMismatch),
        ("s = $1 OR id = $1", text("1"), ErrorCode::TypeMismatch),
        ("s = $1 OR id = $1", one(), ErrorCode::TypeMismatch),
        ("coalesce($1, '2') = id", text("1"), ErrorCode::TypeMismatch),
        ("id = (SELECT $1)", text("1"), ErrorCode::TypeMismatch),
    ] {
        let refused =
            error(session, &format!("SELECT id FROM t WHERE {condition}"), std::slice::from_ref(&value))
                .await;
        assert_eq!(refused.code, code, "{condition} with {value:?}: {}", refused.message);
    }
    for (condition, value, found) in [
        ("id = $1 AND n > $1", text("1"), "1"),
        ("s = $1 AND s LIKE $1", text("b"), "2"),
        ("s LIKE $1 AND s = $1", text("b"), "2"),
        ("d = $1 AND $1 + 1 > d", text("2020-01-01"), "1"),
        ("id = $1 AND s = $1::text", text("1"), "1"),
        ("id = (SELECT $1)", one(), "1"),
    ] {
        let sql = format!("SELECT id FROM t WHERE {condition}");
        assert_eq!(ask_with(session, &sql, &[value]).await, found, "{condition}");
    }
    let beside = "SELECT $1 AS x FROM t WHERE id = $1";
    assert_eq!(rows(session, beside, &[one()]).await, json!([[1]]));
    assert_eq!(error(session, beside, &[text("1")]).await.code, ErrorCode::TypeMismatch);
}

async fn a_value_that_is_assigned_twice_has_one_type(fixture: &Fixture) {
    let session = &*fixture.session;
    all(session, TABLE).await;
    let update = "UPDATE t SET n = $1, s = $1 WHERE id = 1 RETURNING n, s";
    assert_eq!(rows(session, update, &[Value::Integer(3)]).await, json!([[3, "3"]]));
    assert_eq!(rows(session, update, &[Value::Float(2.5)]).await, json!([[2, "2.5"]]));
    assert_eq!(error(session, update, &[text("4")]).await.code, ErrorCode::TypeMismatch);
    let insert = "INSERT INTO t (id, n, s) VALUES ($1, $1, $1) RETURNING n, s";
    assert_eq!(rows(session, insert, &[Value::Integer(9)]).await, json!([[9, "9"]]));
    assert_eq!(error(session, insert, &[text("10")]).await.code, ErrorCode::TypeMismatch);
    // A choice between values without a type is a text.
    let choice = "UPDATE t SET p = CASE WHEN n > 5 THEN $1 ELSE $2 END WHERE id = 2 RETURNING p";
    let number = Value::Float(3.25);
    assert_eq!(rows(session, choice, &[number, Value::Integer(5)]).await, json!([["3.25"]]));
    assert_eq!(
        error(session, choice, &[text("3.456"), Value::Integer(5)]).await.code,
        ErrorCode::TypeMismatch
    );
}

async fn a_number_that_is_no_integer_has_its_own_type_beside_one(fixture: &Fixture) {
    let session = &*fixture.session;
    all(session, TABLE).await;
    let decimal = |digits: &str| Value::Decimal(digits.into());
    for (sql, value, found, column_type) in [
        ("42 + $1", Value::Float(2.5), json!(44.5), ColumnType::Float),
        ("42 + $1", Value::Float(2.0), json!(44), ColumnType::Integer),
        ("42 + $1", decimal("2.5"), json!("44.5"), ColumnType::Decimal),
        ("1 / $1", decimal("4"), json!("0.25000000000000000000"), ColumnType::Decimal),
        ("7 / $1", Value::Float(2.0), json!(3), ColumnType::Integer),
        ("nullif($1, 1)", Value::Float(2.5), json!(2.5), ColumnType::Float),
    ] {
        let answer = ok(session, &format!("SELECT {sql} AS x"), std::slice::from_ref(&value)).await;
        assert_eq!(answer.columns[0].column_type, column_type, "{sql} with {value:?}");
        assert_eq!(answer.rows.get(), json!([[found]]).to_string(), "{sql} with {value:?}");
    }
    let refused = error(session, "SELECT substr('abcdef', $1)", &[Value::Float(2.5)]).await;
    assert_eq!(refused.code, ErrorCode::TypeMismatch, "{}", refused.message);
}

async fn a_list_is_a_json_array_or_an_array_in_quotes(fixture: &Fixture) {
    let session = &*fixture.session;
    all(session, TABLE).await;
    let among = "SELECT id FROM t WHERE n = ANY ($1) ORDER BY id";
    for list in ["[5, 7]", "{5,7}", "[\"5\", \"7\"]"] {
        assert_eq!(ask_with(session, among, &[text(list)]).await, "1 2", "{list}");
    }
    assert_eq!(error(session, among, &[text("{a}")]).await.code, ErrorCode::TypeMismatch);
    for value in [Value::Integer(1), text("1")] {
        let found = rows(session, "SELECT $1 = ANY ($2)", &[value, text("{1,5}")]).await;
        assert_eq!(found, json!([[true]]));
    }
}

async fn a_value_that_is_an_array_has_to_be_cast(fixture: &Fixture) {
    let session = &*fixture.session;
    for call in [
        "array_length($1, 1)",
        "coalesce(array_length($1, 1), 0)",
        "cardinality($1)",
        "array_to_string($1, ',')",
    ] {
        for value in [text("{1,2}"), Value::Null] {
            let refused = error(session, &format!("SELECT {call}"), std::slice::from_ref(&value)).await;
            let codes = [ErrorCode::TypeMismatch, ErrorCode::UnknownFunction];
            assert!(codes.contains(&refused.code), "{call} with {value:?}: {}", refused.message);
        }
    }
    let cast = "SELECT cardinality($1::integer[])";
    assert_eq!(rows(session, cast, &[text("{1,2}")]).await, json!([[2]]));
}
