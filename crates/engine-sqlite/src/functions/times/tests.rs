use std::fmt::Write as _;

use rusqlite::{Connection, types::ValueRef};

use crate::error::from_sqlite;

/// Expressions with PostgreSQL's answers, version 18, or with the code of its error.
const ANSWERS: &str = include_str!("answers.txt");

fn connection() -> Connection {
    let mut conn = Connection::open_in_memory().unwrap();
    crate::functions::register(&mut conn).unwrap();
    conn
}

fn answer(conn: &Connection, expression: &str) -> String {
    let result = conn.query_row(&format!("SELECT {expression}"), [], |row| {
        Ok(match row.get_ref(0)? {
            ValueRef::Null => "<NULL>".to_owned(),
            ValueRef::Integer(number) => number.to_string(),
            ValueRef::Real(number) => number.to_string(),
            ValueRef::Text(text) | ValueRef::Blob(text) => String::from_utf8_lossy(text).into_owned(),
        })
    });
    result.unwrap_or_else(|error| {
        let code = serde_json::to_string(&from_sqlite(error).code).unwrap();
        format!("!{}", code.trim_matches('"'))
    })
}

/// Returns whether two answers are the same, of which the first is a boolean or a float perhaps.
fn agree(expected: &str, found: &str) -> bool {
    match expected {
        "true" => found == "1",
        "false" => found == "0",
        _ if expected == found => true,
        _ => matches!((expected.parse::<f64>(), found.parse::<f64>()), (Ok(a), Ok(b)) if a == b),
    }
}

#[test]
fn the_answers_are_those_of_postgresql() {
    let conn = connection();
    let mut different = String::new();
    let mut count = 0;
    for line in ANSWERS.lines().filter(|line| !line.starts_with('#')) {
        let (expression, expected) = line.rsplit_once(" => ").unwrap();
        let found = answer(&conn, expression);
        count += 1;
        if !agree(expected, &found) {
            writeln!(different, "{expression}\n  expected {expected}\n  found    {found}").unwrap();
        }
    }
    assert!(count > 1000 && different.is_empty(), "{count} answers, different:\n{different}");
}

#[test]
fn intervals_are_compared_by_their_length() {
    let conn = connection();
    for (left, operator, right, expected) in [
        ("1 mon", "=", "30 days", 1),
        ("24:00:00", "=", "1 day", 1),
        ("9 days", "<", "10 days", 1),
        ("-1 days", "<", "00:00:00", 1),
        ("infinity", ">", "178000000 years", 1),
        ("1 year", "=", "365 days", 0),
    ] {
        let sql = format!("SELECT ('{left}' COLLATE interval) {operator} '{right}'");
        let found: i64 = conn.query_row(&sql, [], |row| row.get(0)).unwrap();
        assert_eq!(found, expected, "{left} {operator} {right}");
    }
}

#[test]
fn intervals_are_added_up_in_groups_and_frames() {
    let conn = connection();
    let rows = "(VALUES (1, '1 day'), (2, NULL), (3, '2 mons -01:00:00'), (4, '3 days'))";
    let sql = format!("SELECT phantomdb_interval_sum(column2), phantomdb_interval_avg(column2) FROM {rows}");
    let found: (String, String) = conn.query_row(&sql, [], |row| Ok((row.get(0)?, row.get(1)?))).unwrap();
    assert_eq!(found, ("2 mons 4 days -01:00:00".into(), "21 days 07:40:00".into()));
    let sql = format!(
        "SELECT phantomdb_interval_sum(column2) OVER (ORDER BY column1 ROWS BETWEEN 1 PRECEDING AND CURRENT ROW) FROM {rows}"
    );
    let mut statement = conn.prepare(&sql).unwrap();
    let sums: Vec<Option<String>> =
        statement.query_map([], |row| row.get(0)).unwrap().collect::<rusqlite::Result<_>>().unwrap();
    assert_eq!(
        sums.iter().map(Option::as_deref).collect::<Vec<_>>(),
        [Some("1 day"), Some("1 day"), Some("2 mons -01:00:00"), Some("2 mons 3 days -01:00:00")]
    );
    let none: Option<String> =
        conn.query_row("SELECT phantomdb_interval_sum(NULL)", [], |row| row.get(0)).unwrap();
    assert_eq!(none, None);
}

#[test]
fn a_series_ends_at_its_end() {
    let conn = connection();
    let series = |arguments: &str| answer(&conn, &format!("phantomdb_timestamp_series({arguments})"));
    assert_eq!(
        series("'2020-01-31T00:00:00.000Z', '2020-04-01T00:00:00.000Z', '1 mon'"),
        r#"["2020-01-31T00:00:00.000Z","2020-02-29T00:00:00.000Z","2020-03-29T00:00:00.000Z"]"#
    );
    assert_eq!(series("'2020-01-02T00:00:00.000Z', '2020-01-01T00:00:00.000Z', '1 day'"), "[]");
    assert_eq!(series("'2020-01-01T00:00:00.000Z', '2020-01-02T00:00:00.000Z', '0'"), "!TYPE_MISMATCH");
    assert_eq!(series("'2020-01-01T00:00:00.000Z', '2030-01-02T00:00:00.000Z', '1 us'"), "!OUT_OF_RANGE");
    // The clocks of Berlin are turned back on the 25th.
    assert_eq!(
        series("'2020-10-24T00:00:00.000Z', '2020-10-26T12:00:00.000Z', '1 day', 'Europe/Berlin'"),
        r#"["2020-10-24T00:00:00.000Z","2020-10-25T01:00:00.000Z","2020-10-26T01:00:00.000Z"]"#
    );
}

#[test]
fn a_declared_interval_keeps_its_fields_only() {
    let conn = connection();
    for (expression, expected) in [
        ("phantomdb_text_interval('1', 'day')", "1 day"),
        ("phantomdb_text_interval('1.5', 'hour')", "01:00:00"),
        ("phantomdb_text_interval('1 2:03', 'day to minute')", "1 day 02:03:00"),
        ("phantomdb_text_interval('2:03', 'minute to second')", "00:02:03"),
        ("phantomdb_text_interval('1-2', 'year to month')", "1 year 2 mons"),
        ("phantomdb_text_interval('1 year 2 mons 3 days', 'year')", "1 year"),
        ("phantomdb_text_interval('1', 'fortnight')", "!TYPE_MISMATCH"),
        ("phantomdb_interval_fields('1 day 02:03:04', 'day to hour')", "1 day 02:00:00"),
    ] {
        assert_eq!(answer(&conn, expression), expected, "{expression}");
    }
}

#[test]
fn a_precision_rounds() {
    let conn = connection();
    for (expression, expected) in [
        ("phantomdb_timestamp_precision('2020-01-01T00:00:00.123Z456', 3)", "2020-01-01T00:00:00.123Z"),
        ("phantomdb_timestamp_precision('2020-01-01T00:00:00.123Z500', 3)", "2020-01-01T00:00:00.124Z"),
        ("phantomdb_timestamp_precision('2020-01-01T00:00:00.500Z', 0)", "2020-01-01T00:00:01.000Z"),
        ("phantomdb_timestamp_precision('1999-12-31T23:59:59.500Z', 0)", "1999-12-31T23:59:59.000Z"),
        ("phantomdb_time_precision('23:59:59.999999', 3)", "24:00:00"),
        ("phantomdb_time_precision('10:00:00.123456', 2)", "10:00:00.120"),
        ("phantomdb_interval_precision('1 day 00:00:01.23456', 1)", "1 day 00:00:01.2"),
    ] {
        assert_eq!(answer(&conn, expression), expected, "{expression}");
    }
}
