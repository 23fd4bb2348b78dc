//! Compares the functions with what PostgreSQL answered.

use phantomdb_protocol::Error;
use rusqlite::{Connection, types::Value};

/// Expressions, and after a tab the text of PostgreSQL's answer: a value, `NULL`, or `ERROR` and the code.
const ANSWERS: &str = include_str!("postgresql.tsv");

fn connection() -> Connection {
    let mut conn = Connection::open_in_memory().unwrap();
    crate::functions::register(&mut conn).unwrap();
    conn
}

fn answer(conn: &Connection, expression: &str) -> String {
    match conn.query_row(&format!("SELECT {expression}"), [], |row| row.get::<_, Value>(0)) {
        Ok(Value::Null) => "NULL".to_owned(),
        Ok(Value::Integer(integer)) => integer.to_string(),
        Ok(Value::Real(number)) => format!("REAL {number}"),
        Ok(Value::Text(text)) => text,
        Ok(Value::Blob(_)) => "BLOB".to_owned(),
        Err(error) => {
            let error: Error = crate::error::from_sqlite(error);
            let code = serde_json::to_string(&error.code).unwrap();
            format!("ERROR {}", code.trim_matches('"'))
        }
    }
}

#[test]
fn functions_answer_as_postgresql() {
    let conn = connection();
    let mut different = Vec::new();
    for line in ANSWERS.lines() {
        let (expression, expected) = line.split_once('\t').unwrap();
        let found = answer(&conn, expression);
        if found != expected {
            different.push(format!("{expression}\n  is {found}\n  not {expected}"));
        }
    }
    assert!(different.is_empty(), "{} differ:\n{}", different.len(), different.join("\n"));
}
