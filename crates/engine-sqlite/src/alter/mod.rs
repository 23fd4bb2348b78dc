//! Changes of tables: by ALTER TABLE where SQLite can, else by its documented rebuild
//! (<https://sqlite.org/lang_altertable.html#otheralter>).
//!
//! Everything happens inside the transaction or savepoint the caller has opened. With foreign keys on, dropping the old
//! table would delete its rows first and take the rows of other tables with them (ON DELETE CASCADE), and renaming it
//! would make other tables point to the new name. `PRAGMA foreign_keys` does nothing inside a transaction, but the
//! connection's own switch (`SQLITE_DBCONFIG_ENABLE_FKEY`) does, so enforcement is off for the length of a change
//! and `foreign_key_check` judges the outcome before it is on again. Deferred violations a user's transaction had
//! before the change stay counted, and are judged at its end.

mod definition;
mod rebuild;

use std::collections::BTreeMap;

use phantomdb_protocol::{AlterOperation, Constraint, Error, ErrorCode, Reference, Result, TableName};
use rusqlite::{Connection, config::DbConfig};
use sqlparser::ast::CreateTable;

use super::{
    adapt::{self, quote_identifier, stored_name},
    catalog, registry, written,
};
use phantomdb_sql::definition::SchemaChange;

/// Makes a change that [`adapt::adapt`] has found in a statement.
pub fn apply(conn: &Connection, change: &adapt::Change) -> Result<()> {
    match change {
        adapt::Change::Alter { table, operations } => alter(conn, table, operations),
        adapt::Change::Schema(change) => apply_to_schema(conn, change),
    }
}

fn apply_to_schema(conn: &Connection, change: &SchemaChange) -> Result<()> {
    match change {
        SchemaChange::DropTables { tables, if_exists, cascade } => {
            drop_tables(conn, tables, *if_exists, *cascade)
        }
        SchemaChange::CreateSchema { name, if_not_exists } => {
            registry::create_schema(conn, name, *if_not_exists)
        }
        SchemaChange::DropSchemas { names, if_exists, cascade } => {
            drop_schemas(conn, names, *if_exists, *cascade)
        }
        SchemaChange::Comment { table, column, comment } => {
            let schema = catalog::read_table(conn, table)?;
            if let Some(column) = column
                && !schema.columns.iter().any(|known| known.name.eq_ignore_ascii_case(column))
            {
                return Err(unknown_column(table, column));
            }
            registry::set_comment(conn, table, column.as_deref(), comment.as_deref())
        }
    }
}

/// Applies the operations in order. After an error the caller rolls back to where it began.
pub fn alter(conn: &Connection, table: &TableName, operations: &[AlterOperation]) -> Result<()> {
    without_foreign_keys(conn, || {
        let before = violations(conn)?;
        // Under its exact name: a rebuild would give it the one that was asked for.
        let table = catalog::exact_name(conn, table)?;
        let mut change = Change { conn, table, pending: None };
        for operation in operations {
            change.apply(operation)?;
        }
        change.flush()?;
        refuse_new_violations(conn, &before)
    })
}

/// Drops tables. Others that reference them are an error, or, with `cascade`, lose those foreign keys and keep their rows.
pub fn drop_tables(conn: &Connection, tables: &[TableName], if_exists: bool, cascade: bool) -> Result<()> {
    without_foreign_keys(conn, || {
        for name in catalog::referencing(conn, tables)? {
            if tables.iter().any(|table| adapt::same_table(table, &name)) {
                continue;
            }
            let Ok(schema) = catalog::read_table(conn, &name) else { continue };
            let keys = schema
                .constraints
                .iter()
                .filter(|constraint| tables.iter().any(|table| adapt::references(constraint, table)));
            let mut change = Change { conn, table: name.clone(), pending: None };
            for key in keys {
                if !cascade {
                    let message =
                        format!("cannot drop a table that \"{name}\" references; drop both, or use CASCADE");
                    return Err(Error::new(ErrorCode::ForeignKeyViolation, message)
                        .with_table(name.to_string())
                        .with_constraint(key.name().unwrap_or_default()));
                }
                change.apply(&AlterOperation::DropConstraint {
                    name: key.name().unwrap_or_default().to_owned(),
                })?;
            }
            change.flush()?;
        }
        for table in tables {
            let condition = if if_exists { "IF EXISTS " } else { "" };
            if !if_exists {
                catalog::definition(conn, table).map(|_| ()).or_else(|error| match error.code {
                    ErrorCode::Unsupported => Ok(()),
                    _ => Err(error),
                })?;
            }
            run(conn, &format!("DROP TABLE {condition}{}", quote_identifier(&stored_name(table))))?;
            registry::forget_table(conn, table)?;
            written::forget_table(conn, table)?;
        }
        Ok(())
    })
}

