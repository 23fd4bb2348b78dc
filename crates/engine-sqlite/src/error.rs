//! What SQLite says went wrong, in the codes of the contract.

use phantomdb_protocol::{Constraint, Error, ErrorCode, Result, TableName, TableSchema};
use rusqlite::ffi;

use super::run::Scene;
use super::{
    adapt::{WriteKind, WriteTarget},
    catalog,
};
use phantomdb_sql::unknown_function::unknown_function;

/// An error without a statement to look at.
pub(super) fn plain(e: rusqlite::Error) -> Error {
    let (code, message) = parts(e);
    without_constraint(code, &message)
}

/// The error of a statement that writes `target`, with the names of what was at fault.
pub(super) fn explain(e: rusqlite::Error, target: Option<&WriteTarget>, scene: &Scene<'_>) -> Error {
    let (code, message) = parts(e);
    match code {
        ffi::SQLITE_CONSTRAINT_UNIQUE | ffi::SQLITE_CONSTRAINT_PRIMARYKEY | ffi::SQLITE_CONSTRAINT_ROWID => {
            unique(&message, target, scene)
        }
        ffi::SQLITE_CONSTRAINT_NOTNULL => not_null(&message),
        ffi::SQLITE_CONSTRAINT_CHECK => check(&message, target),
        ffi::SQLITE_CONSTRAINT_FOREIGNKEY | ffi::SQLITE_CONSTRAINT_TRIGGER => {
            if message.starts_with("FOREIGN KEY") {
                foreign_key(target, scene)
            } else {
                without_constraint(code, &message)
            }
        }
        _ => without_constraint(code, &message),
    }
}

/// The error of COMMIT, with the name of a foreign key that is broken at the end of the transaction.
pub(super) fn explain_commit(e: rusqlite::Error, scene: &Scene<'_>) -> Error {
    let (code, message) = parts(e);
    if code != ffi::SQLITE_CONSTRAINT_FOREIGNKEY {
        return without_constraint(code, &message);
    }
    let broken = scene.broken_foreign_keys().unwrap_or_default();
    broken.first().map_or_else(|| foreign_key_error(None), |key| scene.broken_key_error(key))
}

/// The extended result code and the message.
fn parts(e: rusqlite::Error) -> (i32, String) {
    match e {
        rusqlite::Error::SqliteFailure(code, message) => {
            (code.extended_code, message.unwrap_or_else(|| code.to_string()))
        }
        rusqlite::Error::SqlInputError { error, msg, .. } => (error.extended_code, msg),
        rusqlite::Error::MultipleStatement => {
            (ffi::SQLITE_ERROR, "several statements in one; send them as a batch: syntax error".to_owned())
        }
        rusqlite::Error::NulError(_) => {
            (ffi::SQLITE_ERROR, "the statement has a NUL character: syntax error".to_owned())
        }
        other => (ffi::SQLITE_INTERNAL, other.to_string()),
    }
}

fn without_constraint(code: i32, message: &str) -> Error {
    let (error_code, text) = match code {
        ffi::SQLITE_BUSY_SNAPSHOT => (
            ErrorCode::SerializationFailure,
            "another transaction has changed the database since this one began; run this one again",
        ),
        ffi::SQLITE_READONLY => {
            (ErrorCode::Internal, "the database can only be read; look at the rights of its file")
        }
        ffi::SQLITE_CANTOPEN => (
            ErrorCode::Internal,
            "the database file cannot be opened; look at its rights, and that its directory is there",
        ),
        ffi::SQLITE_MISMATCH => (ErrorCode::TypeMismatch, "a value has not the type its column needs"),
        _ => match code & 0xff {
            ffi::SQLITE_ERROR => return general(message),
            ffi::SQLITE_BUSY | ffi::SQLITE_LOCKED => (
                ErrorCode::LockTimeout,
                "another process holds the lock of the database; try again, or end its transaction",
            ),
            ffi::SQLITE_TOOBIG => (ErrorCode::TooLarge, "the statement or one of its values is too large"),
            ffi::SQLITE_INTERRUPT => {
                (ErrorCode::StatementTimeout, "the statement was stopped before its end")
            }
            ffi::SQLITE_FULL => {
                (ErrorCode::Internal, "there is no space left for the database; free some, then try again")
            }
            ffi::SQLITE_NOMEM => (ErrorCode::Internal, "there is no memory left; give the process more"),
            ffi::SQLITE_IOERR => (
                ErrorCode::Internal,
                "the disk failed to read or write the database; look at the system's log",
            ),
            ffi::SQLITE_CORRUPT | ffi::SQLITE_NOTADB => (
                ErrorCode::Internal,
                "the file of the database is damaged or is none; restore it from a backup",
            ),
            ffi::SQLITE_CONSTRAINT => return Error::new(ErrorCode::CheckViolation, message),
            ffi::SQLITE_AUTH => (ErrorCode::Forbidden, "the statement is not allowed"),
            ffi::SQLITE_RANGE => (ErrorCode::BadRequest, "a parameter has a number that is out of range"),
            _ => (ErrorCode::Internal, message),
        },
    };
    Error::new(error_code, text)
}

