//! SQLite's errors as errors of the protocol, as far as they can be translated without looking at the database.

use phantomdb_engine::Deadline;
use phantomdb_engine::limits::SQLITE_HEAP_MAX;
use phantomdb_protocol::{Error, ErrorCode};
use phantomdb_sql::{types::SqlType, unknown_function::unknown_function};
use rusqlite::ffi;

use crate::{
    functions::result::NAME_MARK,
    stored::{self},
};

/// The longest pattern of SQLite's own LIKE and GLOB, in bytes. Their time grows with the product of the lengths of pattern and
/// text, and nothing interrupts it. PhantomDB SQL has a LIKE of its own for longer ones.
pub(super) const LONGEST_LIKE_PATTERN: i32 = 128;

/// Translates an error of SQLite. [`crate::constraint_error::explain`] also names the constraint that was violated.
pub(super) fn from_sqlite(e: rusqlite::Error) -> Error {
    let (code, message) = code_and_message(&e);
    by_code(code, &message)
}

/// The error when the schema, or a table that describes it, cannot be read or written.
pub(super) fn schema_failed(error: &rusqlite::Error) -> Error {
    let (_, message) = code_and_text(error);
    // A view whose table another program has dropped.
    if message.starts_with("no such table: main.") {
        return by_message(&message);
    }
    Error::internal(format!("the schema could not be read: {}", without_own_names(&message)))
}

/// The error of a write for which the disk has no space.
pub(super) fn storage_full() -> Error {
    let message = "there is no space left on the disk of the database; free some, then try again";
    Error::new(ErrorCode::StorageFull, message)
}

/// The error of a call on a database whose file is not the one that was opened.
pub(super) fn lost_file() -> Error {
    let message = "the file of the database was removed or replaced while it was in use, so nothing was written; the next \
                   call uses the file that is there now";
    Error::new(ErrorCode::Unavailable, message)
}

pub(super) fn unknown_database(name: &str) -> Error {
    Error::new(ErrorCode::UnknownDatabase, format!("there is no database \"{name}\"; create it first"))
}

/// Begins the name of a table while it replaces another one.
pub(super) const NEW_TABLE: &str = "phantomdb_new_";
/// Begins every name that is PhantomDB's own.
const OWN_NAME: &str = "phantomdb_";

/// The extended result code and the message of an error. Every message of SQLite comes in here, and in it a table that is
/// built anew has the name that the user knows.
pub(super) fn code_and_message(e: &rusqlite::Error) -> (i32, String) {
    let (code, message) = code_and_text(e);
    (code, message.replace(NEW_TABLE, ""))
}

/// A message for users. The name of a function is `sum()` for `phantomdb_sum()`, and a name that the parser shows in two
/// pairs of quotes has one.
fn without_own_names(message: &str) -> String {
    let message = message.replace(NEW_TABLE, "").replace(stored::ENUM_MARK, "").replace(OWN_NAME, "");
    match message.strip_prefix("near \"\"").and_then(|rest| rest.split_once("\"\": ")) {
        Some((token, what)) => format!("near \"{token}\": {what}"),
        None => message,
    }
}

fn code_and_text(e: &rusqlite::Error) -> (i32, String) {
    match e {
        rusqlite::Error::SqliteFailure(code, message) => {
            (code.extended_code, message.clone().unwrap_or_else(|| code.to_string()))
        }
        rusqlite::Error::SqlInputError { error, msg, .. } => (error.extended_code, msg.clone()),
        rusqlite::Error::MultipleStatement => {
            (ffi::SQLITE_ERROR, "a native statement is one statement; send these one by one".to_owned())
        }
        rusqlite::Error::NulError(_) => (ffi::SQLITE_ERROR, "the statement has a NUL character".to_owned()),
        other => (ffi::SQLITE_INTERNAL, other.to_string()),
    }
}

/// Translates an error by its result code, without the names of what was violated.
pub(super) fn by_code(code: i32, message: &str) -> Error {
    // A message of our own functions has no name of ours, but it may have a value of the user's.
    if let Some(error) = of_function(message) {
        return error;
    }
    let mut error = translated(code, message);
    error.message = without_own_names(&error.message);
    error
}

