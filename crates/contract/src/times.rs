//! Dates, times and intervals: their decimals, their order, their functions.

use phantomdb_protocol::{ErrorCode, Value};

use super::fixture::{ContractTest, Fixture, contract_tests};
use super::schema::describe;
use super::session::{ask, ask_with, error, ok};

/// The tests of this file.
pub(super) const TESTS: &[ContractTest] = contract_tests![
    a_column_keeps_the_decimals_that_its_type_names,
    times_are_compared_and_sorted_to_the_microsecond,
    a_cast_keeps_microseconds_and_knows_the_zone,
    a_column_of_times_changes_its_decimals_and_becomes_text,
    a_time_beyond_its_limits_is_refused,
    intervals_are_read_summed_and_compared,
    the_functions_of_times_answer_alike,
    templates_write_and_read_times,
    the_smallest_interval_is_written_and_computed_with
];

async fn a_column_keeps_the_decimals_that_its_type_names(fixture: &Fixture) {
    let session = &*fixture.session;
    ok(
        session,
        "CREATE TABLE t (a TIMESTAMP, b TIMESTAMP(6) DEFAULT '2026-01-02T03:04:05.000001Z', c TIMESTAMP(0), \
         d TIMESTAMP(4), e TIME, f TIME(6))",
        &[],
    )
    .await;
    let at = "2026-01-02 03:04:05.123456";
    let literals = format!("'{at}', '{at}', '{at}', '{at}', '03:04:05.123456', '03:04:05.123456'");
    ok(session, &format!("INSERT INTO t VALUES ({literals})"), &[]).await;
    let wire = || Value::Timestamp("2026-01-02T03:04:05.123456Z".into());
    let time = || Value::Time("03:04:05.123456".into());
    let values = [wire(), wire(), wire(), wire(), time(), time()];
    ok(session, "INSERT INTO t VALUES ($1, $2, $3, $4, $5, $6)", &values).await;
    let row = "2026-01-02T03:04:05.123Z|2026-01-02T03:04:05.123456Z|2026-01-02T03:04:05.000Z|\
               2026-01-02T03:04:05.123500Z|03:04:05.123|03:04:05.123456";
    assert_eq!(ask(session, "SELECT * FROM t").await, format!("{row} {row}"));
    ok(session, "DELETE FROM t", &[]).await;
    ok(session, "INSERT INTO t (a, c, e) VALUES ('2026-01-02 23:59:59.9996', '2026-01-02 23:59:59.5', '10:00:00.0006')", &[])
        .await;
    assert_eq!(
        ask(session, "SELECT a, b, c, e FROM t").await,
        "2026-01-03T00:00:00.000Z|2026-01-02T03:04:05.000001Z|2026-01-03T00:00:00.000Z|10:00:00.001"
    );
    let types: Vec<_> =
        describe(session, "t").await.columns.into_iter().map(|column| column.data_type).collect();
    assert_eq!(types, ["TIMESTAMP", "TIMESTAMP(6)", "TIMESTAMP(0)", "TIMESTAMP(4)", "TIME", "TIME(6)"]);
    let refused = error(session, "CREATE TABLE u (a TIMESTAMP(7))", &[]).await;
    assert_eq!(refused.code, ErrorCode::Unsupported);
}

async fn times_are_compared_and_sorted_to_the_microsecond(fixture: &Fixture) {
    let session = &*fixture.session;
    ok(session, "CREATE TABLE t (n INTEGER, at TIMESTAMP(6))", &[]).await;
    ok(
        session,
        "INSERT INTO t VALUES (1, '2026-01-01 00:00:00.001'), (2, '2026-01-01 00:00:00.000999'), \
         (3, '2026-01-01 00:00:00.001001'), (4, '2026-01-01 00:00:00'), (5, 'infinity'), (6, '-infinity')",
        &[],
    )
    .await;
    let list = |sql: String| async move { ask(session, &sql).await };
    assert_eq!(list("SELECT n FROM t ORDER BY at".into()).await, "6 4 2 1 3 5");
    assert_eq!(list("SELECT n FROM t WHERE at > '2026-01-01T00:00:00.001Z' ORDER BY n".into()).await, "3 5");
    let given = [Value::Timestamp("2026-01-01T00:00:00.001001Z".into())];
    assert_eq!(ask_with(session, "SELECT n FROM t WHERE at = $1", &given).await, "3");
    let given = [Value::String("2026-01-01 02:00:00.000999+02".into())];
    assert_eq!(ask_with(session, "SELECT n FROM t WHERE at = $1", &given).await, "2");
    assert_eq!(
        ask(session, "SELECT min(at), max(at) FROM t WHERE n < 5").await,
        "2026-01-01T00:00:00.000Z|2026-01-01T00:00:00.001001Z"
    );
    assert_eq!(ask(session, "SELECT at FROM t WHERE n > 4 ORDER BY n").await, "Infinity -Infinity");
}

