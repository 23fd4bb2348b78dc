//! Values that are bound beside others: what type they have there.

use phantomdb_protocol::{ErrorCode, Value};
use serde_json::{Value as Json, json};

use super::fixture::{ContractTest, Fixture, contract_tests};
use super::session::{ask_with, error, ok, rows, text};

/// The tests of this file.
pub(super) const TESTS: &[ContractTest] = contract_tests![
    values_that_only_stand_beside_each_other_have_their_own_types,
    a_time_beside_a_date_is_a_time,
    a_value_beside_a_decimal_is_exact,
    a_value_beside_a_string_has_its_own_type,
    a_value_after_case_or_before_between_has_its_own_type,
    a_text_beside_an_integer_is_read_as_one,
    a_number_that_is_too_large_for_its_place_has_its_own_type,
    a_string_has_the_type_that_a_value_beside_it_was_given,
];

async fn values_that_only_stand_beside_each_other_have_their_own_types(fixture: &Fixture) {
    let session = &*fixture.session;
    let (yes, no) = (Value::Boolean(true), Value::Boolean(false));
    let (one, half) = (Value::Integer(1), Value::Float(1.5));
    let cases: Vec<(&str, Vec<Value>, Json)> = vec![
        ("max($1)", vec![one.clone()], json!(1)),
        ("min($1)", vec![half.clone()], json!(1.5)),
        ("max($1)", vec![yes.clone()], json!("true")),
        ("max($1)", vec![text("a")], json!("a")),
        ("array_agg($1)", vec![yes.clone()], json!([true])),
        ("array_agg($1)", vec![half.clone()], json!([1.5])),
        ("any_value($1)", vec![yes.clone()], json!(true)),
        ("any_value($1)", vec![one.clone()], json!(1)),
        ("first_value($1) OVER ()", vec![yes.clone()], json!(true)),
        ("sum($1)", vec![one.clone()], json!(1)),
        ("avg($1)", vec![half.clone()], json!(1.5)),
        ("to_hex($1)", vec![Value::Integer(255)], json!("ff")),
        ("mod($1, $2)", vec![Value::Integer(7), Value::Integer(3)], json!(1)),
        ("nullif($1, $2)", vec![yes.clone(), no.clone()], json!(true)),
        ("nullif($1, NULL)", vec![one.clone()], json!(1)),
        ("nullif($1, '')", vec![text("")], json!(null)),
        ("coalesce($1, $2)", vec![one.clone(), Value::Null], json!(1)),
        ("coalesce($1, $2)", vec![Value::Null, yes.clone()], json!(true)),
        ("coalesce($1, $2)", vec![one.clone(), text("a")], json!("1")),
        ("coalesce($1, $2)", vec![yes.clone(), one.clone()], json!("true")),
        ("CASE WHEN true THEN $1 ELSE $2 END", vec![half.clone(), text("x")], json!("1.5")),
        ("least($1, $2)", vec![text("5"), one.clone()], json!("1")),
        ("ARRAY[$1, $2]", vec![yes.clone(), no], json!([true, false])),
        ("ARRAY[$1, $2]", vec![one.clone(), half], json!([1.0, 1.5])),
        ("ARRAY[$1, $2]", vec![one.clone(), text("a")], json!(["1", "a"])),
        ("ARRAY[$1, $2]", vec![Value::Null, one.clone()], json!([null, 1])),
        ("$1 IN ($2)", vec![text("5"), Value::Integer(5)], json!(true)),
        ("$1 IN ($2)", vec![yes.clone(), one.clone()], json!(false)),
        ("$1 = $2", vec![one.clone(), Value::Float(1.0)], json!(true)),
        ("$1 BETWEEN $2 AND $2", vec![text("5"), Value::Integer(5)], json!(true)),
        ("array_to_string(ARRAY[$1], ',')", vec![yes.clone()], json!("t")),
        ("pg_typeof($1)", vec![yes], json!("boolean")),
        ("pg_typeof($1)", vec![one], json!("bigint")),
        ("pg_typeof($1)", vec![text("a")], json!("text")),
        ("DATE '2024-01-01' + $1", vec![Value::Integer(1)], json!("2024-01-02")),
    ];
    for (expression, values, expected) in cases {
        let found = rows(session, &format!("SELECT {expression} AS x"), &values).await;
        let same_number = |a: &Json, b: &Json| a.as_f64().is_some() && a.as_f64() == b.as_f64();
        let (found, wanted) = (found[0][0].clone(), expected);
        let same = match (found.as_array(), wanted.as_array()) {
            (Some(found), Some(wanted)) if found.len() == wanted.len() => {
                found.iter().zip(wanted).all(|(found, wanted)| found == wanted || same_number(found, wanted))
            }
            _ => found == wanted || same_number(&found, &wanted),
        };
        assert!(same, "{expression} of {values:?} is {found}, not {wanted}");
    }
}

