//! Turns PostgreSQL's errors into the contract's.

use phantomdb_protocol::{Error, ErrorCode, ForeignKeySide};
use phantomdb_sql::unknown_function::unknown_function;
use tokio_postgres::{Config, Error as PostgresError, error::DbError};

use crate::{addresses::addresses, tls, types::marker_of};

/// Explains the error of a statement, with the names of what was at fault. The message has neither the statement nor a
/// value of its parameters.
pub(crate) fn explain(error: &PostgresError) -> Error {
    match error.as_db_error() {
        Some(error) => from_server(error),
        None if error.is_closed() => connection_lost(),
        None => {
            tracing::debug!(%error, "a statement failed between the server and PostgreSQL");
            Error::new(ErrorCode::Unavailable, "the connection to the database failed; try again")
        }
    }
}

/// Explains why a connection could not be opened.
pub(crate) fn explain_connection(error: &PostgresError, config: &Config) -> Error {
    if let Some(why) = tls::obstacle(error, config) {
        tracing::error!(error = error as &dyn std::error::Error, "PostgreSQL could not be connected to");
        return Error::new(ErrorCode::Unavailable, format!("the database server cannot be used: {why}"));
    }
    let Some(db_error) = error.as_db_error() else {
        let (error, server) = (error as &dyn std::error::Error, addresses(config));
        tracing::warn!(error, server, "PostgreSQL could not be reached");
        return Error::new(
            ErrorCode::Unavailable,
            "the database server cannot be reached; see that it runs and that the server's --engine URL is right",
        );
    };
    match (db_error.code().code(), config.get_dbname()) {
        ("3D000", Some(name)) => unknown_database(name),
        // PgBouncer passes the text on, but not the code.
        ("08P01", Some(name)) if is_unknown_database(db_error.message(), name) => unknown_database(name),
        (code, _) if code.starts_with("28") => {
            tracing::error!(%error, "PostgreSQL refused the credentials");
            Error::new(
                ErrorCode::Unavailable,
                "the database server refused the server's credentials; see the server's --engine URL",
            )
        }
        _ => from_server(db_error),
    }
}

const READ_ONLY: &str = "the transaction is read only, and the statement writes";

/// True for the error of a statement that would have written in a transaction that cannot.
pub(crate) fn is_read_only(error: &Error) -> bool {
    error.code == ErrorCode::BadRequest && error.message == READ_ONLY
}

fn is_unknown_database(message: &str, name: &str) -> bool {
    message.contains("no such database") || message.contains(&format!("database \"{name}\" does not exist"))
}

pub(crate) fn engine_closed() -> Error {
    Error::new(ErrorCode::Unavailable, "the engine was closed")
}

pub(crate) fn connection_lost() -> Error {
    Error::new(ErrorCode::Unavailable, "the connection to the database was lost; try again")
}

pub(crate) fn unknown_database(name: &str) -> Error {
    Error::new(ErrorCode::UnknownDatabase, format!("there is no database \"{name}\"; create it first"))
}

fn from_server(error: &DbError) -> Error {
    let code = error.code().code();
    match code {
        "23505" => return unique_violation(error),
        // 23001 is the code of RESTRICT.
        "23503" | "23001" => return foreign_key_violation(error),
        "23502" => return not_null_violation(error),
        "23514" => return check_violation(error),
        "42P01" => return unknown_table(error),
        "42703" => return unknown_column(error),
        "42883" if !error.message().contains("operator") => return unknown_function_error(error),
        _ => {}
    }
    let (code, message) = match code {
        "23P01" => (ErrorCode::ExclusionViolation, "the row overlaps one that is there already".to_owned()),
        "40001" | "40000" | "40003" => (
            ErrorCode::SerializationFailure,
            "another transaction has changed what this one has read or written; run this one again"
                .to_owned(),
        ),
        "40P01" => (
            ErrorCode::Deadlock,
            "this transaction and another waited for each other; run this one again".to_owned(),
        ),
        "55P03" => {
            (ErrorCode::LockTimeout, "another transaction holds the lock; try again, or end it".to_owned())
        }
        "57014" => (ErrorCode::StatementTimeout, "the statement was stopped before its end".to_owned()),
        "57P01" | "57P02" | "57P03" | "57P05" => (ErrorCode::Unavailable, connection_lost().message),
        "25006" => (ErrorCode::BadRequest, READ_ONLY.to_owned()),
        "22001" | "22003" | "22008" | "22012" | "22015" | "2201F" => {
            (ErrorCode::OutOfRange, message_without_value(error))
        }
        "22P05" => (
            ErrorCode::TypeMismatch,
            "a string in a document has a NUL character, which cannot be stored".to_owned(),
        ),
        "26000" | "42P05" => (
            ErrorCode::Unavailable,
            "the pooler before the database server does not keep prepared statements; have PgBouncer pool by session, or \
             take PgBouncer 1.21 or later with max_prepared_statements = 500"
                .to_owned(),
        ),
        _ => of_statement(code, error),
    };
    with_names(Error::new(code, message), error)
}

