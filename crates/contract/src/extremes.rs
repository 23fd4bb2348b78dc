//! Values at the limits of their types: the answer is PostgreSQL's, or an error, and never a number that has wrapped around.

use phantomdb_protocol::ErrorCode::{self, OutOfRange, TypeMismatch};

use super::fixture::{ContractTest, Fixture, contract_tests};
use super::session::{ask, error, ok};

pub(super) const TESTS: &[ContractTest] = contract_tests![
    what_is_within_the_limits_is_exact,
    what_is_beyond_the_limits_is_refused,
    operators_before_their_operand_bind_as_on_postgresql,
];

async fn what_is_within_the_limits_is_exact(fixture: &Fixture) {
    for (expression, expected) in [
        ("INTERVAL '-9223372036854775808 us'", "-2562047788:00:54.775808"),
        ("INTERVAL '2562047788:00:54.775807'", "2562047788:00:54.775807"),
        ("INTERVAL '178956970 years 7 months'", "178956970 years 7 mons"),
        ("INTERVAL '2147483647 days'", "2147483647 days"),
        ("CAST(INTERVAL '2562047787:59:59.6' AS INTERVAL(0))", "2562047788:00:00"),
        ("CAST(INTERVAL '-2562047787:59:59.5' AS INTERVAL(0))", "-2562047788:00:00"),
        ("CAST(INTERVAL '-0.0000005 seconds' AS INTERVAL(6))", "00:00:00"),
        ("CAST(INTERVAL 'infinity' AS INTERVAL(0))", "infinity"),
        ("CAST(TIME '23:59:59.6' AS TIME(0))", "24:00:00"),
        ("CAST(TIMESTAMP '1999-12-31 23:59:59.5' AS TIMESTAMP(0))", "1999-12-31 23:59:59"),
        ("CAST(TIMESTAMP '-infinity' AS TIMESTAMP(0))", "-infinity"),
        ("TIMESTAMP '9999-12-31 23:59:59.999999' - TIMESTAMP '0001-01-01'", "3652058 days 23:59:59.999999"),
        ("age(TIMESTAMP '0001-01-01', TIMESTAMP '9999-12-31')", "-9998 years -11 mons -30 days"),
        ("DATE '9999-12-31' - DATE '0001-01-01'", "3652058"),
        ("DATE 'infinity' + 2147483647", "infinity"),
        ("justify_interval(INTERVAL '2147483647 days')", "5965232 years 4 mons 7 days"),
        ("extract(epoch FROM INTERVAL '2147483647 days') = 185542587100800", "true"),
        ("to_timestamp('infinity'::float8)", "infinity"),
        ("substring('abc', -2147483647, 2147483647)", ""),
        ("substring('abc', 2, 2147483647)", "bc"),
        ("left('abc', -2147483647)", ""),
        ("split_part('a,b', ',', -2147483648)", ""),
        ("(ARRAY[1, 2])[-2147483648:2147483647]", "{1,2}"),
        ("'[1]'::jsonb -> 2147483647", "∅"),
        ("lcm(CAST(2147483647 AS BIGINT), 2147483646)", "4611686011984936962"),
        ("mod(CAST('-9223372036854775808' AS BIGINT), -1)", "0"),
        ("CAST('NaN' AS FLOAT8) * 0", "NaN"),
        ("round(CAST('NaN' AS NUMERIC), 2147483647)", "NaN"),
        ("width_bucket(11, 0, 10, 2147483646)", "2147483647"),
        ("power(0.5, 10)", "0.0009765625000000000"),
        ("to_date('2451545', 'J')", "2000-01-01"),
    ] {
        let sql = format!("SELECT CAST({expression} AS TEXT)");
        assert_eq!(ask(&*fixture.session, &sql).await, expected, "{expression}");
    }
    let session = &*fixture.session;
    let series = "SELECT count(*) FROM generate_series(9223372036854775806, 9223372036854775807)";
    assert_eq!(ask(session, series).await, "2");
    let last = "SELECT count(*) FROM generate_series(-9223372036854775807, -9223372036854775808, -2)";
    assert_eq!(ask(session, last).await, "1");
}

