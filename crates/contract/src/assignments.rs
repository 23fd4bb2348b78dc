//! Values that are assigned to columns of other types.

use phantomdb_protocol::ErrorCode;

use super::fixture::{ContractTest, Fixture, contract_tests};
use super::session::{ask, error, ok};

/// The tests of this file.
pub(super) const TESTS: &[ContractTest] = contract_tests![
    a_value_is_assigned_only_where_its_type_converts,
    a_value_is_converted_where_its_type_allows_it,
];

async fn table(fixture: &Fixture) {
    let create = "CREATE TABLE x (id INTEGER, doc JSONB, nums INTEGER[], t TEXT, b BOOLEAN, d DATE, hour TIME, \
                  n NUMERIC(5, 2), bytes BYTEA, u UUID)";
    ok(&*fixture.session, create, &[]).await;
    ok(&*fixture.session, "INSERT INTO x (id, t, b) VALUES (1, 'a', TRUE)", &[]).await;
}

async fn a_value_is_assigned_only_where_its_type_converts(fixture: &Fixture) {
    table(fixture).await;
    for (column, value) in [
        ("doc", "TRUE"),
        ("doc", "1.5"),
        ("doc", "b"),
        ("doc", "1 = 1"),
        ("doc", "CAST('1' AS TEXT)"),
        ("doc", "t || NULL"),
        ("d", "CAST('2024-01-01' AS TEXT)"),
        ("d", "id + NULL"),
        ("u", "CAST('a0eebc99-9c0b-4ef8-bb6d-6bb9bd380a11' AS TEXT)"),
        ("bytes", "CAST('a' AS TEXT)"),
        ("nums", "id || NULL"),
        ("nums", "CAST(NULL AS TEXT)"),
        ("id", "CAST(NULL AS TEXT)"),
        ("hour", "'2024-03-31T01:00:00.123Z'"),
    ] {
        let writes = [
            format!("UPDATE x SET {column} = {value}"),
            format!("INSERT INTO x ({column}) SELECT {value} FROM x"),
        ];
        // A string in quotes has no type before a query has given it one.
        for write in writes.iter().take(if value.starts_with('\'') { 1 } else { 2 }) {
            let refused = error(&*fixture.session, write, &[]).await;
            assert_eq!(refused.code, ErrorCode::TypeMismatch, "{write}: {}", refused.message);
        }
    }
}

async fn a_value_is_converted_where_its_type_allows_it(fixture: &Fixture) {
    table(fixture).await;
    for (column, value, expected) in [
        ("t", "TRUE", "true"),
        ("t", "1.50", "1.50"),
        ("t", "DATE '2024-01-01'", "2024-01-01"),
        ("id", "1.5", "2"),
        ("n", "7", "7.00"),
        ("d", "TIMESTAMP '2024-01-01 10:00'", "2024-01-01"),
        ("hour", "TIMESTAMP '2024-01-01 10:00'", "10:00:00"),
        ("hour", "'2024-03-31 01:00:00.123Z'", "01:00:00.123"),
        ("doc", "'true'", "true"),
        ("doc", "NULL", "∅"),
        ("u", "NULL", "∅"),
    ] {
        let update = format!("UPDATE x SET {column} = {value} RETURNING CAST({column} AS TEXT)");
        assert_eq!(ask(&*fixture.session, &update).await, expected, "{update}");
    }
}