async fn a_cast_keeps_microseconds_and_knows_the_zone(fixture: &Fixture) {
    let session = &*fixture.session;
    let text = "'2026-01-02 03:04:05.123456+02'";
    for (target, expected) in [
        ("TIMESTAMP", "2026-01-02T03:04:05.123456Z"),
        ("TIMESTAMP(3)", "2026-01-02T03:04:05.123Z"),
        ("TIMESTAMPTZ", "2026-01-02T01:04:05.123456Z"),
        ("TIMESTAMP WITH TIME ZONE", "2026-01-02T01:04:05.123456Z"),
        ("TIMESTAMPTZ(1)", "2026-01-02T01:04:05.100Z"),
        ("DATE", "2026-01-02"),
        ("TIME", "03:04:05.123456"),
        ("TIME(0)", "03:04:05"),
    ] {
        assert_eq!(ask(session, &format!("SELECT CAST({text} AS {target})")).await, expected, "{target}");
    }
    assert_eq!(
        ask(session, "SELECT ('2026-01-02'::timestamptz)::text, ('2026-01-02'::timestamp)::text").await,
        "2026-01-02 00:00:00+00|2026-01-02 00:00:00"
    );
}

async fn a_column_of_times_changes_its_decimals_and_becomes_text(fixture: &Fixture) {
    let session = &*fixture.session;
    ok(session, "CREATE TABLE t (at TIMESTAMP(6))", &[]).await;
    ok(session, "INSERT INTO t VALUES ('2026-01-02 03:04:05.123456'), ('2026-01-02 03:04:05')", &[]).await;
    ok(session, "ALTER TABLE t ALTER COLUMN at TYPE TEXT", &[]).await;
    let exact = "2026-01-02T03:04:05.123456Z 2026-01-02T03:04:05.000Z";
    assert_eq!(ask(session, "SELECT at FROM t").await, exact);
    ok(session, "ALTER TABLE t ALTER COLUMN at TYPE TIMESTAMP(6)", &[]).await;
    assert_eq!(ask(session, "SELECT at FROM t").await, exact);
    ok(session, "ALTER TABLE t ALTER COLUMN at TYPE TIMESTAMP", &[]).await;
    assert_eq!(ask(session, "SELECT at FROM t").await, "2026-01-02T03:04:05.123Z 2026-01-02T03:04:05.000Z");
}

async fn a_time_beyond_its_limits_is_refused(fixture: &Fixture) {
    let session = &*fixture.session;
    for (expression, code) in [
        ("'2026-02-30'::date", ErrorCode::OutOfRange),
        ("'soon'::date", ErrorCode::TypeMismatch),
        ("'25:00'::time", ErrorCode::OutOfRange),
        ("'2026-01-01 10:00 Nowhere/Land'::timestamptz", ErrorCode::TypeMismatch),
        ("'2147483648 years'::interval", ErrorCode::OutOfRange),
        ("'1 fortnight'::interval", ErrorCode::TypeMismatch),
        ("'1 day'::interval / 0", ErrorCode::OutOfRange),
        ("extract(fortnight FROM now())", ErrorCode::TypeMismatch),
        ("extract(hour FROM '2026-01-01'::date)", ErrorCode::Unsupported),
        ("date_trunc('week', '1 day'::interval)", ErrorCode::Unsupported),
        ("make_date(2026, 2, 30)", ErrorCode::OutOfRange),
        ("'2026-01-01'::timestamp AT TIME ZONE 'nowhere'", ErrorCode::TypeMismatch),
        ("to_date('2026-13-01', 'YYYY-MM-DD')", ErrorCode::OutOfRange),
        ("to_timestamp('x', 'YYYY')", ErrorCode::TypeMismatch),
    ] {
        assert_eq!(error(session, &format!("SELECT {expression}"), &[]).await.code, code, "{expression}");
    }
}

