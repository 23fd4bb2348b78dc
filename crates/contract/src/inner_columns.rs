//! Columns of inner queries and of set operations that have no type of their own: they are texts, and a parameter among them has
//! the type of its value.

use phantomdb_protocol::{ColumnType, ErrorCode, Value};
use serde_json::{Value as Json, json};

use super::fixture::{ContractTest, Fixture, contract_tests};
use super::session::{error, ok, rows, text};

/// The tests of this file.
pub(super) const TESTS: &[ContractTest] = contract_tests![
    a_column_that_is_a_value_has_the_type_of_the_value,
    a_column_that_is_a_text_is_not_compared_with_a_number,
    members_of_a_set_operation_without_a_type_have_that_of_the_value,
    an_inner_column_tells_its_type,
];

async fn a_column_that_is_a_value_has_the_type_of_the_value(fixture: &Fixture) {
    let cases: [(&str, Value, Json); 10] = [
        ("SELECT (SELECT $1) = 5", Value::Integer(5), json!([[true]])),
        ("SELECT (SELECT $1) + 1", Value::Integer(5), json!([[6]])),
        ("SELECT (SELECT $1) || 'x'", text("a"), json!([["ax"]])),
        ("SELECT ARRAY[(SELECT $1)]", Value::Integer(1), json!([[[1]]])),
        ("SELECT (SELECT $1) = true", Value::Boolean(true), json!([[true]])),
        ("SELECT x + 1 FROM (SELECT $1 AS x) AS s", Value::Integer(1), json!([[2]])),
        ("SELECT x FROM (SELECT $1 AS x) AS s WHERE x = '1'", text("1"), json!([["1"]])),
        ("WITH s AS (SELECT $1 AS x) SELECT x * 2 FROM s", Value::Float(1.5), json!([[3.0]])),
        ("SELECT 5 IN (SELECT $1)", Value::Integer(5), json!([[true]])),
        ("SELECT sum((SELECT $1))", Value::Integer(5), json!([[5]])),
    ];
    for (query, value, expected) in cases {
        assert_eq!(rows(&*fixture.session, query, &[value]).await, expected, "{query}");
    }
}

async fn a_column_that_is_a_text_is_not_compared_with_a_number(fixture: &Fixture) {
    for query in [
        "SELECT (SELECT $1) = 5",
        "SELECT 5 = (SELECT $1)",
        "SELECT 5 IN (SELECT $1)",
        "SELECT (SELECT $1) > DATE '2024-01-01'",
        "SELECT x = 5 FROM (SELECT $1 AS x) AS s",
        "WITH s AS (SELECT $1 AS x) SELECT x + 1 FROM s",
    ] {
        for value in [text("5"), Value::Null] {
            let refused = error(&*fixture.session, query, &[value]).await;
            assert_eq!(refused.code, ErrorCode::TypeMismatch, "{query}: {}", refused.message);
        }
    }
}

async fn members_of_a_set_operation_without_a_type_have_that_of_the_value(fixture: &Fixture) {
    let cases: [(&str, Value, Json); 6] = [
        ("SELECT '5' UNION SELECT $1", Value::Integer(5), json!([[5]])),
        ("SELECT $1 UNION SELECT '5'", Value::Integer(5), json!([[5]])),
        ("SELECT '5' UNION SELECT $1", text("5"), json!([["5"]])),
        ("SELECT 'x' UNION ALL SELECT $1", Value::Integer(5), json!([["x"], ["5"]])),
        ("SELECT $1 INTERSECT SELECT $1", Value::Integer(5), json!([[5]])),
        ("SELECT NULL UNION SELECT $1 ORDER BY 1", Value::Boolean(true), json!([[true], [null]])),
    ];
    for (query, value, expected) in cases {
        assert_eq!(rows(&*fixture.session, query, &[value]).await, expected, "{query}");
    }
}

async fn an_inner_column_tells_its_type(fixture: &Fixture) {
    for query in ["SELECT x FROM (SELECT $1 AS x) AS s", "SELECT (SELECT $1)", "SELECT $1 UNION SELECT $1"] {
        for (value, expected) in [
            (Value::Integer(1), ColumnType::Integer),
            (Value::Float(1.5), ColumnType::Float),
            (text("1"), ColumnType::String),
            (Value::Json("[1]".into()), ColumnType::Json),
            (Value::Date("2024-02-29".into()), ColumnType::Date),
        ] {
            if query.contains("UNION") && expected == ColumnType::Json {
                continue;
            }
            let answer = ok(&*fixture.session, query, &[value]).await;
            assert_eq!(answer.columns[0].column_type, expected, "{query}");
        }
    }
}