/// Drops schemas; with `cascade` their tables too.
fn drop_schemas(conn: &Connection, names: &[String], if_exists: bool, cascade: bool) -> Result<()> {
    let tables: Vec<TableName> = catalog::list_tables(conn)?
        .into_iter()
        .filter(|table| table.schema.as_ref().is_some_and(|schema| names.contains(schema)))
        .collect();
    if !tables.is_empty() && !cascade {
        let message = "the schema has tables; drop them first, or use CASCADE";
        return Err(Error::new(ErrorCode::BadRequest, message));
    }
    drop_tables(conn, &tables, false, true)?;
    for name in names {
        if !registry::forget_schema(conn, name)? && !if_exists {
            return Err(Error::new(ErrorCode::NotFound, format!("there is no schema \"{name}\"")));
        }
    }
    Ok(())
}

/// Switches the enforcement of foreign keys off for a while, also inside a transaction.
fn without_foreign_keys(conn: &Connection, work: impl FnOnce() -> Result<()>) -> Result<()> {
    let failed = |error| catalog::failed(&error);
    let enforced = conn.db_config(DbConfig::SQLITE_DBCONFIG_ENABLE_FKEY).map_err(failed)?;
    let legacy = conn.db_config(DbConfig::SQLITE_DBCONFIG_LEGACY_ALTER_TABLE).map_err(failed)?;
    conn.set_db_config(DbConfig::SQLITE_DBCONFIG_ENABLE_FKEY, false).map_err(failed)?;
    let outcome = work();
    conn.set_db_config(DbConfig::SQLITE_DBCONFIG_LEGACY_ALTER_TABLE, legacy).map_err(failed)?;
    conn.set_db_config(DbConfig::SQLITE_DBCONFIG_ENABLE_FKEY, enforced).map_err(failed)?;
    outcome
}

/// A row that points nowhere: its table, its number, the table it points to.
type Violation = (String, Option<i64>, String);

fn violations(conn: &Connection) -> Result<BTreeMap<Violation, usize>> {
    let read = || -> rusqlite::Result<BTreeMap<Violation, usize>> {
        let mut statement = conn.prepare("SELECT \"table\", rowid, parent FROM pragma_foreign_key_check")?;
        let mut violations = BTreeMap::new();
        for violation in statement.query_map([], |row| Ok((row.get(0)?, row.get(1)?, row.get(2)?)))? {
            *violations.entry(violation?).or_insert(0) += 1;
        }
        Ok(violations)
    };
    // A foreign key that fits no unique key of its parent makes the check itself fail.
    read().map_err(|error| {
        Error::new(ErrorCode::ForeignKeyViolation, format!("a foreign key cannot be checked: {error}"))
    })
}

fn refuse_new_violations(conn: &Connection, before: &BTreeMap<Violation, usize>) -> Result<()> {
    let after = violations(conn)?;
    match after.iter().find(|(violation, count)| before.get(violation).is_none_or(|known| known < count)) {
        None => Ok(()),
        Some(((table, _, parent), _)) => {
            let message = format!("rows of \"{table}\" reference rows that are not in \"{parent}\"");
            let mut error = Error::new(ErrorCode::ForeignKeyViolation, message).with_table(table.clone());
            error.details.referenced_table = Some(parent.clone());
            Err(error)
        }
    }
}

/// Runs a statement of a change. SQLite's own words for what was violated stay in the message, for the engine to read.
fn run(conn: &Connection, sql: &str) -> Result<()> {
    conn.execute_batch(sql).map_err(|error| translate(&error))
}

fn translate(error: &rusqlite::Error) -> Error {
    let text = error.to_string();
    if let Some((_, rest)) = text.split_once("phantomdb:")
        && let Some((code, message)) = rest.split_once(':')
        && let Ok(code) = serde_json::from_str(&format!("\"{code}\""))
    {
        return Error::new(code, message);
    }
    let kinds = [
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
        kinds.iter().find(|(words, _)| text.contains(words)).map_or(ErrorCode::Internal, |(_, code)| *code);
    Error::new(code, text)
}

fn unknown_column(table: &TableName, name: &str) -> Error {
    Error::new(ErrorCode::UnknownColumn, format!("table \"{table}\" has no column \"{name}\""))
        .with_table(table.to_string())
        .with_columns([name])
}

/// A table on its way from one definition to the next.
struct Change<'a> {
    conn: &'a Connection,
    table: TableName,
    pending: Option<Pending>,
}

/// A rebuild that further operations may still join.
struct Pending {
    create: CreateTable,
    /// Each column of the new table that has rows to take over, and the SQL that gives its values.
    copied: Vec<(String, String)>,
    /// Columns that are gone, and their indexes with them.
    dropped: Vec<String>,
}