async fn intervals_are_read_summed_and_compared(fixture: &Fixture) {
    let session = &*fixture.session;
    for (expression, expected) in [
        ("'1 year 2 months 3 days 04:05:06.7'::interval", "1 year 2 mons 3 days 04:05:06.7"),
        ("'P1Y2M3DT4H5M6.7S'::interval", "1 year 2 mons 3 days 04:05:06.7"),
        ("'P0002'::interval", "2 years"),
        ("'P0002-10-15T1S'::interval", "2 years 10 mons 15 days 00:00:01"),
        ("'P0002T1S'::interval", "2 years 00:00:01"),
        ("'P00021015T103020.5'::interval", "2 years 10 mons 15 days 10:30:20"),
        ("'PT10:30'::interval", "10:30:00"),
        ("'P-1Y-2M'::interval", "-1 years -2 mons"),
        ("'P10.5e4Y'::interval", "105000 years"),
        ("'PT2562047788.0152155019444'::interval", "2562047788:00:54.775429"),
        ("INTERVAL '1 2' DAY TO HOUR", "1 day 02:00:00"),
        ("INTERVAL '123 11' DAY TO HOUR", "123 days 11:00:00"),
        ("'1-2'::interval", "1 year 2 mons"),
        ("'@ 1 minute ago'::interval", "-00:01:00"),
        ("'1.5 weeks'::interval", "10 days 12:00:00"),
        ("INTERVAL '1' DAY", "1 day"),
        ("INTERVAL '1 2:03' DAY TO SECOND", "1 day 02:03:00"),
        ("'1 day'::interval - '2 hours'::interval", "1 day -02:00:00"),
        ("-'1 mon -1 days'::interval", "-1 mons +1 day"),
        ("'1 month'::interval * 1.5", "1 mon 15 days"),
        ("'1 day'::interval / 3", "08:00:00"),
        ("justify_interval('1 mon -1 hour'::interval)", "29 days 23:00:00"),
        ("make_interval(years => 1, hours => 2)", "1 year 02:00:00"),
    ] {
        let sql = format!("SELECT ({expression})::text");
        assert_eq!(ask(session, &sql).await, expected, "{expression}");
    }
    assert_eq!(
        ask(
            session,
            "SELECT '1 mon'::interval = '30 days'::interval, '9 days'::interval < '10 days'::interval, \
             '1 year'::interval > '365 days'::interval"
        )
        .await,
        "true|true|false"
    );
    assert_eq!(
        ask(
            session,
            "SELECT sum(i)::text, avg(i)::text, max(i)::text FROM (VALUES ('1 day'::interval), ('3 hours'), (NULL)) AS v(i)"
        )
        .await,
        "1 day 03:00:00|13:30:00|1 day"
    );
}

async fn the_functions_of_times_answer_alike(fixture: &Fixture) {
    let session = &*fixture.session;
    let at = "'2026-05-31 13:14:15.678901'::timestamp";
    for (expression, expected) in [
        ("'2026-01-31'::date + 1", "2026-02-01"),
        ("'2026-03-01'::date - '2026-02-01'::date", "28"),
        ("'2026-01-31'::date + '1 month'::interval", "2026-02-28 00:00:00"),
        ("'10:00'::time - '11:00:00.5'::time", "-01:00:00.5"),
        ("'23:00'::time + '2 hours'::interval", "01:00:00"),
        ("'2026-01-02'::timestamp - '2025-12-01 12:00'::timestamp", "31 days 12:00:00"),
        ("age('2026-03-01'::timestamp, '2024-02-29'::timestamp)", "2 years 1 day"),
        ("extract(second FROM {at})", "15.678901"),
        ("extract(epoch FROM {at})", "1780233255.678901"),
        ("extract(isodow FROM {at})", "7"),
        ("extract(julian FROM '2026-01-01'::date)", "2461042"),
        ("extract(epoch FROM '1 month 1 hour'::interval)", "2595600"),
        ("date_part('hour', {at})", "13"),
        ("date_trunc('quarter', {at})", "2026-04-01 00:00:00"),
        ("date_trunc('day', '2026-01-01 23:30+00'::timestamptz, 'Europe/Berlin')", "2026-01-01 23:00:00+00"),
        ("date_trunc('hour', '1 day 02:03:04'::interval)", "1 day 02:00:00"),
        ("date_bin('15 minutes'::interval, {at}, '2026-01-01'::timestamp)", "2026-05-31 13:00:00"),
        ("make_timestamp(2026, 5, 31, 13, 14, 15.5)", "2026-05-31 13:14:15.5"),
        ("make_timestamptz(2026, 7, 1, 0, 0, 0, 'Europe/Berlin')", "2026-06-30 22:00:00+00"),
        ("to_timestamp(1284352323.5)", "2010-09-13 04:32:03.5+00"),
        ("{at} AT TIME ZONE 'America/New_York'", "2026-05-31 17:14:15.678901+00"),
        ("'2026-01-01 00:00+00'::timestamptz AT TIME ZONE 'Europe/Berlin'", "2026-01-01 01:00:00"),
        ("'2026-01-01 00:00+00'::timestamptz AT TIME ZONE INTERVAL '-3:30'", "2025-12-31 20:30:00"),
        ("isfinite('infinity'::date)", "false"),
        (
            "('2026-01-01'::date, '2026-02-01'::date) OVERLAPS ('2026-01-31'::date, '10 days'::interval)",
            "true",
        ),
        ("'January 8, 1999'::timestamp", "1999-01-08 00:00:00"),
    ] {
        let sql = format!("SELECT ({})::text", expression.replace("{at}", at));
        assert_eq!(ask(session, &sql).await, expected, "{expression}");
    }
    assert_eq!(
        ask(
            session,
            "SELECT d::text FROM generate_series('2026-01-31'::timestamp, '2026-04-01'::timestamp, '1 month'::interval) AS d"
        )
        .await,
        "2026-01-31 00:00:00 2026-02-28 00:00:00 2026-03-28 00:00:00"
    );
}