fn translated(code: i32, message: &str) -> Error {
    let (error_code, text) = match code {
        ffi::SQLITE_BUSY_SNAPSHOT => (
            ErrorCode::SerializationFailure,
            "another transaction has changed the database since this one began; run this one again",
        ),
        ffi::SQLITE_READONLY => {
            (ErrorCode::Internal, "the database is read-only; check the permissions of its file")
        }
        ffi::SQLITE_CANTOPEN => (
            ErrorCode::Internal,
            "the database file cannot be opened; check its permissions, and that its directory exists",
        ),
        // The log's index could not grow.
        ffi::SQLITE_IOERR_SHMSIZE => return storage_full(),
        ffi::SQLITE_CONSTRAINT_COMMITHOOK => return lost_file(),
        ffi::SQLITE_MISMATCH => (ErrorCode::TypeMismatch, "a value does not have the type of its column"),
        _ => match code & 0xff {
            ffi::SQLITE_ERROR => return by_message(message),
            ffi::SQLITE_BUSY | ffi::SQLITE_LOCKED => (
                ErrorCode::LockTimeout,
                "another process holds the lock of the database; try again, or end its transaction",
            ),
            ffi::SQLITE_TOOBIG => (ErrorCode::TooLarge, "the statement or one of its values is too large"),
            ffi::SQLITE_INTERRUPT => match Deadline::passed() {
                Some(deadline) => return deadline.error(),
                None => (ErrorCode::StatementTimeout, "the statement was stopped before its end"),
            },
            ffi::SQLITE_FULL => return storage_full(),
            ffi::SQLITE_NOMEM => {
                return SQLITE_HEAP_MAX.exceeded("SQLite has no memory left for the statement");
            }
            ffi::SQLITE_IOERR => (
                ErrorCode::Internal,
                "the disk failed to read or write the database; look at the system's log",
            ),
            ffi::SQLITE_CORRUPT | ffi::SQLITE_NOTADB => {
                (ErrorCode::Internal, "the file is damaged or is not a database; restore it from a backup")
            }
            ffi::SQLITE_CONSTRAINT => return Error::new(ErrorCode::CheckViolation, message),
            ffi::SQLITE_AUTH => (ErrorCode::Forbidden, "the statement is not allowed"),
            ffi::SQLITE_RANGE => (ErrorCode::BadRequest, "a parameter has a number that is out of range"),
            _ => (ErrorCode::Internal, message),
        },
    };
    Error::new(error_code, text)
}

/// The message of SQLite's own LIKE and GLOB for a pattern beyond [`LONGEST_LIKE_PATTERN`].
const LONG_PATTERN: &str = "LIKE or GLOB pattern too complex";

/// True for the error of SQLite's own LIKE about a pattern that is too long for it.
pub(super) fn is_long_pattern(error: &Error) -> bool {
    error.code == ErrorCode::TooLarge && error.message.starts_with(LONG_PATTERN)
}

/// The error of a name that is taken; none for any other message. A column is named with the reason: its name may differ from
/// that of another in case alone.
fn already_there(message: &str) -> Option<Error> {
    let Some(column) = message.strip_prefix("duplicate column name: ") else {
        return message.contains("already exists").then(|| Error::new(ErrorCode::AlreadyExists, message));
    };
    let message = format!(
        "the table would have two columns \"{column}\"; on SQLite the case of letters does not tell them apart"
    );
    Some(Error::new(ErrorCode::AlreadyExists, message).with_columns([column]))
}

/// Translates an error that SQLite distinguishes by its message only.
fn by_message(message: &str) -> Error {
    if message == LONG_PATTERN {
        let message = format!("{LONG_PATTERN}: it can have {LONGEST_LIKE_PATTERN} bytes");
        return Error::new(ErrorCode::TooLarge, message);
    }
    if let Some(table) = message.strip_prefix("no such table: ") {
        let table = table.strip_prefix("main.").unwrap_or(table);
        return Error::new(ErrorCode::UnknownTable, format!("there is no table \"{table}\""))
            .with_table(table);
    }
    let column = message
        .strip_prefix("no such column: ")
        .map(|rest| rest.split(" - should this be").next().unwrap_or(rest).trim_matches('"'));
    if let Some(column) = column {
        let name = column.rsplit_once('.').map_or(column, |(_, name)| name);
        return Error::new(ErrorCode::UnknownColumn, format!("there is no column \"{column}\""))
            .with_columns([name]);
    }
    if let Some((table, column)) =
        message.strip_prefix("table ").and_then(|rest| rest.split_once(" has no column named "))
    {
        return Error::new(ErrorCode::UnknownColumn, format!("table \"{table}\" has no column \"{column}\""))
            .with_table(table)
            .with_columns([column]);
    }
    if let Some(error) = already_there(message) {
        return error;
    }
    if let Some(index) = message.strip_prefix("no such index: ") {
        return Error::new(ErrorCode::NotFound, format!("there is no index \"{index}\""));
    }
    if message.starts_with("no such savepoint") {
        return Error::new(ErrorCode::BadRequest, message);
    }
    if message == "integer overflow" {
        return Error::new(ErrorCode::OutOfRange, "an integer is out of the range of 64 bits");
    }
    if message == "string or blob too big" {
        return Error::new(ErrorCode::TooLarge, "a value is too large");
    }
    let function = message.strip_prefix("no such function: ").or_else(|| {
        message.strip_prefix("wrong number of arguments to function ").map(|name| name.trim_end_matches("()"))
    });
    if let Some(function) = function {
        return unknown_function(function);
    }
    if let Some(refused) = of_definition(message) {
        return refused;
    }
    if message == "malformed JSON" {
        return Error::new(ErrorCode::TypeMismatch, "a value is not valid JSON");
    }
    if let Some(what) = message.strip_prefix("foreign key mismatch - ") {
        let message = format!(
            "a foreign key needs a primary key or a unique constraint on the columns that it references: {what}"
        );
        return Error::new(ErrorCode::ForeignKeyViolation, message);
    }
    if message.starts_with("there is already another table or index with this name") {
        let name = message.rsplit(": ").next().unwrap_or_default();
        return Error::new(
            ErrorCode::AlreadyExists,
            format!("there is a table or an index \"{name}\" already"),
        );
    }
    // SQLite reports every other error of this code when it cannot compile the statement.
    Error::new(ErrorCode::SyntaxError, readable(message))
}

