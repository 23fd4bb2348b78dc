//! The result of a function of SQL, and the text that its errors become: SQLite passes on nothing else.

use phantomdb_protocol::{Error, Result};
use rusqlite::types::Value;

/// Stands before the names of the table and the column at the end of an error's text.
pub(crate) const NAME_MARK: char = '\u{1}';

/// The result of a function, before it becomes SQLite's.
pub(crate) type FunctionResult = Result<Value>;

/// Writes an error as text, because SQLite passes on nothing else.
pub(crate) fn user_error(error: &Error) -> rusqlite::Error {
    let code = serde_json::to_string(&error.code).unwrap_or_default();
    // A NUL would end the text.
    let message = error.message.replace(NAME_MARK, " ").replace('\0', "\u{fffd}");
    let mut text = format!("phantomdb:{}:{message}", code.trim_matches('"'));
    if let (Some(table), [column]) = (&error.details.table, error.details.columns.as_slice()) {
        text.push_str(&format!("{NAME_MARK}{table}{NAME_MARK}{column}"));
    }
    rusqlite::Error::UserFunctionError(text.into())
}