async fn a_time_beside_a_date_is_a_time(fixture: &Fixture) {
    let session = &*fixture.session;
    ok(session, "CREATE TABLE t (d DATE)", &[]).await;
    ok(session, "INSERT INTO t VALUES ('2024-02-29')", &[]).await;
    let ten = Value::Timestamp("2024-02-29T10:00:00.000Z".into());
    let midnight = Value::Timestamp("2024-02-29T00:00:00.000Z".into());
    for (condition, value, expected) in [
        ("d = $1", &ten, "0"),
        ("d < $1", &ten, "1"),
        ("d = $1", &midnight, "1"),
        ("d IN ($1)", &ten, "0"),
        ("d = $1", &Value::Date("2024-02-29".into()), "1"),
        ("d = $1", &text("2024-02-29T10:00:00Z"), "1"),
    ] {
        let sql = format!("SELECT count(*) FROM t WHERE {condition}");
        assert_eq!(
            ask_with(session, &sql, std::slice::from_ref(value)).await,
            expected,
            "{condition} {value:?}"
        );
    }
}

async fn a_value_beside_a_decimal_is_exact(fixture: &Fixture) {
    for (expression, value, expected) in [
        ("$1 * 2.5", Value::Integer(3), json!("7.5")),
        ("$1 * 2.5", Value::Float(1.5), json!("3.75")),
        ("$1 * 2.5", text("3"), json!("7.5")),
        ("2.5 + $1", Value::Float(1e30), json!("1000000000000000000000000000002.5")),
        ("round(2.55, $1)", Value::Integer(1), json!(2.6)),
    ] {
        let found =
            rows(&*fixture.session, &format!("SELECT {expression}"), std::slice::from_ref(&value)).await;
        assert_eq!(found, json!([[expected]]), "{expression} {value:?}");
    }
}

async fn a_value_beside_a_string_has_its_own_type(fixture: &Fixture) {
    let session = &*fixture.session;
    let (five, bytes) = (Value::Integer(5), Value::Blob(vec![1, 255]));
    for (expression, value, expected) in [
        ("nullif('5', $1)", &Value::Float(1.5), json!(5.0)),
        ("nullif('5', $1)", &five, json!(null)),
        ("nullif('05', $1)", &five, json!(null)),
        ("nullif('x', $1)", &five, json!("x")),
        ("$1 = '05'", &five, json!(true)),
        ("$1 < '10'", &five, json!(true)),
        ("$1 < '10'", &text("5"), json!(false)),
        ("$1 < 'x'", &five, json!(true)),
        ("$1 BETWEEN '1' AND '10'", &five, json!(true)),
        ("$1 IN ('05', '6')", &five, json!(true)),
        ("$1 IN ('05', 'x')", &five, json!(false)),
        ("CASE $1 WHEN '05' THEN 1 ELSE 2 END", &five, json!(1)),
        ("coalesce($1, 'x')", &five, json!("5")),
        ("coalesce($1, '7')", &five, json!(5)),
        ("coalesce($1, 'x')", &bytes, json!("Af8=")),
        ("greatest($1, '10')", &five, json!(10)),
        ("concat_ws(', ', 'a', $1)", &Value::Null, json!("a")),
        ("format('%s|', $1)", &Value::Null, json!("|")),
        ("CASE WHEN true THEN $1 ELSE 'a' END", &bytes, json!("Af8=")),
    ] {
        let found = rows(session, &format!("SELECT {expression}"), std::slice::from_ref(value)).await;
        assert_eq!(found, json!([[expected]]), "{expression} {value:?}");
    }
}

async fn a_value_after_case_or_before_between_has_its_own_type(fixture: &Fixture) {
    let session = &*fixture.session;
    for (case, value, expected) in [
        ("CASE $1 WHEN 5 THEN 'a' ELSE 'b' END", Value::Integer(5), "a"),
        ("CASE $1 WHEN '5' THEN 'a' ELSE 'b' END", Value::Integer(5), "a"),
        ("CASE $1 WHEN 'x' THEN 'a' ELSE 'b' END", Value::Integer(5), "b"),
        ("CASE $1 WHEN 'x' THEN 'a' ELSE 'b' END", text("x"), "a"),
        ("CASE $1 WHEN TRUE THEN 'a' ELSE 'b' END", Value::Boolean(true), "a"),
    ] {
        assert_eq!(ask_with(session, &format!("SELECT {case}"), &[value]).await, expected, "{case}");
    }
    let between = "SELECT $1 BETWEEN $2 AND 7";
    assert_eq!(ask_with(session, between, &[Value::Integer(5), Value::Integer(4)]).await, "true");
    let refused = error(session, between, &[text("5"), text("4")]).await;
    assert_eq!(refused.code, ErrorCode::TypeMismatch);
    for (case, value) in [
        ("CASE $1 WHEN 5 THEN 'a' END", text("5")),
        ("CASE $1 WHEN 5 THEN 'a' END", Value::Null),
        ("CASE $1 WHEN DATE '2024-01-01' THEN 'a' END", text("2024-01-01")),
    ] {
        let refused = error(session, &format!("SELECT {case}"), &[value]).await;
        assert_eq!(refused.code, ErrorCode::TypeMismatch, "{case}");
    }
}