impl Change<'_> {
    fn apply(&mut self, operation: &AlterOperation) -> Result<()> {
        self.check_reference(operation)?;
        match operation {
            AlterOperation::RenameTable { to } => {
                self.flush()?;
                let (from, to_name) = (self.quoted(), quote_identifier(&stored_name(to)));
                run(self.conn, &format!("ALTER TABLE {from} RENAME TO {to_name}"))?;
                if let Some(schema) = &to.schema {
                    registry::create_schema(self.conn, schema, true)?;
                }
                registry::rename_table(self.conn, &self.table, to)?;
                written::rename_table(self.conn, &self.table, to)?;
                self.table = to.clone();
                Ok(())
            }
            AlterOperation::RenameColumn { from, to } => {
                self.flush()?;
                let (old, new) = (quote_identifier(from), quote_identifier(to));
                run(self.conn, &format!("ALTER TABLE {} RENAME COLUMN {old} TO {new}", self.quoted()))?;
                written::rename_column(self.conn, &self.table, from, to)?;
                registry::rename_column(self.conn, &self.table, from, to)
            }
            AlterOperation::AddColumn { column } => {
                self.add_column(column)?;
                registry::set_comment(self.conn, &self.table, Some(&column.name), column.comment.as_deref())
            }
            AlterOperation::ChangeColumn { column } => {
                self.change_column(column)?;
                // A comment stays until another takes its place, as in PostgreSQL.
                match &column.comment {
                    Some(text) => {
                        registry::set_comment(self.conn, &self.table, Some(&column.name), Some(text))
                    }
                    None => Ok(()),
                }
            }
            AlterOperation::DropColumn { name } => {
                self.drop_column(name)?;
                registry::set_comment(self.conn, &self.table, Some(name), None)
            }
            AlterOperation::AddConstraint { constraint } => self.add_constraint(constraint),
            AlterOperation::DropConstraint { name } => self.drop_constraint(name),
        }
    }

    /// SQLite would find out at the first row that the table a foreign key points to is not there.
    fn check_reference(&self, operation: &AlterOperation) -> Result<()> {
        let referenced = match operation {
            AlterOperation::AddColumn { column } | AlterOperation::ChangeColumn { column } => {
                column.references.as_ref()
            }
            AlterOperation::AddConstraint { constraint: Constraint::ForeignKey { references, .. } } => {
                Some(references)
            }
            _ => None,
        };
        match referenced {
            Some(Reference { table, .. }) if !adapt::same_table(table, &self.table) => {
                catalog::read_table(self.conn, table).map(drop).map_err(|_| {
                    let message = format!(
                        "there is no table \"{table}\" for a foreign key to point to; create it first"
                    );
                    Error::new(ErrorCode::UnknownTable, message).with_table(table.to_string())
                })
            }
            _ => Ok(()),
        }
    }

    fn quoted(&self) -> String {
        quote_identifier(&stored_name(&self.table))
    }

    fn pending(&mut self) -> Result<&mut Pending> {
        if self.pending.is_none() {
            let create = catalog::definition(self.conn, &self.table)?;
            let copied = create
                .columns
                .iter()
                .filter(|column| !definition::is_generated(column))
                .map(|column| (column.name.value.clone(), quote_identifier(&column.name.value)))
                .collect();
            self.pending = Some(Pending { create, copied, dropped: Vec::new() });
        }
        self.pending.as_mut().ok_or_else(|| Error::internal("no definition to change"))
    }

    fn unknown_constraint(&self, name: &str) -> Error {
        Error::new(
            ErrorCode::UnknownConstraint,
            format!("table \"{}\" has no constraint \"{name}\"", self.table),
        )
        .with_table(self.table.to_string())
        .with_constraint(name)
    }

    fn unknown_column(&self, name: &str) -> Error {
        unknown_column(&self.table, name)
    }

    /// Whether another table's foreign key points to the column.
    fn refuse_referenced(&self, column: &str) -> Result<()> {
        for name in catalog::list_tables(self.conn)? {
            if adapt::same_table(&name, &self.table) {
                continue;
            }
            let Ok(schema) = catalog::read_table(self.conn, &name) else { continue };
            for constraint in &schema.constraints {
                if let Constraint::ForeignKey { references, .. } = constraint
                    && adapt::references(constraint, &self.table)
                    && references.columns.iter().any(|referenced| referenced.eq_ignore_ascii_case(column))
                {
                    let message = format!("column \"{column}\" cannot be dropped: \"{name}\" references it");
                    return Err(Error::new(ErrorCode::ForeignKeyViolation, message)
                        .with_table(self.table.to_string())
                        .with_columns([column]));
                }
            }
        }
        Ok(())
    }
}
