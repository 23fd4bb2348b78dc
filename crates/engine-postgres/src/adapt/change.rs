//! Statements that change the schema, as what is to be done.

use phantomdb_protocol::{Result, TableName};
use sqlparser::{
    ast::{AlterTable, CascadeOption, ObjectName, ObjectType, Statement, Truncate, TruncateIdentityOption},
    tokenizer::Span,
};

use super::{Adapted, Adapter, print};
use crate::{alter::qualified, catalog};
use phantomdb_sql::{Kind, alter_table::altered_table, definition::SchemaChange, types::SqlType};

/// A change of the schema that needs to look at the catalog; [`crate::alter::apply`] makes it, in a
/// transaction that the caller keeps.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(in super::super) enum Change {
    Alter { table: TableName, statement: Box<AlterTable> },
    CreateTable(CreateTable),
    Schema(SchemaChange),
    DropIndexes { indexes: Vec<TableName>, if_exists: bool },
    Truncate { tables: Vec<TableName>, restart_identity: bool, cascade: bool },
}

/// A table that is to be made.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(in super::super) struct CreateTable {
    pub(in super::super) table: TableName,
    pub(in super::super) if_not_exists: bool,
    pub(in super::super) sql: String,
    /// The tables that its foreign keys point to.
    pub(in super::super) references: Vec<TableName>,
    pub(in super::super) types: Vec<SqlType>,
}

impl Adapter<'_> {
    /// A statement that changes the schema; `UNSUPPORTED` for any other.
    pub(super) fn definition(&mut self, statement: &mut Statement) -> Result<Adapted> {
        match statement {
            Statement::CreateTable(create) => {
                let change = self.create_table(create)?;
                Ok(self.change(Change::CreateTable(CreateTable { sql: print(statement)?, ..change })))
            }
            Statement::CreateIndex(create) => {
                self.create_index(create)?;
                Ok(self.done(Kind::Schema, vec![print(statement)?]))
            }
            Statement::CreateView(view) => {
                self.create_view(view)?;
                Ok(self.done(Kind::Schema, vec![print(statement)?]))
            }
            Statement::AlterTable(alter) => {
                let table = altered_table(&self.source, alter)?;
                Ok(self.change(Change::Alter { table, statement: Box::new(alter.clone()) }))
            }
            Statement::Drop { object_type: ObjectType::Index, names, if_exists, .. } => {
                let indexes = self.source.tables(names)?;
                Ok(self.change(Change::DropIndexes { indexes, if_exists: *if_exists }))
            }
            Statement::Drop { object_type: ObjectType::View, names, if_exists, cascade, .. } => {
                let names: Vec<String> = self.source.tables(names)?.iter().map(qualified).collect();
                let condition = if *if_exists { "IF EXISTS " } else { "" };
                let end = if *cascade { " CASCADE" } else { "" };
                let sql = format!("DROP VIEW {condition}{}{end}", names.join(", "));
                Ok(self.done(Kind::Schema, vec![sql]))
            }
            Statement::Truncate(truncate) => self.truncate(truncate),
            Statement::ShowSchemas { .. } => Ok(self.done(Kind::Read, vec![catalog::schemas()])),
            other => Ok(self.change(Change::Schema(self.source.schema_change(other)?))),
        }
    }

    pub(super) fn unsupported<T>(&self, what: &str, span: Span) -> Result<T> {
        self.source.unsupported(what, span)
    }

    /// The table that a name means.
    pub(super) fn table(&self, name: &ObjectName) -> Result<TableName> {
        self.source.table(name)
    }

    fn truncate(&self, truncate: &Truncate) -> Result<Adapted> {
        let tables =
            truncate.table_names.iter().map(|target| self.table(&target.name)).collect::<Result<_>>()?;
        Ok(self.change(Change::Truncate {
            tables,
            restart_identity: matches!(truncate.identity, Some(TruncateIdentityOption::Restart)),
            cascade: matches!(truncate.cascade, Some(CascadeOption::Cascade)),
        }))
    }

    fn change(&self, change: Change) -> Adapted {
        Adapted { change: Some(change), ..self.done(Kind::Schema, Vec::new()) }
    }
}
