//! Statements and their results in few words, for tests.

use phantomdb_protocol::{Error, Result, ResultSet, Statement, Value};
use serde_json::Value as Json;

use crate::Session;

pub fn statement(query: &str, parameters: &[Value]) -> Statement {
    Statement { query: query.to_owned(), parameters: parameters.to_vec(), native: false }
}

pub fn text(value: &str) -> Value {
    Value::String(value.to_owned())
}

pub async fn run<S: Session + ?Sized>(session: &S, query: &str, parameters: &[Value]) -> Result<ResultSet> {
    session.execute(statement(query, parameters)).await
}

pub async fn ok<S: Session + ?Sized>(session: &S, query: &str, parameters: &[Value]) -> ResultSet {
    run(session, query, parameters).await.unwrap_or_else(|e| panic!("{query}: {e:?}"))
}

pub async fn rows<S: Session + ?Sized>(session: &S, query: &str, parameters: &[Value]) -> Json {
    serde_json::from_str(ok(session, query, parameters).await.rows.get()).unwrap()
}

pub async fn error<S: Session + ?Sized>(session: &S, query: &str, parameters: &[Value]) -> Error {
    match run(session, query, parameters).await {
        Err(error) => error,
        Ok(answer) => panic!("{query} was not refused: {answer:?}"),
    }
}

/// Two answers that are to be the same in all.
pub fn assert_same(first: &ResultSet, again: &ResultSet, what: &str) {
    assert_eq!(first.columns, again.columns, "{what}");
    assert_eq!(first.rows.get(), again.rows.get(), "{what}");
    assert_eq!(first.affected_rows, again.affected_rows, "{what}");
}

/// Each of the statements.
pub async fn all<S: Session + ?Sized>(session: &S, statements: &[&str]) {
    for query in statements {
        ok(session, query, &[]).await;
    }
}

/// The rows as text: columns by `|`, rows by a space, a number as it is whether it came as a number or in a string.
pub async fn ask<S: Session + ?Sized>(session: &S, query: &str) -> String {
    ask_with(session, query, &[]).await
}

pub async fn ask_with<S: Session + ?Sized>(session: &S, query: &str, parameters: &[Value]) -> String {
    let cell = |value: &Json| match value {
        Json::Null => "∅".to_owned(),
        Json::String(text) => text.clone(),
        Json::Number(number) if number.is_f64() => number.as_f64().unwrap().to_string(),
        other => other.to_string(),
    };
    let rows: Vec<Vec<Json>> = serde_json::from_value(rows(session, query, parameters).await).unwrap();
    rows.iter().map(|row| row.iter().map(cell).collect::<Vec<_>>().join("|")).collect::<Vec<_>>().join(" ")
}