async fn templates_write_and_read_times(fixture: &Fixture) {
    let session = &*fixture.session;
    for (template, expected) in [
        ("YYYY-MM-DD HH24:MI:SS.US", "2026-05-03 13:04:05.678901"),
        ("FMDay, DDth \"of\" FMMonth YYYY", "Sunday, 03rd of May 2026"),
        ("HH12:MI am, Q, IYYY-IW-ID, DDD, J", "01:04 pm, 2, 2026-18-7, 123, 2461164"),
        ("Month|Mon|RM|CC|FF3|SSSS|Y,YYY", "May      |May|V   |21|678|47045|2,026"),
    ] {
        let sql = format!("SELECT to_char('2026-05-03 13:04:05.678901'::timestamp, '{template}')");
        assert_eq!(ask(session, &sql).await, expected, "{template}");
    }
    for (expression, expected) in [
        ("to_char('2026-05-03'::timestamptz, 'TZ OF TZH:TZM')", "UTC +00 +00:00"),
        ("to_char('25:04:05'::interval, 'HH24:MI:SS')", "25:04:05"),
        ("to_date('03.05.2026', 'DD.MM.YYYY')::text", "2026-05-03"),
        ("to_date('3 May 26', 'DD Mon YY')::text", "2026-05-03"),
        (
            "to_timestamp('2026-05-03 01:04 PM +02', 'YYYY-MM-DD HH12:MI PM TZH')::text",
            "2026-05-03 11:04:00+00",
        ),
        ("to_timestamp('2026-123 47045', 'YYYY-DDD SSSS')::text", "2026-05-03 13:04:05+00"),
    ] {
        assert_eq!(ask(session, &format!("SELECT {expression}")).await, expected, "{expression}");
    }
}

/// PostgreSQL writes it, and does not read what it writes.
async fn the_smallest_interval_is_written_and_computed_with(fixture: &Fixture) {
    let session = &*fixture.session;
    let smallest = "INTERVAL '-9223372036854775808 microseconds'";
    assert_eq!(ask(session, &format!("SELECT ({smallest})::text")).await, "-2562047788:00:54.775808");
    assert_eq!(
        ask(session, &format!("SELECT justify_hours({smallest})::text")).await,
        "-106751991 days -04:00:54.775808"
    );
    for text in ["-2562047788:00:54.775808", "-2562047788:00:54.775809", "-00:99"] {
        let refused = error(session, &format!("SELECT INTERVAL '{text}'"), &[]).await;
        assert_eq!(refused.code, ErrorCode::TypeMismatch, "{text}");
    }
    let refused = error(session, "SELECT INTERVAL '2562047788:00:54.775808'", &[]).await;
    assert_eq!(refused.code, ErrorCode::OutOfRange);
}
