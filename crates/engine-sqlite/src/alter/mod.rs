//! Changes of tables: by ALTER TABLE where SQLite can, otherwise by its documented rebuild
//! (<https://sqlite.org/lang_altertable.html#otheralter>), which [`flush`] avoids where the rows can stay as they are.
//!
//! The caller has opened a transaction or a savepoint. With foreign keys on, dropping the old table would first delete its
//! rows and, by ON DELETE CASCADE, rows of other tables, and renaming it would make other tables reference the new name.
//! `PRAGMA foreign_keys` does nothing inside a transaction, but the connection's own switch
//! (`SQLITE_DBCONFIG_ENABLE_FKEY`) does. So foreign keys are off during a change, and `foreign_key_check` checks the result
//! before they are switched on again. Deferred violations from before the change are still counted and checked at the end
//! of the user's transaction.

mod constraint;
mod conversion;
mod create;
mod definition;
mod drop;
mod edit;
mod execute;
mod flush;
mod foreign_keys;
mod index;
mod key_types;
mod rebuild;
mod table_change;
mod views;

use phantomdb_protocol::{AlterOperation, Result, TableName};
use phantomdb_sql::definition::SchemaChange;
use phantomdb_sql::printer::quote_identifier;
use rusqlite::Connection;

use crate::schema_rows::SchemaRows;
use crate::stored::stored_name;
use crate::{adapt, catalog, comments, schemas, source_expressions, system_columns};
use execute::run;
use table_change::{TableChange, unknown_column};

pub(super) use create::created;

/// Makes the change that [`adapt::adapt`] read from a statement.
pub fn apply(conn: &Connection, change: &adapt::Change) -> Result<()> {
    match change {
        adapt::Change::Alter { table, operations } => alter(conn, table, operations),
        adapt::Change::Schema(change) => apply_to_schema(conn, change),
        adapt::Change::RenameIndex { from, to, if_exists } => index::rename(conn, from, to, *if_exists),
        adapt::Change::DropViews { views, if_exists, cascade } => {
            let rows = &SchemaRows::read(conn)?;
            views::kept(conn, rows, *cascade, || drop::drop_views(conn, rows, views, *if_exists))
        }
        adapt::Change::DropIndexes { indexes, if_exists } => drop::drop_indexes(conn, indexes, *if_exists),
    }
}

fn apply_to_schema(conn: &Connection, change: &SchemaChange) -> Result<()> {
    match change {
        SchemaChange::DropTables { tables, if_exists, cascade } => {
            let rows = &SchemaRows::read(conn)?;
            views::kept(conn, rows, *cascade, || drop::drop_tables(conn, rows, tables, *if_exists, *cascade))
        }
        SchemaChange::CreateSchema { name, if_not_exists } => {
            schemas::create_schema(conn, name, *if_not_exists)
        }
        SchemaChange::DropSchemas { names, if_exists, cascade } => {
            let rows = &SchemaRows::read(conn)?;
            views::kept(conn, rows, *cascade, || drop::drop_schemas(conn, rows, names, *if_exists, *cascade))
        }
        SchemaChange::Comment { table, column, comment } => {
            if column.is_none() {
                catalog::check_table(conn, table)?;
            }
            let schema = catalog::read_table(conn, table)?;
            if let Some(column) = column
                && !schema.columns.iter().any(|existing| existing.name.eq_ignore_ascii_case(column))
            {
                return Err(unknown_column(table, column));
            }
            comments::set(conn, table, column.as_deref(), comment.as_deref())
        }
    }
}

/// Applies the operations in order. After an error the caller must roll back.
pub fn alter(conn: &Connection, table: &TableName, operations: &[AlterOperation]) -> Result<()> {
    let mut drops = operations.iter().filter_map(|operation| match operation {
        AlterOperation::DropColumn { name: _, cascade }
        | AlterOperation::DropConstraint { name: _, cascade } => Some(*cascade),
        _ => None,
    });
    match drops.next() {
        Some(first) => {
            let cascade = first && drops.all(|cascade| cascade);
            views::kept(conn, &SchemaRows::read(conn)?, cascade, || apply_all(conn, table, operations))
        }
        None => apply_all(conn, table, operations),
    }
}

fn apply_all(conn: &Connection, table: &TableName, operations: &[AlterOperation]) -> Result<()> {
    foreign_keys::switched_off(conn, || {
        catalog::check_table(conn, table)?;
        let before = key_types::unlike(conn, table)?;
        let mut change = TableChange::new(conn, table.clone());
        for operation in operations {
            change.apply(operation)?;
        }
        change.flush()?;
        // A key of a file that an older version has made may stay as it is.
        key_types::refuse_unlike(conn, &change.table, &before)
    })
}

impl TableChange<'_> {
    fn apply(&mut self, operation: &AlterOperation) -> Result<()> {
        match operation {
            AlterOperation::RenameTable { to } => {
                self.flush()?;
                let (from, to_name) = (self.quoted(), quote_identifier(&stored_name(to)));
                run(self.conn, &format!("ALTER TABLE {from} RENAME TO {to_name}"))?;
                if let Some(schema) = &to.schema {
                    schemas::create_schema(self.conn, schema, true)?;
                }
                comments::rename_table(self.conn, &self.table, to)?;
                source_expressions::rename_table(self.conn, &self.table, to)?;
                self.table = to.clone();
                Ok(())
            }
            AlterOperation::RenameColumn { from, to } => {
                system_columns::refuse(to)?;
                self.flush()?;
                let (old, new) = (quote_identifier(from), quote_identifier(to));
                run(self.conn, &format!("ALTER TABLE {} RENAME COLUMN {old} TO {new}", self.quoted()))?;
                source_expressions::rename_column(self.conn, &self.table, from, to)?;
                comments::rename_column(self.conn, &self.table, from, to)
            }
            AlterOperation::AddColumn { column } => {
                system_columns::refuse(&column.name)?;
                self.add_column(column)?;
                comments::set(self.conn, &self.table, Some(&column.name), column.comment.as_deref())
            }
            AlterOperation::ChangeColumn { column, using } => {
                self.change_column(column, using.as_deref())?;
                // A comment stays until another one replaces it, as in PostgreSQL.
                match &column.comment {
                    Some(text) => comments::set(self.conn, &self.table, Some(&column.name), Some(text)),
                    None => Ok(()),
                }
            }
            AlterOperation::DropColumn { name, cascade } => {
                self.drop_column(name, *cascade)?;
                comments::set(self.conn, &self.table, Some(name), None)
            }
            AlterOperation::AddConstraint { constraint } => self.add_constraint(constraint),
            AlterOperation::DropConstraint { name, cascade } => self.drop_constraint(name, *cascade),
            AlterOperation::RenameConstraint { from, to } => self.rename_constraint(from, to),
        }
    }
}
