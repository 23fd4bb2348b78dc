//! The words in which definitions stand in SQLite: names of tables, marks of columns, the current time. The adapter writes
//! them, and the catalog reads them again.

use phantomdb_protocol::{Constraint, Result, TableName};
use phantomdb_sql::walk::Node;
use phantomdb_sql::{
    Source, alter_table,
    printer::{self, Style},
    typing::Type,
};
use sqlparser::ast::TableConstraint;

/// Marks the key of a table that does not number its rows.
pub(crate) const KEY_MARK: &str = "phantomdb_key";
/// Begins the mark of an identity column that is not a plain INTEGER: SQLite numbers rows of INTEGER only.
pub(crate) const TYPE_MARK: &str = "phantomdb_type_";
/// Begins the name of the check of an ENUM column.
pub(crate) const ENUM_MARK: &str = "phantomdb_enum_";

/// The current time in its stored form. SQLite keeps it still during a statement, and a default may use it in a database
/// that is opened without PhantomDB.
pub(crate) const NOW: &str = "strftime('%Y-%m-%dT%H:%M:%fZ','now')";
/// The current date in its stored form.
pub(crate) const TODAY: &str = "date('now')";
/// The current time of day in its stored form.
pub(crate) const TIME_OF_DAY: &str = "strftime('%H:%M:%f','now')";

/// Begins the comment of a view that lists the types of its columns.
const VIEW_TYPES: &str = "/*phantomdb_types ";

/// The comment behind the name of a view with the types of its columns, which SQLite does not keep.
pub(crate) fn view_types(types: &[String]) -> String {
    format!("{VIEW_TYPES}{}*/", types.join(","))
}

/// The types in the definition of a view, in the order of its columns. Empty when another program made the view.
pub(crate) fn types_of_view(sql: &str) -> Vec<Type> {
    let Some((_, rest)) = sql.split_once(VIEW_TYPES) else { return Vec::new() };
    let list = rest.split_once("*/").map_or("", |(list, _)| list);
    list.split(',').map(|name| Type::from_short_name(name).unwrap_or(Type::Other)).collect()
}

/// Begins the comment of a view that holds its query as it was written.
const VIEW_QUERY: &str = "/*phantomdb_query ";

/// The comment behind the name of a view with its query in PhantomDB SQL, because SQLite is given another one.
pub(crate) fn view_query(query: &str) -> String {
    format!("{VIEW_QUERY}{}*/", query.replace('%', "%25").replace("*/", "%2A/"))
}

/// The query in the definition of a view. `None` when another program made the view.
pub(crate) fn query_of_view(sql: &str) -> Option<String> {
    let (_, rest) = sql.split_once(VIEW_QUERY)?;
    let (query, _) = rest.split_once("*/")?;
    Some(query.replace("%2A/", "*/").replace("%25", "%"))
}

/// The name of a table as one identifier: `table`, or `schema.table`.
pub fn stored_name(table: &TableName) -> String {
    table.to_string()
}

/// The name of a table from its stored name: `s.t` is the table `t` of the schema `s`.
pub(crate) fn table_name(stored: &str) -> TableName {
    match stored.split_once('.') {
        Some((schema, name)) => TableName { name: name.to_owned(), schema: Some(schema.to_owned()) },
        None => TableName::new(stored),
    }
}

/// Prints a tree in the spelling that SQLite reads.
pub(crate) fn print<T: Node + std::fmt::Display>(tree: &mut T) -> Result<String> {
    printer::print(tree, Style::Sqlite)
}

/// A statement and the name of this engine, for the messages of errors.
pub(crate) fn source(sql: &str) -> Source<'_> {
    Source { sql, engine: "SQLite" }
}

/// Describes a constraint of a table that is stored in SQLite.
pub(crate) fn constraint_of(constraint: &mut TableConstraint) -> Result<Constraint> {
    alter_table::constraint_of(constraint, &source(""))
}