/// Errors that SQLite tells apart by their message only.
fn general(message: &str) -> Error {
    if let Some(error) = from_function(message) {
        return error;
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
    if message.contains("already exists") || message.starts_with("duplicate column name") {
        return Error::new(ErrorCode::AlreadyExists, message);
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
    if message.starts_with("non-deterministic functions prohibited") {
        return Error::unsupported(
            "an index or a generated column needs an expression that always has the same result; one of time or of \
             chance has not, nor has LIKE with a pattern that is no literal",
        );
    }
    if message == "malformed JSON" {
        return Error::new(ErrorCode::TypeMismatch, "a value is not valid JSON");
    }
    // What is left is said while the statement is compiled: it cannot be understood.
    Error::new(ErrorCode::SyntaxError, message)
}

/// `phantomdb:CODE:message`, which a function of ours gave to SQLite.
fn from_function(message: &str) -> Option<Error> {
    let (code, text) = message.strip_prefix("phantomdb:")?.split_once(':')?;
    let code = serde_json::from_value(serde_json::Value::String(code.to_owned())).ok()?;
    Some(Error::new(code, text))
}

/// `UNIQUE constraint failed: t.a, t.b` or `UNIQUE constraint failed: index 'name'`.
fn unique(message: &str, target: Option<&WriteTarget>, scene: &Scene<'_>) -> Error {
    let what = message.split_once(": ").map_or("", |(_, what)| what);
    let error = Error::new(ErrorCode::UniqueViolation, "");
    if let Some(index) = what.strip_prefix("index '").and_then(|rest| rest.strip_suffix('\'')) {
        let error = match target {
            Some(target) => error.with_table(target.table.clone()),
            None => error,
        };
        return said(
            error.with_constraint(index),
            &format!("a row with the same value of \"{index}\" is there already"),
        );
    }
    let (table, columns) = names(what);
    let schema = scene.schema.table(scene.connection, &table_name(&table));
    let constraint = schema.and_then(|schema| unique_name(&schema, &columns));
    let message = format!("a row of \"{table}\" with the same {} is there already", quoted(&columns));
    let error = error.with_table(table).with_columns(columns);
    let error = match constraint {
        Some(name) => error.with_constraint(name),
        None => error,
    };
    said(error, &message)
}

fn said(mut error: Error, message: &str) -> Error {
    message.clone_into(&mut error.message);
    error
}

/// `t.a, t.b` as the table and its columns. A table in a schema has a dot in its name, a column rarely.
fn names(list: &str) -> (String, Vec<String>) {
    let mut table = String::new();
    let mut columns = Vec::new();
    for item in list.split(", ") {
        match item.rsplit_once('.') {
            Some((of, column)) => {
                of.clone_into(&mut table);
                columns.push(column.to_owned());
            }
            None => columns.push(item.to_owned()),
        }
    }
    (table, columns)
}

/// A table as SQLite names it: `s.t` is the table `t` of the schema `s`.
fn table_name(stored: &str) -> TableName {
    match stored.split_once('.') {
        Some((schema, name)) => TableName { name: name.to_owned(), schema: Some(schema.to_owned()) },
        None => TableName::new(stored),
    }
}

fn quoted(columns: &[String]) -> String {
    columns.iter().map(|column| format!("\"{column}\"")).collect::<Vec<_>>().join(", ")
}

fn same(a: &[String], b: &[String]) -> bool {
    a.len() == b.len() && a.iter().all(|name| b.iter().any(|other| other.eq_ignore_ascii_case(name)))
}

fn unique_name(schema: &TableSchema, wanted: &[String]) -> Option<String> {
    let by_constraint = schema.constraints.iter().find_map(|constraint| match constraint {
        Constraint::Unique { name, columns } | Constraint::PrimaryKey { name, columns }
            if same(columns, wanted) =>
        {
            name.clone()
        }
        _ => None,
    });
    by_constraint.or_else(|| {
        let index = schema.indexes.iter().find(|index| {
            let columns: Vec<String> = index.fields.iter().filter_map(|field| field.column.clone()).collect();
            index.unique && same(&columns, wanted)
        })?;
        Some(index.name.clone())
    })
}

fn not_null(message: &str) -> Error {
    let (table, columns) = names(message.split_once(": ").map_or("", |(_, what)| what));
    Error::new(ErrorCode::NotNullViolation, format!("{} of \"{table}\" must not be null", quoted(&columns)))
        .with_table(table)
        .with_columns(columns)
}

/// `CHECK constraint failed: name`, or the condition where the constraint has no name.
fn check(message: &str, target: Option<&WriteTarget>) -> Error {
    let name = message.split_once(": ").map_or("", |(_, name)| name);
    let error = match name.strip_prefix("phantomdb_enum_") {
        Some(column) => Error::new(
            ErrorCode::CheckViolation,
            format!("the value is not one of those that \"{column}\" allows"),
        )
        .with_columns([column]),
        None => Error::new(ErrorCode::CheckViolation, format!("the row breaks the check \"{name}\"")),
    };
    let error = error.with_constraint(name);
    match target {
        Some(target) => error.with_table(target.table.clone()),
        None => error,
    }
}

/// A foreign key that points to nothing, by the number SQLite gives it.
#[derive(Debug, PartialEq, Eq)]
pub(super) struct BrokenKey {
    table: String,
    row: Option<i64>,
    parent: String,
    key: i64,
}

/// SQLite does not say which key it was. Where the statement leaves only one possible, it is that one.
fn foreign_key(target: Option<&WriteTarget>, scene: &Scene<'_>) -> Error {
    let Some(WriteTarget { table, kind }) = target else { return foreign_key_error(None) };
    let name = table_name(table);
    let inserts = matches!(kind, WriteKind::Insert { .. });
    let deletes = *kind == WriteKind::Delete;
    let mut keys = Vec::new();
    for child in catalog::list_tables(scene.connection).unwrap_or_default() {
        let Some(schema) = scene.schema.table(scene.connection, &child) else { continue };
        let own = !deletes && same_table(&child, &name);
        for constraint in &schema.constraints {
            if let Constraint::ForeignKey { references, .. } = constraint
                && (own || !inserts && same_table(&references.table, &name))
            {
                keys.push((child.clone(), constraint.clone()));
            }
        }
    }
    match keys.as_slice() {
        [(child, constraint)] => foreign_key_error(Some((child, constraint))),
        _ => foreign_key_error(None).with_table(table.clone()),
    }
}

fn same_table(a: &TableName, b: &TableName) -> bool {
    a.to_string().eq_ignore_ascii_case(&b.to_string())
}

fn foreign_key_error(key: Option<(&TableName, &Constraint)>) -> Error {
    let Some((table, Constraint::ForeignKey { name, columns, references })) = key else {
        return Error::new(
            ErrorCode::ForeignKeyViolation,
            "a foreign key would point to a row that is not there",
        );
    };
    let message = format!(
        "{} of \"{table}\" would point to a row of \"{}\" that is not there",
        quoted(columns),
        references.table
    );
    let mut error = Error::new(ErrorCode::ForeignKeyViolation, message)
        .with_table(table.to_string())
        .with_columns(columns.clone());
    error.details.constraint.clone_from(name);
    error.details.referenced_table = Some(references.table.to_string());
    error
}

impl Scene<'_> {
    pub(super) fn broken_foreign_keys(&self) -> Result<Vec<BrokenKey>> {
        let mut statement = self.connection.prepare_cached("PRAGMA foreign_key_check").map_err(plain)?;
        let keys = statement.query_map([], |row| {
            Ok(BrokenKey { table: row.get(0)?, row: row.get(1)?, parent: row.get(2)?, key: row.get(3)? })
        });
        keys.and_then(Iterator::collect).map_err(plain)
    }

    pub(super) fn broken_key_error(&self, key: &BrokenKey) -> Error {
        let child = table_name(&key.table);
        let columns = self.columns_of_key(key).unwrap_or_default();
        let schema = self.schema.table(self.connection, &child);
        let found = schema.iter().flat_map(|schema| &schema.constraints).find(
            |constraint| matches!(constraint, Constraint::ForeignKey { columns: own, .. } if same(own, &columns)),
        );
        if let Some(constraint) = found {
            return foreign_key_error(Some((&child, constraint)));
        }
        let mut error = foreign_key_error(None).with_table(key.table.clone()).with_columns(columns);
        error.details.referenced_table = Some(key.parent.clone());
        error
    }

    fn columns_of_key(&self, key: &BrokenKey) -> rusqlite::Result<Vec<String>> {
        let sql = "SELECT \"from\" FROM pragma_foreign_key_list(?1) WHERE id = ?2 ORDER BY seq";
        let mut statement = self.connection.prepare_cached(sql)?;
        statement.query_map((&key.table, key.key), |row| row.get(0))?.collect()
    }
}
