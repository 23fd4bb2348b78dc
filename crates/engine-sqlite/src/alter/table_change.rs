//! A table that is being changed, and the rebuild that its operations have asked for so far.

use phantomdb_protocol::{AlterOperation, Constraint, Error, ErrorCode, Reference, Result, TableName};
use phantomdb_sql::names::{references, same_table};
use phantomdb_sql::printer::quote_identifier;
use rusqlite::Connection;
use sqlparser::ast::{ColumnDef, ColumnOption, CreateTable};

use crate::catalog;
use crate::stored::stored_name;

/// A table that is being changed.
pub(super) struct TableChange<'a> {
    pub(super) conn: &'a Connection,
    pub(super) table: TableName,
    pub(super) pending: Option<PendingRebuild>,
}

/// A rebuild that further operations can still extend.
pub(super) struct PendingRebuild {
    /// The new definition.
    pub(super) create: CreateTable,
    /// The columns of the new table that are filled from the old one, each with the SQL of its values.
    pub(super) copied: Vec<(String, String)>,
    /// The dropped columns. Their indexes are dropped too.
    pub(super) dropped: Vec<String>,
}

impl TableChange<'_> {
    /// Fails when a new foreign key references a table that does not exist. SQLite would report it only when the first row
    /// is written.
    pub(super) fn check_reference(&self, operation: &AlterOperation) -> Result<()> {
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
            Some(Reference { table, .. }) if !same_table(table, &self.table) => {
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

    pub(super) fn quoted(&self) -> String {
        quote_identifier(&stored_name(&self.table))
    }

    /// The rebuild that is pending, which this begins when there is none.
    pub(super) fn pending(&mut self) -> Result<&mut PendingRebuild> {
        if self.pending.is_none() {
            let create = catalog::definition(self.conn, &self.table)?;
            let copied = create
                .columns
                .iter()
                .filter(|column| !is_generated(column))
                .map(|column| (column.name.value.clone(), quote_identifier(&column.name.value)))
                .collect();
            self.pending = Some(PendingRebuild { create, copied, dropped: Vec::new() });
        }
        self.pending.as_mut().ok_or_else(|| Error::internal("no definition to change"))
    }

    pub(super) fn unknown_constraint(&self, name: &str) -> Error {
        Error::new(
            ErrorCode::UnknownConstraint,
            format!("table \"{}\" has no constraint \"{name}\"", self.table),
        )
        .with_table(self.table.to_string())
        .with_constraint(name)
    }

    pub(super) fn unknown_column(&self, name: &str) -> Error {
        unknown_column(&self.table, name)
    }

    /// Fails when a foreign key of another table references the column.
    pub(super) fn refuse_referenced(&self, column: &str) -> Result<()> {
        for name in catalog::list_tables(self.conn)? {
            if same_table(&name, &self.table) {
                continue;
            }
            let Ok(schema) = catalog::read_table(self.conn, &name) else { continue };
            for constraint in &schema.constraints {
                if let Constraint::ForeignKey { references: key, .. } = constraint
                    && references(constraint, &self.table)
                    && key.columns.iter().any(|referenced| referenced.eq_ignore_ascii_case(column))
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

/// True for a generated column, whose values cannot be copied.
fn is_generated(column: &ColumnDef) -> bool {
    column
        .options
        .iter()
        .any(|option| matches!(option.option, ColumnOption::Generated { generation_expr: Some(_), .. }))
}

pub(super) fn unknown_column(table: &TableName, name: &str) -> Error {
    Error::new(ErrorCode::UnknownColumn, format!("table \"{table}\" has no column \"{name}\""))
        .with_table(table.to_string())
        .with_columns([name])
}
