//! A table that is being changed, and the new definition that its operations have asked for so far.

use std::collections::BTreeMap;

use phantomdb_protocol::{Constraint, Error, ErrorCode, Result, TableName, TableSchema};
use phantomdb_sql::names::references;
use phantomdb_sql::printer::quote_identifier;
use rusqlite::Connection;
use sqlparser::ast::{ColumnDef, ColumnOption, CreateTable};

use crate::schema_rows::SchemaRows;
use crate::source_expressions::SourceExpression;
use crate::stored::stored_name;
use crate::{catalog, source_expressions};

/// A table that is being changed.
pub(super) struct TableChange<'a> {
    pub(super) conn: &'a Connection,
    pub(super) table: TableName,
    pub(super) pending: Option<PendingDefinition>,
    /// The user's text of expressions in the new definition.
    pub(super) expressions: Vec<SourceExpression>,
}

/// A new definition that further operations can still change.
pub(super) struct PendingDefinition {
    /// The definition as it is.
    pub(super) before: CreateTable,
    /// The new definition.
    pub(super) create: CreateTable,
    /// The columns of the new table that are filled from the old one, each with the SQL of its values.
    pub(super) copied: Vec<(String, String)>,
    /// The expressions that give the new values of columns, by the names of the columns.
    pub(super) using: BTreeMap<String, String>,
    /// The dropped columns. Their indexes are dropped too.
    pub(super) dropped: Vec<String>,
}

impl<'a> TableChange<'a> {
    pub(super) fn new(conn: &'a Connection, table: TableName) -> Self {
        Self { conn, table, pending: None, expressions: Vec::new() }
    }

    pub(super) fn quoted(&self) -> String {
        quote_identifier(&stored_name(&self.table))
    }

    /// The new definition, which this begins when there is none.
    pub(super) fn pending(&mut self) -> Result<&mut PendingDefinition> {
        if self.pending.is_none() {
            let create = catalog::definition(self.conn, &self.table)?;
            let copied = create
                .columns
                .iter()
                .filter(|column| !is_generated(column))
                .map(|column| (column.name.value.clone(), quote_identifier(&column.name.value)))
                .collect();
            let before = create.clone();
            let (using, dropped) = (BTreeMap::new(), Vec::new());
            self.pending = Some(PendingDefinition { before, create, copied, using, dropped });
        }
        self.pending.as_mut().ok_or_else(|| Error::internal("no definition to change"))
    }

    /// Describes the table with this column. A column that an earlier operation adds is made first.
    pub(super) fn described_with(&mut self, column: &str) -> Result<TableSchema> {
        let has = |schema: &TableSchema| find_column(schema, column).is_some();
        let schema = catalog::read_table(self.conn, &self.table)?;
        if has(&schema) || self.pending.is_none() {
            return Ok(schema);
        }
        self.flush()?;
        catalog::read_table(self.conn, &self.table)
    }

    /// Keeps the user's text of the expressions in the new definition.
    pub(super) fn store_expressions(&mut self) -> Result<()> {
        source_expressions::store(self.conn, &self.table, &std::mem::take(&mut self.expressions))
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

    /// Makes the columns that earlier operations add, so that the next operation finds them in the table.
    pub(super) fn settle_new_columns(&mut self) -> Result<()> {
        let adds = |pending: &PendingDefinition| pending.create.columns.len() > pending.before.columns.len();
        if self.pending.as_ref().is_some_and(adds) { self.flush() } else { Ok(()) }
    }

    /// The foreign keys of other tables whose referenced columns are `wanted`: the tables and the names of the keys.
    pub(super) fn incoming_keys(
        &self,
        wanted: impl Fn(&[String]) -> bool,
    ) -> Result<Vec<(TableName, String)>> {
        let mut keys = Vec::new();
        let rows = SchemaRows::read(self.conn)?;
        for name in catalog::referencing(self.conn, &rows, std::slice::from_ref(&self.table))? {
            let Ok(schema) = catalog::read_table(self.conn, &name) else { continue };
            for constraint in &schema.constraints {
                if let Constraint::ForeignKey { name: key, columns: own, references: to } = constraint
                    && references(constraint, &self.table)
                    && wanted(&self.referenced(own, &to.columns)?)
                {
                    keys.push((name.clone(), key.clone().unwrap_or_default()));
                }
            }
        }
        Ok(keys)
    }

    /// The columns that a foreign key references: the primary key when it names none.
    fn referenced(&self, own: &[String], named: &[String]) -> Result<Vec<String>> {
        if !named.is_empty() || own.is_empty() {
            return Ok(named.to_vec());
        }
        Ok(catalog::read_table(self.conn, &self.table)?.primary_key)
    }

    /// Drops foreign keys of other tables.
    pub(super) fn drop_keys(&self, keys: &[(TableName, String)]) -> Result<()> {
        for (table, key) in keys {
            let mut change = TableChange::new(self.conn, table.clone());
            change.drop_constraint(key, false)?;
            change.flush()?;
        }
        Ok(())
    }
}

pub(super) fn find_column<'s>(
    schema: &'s TableSchema,
    name: &str,
) -> Option<&'s phantomdb_protocol::ColumnDefinition> {
    schema.columns.iter().find(|column| column.name.eq_ignore_ascii_case(name))
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