/// The error of a statement that names something, or means something, that cannot be.
fn of_statement(code: &str, error: &DbError) -> (ErrorCode, String) {
    match code {
        "3D000" => (ErrorCode::UnknownDatabase, message_without_value(error)),
        "3F000" => (ErrorCode::UnknownTable, message_without_value(error)),
        "42704" if error.message().contains("collation") || error.message().contains("operator class") => {
            (ErrorCode::Unsupported, error.message().to_owned())
        }
        "42704" if error.message().contains("access method") || error.message().starts_with("type ") => {
            (ErrorCode::Unsupported, error.message().to_owned())
        }
        "42704" => (ErrorCode::UnknownConstraint, message_without_value(error)),
        "42P07" | "42701" | "42710" | "42P06" | "42P04" | "42723" => {
            (ErrorCode::AlreadyExists, message_without_value(error))
        }
        "42501" => (ErrorCode::Forbidden, message_without_value(error)),
        // 42725: several functions or operators take such arguments.
        "42804" | "42846" | "42P18" | "42P08" | "42725" => {
            (ErrorCode::TypeMismatch, message_without_value(error))
        }
        // An operator; an unknown function has an error of its own.
        "42883" => (ErrorCode::TypeMismatch, message_without_value(error)),
        // A float or a decimal that no integer is: NaN and the infinities.
        "0A000" if error.message().starts_with("cannot convert") => {
            (ErrorCode::OutOfRange, error.message().to_owned())
        }
        "0A000" => (ErrorCode::Unsupported, message_without_value(error)),
        "2BP01" => (ErrorCode::ForeignKeyViolation, message_without_value(error)),
        "21000" | "25001" | "25P01" | "3B001" => (ErrorCode::BadRequest, message_without_value(error)),
        "P0001" => (ErrorCode::CheckViolation, message_without_value(error)),
        "54001" => (ErrorCode::SyntaxError, "the statement is nested too deeply".to_owned()),
        "53100" => (
            ErrorCode::StorageFull,
            "there is no space left for the database; free some, then try again".to_owned(),
        ),
        _ => (by_class(code), message_without_value(error)),
    }
}

fn by_class(code: &str) -> ErrorCode {
    match code.get(..2).unwrap_or_default() {
        "08" | "53" | "57" => ErrorCode::Unavailable,
        "22" => ErrorCode::TypeMismatch,
        "23" => ErrorCode::CheckViolation,
        "25" | "2D" | "0B" => ErrorCode::BadRequest,
        "42" => ErrorCode::SyntaxError,
        "54" => ErrorCode::TooLarge,
        _ => ErrorCode::Internal,
    }
}

/// PostgreSQL's message without the value at its end: `invalid input syntax for type integer: "x"`.
fn message_without_value(error: &DbError) -> String {
    let message = error.message();
    match message.split_once(": \"") {
        Some((what, _)) => what.to_owned(),
        None => without_own_names(message),
    }
}

/// The message without the beginnings of the names that are PhantomDB's own: `phantomdb_enum_role` is about `role`.
fn without_own_names(message: &str) -> String {
    let shown = |word: &str| match marker_of(word) {
        Some(mark) => word.split_once(&format!("{mark}_")).map_or(word, |(_, rest)| rest).to_owned(),
        None => word.to_owned(),
    };
    message.split('"').map(shown).collect::<Vec<_>>().join("\"")
}

/// Adds the names that PostgreSQL reports with the error.
fn with_names(mut error: Error, reported: &DbError) -> Error {
    error.details.table = table_of(reported);
    error.details.columns = reported.column().map(str::to_owned).into_iter().collect();
    error.details.constraint = reported.constraint().map(str::to_owned);
    error
}

fn table_of(error: &DbError) -> Option<String> {
    let name = error.table()?;
    Some(match error.schema() {
        None | Some("public") => name.to_owned(),
        Some(schema) => format!("{schema}.{name}"),
    })
}

