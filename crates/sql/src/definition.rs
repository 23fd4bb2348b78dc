//! Statements that change the schema and that every engine reads in the same way.

use phantomdb_protocol::{Result, TableName};
use sqlparser::ast::{
    CommentObject, CreateTable, CreateTableOptions, CreateView, ObjectName, ObjectType, SchemaName, Spanned,
    Statement, helpers::stmt_create_table::CreateTableBuilder,
};

use super::{Source, names::table_name};

/// A change of the schema that needs the catalog.
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
    /// Sets the comment of a table or of one of its columns. Without a comment, removes it.
    Comment {
        table: TableName,
        column: Option<String>,
        comment: Option<String>,
    },
}

impl Source<'_> {
    /// The change that a statement makes to the schema, apart from definitions of tables, indexes and views.
    /// `UNSUPPORTED` for any other statement.
    pub fn schema_change(&self, statement: &Statement) -> Result<SchemaChange> {
        match statement {
            Statement::CreateSchema {
                schema_name: SchemaName::Simple(name),
                if_not_exists,
                or_replace: false,
                with: None,
                options: None,
                default_collate_spec: None,
                clone: None,
            } => {
                let Some(TableName { name, schema: None }) = table_name(name) else {
                    return self.unsupported("a schema name of several parts", statement.span());
                };
                Ok(SchemaChange::CreateSchema { name, if_not_exists: *if_not_exists })
            }
            Statement::Comment { object_type, object_name, comment, if_exists: false } => {
                let (table, column) = self.commented(*object_type, object_name)?;
                Ok(SchemaChange::Comment { table, column, comment: comment.clone() })
            }
            Statement::Drop {
                object_type,
                names,
                if_exists,
                cascade,
                // RESTRICT is the default.
                restrict: _,
                purge: false,
                temporary: false,
                table: None,
            } => {
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

    /// The tables, or other objects, that the names mean.
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

    /// The name of a table to be made. `UNSUPPORTED` for a kind of table that PhantomDB SQL does not have.
    pub fn new_table(&self, create: &mut CreateTable) -> Result<TableName> {
        let span = create.name.span();
        if let Some(what) = unsupported_clause(create) {
            return self.unsupported(what, span);
        }
        create.unlogged = false;
        self.table(&create.name)
    }

    /// The name of a view to be made, like [`Self::new_table`].
    pub fn new_view(&self, view: &CreateView) -> Result<TableName> {
        let CreateView {
            or_alter,
            or_replace,
            materialized,
            secure,
            name,
            name_before_not_exists: _,
            // Each engine reads these.
            columns: _,
            query: _,
            options: _,
            if_not_exists: _,
            cluster_by,
            comment,
            with_no_schema_binding,
            temporary,
            copy_grants,
            to,
            params,
        } = view;
        if *or_replace || *materialized || *temporary {
            let what = "OR REPLACE, MATERIALIZED or TEMPORARY in CREATE VIEW";
            return self.unsupported(what, name.span());
        }
        let has_foreign_clause = *or_alter
            || *secure
            || !cluster_by.is_empty()
            || comment.is_some()
            || *with_no_schema_binding
            || *copy_grants
            || to.is_some()
            || params.is_some();
        if has_foreign_clause {
            return self.unsupported("a clause of another database in CREATE VIEW", name.span());
        }
        self.table(name)
    }
}

/// The first clause of a CREATE TABLE that PhantomDB SQL does not have.
fn unsupported_clause(create: &CreateTable) -> Option<&'static str> {
    if create.temporary
        || create.external
        || create.or_replace
        || create.like.is_some()
        || create.clone.is_some()
    {
        return Some("TEMPORARY, LIKE or OR REPLACE in CREATE TABLE");
    }
    if create.inherits.is_some() || create.partition_by.is_some() || create.partition_of.is_some() {
        return Some("inheritance and partitions of tables");
    }
    if !matches!(create.table_options, CreateTableOptions::None) || create.on_commit.is_some() {
        return Some("options of a table");
    }
    has_foreign_clause(create).then_some("a clause of another database in CREATE TABLE")
}

/// Returns whether a CREATE TABLE has a clause of Hive, Snowflake, Redshift and the like. It is compared with one that has
/// only the fields that are used, so that a field that a new version of the parser adds is refused too.
fn has_foreign_clause(create: &CreateTable) -> bool {
    let used = CreateTable {
        columns: create.columns.clone(),
        constraints: create.constraints.clone(),
        if_not_exists: create.if_not_exists,
        query: create.query.clone(),
        with_data: create.with_data,
        without_rowid: create.without_rowid,
        strict: create.strict,
        // A table that is not logged would be lost in a crash, so it is made as any other one.
        unlogged: create.unlogged,
        ..CreateTableBuilder::new(create.name.clone()).build()
    };
    *create != used
}
