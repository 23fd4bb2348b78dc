//! Errors of violated constraints, with the names of the table, the columns and the constraint.

use phantomdb_protocol::{Constraint, Error, ErrorCode, Result, TableSchema};
use phantomdb_sql::Catalog;
use rusqlite::{Connection, ffi};

use crate::adapt::WriteTarget;
use crate::error;
use crate::plan_cache::SchemaView;
use crate::stored::{self, table_name};
use crate::violated_key::{foreign_key, foreign_key_error, quoted};

use super::error::not_allowed;

/// Translates the error of a statement that writes `target`, and names the constraint that was violated.
pub(super) fn explain(e: rusqlite::Error, target: Option<&WriteTarget>, schema: &dyn Catalog) -> Error {
    let (code, message) = error::code_and_message(&e);
    match code {
        ffi::SQLITE_CONSTRAINT_UNIQUE | ffi::SQLITE_CONSTRAINT_PRIMARYKEY | ffi::SQLITE_CONSTRAINT_ROWID => {
            unique(&message, target, schema)
        }
        ffi::SQLITE_CONSTRAINT_NOTNULL => not_null(&message),
        ffi::SQLITE_CONSTRAINT_CHECK => check(&message, target, schema),
        ffi::SQLITE_CONSTRAINT_FOREIGNKEY | ffi::SQLITE_CONSTRAINT_TRIGGER
            if message.starts_with("FOREIGN KEY") =>
        {
            foreign_key(target, schema)
        }
        ffi::SQLITE_ERROR => {
            missing_parent(&message, target, schema).unwrap_or_else(|| error::by_code(code, &message))
        }
        _ => error::by_code(code, &message),
    }
}

/// The error when the statement writes rows with a key to a table that is not there. SQLite takes such a key in a
/// definition, and looks for the table when a row is written.
fn missing_parent(message: &str, target: Option<&WriteTarget>, schema: &dyn Catalog) -> Option<Error> {
    let missing = table_name(message.strip_prefix("no such table: main.")?);
    let described = schema.table(&table_name(&target?.table))?;
    let points_there = |constraint: &&Constraint| phantomdb_sql::names::references(constraint, &missing);
    let key = described.constraints.iter().find(points_there)?;
    let Constraint::ForeignKey { name, columns, references: _ } = key else { return None };
    let message = format!(
        "{} of \"{}\" points to the table \"{missing}\", which is not there; create it first",
        quoted(columns),
        described.table
    );
    let mut error = Error::new(ErrorCode::UnknownTable, message).with_table(missing.to_string());
    error.details.constraint.clone_from(name);
    Some(error)
}

/// Translates the error of COMMIT, and names a foreign key that is broken at the end of the transaction.
pub(super) fn explain_commit(e: rusqlite::Error, schema: &SchemaView<'_>) -> Error {
    let (code, message) = error::code_and_message(&e);
    if code != ffi::SQLITE_CONSTRAINT_FOREIGNKEY {
        return error::by_code(code, &message);
    }
    let broken = broken_foreign_keys(schema.connection, "PRAGMA foreign_key_check").unwrap_or_default();
    broken
        .first()
        .map_or_else(|| foreign_key_error(None), |key| broken_key_error(key, schema.connection, schema))
}

/// Fails with the error that COMMIT would have, when a foreign key whose check was deferred is broken.
pub(super) fn check_deferred_keys(schema: &SchemaView<'_>) -> Result<()> {
    let (mut broken, mut highest) = (0, 0);
    // SAFETY: the handle is that of an open connection, which this thread uses alone, and both pointers are to integers
    // that outlive the call.
    let status = unsafe {
        let handle = schema.connection.handle();
        ffi::sqlite3_db_status(
            handle,
            ffi::SQLITE_DBSTATUS_DEFERRED_FKS,
            &raw mut broken,
            &raw mut highest,
            0,
        )
    };
    if status == ffi::SQLITE_OK && broken == 0 {
        return Ok(());
    }
    let rows = broken_foreign_keys(schema.connection, "PRAGMA foreign_key_check")?;
    rows.first().map_or(Ok(()), |key| Err(broken_key_error(key, schema.connection, schema)))
}

/// Translates `UNIQUE constraint failed: t.a, t.b` and `UNIQUE constraint failed: index 'name'`.
fn unique(message: &str, target: Option<&WriteTarget>, schema: &dyn Catalog) -> Error {
    let violated = message.split_once(": ").map_or("", |(_, violated)| violated);
    let error = Error::new(ErrorCode::UniqueViolation, "");
    if let Some(index) = violated.strip_prefix("index '").and_then(|rest| rest.strip_suffix('\'')) {
        let error = error.with_constraint(index);
        let Some(target) = target else {
            let message = format!("a row with the same value of \"{index}\" is there already");
            return with_message(error, message);
        };
        let described = schema.table(&table_name(&target.table));
        let fields = described.map(|table| fields_of(&table, index)).unwrap_or_default();
        let message = if fields.is_empty() {
            format!("a row with the same value of \"{index}\" is there already")
        } else {
            format!("a row of \"{}\" with the same {} is there already", target.table, quoted(&fields))
        };
        return with_message(error.with_table(target.table.clone()).with_columns(fields), message);
    }
    let (table, columns) = table_and_columns(violated);
    let described = schema.table(&table_name(&table));
    let constraint = described.and_then(|table| unique_name(&table, &columns));
    let message = format!("a row of \"{table}\" with the same {} is there already", quoted(&columns));
    let error = error.with_table(table).with_columns(columns);
    let error = match constraint {
        Some(name) => error.with_constraint(name),
        None => error,
    };
    with_message(error, message)
}