fn quoted(columns: &[String]) -> String {
    columns.iter().map(|column| format!("\"{column}\"")).collect::<Vec<_>>().join(", ")
}

fn unique_violation(reported: &DbError) -> Error {
    let mut error = with_names(Error::new(ErrorCode::UniqueViolation, ""), reported);
    let constraint = reported.constraint().unwrap_or_default();
    match reported.detail().and_then(ConflictingKey::parse) {
        Some(key) => {
            error.message = format!(
                "a row of \"{}\" with the same {} is there already",
                error.details.table.as_deref().unwrap_or_default(),
                quoted(&key.columns)
            );
            error.details.value = key.single_value();
            error.details.columns = key.columns;
        }
        None => error.message = format!("a row with the same value of \"{constraint}\" is there already"),
    }
    error
}

fn foreign_key_violation(reported: &DbError) -> Error {
    let mut error = with_names(Error::new(ErrorCode::ForeignKeyViolation, ""), reported);
    let child = error.details.table.clone().unwrap_or_default();
    let key = reported.detail().and_then(ConflictingKey::parse);
    // In the server's language: "… is not present in table "p"", or "… is still referenced from table "t"".
    let last = reported.detail().and_then(last_name);
    // A violation by a parent names three things: the parent, the key and the child. A violation by a child names two.
    let referred_to = reported.message().matches('"').count() > 4;
    let parent = if referred_to { first_name(reported.message()) } else { last };
    error.details.referenced_table = parent.map(str::to_owned);
    error.details.side = Some(if referred_to { ForeignKeySide::Parent } else { ForeignKeySide::Child });
    let parent = parent.unwrap_or_default();
    match key {
        Some(key) if !referred_to => {
            error.message = format!(
                "{} of \"{child}\" would point to a row of \"{parent}\" that is not there",
                quoted(&key.columns)
            );
            error.details.value = key.single_value();
            error.details.columns = key.columns;
        }
        key => {
            error.message = format!("rows of \"{child}\" point to the row of \"{parent}\"");
            error.details.value = key.and_then(|key| key.single_value());
        }
    }
    error
}

fn not_null_violation(reported: &DbError) -> Error {
    let error = with_names(Error::new(ErrorCode::NotNullViolation, ""), reported);
    let table = error.details.table.clone().unwrap_or_default();
    let message = format!("{} of \"{table}\" must not be null", quoted(&error.details.columns));
    Error { message, ..error }
}

fn check_violation(reported: &DbError) -> Error {
    let mut error = with_names(Error::new(ErrorCode::CheckViolation, ""), reported);
    let name = reported.constraint().unwrap_or_default();
    match name.split_once("_enum_").filter(|_| marker_of(name) == Some("enum")) {
        Some((_, column)) => {
            error.message = format!("a value is not one of those that the column \"{column}\" allows");
            error.details.columns = vec![column.to_owned()];
            // The name of the check is our own.
            error.details.constraint = None;
            error.details.failing_row = reported.detail().and_then(failing_row).map(str::to_owned);
        }
        None => error.message = format!("the row breaks the check \"{name}\""),
    }
    error
}

/// Reads the row from `Failing row contains (1, x, null).`, in the server's language.
fn failing_row(detail: &str) -> Option<&str> {
    Some(detail.split_once('(')?.1.rsplit_once(')')?.0)
}

/// Reads the name from `function s.f(integer) does not exist`, in the server's language.
fn unknown_function_error(reported: &DbError) -> Error {
    let called = reported.message().split_once('(').map_or("", |(before, _)| before);
    let name = called.rsplit([' ', '.', '"', '\u{a0}']).find(|part| !part.is_empty());
    name.map_or_else(|| Error::new(ErrorCode::SyntaxError, message_without_value(reported)), unknown_function)
}

/// Reads the name from `relation "t" does not exist`, in the server's language.
fn unknown_table(reported: &DbError) -> Error {
    let Some(name) = first_name(reported.message()) else {
        return Error::new(ErrorCode::UnknownTable, message_without_value(reported));
    };
    let name = name.strip_prefix("public.").unwrap_or(name);
    Error::new(ErrorCode::UnknownTable, format!("there is no table \"{name}\"")).with_table(name)
}

/// The column that `Perhaps you meant to reference the column "t.C".` names, when it differs in case alone.
fn column_in_another_case<'a>(hint: &'a str, column: &str) -> Option<&'a str> {
    hint.split('"').skip(1).step_by(2).find_map(|named| {
        let at = named.len().checked_sub(column.len()).filter(|at| named.is_char_boundary(*at))?;
        let (table, other) = named.split_at(at);
        (table.ends_with('.') && other.eq_ignore_ascii_case(column)).then_some(other)
    })
}

