//! Compares the functions on documents and on arrays with what PostgreSQL answered.

use rusqlite::{Connection, types::Value};

/// Expressions, and after a tab the text of PostgreSQL's answer: a value, `NULL`, or `ERROR` and the code.
const DOCUMENTS: &str = include_str!("postgresql.tsv");
const ARRAYS: &str = include_str!("../arrays/postgresql.tsv");

fn answer(conn: &Connection, expression: &str) -> String {
    match conn.query_row(&format!("SELECT {expression}"), [], |row| row.get::<_, Value>(0)) {
        Ok(Value::Null) => "NULL".to_owned(),
        Ok(Value::Integer(integer)) => integer.to_string(),
        Ok(Value::Real(float)) => phantomdb_values::numbers::float::float8_text(float),
        Ok(Value::Text(text)) => text,
        Ok(Value::Blob(bytes)) => phantomdb_values::arrays::hex(&bytes),
        Err(error) => {
            let code = serde_json::to_string(&crate::error::from_sqlite(error).code).unwrap();
            format!("ERROR {}", code.trim_matches('"'))
        }
    }
}

fn assert_answers(answers: &str) {
    let mut conn = Connection::open_in_memory().unwrap();
    crate::functions::register(&mut conn).unwrap();
    let mut different = Vec::new();
    for line in answers.lines() {
        let (expression, expected) = line.split_once('\t').unwrap();
        let found = answer(&conn, expression);
        if found != expected {
            different.push(format!("{expression}\n  is {found}\n  not {expected}"));
        }
    }
    assert!(different.is_empty(), "{} differ:\n{}", different.len(), different.join("\n"));
}

#[test]
fn functions_on_documents_answer_as_postgresql() {
    assert_answers(DOCUMENTS);
}

#[test]
fn functions_on_arrays_answer_as_postgresql() {
    assert_answers(ARRAYS);
}
