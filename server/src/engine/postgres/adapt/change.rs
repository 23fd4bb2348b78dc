//! Statements that change the schema, as what is to be done.

use phantomdb_protocol::{Result, TableName};
use sqlparser::{
    ast::{
        AlterTable, CascadeOption, CommentObject, ObjectName, ObjectType, SchemaName, Spanned, Statement,
        Truncate, TruncateIdentityOption,
    },
    tokenizer::Span,
};

use super::{Adapted, Adapter, print};
use crate::engine::{
    postgres::{alter::qualified, catalog},
    sql::{Kind, names::table_name, types::SqlType},
};

/// A change of the schema that needs to look at the catalog; [`crate::engine::postgres::alter::apply`] makes it, in a
/// transaction that the caller keeps.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(in super::super) enum Change {
    Alter {
        table: TableName,
        statement: Box<AlterTable>,
    },
    CreateTable(CreateTable),
    DropTables {
        tables: Vec<TableName>,
        if_exists: bool,
        cascade: bool,
    },
    DropIndexes {
        indexes: Vec<TableName>,
        if_exists: bool,
    },
    CreateSchema {
        name: String,
        if_not_exists: bool,
    },
    DropSchemas {
        names: Vec<String>,
        if_exists: bool,
        cascade: bool,
    },
    /// Of the table, or of one of its columns; none takes the comment away.
    Comment {
        table: TableName,
        column: Option<String>,
        comment: Option<String>,
    },
    Truncate {
        tables: Vec<TableName>,
        restart_identity: bool,
        cascade: bool,
    },
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
                let table = self.table(&alter.name)?;
                Ok(self.change(Change::Alter { table, statement: Box::new(alter.clone()) }))
            }
            Statement::CreateSchema { schema_name: SchemaName::Simple(name), if_not_exists, .. } => {
                let Some(TableName { name, schema: None }) = table_name(name) else {
                    return self.unsupported("a schema name of several parts", statement.span());
                };
                Ok(self.change(Change::CreateSchema { name, if_not_exists: *if_not_exists }))
            }
            Statement::Comment { object_type, object_name, comment, .. } => {
                self.comment(*object_type, object_name, comment.take())
            }
            Statement::Drop { object_type, names, if_exists, cascade, .. } => {
                let tables = names.iter().map(|name| self.table(name)).collect::<Result<_>>()?;
                self.drop_objects(*object_type, tables, *if_exists, *cascade, names[0].span())
            }
            Statement::Truncate(truncate) => self.truncate(truncate),
            Statement::ShowSchemas { .. } => Ok(self.done(Kind::Read, vec![catalog::schemas()])),
            other => {
                let name: String = other.to_string().split(' ').take(2).collect::<Vec<_>>().join(" ");
                self.unsupported(&format!("the statement {name}"), other.span())
            }
        }
    }

    pub(super) fn unsupported<T>(&self, what: &str, span: Span) -> Result<T> {
        self.source.unsupported(what, span)
    }

    /// The table that a name means.
    pub(super) fn table(&self, name: &ObjectName) -> Result<TableName> {
        match table_name(name) {
            Some(table) => Ok(table),
            None => self.unsupported("a name of more than two parts", name.span()),
        }
    }

    fn drop_objects(
        &self,
        object_type: ObjectType,
        tables: Vec<TableName>,
        if_exists: bool,
        cascade: bool,
        span: Span,
    ) -> Result<Adapted> {
        Ok(self.change(match object_type {
            ObjectType::Table => Change::DropTables { tables, if_exists, cascade },
            ObjectType::Index => Change::DropIndexes { indexes: tables, if_exists },
            ObjectType::Schema => {
                let names = tables.into_iter().map(|schema| schema.name).collect();
                Change::DropSchemas { names, if_exists, cascade }
            }
            ObjectType::View => {
                let names: Vec<String> = tables.iter().map(qualified).collect();
                let condition = if if_exists { "IF EXISTS " } else { "" };
                let end = if cascade { " CASCADE" } else { "" };
                let sql = format!("DROP VIEW {condition}{}{end}", names.join(", "));
                return Ok(self.done(Kind::Schema, vec![sql]));
            }
            other => return self.unsupported(&format!("DROP {other}"), span),
        }))
    }

    fn comment(
        &self,
        object_type: CommentObject,
        object: &ObjectName,
        comment: Option<String>,
    ) -> Result<Adapted> {
        let mut parts = object.clone();
        let column = match object_type {
            CommentObject::Table => None,
            CommentObject::Column => parts.0.pop().and_then(|part| Some(part.as_ident()?.value.clone())),
            other => return self.unsupported(&format!("COMMENT ON {other}"), object.span()),
        };
        let is_complete = column.is_some() || matches!(object_type, CommentObject::Table);
        match table_name(&parts) {
            Some(table) if is_complete => Ok(self.change(Change::Comment { table, column, comment })),
            _ => self.unsupported("a comment on this name", object.span()),
        }
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
