//! Operators and functions with a constant NULL, whose other operands are not computed.

use phantomdb_protocol::ErrorCode;
use serde_json::json;

use super::fixture::{ContractTest, Fixture, contract_tests};
use super::session::{all, error, rows};

/// The tests of this file.
pub(super) const TESTS: &[ContractTest] = contract_tests![
    an_operand_beside_null_is_not_computed,
    an_operand_beside_a_value_is_computed,
    an_aggregate_beside_null_makes_one_row,
];

const TABLE: &[&str] = &[
    "CREATE TABLE t (id INTEGER PRIMARY KEY, n INTEGER, s TEXT)",
    "INSERT INTO t VALUES (1, 2147483647, 'a'), (2, 2147483647, 'b')",
];

/// Each fails for every row of the table.
const FAILING: [&str; 3] = ["n * n", "n / (n - n)", "CAST(s AS INTEGER)"];

async fn an_operand_beside_null_is_not_computed(fixture: &Fixture) {
    let session = &*fixture.session;
    all(session, TABLE).await;
    for failing in FAILING {
        for expression in [
            format!("({failing}) + NULL"),
            format!("NULL + ({failing})"),
            format!("({failing}) + CAST(NULL AS INTEGER)"),
            format!("({failing}) + (NULL + 5)"),
            format!("({failing}) + (({failing}) + NULL)"),
            format!("({failing}) = NULL"),
            format!("({failing}) >= NULL"),
            format!("({failing}) BETWEEN NULL AND NULL"),
            format!("({failing}) NOT BETWEEN NULL AND NULL"),
            format!("({failing}) BETWEEN CAST(NULL AS INTEGER) AND NULL"),
            format!("NULL BETWEEN ({failing}) AND 5"),
            format!("({failing}) IN (NULL)"),
            format!("({failing}) NOT IN (NULL)"),
            format!("CAST(({failing}) AS TEXT) LIKE NULL"),
            format!("CAST(({failing}) AS TEXT) NOT LIKE NULL"),
            format!("CAST(({failing}) AS TEXT) ILIKE NULL"),
            format!("CAST(({failing}) AS TEXT) SIMILAR TO NULL"),
            format!("CAST(({failing}) AS TEXT) LIKE CAST(NULL AS VARCHAR(5))"),
            format!("mod(({failing}), NULL)"),
            format!("power(({failing}), NULL)"),
            format!("repeat(NULL, ({failing}))"),
            format!("CAST(({failing}) AS TEXT) || NULL"),
        ] {
            let sql = format!("SELECT {expression} FROM t WHERE id = 1");
            assert_eq!(rows(session, &sql, &[]).await, json!([[null]]), "{expression}");
        }
        let none = format!("SELECT id FROM t WHERE ({failing}) BETWEEN NULL AND NULL");
        assert_eq!(rows(session, &none, &[]).await, json!([]), "{none}");
    }
}

async fn an_operand_beside_a_value_is_computed(fixture: &Fixture) {
    let session = &*fixture.session;
    all(session, TABLE).await;
    for (expression, code) in [
        ("(n * n) BETWEEN NULL AND 5", ErrorCode::OutOfRange),
        ("(n * n) BETWEEN 5 AND NULL", ErrorCode::OutOfRange),
        ("(n * n) IN (NULL, 5)", ErrorCode::OutOfRange),
        ("(n * n) IS DISTINCT FROM NULL", ErrorCode::OutOfRange),
        ("concat(n * n, NULL)", ErrorCode::OutOfRange),
        ("coalesce(n * n, NULL)", ErrorCode::OutOfRange),
        // Both engines compute an operand that depends on no row before.
        ("(2147483647 * 2) + NULL", ErrorCode::OutOfRange),
        ("CAST('a' AS INTEGER) + NULL", ErrorCode::TypeMismatch),
    ] {
        let refused = error(session, &format!("SELECT {expression} FROM t"), &[]).await;
        assert_eq!(refused.code, code, "{expression}: {}", refused.message);
    }
}

async fn an_aggregate_beside_null_makes_one_row(fixture: &Fixture) {
    let session = &*fixture.session;
    all(session, TABLE).await;
    for aggregate in ["sum(n)", "count(*)", "max(n)", "min(id)", "avg(n)", "count(DISTINCT s)"] {
        for expression in [
            format!("{aggregate} + NULL"),
            format!("NULL = {aggregate}"),
            format!("{aggregate} BETWEEN NULL AND NULL"),
            format!("NULL BETWEEN {aggregate} AND 5"),
            format!("{aggregate} IN (NULL)"),
        ] {
            let sql = format!("SELECT {expression} FROM t");
            assert_eq!(rows(session, &sql, &[]).await, json!([[null]]), "{expression}");
        }
    }
    let joined = "SELECT string_agg(DISTINCT s, '-') || NULL, max(s) LIKE NULL FROM t";
    assert_eq!(rows(session, joined, &[]).await, json!([[null, null]]));
    let numbered = "SELECT row_number() OVER () + NULL FROM t";
    assert_eq!(rows(session, numbered, &[]).await, json!([[null], [null]]));
    let of_query = "SELECT (SELECT sum(n) * 1 FROM t) + NULL FROM t";
    assert_eq!(rows(session, of_query, &[]).await, json!([[null], [null]]));
}
