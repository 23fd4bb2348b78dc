//! Compares the functions with what PostgreSQL answered.

use phantomdb_protocol::{Error, ErrorCode};
use rusqlite::{Connection, types::Value};

/// Expressions, and after a tab PostgreSQL's answer: `=` and its text, `NULL`, or `ERROR` and the code.
const ANSWERS: &str = include_str!("postgresql.tsv");

fn connection() -> Connection {
    let mut conn = Connection::open_in_memory().unwrap();
    crate::functions::register(&mut conn).unwrap();
    conn
}

fn answer(conn: &Connection, expression: &str) -> Result<Value, ErrorCode> {
    let found = conn.query_row(&format!("SELECT {expression}"), [], |row| row.get::<_, Value>(0));
    found.map_err(|error| {
        let error: Error = crate::error::from_sqlite(error);
        error.code
    })
}

fn shown(answer: Result<Value, ErrorCode>) -> String {
    match answer {
        Ok(Value::Null) => "NULL".to_owned(),
        Ok(Value::Integer(integer)) => format!("={integer}"),
        Ok(Value::Real(number)) => format!("={number}"),
        Ok(Value::Text(text)) => format!("={}", text.replace('\n', "\u{2424}")),
        Ok(Value::Blob(bytes)) => format!("={}", phantomdb_values::bytes::written::hex(&bytes).unwrap()),
        Err(code) => format!("ERROR {code:?}"),
    }
}

#[test]
fn functions_answer_as_postgresql() {
    let conn = connection();
    let mut different = Vec::new();
    for line in ANSWERS.lines() {
        let (expression, expected) = line.split_once('\t').unwrap();
        let found = shown(answer(&conn, &expression.replace('\u{2424}', "\n")));
        if found != expected {
            different.push(format!("{expression}\n  is {found}\n  not {expected}"));
        }
    }
    assert!(different.is_empty(), "{} differ:\n{}", different.len(), different.join("\n"));
}

#[test]
fn a_long_text_takes_no_longer_than_its_length_says() {
    let conn = connection();
    let million = "phantomdb_repeat('a', 1000000)";
    let expressions = [
        format!("phantomdb_like({million}, phantomdb_repeat('%a', 2000) || '%b')"),
        format!("phantomdb_like({million}, phantomdb_repeat('%a_', 2000) || '%b')"),
        format!("phantomdb_strpos({million}, phantomdb_repeat('a', 10000) || 'b')"),
        format!("phantomdb_length(phantomdb_replace({million}, phantomdb_repeat('a', 1000) || 'b', ''))"),
        format!("phantomdb_length(phantomdb_btrim({million}, phantomdb_repeat('b', 100000) || 'a'))"),
        format!("phantomdb_length(phantomdb_split_part({million}, 'a', -3))"),
        format!("phantomdb_length(phantomdb_translate({million}, phantomdb_repeat('b', 100000), ''))"),
        format!("phantomdb_bytea_position(phantomdb_repeat('a', 10000) || 'b', {million})"),
        format!("phantomdb_regex({million}, '(a|a)*b')"),
    ];
    for expression in expressions {
        // With the square of the length each of these would take minutes.
        let started = std::time::Instant::now();
        assert!(answer(&conn, &expression).is_ok(), "{expression}");
        assert!(started.elapsed().as_secs() < 60, "{expression}");
    }
    for refused in ["phantomdb_repeat('ab', 2147483647)", "phantomdb_lpad('a', 2147483647, 'b')"] {
        assert_eq!(answer(&conn, refused), Err(ErrorCode::TooLarge), "{refused}");
    }
}
