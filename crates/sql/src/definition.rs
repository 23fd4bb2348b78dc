//! Statements that change the schema and that every engine reads in the same way.

use phantomdb_protocol::{Error, ErrorCode, Result, TableName};
use sqlparser::ast::{
    AlterType, CommentObject, CreateTable, CreateTableOptions, CreateView, ObjectName, ObjectType,
    SchemaName, Spanned, Statement, helpers::stmt_create_table::CreateTableBuilder,
};
use sqlparser::tokenizer::Span;

use super::{Source, names::table_name};

/// What stands in the place of a type of the user's own.
const ENUM_ADVICE: &str = "the values of an ENUM belong to its column; write the column as ENUM('a', 'b'), \
     and change the values with ALTER COLUMN … TYPE ENUM('a', 'b', 'c')";

fn is_type_of_enum_column(name: &TableName) -> bool {
    name.name.starts_with("enum_")
}

fn joined(names: &[TableName]) -> String {
    names.iter().map(TableName::to_string).collect::<Vec<_>>().join(", ")
}

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
    /// The change that a statement makes to the schema, apart from definitions of tables, indexes and views. None when the
    /// statement has nothing to do. `UNSUPPORTED` for any other statement.
    pub fn schema_change(&self, statement: &Statement) -> Result<Option<SchemaChange>> {
        let change = match statement {
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
                SchemaChange::CreateSchema { name, if_not_exists: *if_not_exists }
            }
            Statement::Comment { object_type, object_name, comment, if_exists: false } => {
                let (table, column) = self.commented(*object_type, object_name)?;
                SchemaChange::Comment { table, column, comment: comment.clone() }
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
                    ObjectType::Table => SchemaChange::DropTables { tables, if_exists, cascade },
                    ObjectType::Schema => {
                        let names = tables.into_iter().map(|schema| schema.name).collect();
                        SchemaChange::DropSchemas { names, if_exists, cascade }
                    }
                    // There are no types to drop: the values of an ENUM belong to its column. Migrations for PostgreSQL
                    // drop the type that an ORM makes there for such a column.
                    ObjectType::Type if if_exists || tables.iter().all(is_type_of_enum_column) => {
                        return Ok(None);
                    }
                    ObjectType::Type => {
                        let span = names.first().map_or_else(Span::empty, Spanned::span);
                        let message = format!("there is no type \"{}\": {ENUM_ADVICE}", joined(&tables));
                        return Err(self.at(Error::new(ErrorCode::NotFound, message), span));
                    }
                    other => return self.unsupported(&format!("DROP {other}"), names[0].span()),
                }
            }
            Statement::CreateType { name, representation: _ } => {
                return Err(self.without_types("CREATE TYPE", name));
            }
            Statement::AlterType(AlterType { name, operation: _ }) => {
                return Err(self.without_types("ALTER TYPE", name));
            }
            other => {
                let name: String = other.to_string().split(' ').take(2).collect::<Vec<_>>().join(" ");
                return self.unsupported(&format!("the statement {name}"), other.span());
            }
        };
        Ok(Some(change))
    }

    fn without_types(&self, what: &str, name: &ObjectName) -> Error {
        let message = format!("{what} is not supported on {}: {ENUM_ADVICE}", self.engine);
        self.at(Error::unsupported(message), name.span())
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