/// The refusal of an expression that a definition cannot have; None for any other message.
fn of_definition(message: &str) -> Option<Error> {
    if message.starts_with("non-deterministic functions prohibited") {
        return Some(Error::unsupported(
            "an index or a generated column needs an expression that always has the same result; functions of the current \
             time and random functions do not, nor does LIKE with a pattern that is not a literal",
        ));
    }
    if message.starts_with("subqueries prohibited in ") {
        return Some(Error::unsupported(
            "a check, a generated column or an index cannot have a sub-query, and on SQLite no ANY or ALL of an array that is \
             not a literal",
        ));
    }
    if message.starts_with("default value of column [") {
        return Some(Error::unsupported("a default cannot have a sub-query, and cannot use a column"));
    }
    None
}

/// A message of SQLite's parser: its quotes around a token can be taken for the token's own.
fn readable(message: &str) -> String {
    let token = message.strip_prefix("near \"").and_then(|rest| rest.strip_suffix("\": syntax error"));
    match (token, message) {
        (Some(token), _) => format!("syntax error near {token}"),
        (None, "incomplete input") => "syntax error: the statement ends too early".to_owned(),
        (None, message) => message.to_owned(),
    }
}

/// Reads `phantomdb:CODE:message` with the names after it, the form in which PhantomDB's SQL functions report an error through SQLite.
/// When a function panics, rusqlite reports it.
fn of_function(message: &str) -> Option<Error> {
    if message == rusqlite::Error::UnwindingPanic.to_string() {
        return Some(Error::internal("the statement failed unexpectedly and had no effect"));
    }
    let (code, text) = message.strip_prefix("phantomdb:")?.split_once(':')?;
    let code = serde_json::from_value(serde_json::Value::String(code.to_owned())).ok()?;
    let mut parts = text.split(NAME_MARK);
    let error = Error::new(code, parts.next().unwrap_or_default());
    Some(match (parts.next(), parts.next()) {
        (Some(table), Some(column)) => error.with_table(table).with_columns([column]),
        _ => error,
    })
}

/// The error for a value that an ENUM column does not allow. `data_type` has the values.
pub(crate) fn not_allowed(value: Option<&str>, column: &str, data_type: &str) -> Error {
    let what = value.map_or_else(|| "a value".to_owned(), |value| format!("the value '{value}'"));
    let allowed = match SqlType::parse(data_type) {
        Ok(SqlType::Enum(values)) => format!("; it takes {}", phantomdb_sql::types::listed(&values)),
        _ => String::new(),
    };
    let message = format!("{what} is not one of those that the column \"{column}\" allows{allowed}");
    Error::new(ErrorCode::CheckViolation, message).with_columns([column])
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_function_that_panics_is_no_error_of_syntax() {
        let panicked = ffi::Error::new(ffi::SQLITE_ERROR);
        let message = rusqlite::Error::UnwindingPanic.to_string();
        let error = from_sqlite(rusqlite::Error::SqliteFailure(panicked, Some(message)));
        assert_eq!(error.code, ErrorCode::Internal);
    }

    #[test]
    fn no_message_of_sqlite_shows_a_name_of_our_own() {
        for (code, message, shown) in [
            (ffi::SQLITE_ERROR, "misuse of aggregate: phantomdb_sum()", "misuse of aggregate: sum()"),
            (ffi::SQLITE_ERROR, "near \"\"l\"\": syntax error", "syntax error near \"l\""),
            (
                ffi::SQLITE_ERROR,
                "table \"phantomdb_new_t\" has more than one primary key",
                "table \"t\" has more than one primary key",
            ),
            (ffi::SQLITE_CONSTRAINT, "constraint failed: phantomdb_enum_e", "constraint failed: e"),
            (ffi::SQLITE_INTERNAL, "phantomdb_type_x", "type_x"),
        ] {
            assert_eq!(by_code(code, message).message, shown);
        }
    }
}