async fn what_is_beyond_the_limits_is_refused(fixture: &Fixture) {
    let cases: [(&str, ErrorCode); 47] = [
        ("CAST('5874897-12-31' AS TIMESTAMP)", OutOfRange),
        ("CAST('5874897-12-31' AS TIMESTAMPTZ)", OutOfRange),
        ("CAST('5874898-01-01' AS DATE)", OutOfRange),
        ("CAST('2147483647-01-01' AS TIMESTAMP)", OutOfRange),
        ("CAST('01/01/2147483647' AS TIMESTAMPTZ)", OutOfRange),
        ("CAST('J2147483647' AS TIMESTAMP)", OutOfRange),
        ("CAST('J2147483648' AS TIMESTAMP)", OutOfRange),
        ("CAST('4714-01-01 BC' AS DATE)", OutOfRange),
        ("CAST('99999999999-01-01' AS TIMESTAMP)", OutOfRange),
        ("CAST('2000-01-01 00:00:00+99999999' AS TIMESTAMPTZ)", TypeMismatch),
        ("CAST(INTERVAL '2562047788:00:54.775807' AS INTERVAL(0))", OutOfRange),
        ("CAST(INTERVAL '-2562047788:00:54.7' AS INTERVAL(0))", OutOfRange),
        ("CAST(INTERVAL '9223372036854775807 us' AS INTERVAL(3))", OutOfRange),
        ("INTERVAL '2147483648 days'", OutOfRange),
        ("INTERVAL '178956970 years 8 months'", OutOfRange),
        ("INTERVAL '9223372036854775808 us'", OutOfRange),
        ("INTERVAL '2147483647 days' + INTERVAL '1 day'", OutOfRange),
        ("- INTERVAL '-2147483648 days'", OutOfRange),
        ("INTERVAL '2147483647 months' * 2", OutOfRange),
        ("INTERVAL '1 day' * 'NaN'::float8", OutOfRange),
        ("justify_hours(INTERVAL '2147483647 days 24:00')", OutOfRange),
        ("make_interval(years => 178956971)", OutOfRange),
        ("make_interval(secs => 1e300)", OutOfRange),
        ("to_timestamp(1e20)", OutOfRange),
        ("to_timestamp('NaN'::float8)", OutOfRange),
        ("date_bin(INTERVAL '2147483647 days', TIMESTAMP '2020-01-01', TIMESTAMP '2000-01-01')", OutOfRange),
        ("TIMESTAMP '2000-01-01' + INTERVAL '178956970 years'", OutOfRange),
        ("DATE '2000-01-01' + 2147483647", OutOfRange),
        ("DATE 'infinity' - DATE '2000-01-01'", OutOfRange),
        ("make_date(2147483647, 1, 1)", OutOfRange),
        ("make_time(2147483647, 0, 0)", OutOfRange),
        ("2147483647 + 1", OutOfRange),
        ("CAST('-9223372036854775808' AS BIGINT) / -1", OutOfRange),
        ("abs(CAST('-9223372036854775808' AS BIGINT))", OutOfRange),
        ("- CAST('-32768' AS SMALLINT)", OutOfRange),
        ("9223372036854775807 * 2", OutOfRange),
        ("gcd(CAST('-9223372036854775808' AS BIGINT), 0)", OutOfRange),
        ("lcm(9223372036854775807, 9223372036854775806)", OutOfRange),
        ("CAST('NaN'::float8 AS INTEGER)", OutOfRange),
        ("CAST(1e308::float8 AS BIGINT)", OutOfRange),
        ("1e308::float8 * 10", OutOfRange),
        ("exp(6001.0)", OutOfRange),
        ("width_bucket(11, 0, 10, 2147483647)", OutOfRange),
        ("CAST('1e2147483647' AS NUMERIC)", OutOfRange),
        ("overlay('abc' PLACING 'x' FROM 2147483647 FOR 1)", OutOfRange),
        ("get_byte('\\x0102', 2147483647)", TypeMismatch),
        ("CAST(99999.995 AS NUMERIC(7, 2))", OutOfRange),
    ];
    for (expression, code) in cases {
        let found = error(&*fixture.session, &format!("SELECT {expression}"), &[]).await;
        assert_eq!(found.code, code, "{expression}: {}", found.message);
    }
}

async fn operators_before_their_operand_bind_as_on_postgresql(fixture: &Fixture) {
    let session = &*fixture.session;
    ok(session, "CREATE TABLE t (a INTEGER)", &[]).await;
    ok(session, "INSERT INTO t VALUES (3)", &[]).await;
    for (expression, expected) in [
        ("-2 ^ 2", "4"),
        ("- a ^ 2", "9"),
        ("-(a) ^ 2", "9"),
        ("-(a ^ 2)", "-9"),
        ("2 ^ -1", "0.5"),
        ("2 ^ - a ^ 2", "0.015625"),
        ("- a * 2 + 1", "-5"),
        ("- '5'::int ^ 2", "25"),
        ("+ a ^ 2", "9"),
        ("- - a ^ 2", "9"),
        ("~ 1 + 2", "-4"),
        ("~ 1 & 3", "2"),
        ("@ -5 + 2", "3"),
        ("|/ 16 + 9", "5"),
        ("~ a = -4", "true"),
    ] {
        assert_eq!(ask(session, &format!("SELECT {expression} FROM t")).await, expected, "{expression}");
    }
}
