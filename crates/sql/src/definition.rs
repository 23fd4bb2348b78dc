//! Statements that change the schema, as far as every engine reads them alike.

use phantomdb_protocol::{Result, TableName};
use sqlparser::ast::{
    CommentObject, CreateTable, CreateTableOptions, CreateView, ObjectName, ObjectType, SchemaName, Spanned,
    Statement,
};

use super::{Source, names::table_name};

/// A change of the schema that is made with a look at the catalog.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum SchemaChange {
    DropTables {
        tables: Vec<TableName>,
        if_exists: bool,
        cascade: bool,
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
}

impl Source<'_> {
    /// What a statement changes that is no table's definition, index or view; `UNSUPPORTED` for any other.
    pub fn schema_change(&self, statement: &Statement) -> Result<SchemaChange> {
        match statement {
            Statement::CreateSchema { schema_name: SchemaName::Simple(name), if_not_exists, .. } => {
                let Some(TableName { name, schema: None }) = table_name(name) else {
                    return self.unsupported("a schema name of several parts", statement.span());
                };
                Ok(SchemaChange::CreateSchema { name, if_not_exists: *if_not_exists })
            }
            Statement::Comment { object_type, object_name, comment, .. } => {
                let (table, column) = self.commented(*object_type, object_name)?;
                Ok(SchemaChange::Comment { table, column, comment: comment.clone() })
            }
            Statement::Drop { object_type, names, if_exists, cascade, .. } => {
                let tables = self.tables(names)?;
                let (if_exists, cascade) = (*if_exists, *cascade);
                match object_type {
                    ObjectType::Table => Ok(SchemaChange::DropTables { tables, if_exists, cascade }),
                    ObjectType::Schema => {
                        let names = tables.into_iter().map(|schema| schema.name).collect();
                        Ok(SchemaChange::DropSchemas { names, if_exists, cascade })
                    }
                    other => self.unsupported(&format!("DROP {other}"), names[0].span()),
                }
            }
            other => {
                let name: String = other.to_string().split(' ').take(2).collect::<Vec<_>>().join(" ");
                self.unsupported(&format!("the statement {name}"), other.span())
            }
        }
    }

    /// The tables, or whatever else, that names mean.
    pub fn tables(&self, names: &[ObjectName]) -> Result<Vec<TableName>> {
        names.iter().map(|name| self.table(name)).collect()
    }

    /// The table that a comment is about, and the column.
    fn commented(&self, object: CommentObject, name: &ObjectName) -> Result<(TableName, Option<String>)> {
        let mut table = name.clone();
        let column = match object {
            CommentObject::Table => None,
            CommentObject::Column => table.0.pop().and_then(|part| Some(part.as_ident()?.value.clone())),
            other => return self.unsupported(&format!("COMMENT ON {other}"), name.span()),
        };
        let is_complete = column.is_some() || matches!(object, CommentObject::Table);
        match table_name(&table) {
            Some(table) if is_complete => Ok((table, column)),
            _ => self.unsupported("a comment on this name", name.span()),
        }
    }

    /// The name of a table that is to be made; `UNSUPPORTED` when it is one of a kind that PhantomDB SQL has not.
    pub fn new_table(&self, create: &mut CreateTable) -> Result<TableName> {
        let span = create.name.span();
        if create.temporary
            || create.external
            || create.or_replace
            || create.like.is_some()
            || create.clone.is_some()
        {
            return self.unsupported("TEMPORARY, LIKE or OR REPLACE in CREATE TABLE", span);
        }
        if create.inherits.is_some() || create.partition_by.is_some() || create.partition_of.is_some() {
            return self.unsupported("inheritance and partitions of tables", span);
        }
        if !matches!(create.table_options, CreateTableOptions::None) || create.on_commit.is_some() {
            return self.unsupported("options of a table", span);
        }
        create.unlogged = false;
        self.table(&create.name)
    }

    /// The name of a view that is to be made, as [`Self::new_table`].
    pub fn new_view(&self, view: &CreateView) -> Result<TableName> {
        if view.or_replace || view.materialized || view.temporary {
            let what = "OR REPLACE, MATERIALIZED or TEMPORARY in CREATE VIEW";
            return self.unsupported(what, view.name.span());
        }
        self.table(&view.name)
    }
}
