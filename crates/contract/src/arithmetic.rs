//! Numbers: arithmetic, rounding, patterns, aggregates.

use phantomdb_protocol::ErrorCode;

use super::fixture::{ContractTest, Fixture, contract_tests};
use super::session::{ask, error};

/// The tests of this file.
pub(super) const TESTS: &[ContractTest] = contract_tests![
    numbers_are_computed_as_in_postgresql,
    numbers_out_of_range_are_refused,
    aggregates_of_numbers_are_those_of_postgresql,
    aggregates_follow_the_frame_of_a_window,
    a_sign_stands_before_a_sign,
    a_sum_of_conditions_counts_them
];

async fn numbers_are_computed_as_in_postgresql(fixture: &Fixture) {
    let session = &*fixture.session;
    // As text, because the wire has a float for a number that a statement writes with a point.
    for (expressions, expected) in [
        (
            &["1.0 / 3", "2.50 * 4", "10 % 3.1", "7 / 2.0"][..],
            "0.33333333333333333333|10.00|0.7|3.5000000000000000",
        ),
        (&["round(2.5)", "round(-2.5)", "round(1234.567, -2)", "trunc(-1.29, 1)"], "3|-3|1200|-1.2"),
        (&["round(2.5::float8)", "2.5::int", "2.5::float8::int", "3.5::float8::int"], "2|3|2|4"),
        (
            &["'0x1F'::int", "'1_000'::int", "' 12 '::numeric", "0.1::float8 + 0.2::float8"],
            "31|1000|12|0.30000000000000004",
        ),
        (
            &["sqrt(2.0)", "power(2.0, 10)", "exp(1.0)", "ln(10.0)"],
            "1.414213562373095|1024.0000000000000|2.7182818284590452|2.3025850929940457",
        ),
        (
            &["gcd(12, 18)", "lcm(4, 6)", "factorial(20)", "6 & 3", "6 | 3", "6 # 3"],
            "6|12|2432902008176640000|2|7|5",
        ),
        (&["~5", "1 << 4", "-16 >> 2", "mod(-7, 3)", "div(7.5, 2)", "sign(-3.5)"], "-6|16|-4|-1|3|-1"),
        (
            &["scale(1.50)", "min_scale(1.50)", "trim_scale(1.50)", "abs(-2.50)", "ceil(-1.5)"],
            "2|1|1.5|2.50|-1",
        ),
        (
            &["1e20::float8", "1e-7::float8", "0.1::float4", "100000::float8", "1e15::float8"],
            "1e+20|1e-07|0.1|100000|1e+15",
        ),
        (&["'NaN'::numeric", "'inf'::numeric", "'inf'::numeric - 'inf'::numeric"], "NaN|Infinity|NaN"),
        (
            &["to_char(1234.5, 'FM9,999.00')", "to_char(-5, 'S99')", "to_char(12, '0000')"],
            "1,234.50| -5| 0012",
        ),
        (&["to_number('1,234.5', '9G999D9')", "to_number('12-', '99S')"], "1234.5|-12"),
        (&["width_bucket(5.35, 0.024, 10.06, 5)", "width_bucket(5, ARRAY[1, 3, 6])"], "3|2"),
        (
            &[
                "width_bucket(4.5, '{1,3,4.50,6}')",
                "width_bucket('c'::text, ARRAY['a', 'b', 'd'])",
                "width_bucket(date '2026-02-01', ARRAY[date '2026-01-01', date '2026-02-01'])",
                "width_bucket('NaN'::float8, '{1,NaN}')",
                "width_bucket(1, '{}')",
            ],
            "3|2|2|2|0",
        ),
    ] {
        let texts: Vec<String> =
            expressions.iter().map(|expression| format!("({expression})::text")).collect();
        assert_eq!(ask(session, &format!("SELECT {}", texts.join(", "))).await, expected, "{expressions:?}");
    }
}

async fn numbers_out_of_range_are_refused(fixture: &Fixture) {
    let session = &*fixture.session;
    for (code, expressions) in [
        (
            ErrorCode::OutOfRange,
            &[
                "1 / 0",
                "1 % 0",
                "1.5 / 0",
                "1::float8 / 0",
                "2147483647 + 1",
                "-(-2147483647 - 1)",
                "9223372036854775807 * 2",
                "32768::smallint",
                "1e10::int",
                "sqrt(-1)",
                "power(0, -1)",
                "exp(1000::float8)",
                "'1e400'::float8",
                "1e300::float8 * 1e300::float8",
                "factorial(-1)",
            ][..],
        ),
        (
            ErrorCode::TypeMismatch,
            &["ln(0)", "ln(-1.5)", "'abc'::numeric", "'1__0'::int", "width_bucket(1.0, 2, 3, 0)"],
        ),
        (ErrorCode::OutOfRange, &["'NaN'::numeric::int"]),
        (ErrorCode::SyntaxError, &["to_char(1, '9.9.9')"]),
    ] {
        for expression in expressions {
            let found = error(session, &format!("SELECT {expression}"), &[]).await;
            assert_eq!(found.code, code, "{expression}: {}", found.message);
        }
    }
}

