//! Changes of the schema that are made with a look at the catalog.

use phantomdb_protocol::{Constraint, TableName};
use phantomdb_sql::{definition::SchemaChange, types::SqlType};
use sqlparser::ast::AlterTableOperation;

/// A change of the schema that needs the catalog. [`crate::alter::apply`] makes it, in a transaction of the caller's.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) enum CatalogChange {
    AlterTable { table: TableName, if_exists: bool, operations: Vec<AlterTableOperation> },
    CreateTable(NewTable),
    Schema(SchemaChange),
    RenameIndex { from: TableName, to: String, if_exists: bool },
    DropIndexes { indexes: Vec<TableName>, if_exists: bool, cascade: bool },
    Truncate { tables: Vec<TableName>, restart_identity: bool, cascade: bool },
}

/// A table to be created.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct NewTable {
    pub(crate) table: TableName,
    pub(crate) if_not_exists: bool,
    pub(crate) sql: String,
    /// The statement without the foreign keys to other tables.
    pub(crate) sql_without_keys: String,
    /// The foreign keys.
    pub(crate) keys: Vec<Constraint>,
    /// The types of its columns.
    pub(crate) types: Vec<SqlType>,
}
