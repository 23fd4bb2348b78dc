//! Changes of the schema that are made with a look at the catalog.

use phantomdb_protocol::TableName;
use sqlparser::ast::AlterTable;

use phantomdb_sql::{definition::SchemaChange, types::SqlType};

/// A change of the schema that needs to look at the catalog; [`crate::alter::apply`] makes it, in a
/// transaction that the caller keeps.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) enum CatalogChange {
    Alter { table: TableName, statement: Box<AlterTable> },
    CreateTable(NewTable),
    Schema(SchemaChange),
    DropIndexes { indexes: Vec<TableName>, if_exists: bool },
    Truncate { tables: Vec<TableName>, restart_identity: bool, cascade: bool },
}

/// A table that is to be made.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct NewTable {
    pub(crate) table: TableName,
    pub(crate) if_not_exists: bool,
    pub(crate) sql: String,
    /// The tables that its foreign keys point to.
    pub(crate) references: Vec<TableName>,
    pub(crate) types: Vec<SqlType>,
}
