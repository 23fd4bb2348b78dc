//! Prints syntax trees as PostgreSQL reads them.

use phantomdb_protocol::{Result, TableName};
use phantomdb_sql::printer;
use phantomdb_sql::walk::Node;
use sqlparser::ast::{Ident, ObjectName};

use crate::schemas::schema_of;

/// Prints a tree with every identifier quoted, so that PostgreSQL keeps it as it was written.
pub(crate) fn print<T: Node + std::fmt::Display>(tree: &mut T) -> Result<String> {
    printer::print(tree, printer::Style::Postgres)
}

/// The name of a table with its schema. A table without one must not depend on the search path.
pub(crate) fn qualified_name(table: &TableName) -> ObjectName {
    let parts = [schema_of(table), &table.name];
    ObjectName::from(parts.map(|part| Ident::with_quote('"', part)).to_vec())
}