async fn a_text_beside_an_integer_is_read_as_one(fixture: &Fixture) {
    let session = &*fixture.session;
    for (expression, value, expected) in [
        ("42 + $1", text(" 7 "), "49"),
        ("42 + $1", text("1_000"), "1042"),
        ("42 + $1", text("0x10"), "58"),
        ("42 = $1", text("999999999999999999999"), "false"),
        ("42 = $1", Value::Decimal("42.5".into()), "false"),
        ("greatest(42, $1)", Value::Float(42.5), "42.5"),
    ] {
        assert_eq!(
            ask_with(session, &format!("SELECT {expression}"), &[value]).await,
            expected,
            "{expression}"
        );
    }
    for (expression, value) in [
        ("42 = $1", "2.5"),
        ("greatest(42, $1)", "NaN"),
        ("42 + $1", "1e2"),
        ("42 < $1", "Infinity"),
        ("42 = $1", ""),
    ] {
        let refused = error(session, &format!("SELECT {expression}"), &[text(value)]).await;
        assert_eq!(refused.code, ErrorCode::TypeMismatch, "{expression}: {value}");
    }
    // The numbers 0 and 1 are booleans, and no others.
    assert_eq!(ask_with(session, "SELECT CAST($1 AS BOOLEAN)", &[Value::Integer(1)]).await, "true");
    for expression in ["CAST($1 AS BOOLEAN)", "NOT $1"] {
        let refused = error(session, &format!("SELECT {expression}"), &[Value::Integer(2)]).await;
        assert_eq!(refused.code, ErrorCode::TypeMismatch, "{expression}");
    }
    let long = text("123456789012345678901234567890.123456789");
    assert_eq!(error(session, "SELECT $1 * 1", &[long]).await.code, ErrorCode::OutOfRange);
}

async fn a_number_that_is_too_large_for_its_place_has_its_own_type(fixture: &Fixture) {
    let session = &*fixture.session;
    let large = Value::Integer(99_999_999_999);
    for (expression, value, expected) in [
        ("42 + $1", &large, "100000000041"),
        ("42 + $1", &text("99999999999"), "100000000041"),
        ("42 + $1", &text("12345678901234567890"), "12345678901234567932"),
        ("42::bigint + $1", &text("12345678901234567890"), "12345678901234567932"),
        ("42::smallint * $1", &Value::Integer(99_999), "4199958"),
        ("42 & $1", &large, "42"),
        ("42 - $1 - 2147483647", &large, "-102147483604"),
        ("gcd(4, $1)", &large, "1"),
        ("42 = $1", &large, "false"),
        ("coalesce($1, 4)", &large, "99999999999"),
    ] {
        let query = format!("SELECT ({expression})::text");
        assert_eq!(
            rows(session, &query, std::slice::from_ref(value)).await,
            json!([[expected]]),
            "{expression}: {value:?}"
        );
    }
    for (expression, value) in [
        ("left('abc', $1)", &large),
        ("2147483647 + $1", &Value::Integer(1)),
        ("42::bigint + $1", &text("9223372036854775807")),
    ] {
        let refused = error(session, &format!("SELECT {expression}"), std::slice::from_ref(value)).await;
        assert_eq!(refused.code, ErrorCode::OutOfRange, "{expression}: {}", refused.message);
    }
}

async fn a_string_has_the_type_that_a_value_beside_it_was_given(fixture: &Fixture) {
    let session = &*fixture.session;
    for (conditions, value, expected) in [
        ("$1 >= 4, $1 <= '50'", text("6"), json!([true, true])),
        ("$1 >= 4, coalesce($1, '50') < 50", text("6"), json!([true, true])),
        ("$1 BETWEEN 4 AND '50', TRUE", text("6"), json!([true, true])),
        ("$1 > DATE '2024-01-01', $1 < '2024-2-5'", text("2024-02-10"), json!([true, false])),
        ("$1 >= 'a', $1 < '50'", text("6"), json!([false, false])),
    ] {
        let query = format!("SELECT {conditions}");
        assert_eq!(rows(session, &query, &[value]).await, json!([expected]), "{conditions}");
    }
    for conditions in [
        "$1 BETWEEN 4 AND 'a'",
        "$1 BETWEEN 4.5 AND 'a'",
        "$1 >= 4, $1 <= 'a'",
        "$1 >= 4, $1 >= '2.5'",
        "$1 = 4, coalesce($1, 'a')",
        "$1 = 4, CASE WHEN TRUE THEN $1 ELSE 'a' END",
    ] {
        let refused = error(session, &format!("SELECT {conditions}"), &[Value::Integer(5)]).await;
        assert_eq!(refused.code, ErrorCode::TypeMismatch, "{conditions}: {}", refused.message);
    }
}