/// Reads the name from `column "c" does not exist`, `column t.c does not exist` or `column "c" of relation "t" does not
/// exist`.
fn unknown_column(reported: &DbError) -> Error {
    let message = reported.message();
    let bare = || {
        let mut words = message.split_whitespace();
        words.find(|word| word.contains('.')).map(|word| word.rsplit_once('.').map_or(word, |(_, name)| name))
    };
    let Some(column) = first_name(message).or_else(bare) else {
        return Error::new(ErrorCode::UnknownColumn, message_without_value(reported));
    };
    let there_is = column_in_another_case(reported.hint().unwrap_or_default(), column)
        .map(|other| format!("; there is \"{other}\""))
        .unwrap_or_default();
    let error = Error::new(ErrorCode::UnknownColumn, format!("there is no column \"{column}\"{there_is}"))
        .with_columns([column]);
    match last_name(message).filter(|name| *name != column) {
        Some(table) => {
            let message = format!("table \"{table}\" has no column \"{column}\"{there_is}");
            Error { message, ..error }.with_table(table)
        }
        None => error,
    }
}

/// The first name in quotes.
fn first_name(message: &str) -> Option<&str> {
    message.split('"').nth(1).filter(|name| !name.is_empty())
}

/// The last name in quotes.
fn last_name(message: &str) -> Option<&str> {
    message.rsplit('"').nth(1).filter(|name| !name.is_empty())
}

/// The key in the detail of an error: `Key (a, b)=(1, 2) …`.
#[derive(Debug, PartialEq, Eq)]
struct ConflictingKey {
    columns: Vec<String>,
    value: String,
}

impl ConflictingKey {
    fn parse(detail: &str) -> Option<Self> {
        let (_, list) = detail.split_once('(')?;
        let (list, rest) = list.split_once(")=(")?;
        let (value, _) = rest.rsplit_once(')')?;
        Some(Self { columns: columns(list), value: value.to_owned() })
    }

    /// The value of a key of one column. The values of several columns cannot be told apart.
    fn single_value(&self) -> Option<String> {
        (self.columns.len() == 1).then(|| self.value.clone())
    }
}

/// Splits a list such as `a, "B c", lower(d)`: names, in quotes where they need them, and expressions.
fn columns(list: &str) -> Vec<String> {
    let mut columns = vec![String::new()];
    let (mut in_quotes, mut depth) = (false, 0_usize);
    let mut characters = list.chars().peekable();
    while let Some(character) = characters.next() {
        let Some(current) = columns.last_mut() else { break };
        match character {
            '"' if in_quotes && characters.peek() == Some(&'"') => {
                characters.next();
                current.push('"');
            }
            '"' => in_quotes = !in_quotes,
            ',' if !in_quotes && depth == 0 => {
                if characters.peek() == Some(&' ') {
                    characters.next();
                }
                columns.push(String::new());
            }
            character => {
                match character {
                    '(' if !in_quotes => depth += 1,
                    ')' if !in_quotes => depth = depth.saturating_sub(1),
                    _ => {}
                }
                current.push(character);
            }
        }
    }
    columns
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn it_reads_the_columns_and_the_value_of_a_key() {
        let key =
            ConflictingKey::parse(r#"Key (a, "B ""c""", lower(d, e))=(1, x, (y)) already exists."#).unwrap();
        assert_eq!(key.columns, ["a", "B \"c\"", "lower(d, e)"]);
        assert_eq!(key.value, "1, x, (y)");
        assert_eq!(ConflictingKey::parse("nothing of the kind"), None);
    }

    #[test]
    fn a_hint_names_a_column_in_another_case() {
        let hint = r#"Perhaps you meant to reference the column "users.firstName"."#;
        assert_eq!(column_in_another_case(hint, "firstname"), Some("firstName"));
        assert_eq!(column_in_another_case(hint, "name"), None);
        assert_eq!(column_in_another_case(r#"Vielleicht "t.é"?"#, "x"), None);
    }

    #[test]
    fn it_finds_the_names_in_a_message_of_any_language() {
        assert_eq!(first_name("relation »x« existiert nicht"), None);
        assert_eq!(first_name("relation \"x\" does not exist"), Some("x"));
        assert_eq!(last_name("column \"c\" of relation \"t\" does not exist"), Some("t"));
    }
}
