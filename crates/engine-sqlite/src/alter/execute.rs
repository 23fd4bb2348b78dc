//! Runs the statements of a change.

use phantomdb_protocol::{Error, ErrorCode, Result};
use rusqlite::Connection;

/// Runs statements. SQLite's own message stays in the error, because it names what was violated.
pub(super) fn run(conn: &Connection, sql: &str) -> Result<()> {
    conn.execute_batch(sql).map_err(|error| translate(&error))
}

pub(super) fn translate(error: &rusqlite::Error) -> Error {
    let text = error.to_string();
    if let Some((_, rest)) = text.split_once("phantomdb:")
        && let Some((code, message)) = rest.split_once(':')
        && let Ok(code) = serde_json::from_str(&format!("\"{code}\""))
    {
        return Error::new(code, message);
    }
    let codes = [
        ("UNIQUE constraint failed", ErrorCode::UniqueViolation),
        ("NOT NULL constraint failed", ErrorCode::NotNullViolation),
        ("CHECK constraint failed", ErrorCode::CheckViolation),
        ("FOREIGN KEY constraint failed", ErrorCode::ForeignKeyViolation),
        ("already exists", ErrorCode::AlreadyExists),
        ("already another table", ErrorCode::AlreadyExists),
        ("duplicate column name", ErrorCode::AlreadyExists),
        ("no such column", ErrorCode::UnknownColumn),
        ("unknown column", ErrorCode::UnknownColumn),
        ("no such table", ErrorCode::UnknownTable),
    ];
    let code =
        codes.iter().find(|(words, _)| text.contains(words)).map_or(ErrorCode::Internal, |(_, code)| *code);
    Error::new(code, text)
}
