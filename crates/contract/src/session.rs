//! Statements and their results in few words, for tests.

use phantomdb_protocol::{Error, Result, ResultSet, Statement, Value};
use serde_json::Value as Json;

use phantomdb_engine::Session;

pub fn statement(query: &str, parameters: &[Value]) -> Statement {
    Statement { query: query.to_owned(), parameters: parameters.to_vec(), ..Statement::default() }
}

pub fn text(value: &str) -> Value {
    Value::String(value.to_owned())
}

/// Runs a statement.
pub async fn run<S: Session + ?Sized>(session: &S, query: &str, parameters: &[Value]) -> Result<ResultSet> {
    session.execute(statement(query, parameters)).await
}

/// Runs a statement that must succeed.
pub async fn ok<S: Session + ?Sized>(session: &S, query: &str, parameters: &[Value]) -> ResultSet {
    run(session, query, parameters).await.unwrap_or_else(|e| panic!("{query}: {e:?}"))
}

/// The rows of a statement that must succeed.
pub async fn rows<S: Session + ?Sized>(session: &S, query: &str, parameters: &[Value]) -> Json {
    serde_json::from_str(ok(session, query, parameters).await.rows.get()).unwrap()
}

/// The error of a statement that must fail.
pub async fn error<S: Session + ?Sized>(session: &S, query: &str, parameters: &[Value]) -> Error {
    match run(session, query, parameters).await {
        Err(error) => error,
        Ok(answer) => panic!("{query} was not refused: {answer:?}"),
    }
}

/// Asserts that two result sets are equal. `context` is shown when they are not.
pub fn assert_same(left: &ResultSet, right: &ResultSet, context: &str) {
    assert_eq!(left.columns, right.columns, "{context}");
    assert_eq!(left.rows.get(), right.rows.get(), "{context}");
    assert_eq!(left.affected_rows, right.affected_rows, "{context}");
}

/// Runs statements that must all succeed.
pub async fn all<S: Session + ?Sized>(session: &S, statements: &[&str]) {
    for query in statements {
        ok(session, query, &[]).await;
    }
}

/// The rows as text: columns separated by `|`, rows by a space, NULL as `∅`. A number looks the same whether it came as a JSON
/// number or as a string.
pub async fn ask<S: Session + ?Sized>(session: &S, query: &str) -> String {
    ask_with(session, query, &[]).await
}

/// Does the same as [`ask`], with parameters.
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