/// The columns and expressions of an index.
fn fields_of(table: &TableSchema, index: &str) -> Vec<String> {
    let found = table.indexes.iter().find(|known| known.name.eq_ignore_ascii_case(index));
    let fields = found.map(|index| index.fields.as_slice()).unwrap_or_default();
    fields.iter().filter_map(|field| field.column.clone().or_else(|| field.expression.clone())).collect()
}

fn with_message(mut error: Error, message: String) -> Error {
    error.message = message;
    error
}

/// Splits `t.a, t.b` into the table and its columns. The last dot separates them: the stored name of a table in a schema
/// has a dot, and a column name hardly ever has one.
fn table_and_columns(list: &str) -> (String, Vec<String>) {
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

fn same_columns(a: &[String], b: &[String]) -> bool {
    a.len() == b.len() && a.iter().all(|name| b.iter().any(|other| other.eq_ignore_ascii_case(name)))
}

/// The name of the unique constraint or index on these columns.
fn unique_name(schema: &TableSchema, wanted: &[String]) -> Option<String> {
    let by_constraint = schema.constraints.iter().find_map(|constraint| match constraint {
        Constraint::Unique { name, columns } | Constraint::PrimaryKey { name, columns }
            if same_columns(columns, wanted) =>
        {
            name.clone()
        }
        _ => None,
    });
    by_constraint.or_else(|| {
        let index = schema.indexes.iter().find(|index| {
            let columns: Vec<String> = index.fields.iter().filter_map(|field| field.column.clone()).collect();
            index.unique && same_columns(&columns, wanted)
        })?;
        Some(index.name.clone())
    })
}

fn not_null(message: &str) -> Error {
    let (table, columns) = table_and_columns(message.split_once(": ").map_or("", |(_, violated)| violated));
    Error::new(ErrorCode::NotNullViolation, format!("{} of \"{table}\" must not be null", quoted(&columns)))
        .with_table(table)
        .with_columns(columns)
}

/// Translates `CHECK constraint failed: name`. SQLite reports the condition when the constraint has no name.
fn check(message: &str, target: Option<&WriteTarget>, schema: &dyn Catalog) -> Error {
    let name = message.split_once(": ").map_or("", |(_, name)| name);
    let error = match name.strip_prefix(stored::ENUM_MARK) {
        Some(column) => {
            let described = target.and_then(|target| schema.table(&table_name(&target.table)));
            let column = described.iter().flat_map(|table| &table.columns).find(|known| known.name == column);
            match column {
                Some(column) => not_allowed(None, &column.name, &column.data_type),
                None => not_allowed(None, name.trim_start_matches(stored::ENUM_MARK), ""),
            }
        }
        None => Error::new(ErrorCode::CheckViolation, format!("the row breaks the check \"{name}\""))
            .with_constraint(name),
    };
    match target {
        Some(target) => error.with_table(target.table.clone()),
        None => error,
    }
}

/// A row whose foreign key references a row that does not exist.
#[derive(Debug, PartialEq, Eq)]
pub(super) struct BrokenKey {
    table: String,
    row: Option<i64>,
    parent: String,
    /// SQLite's number of the foreign key in the table.
    key: i64,
}

impl BrokenKey {
    /// The table, the row and the referenced table. The number of the key changes when another key is dropped.
    pub(super) fn row(&self) -> (&str, Option<i64>, &str) {
        (&self.table, self.row, &self.parent)
    }
}

/// The rows whose foreign keys reference rows that do not exist.
/// `pragma` is `PRAGMA foreign_key_check`, for all tables or for one.
pub(super) fn broken_foreign_keys(connection: &Connection, pragma: &str) -> Result<Vec<BrokenKey>> {
    let mut statement = connection.prepare_cached(pragma).map_err(error::from_sqlite)?;
    let keys = statement.query_map([], |row| {
        Ok(BrokenKey { table: row.get(0)?, row: row.get(1)?, parent: row.get(2)?, key: row.get(3)? })
    });
    keys.and_then(Iterator::collect).map_err(error::from_sqlite)
}

pub(super) fn broken_key_error(key: &BrokenKey, connection: &Connection, schema: &dyn Catalog) -> Error {
    let child = table_name(&key.table);
    let columns = columns_of_key(key, connection).unwrap_or_default();
    let described = schema.table(&child);
    let found = described.iter().flat_map(|table| &table.constraints).find(
        |constraint| matches!(constraint, Constraint::ForeignKey { columns: own, .. } if same_columns(own, &columns)),
    );
    if let Some(constraint) = found {
        return foreign_key_error(Some((&child, constraint)));
    }
    let mut error = foreign_key_error(None).with_table(key.table.clone()).with_columns(columns);
    error.details.referenced_table = Some(key.parent.clone());
    error
}

fn columns_of_key(key: &BrokenKey, connection: &Connection) -> rusqlite::Result<Vec<String>> {
    let sql = "SELECT \"from\" FROM pragma_foreign_key_list(?1) WHERE id = ?2 ORDER BY seq";
    let mut statement = connection.prepare_cached(sql)?;
    statement.query_map((&key.table, key.key), |row| row.get(0))?.collect()
}