async fn aggregates_of_numbers_are_those_of_postgresql(fixture: &Fixture) {
    let session = &*fixture.session;
    let rows = "FROM (VALUES (1, 1.50, 2::float8, 'a'), (2, 2.5, 4::float8, 'b'), (4, NULL, 5::float8, 'c')) AS v (i, d, f, s)";
    for (select, expected) in [
        (
            "sum(i), sum(d)::text, sum(f), avg(d)::text, avg(f)",
            "7|4.00|11|2.0000000000000000|3.6666666666666665",
        ),
        ("sum(i) FILTER (WHERE i > 4), bit_and(i), bit_or(i), bit_xor(i)", "∅|0|7|7"),
        ("every(i > 0), bool_and(i > 1), bool_or(i > 3)", "true|false|true"),
        (
            "corr(f, i), regr_slope(f, i), regr_count(d, i), covar_pop(f, i)",
            "0.9285714285714286|0.9285714285714286|2|1.4444444444444444",
        ),
        (
            "string_agg(s, '-' ORDER BY i DESC), string_agg(s, s ORDER BY i), any_value(i) > 0",
            "c-b-a|abbcc|true",
        ),
        (
            "percentile_cont(0.5) WITHIN GROUP (ORDER BY f), percentile_disc(0.5) WITHIN GROUP (ORDER BY s)",
            "4|b",
        ),
        ("mode() WITHIN GROUP (ORDER BY i)", "1"),
    ] {
        assert_eq!(ask(session, &format!("SELECT {select} {rows}")).await, expected, "{select}");
    }
    let none = "SELECT sum(i), avg(i), bit_or(i), count(i) FROM (VALUES (1)) AS v (i) WHERE i > 1";
    assert_eq!(ask(session, none).await, "∅|∅|∅|0");
}

async fn aggregates_follow_the_frame_of_a_window(fixture: &Fixture) {
    let session = &*fixture.session;
    let frame = "OVER (ORDER BY i ROWS BETWEEN 1 PRECEDING AND CURRENT ROW)";
    let rows =
        "FROM (VALUES (1, 1.50, 1e16::float8), (2, 2.5, 1::float8), (3, NULL, 2::float8)) AS v (i, d, f)";
    for (aggregate, expected) in [
        ("sum(i)", "1 3 5"),
        ("sum(d)", "1.50 4.00 2.5"),
        ("sum(f)", "1e+16 1e+16 3"),
        ("bit_or(i)", "1 3 3"),
        ("bool_and(i < 3)", "true true false"),
        ("string_agg(i::text, '+')", "1 1+2 2+3"),
    ] {
        let sql = format!("SELECT ({aggregate} {frame})::text {rows} ORDER BY i");
        assert_eq!(ask(session, &sql).await, expected, "{aggregate}");
    }
}

async fn a_sign_stands_before_a_sign(fixture: &Fixture) {
    let session = &*fixture.session;
    for (expressions, expected) in [
        (&["- -5", "-(-5)", "1 - - - 2", "5 - -5", "+ -5"][..], "5|5|-1|10|-5"),
        (&["@ -5", "- @ -5", "~ -1", "||/ -8", "-'5'::int", "- -x"], "5|-5|0|-2|-5|3"),
    ] {
        let found =
            ask(session, &format!("SELECT {} FROM (VALUES (3)) AS t(x)", expressions.join(", "))).await;
        assert_eq!(found, expected);
    }
    // It was a comment, which took the rest of the condition with it.
    let both = "SELECT count(*) FROM (VALUES (5, 1), (5, 2)) AS t(a, b) WHERE a = - -5 AND b = 1";
    assert_eq!(ask(session, both).await, "1");
}

async fn a_sum_of_conditions_counts_them(fixture: &Fixture) {
    let session = &*fixture.session;
    let values = "(VALUES (1, TRUE), (2, FALSE), (3, NULL)) AS v(n, b)";
    for (sum, expected) in [
        ("sum(n > 1)", "2"),
        ("sum((b IS TRUE))", "1"),
        ("sum(b IS NULL)", "1"),
        ("sum(n IN (1, 2) AND b)", "1"),
        ("sum(n BETWEEN 2 AND 3)", "2"),
    ] {
        assert_eq!(ask(session, &format!("SELECT {sum} FROM {values}")).await, expected, "{sum}");
    }
    let refused = error(session, &format!("SELECT sum(b) FROM {values}"), &[]).await;
    assert_eq!(refused.code, ErrorCode::UnknownFunction);
}
