//! PhantomDB SQL to SQLite SQL, on the tree, never on the text.

mod arithmetic;
mod assign;
mod call;
mod cast;
mod create_index;
mod create_table;
mod expression;
mod from;
mod insert;
mod like;
mod operators;
mod query;
mod scope;
mod statement;
mod update;

use phantomdb_protocol::{
    AlterOperation, ColumnDefinition, ColumnType, Constraint, Result, TableName, TableSchema,
};

pub(super) use call::{NOW, TIME_OF_DAY, TODAY};
pub(super) use create_table::{ENUM_MARK, KEY_MARK, TYPE_MARK};
pub use phantomdb_sql::{Catalog, Kind};
use phantomdb_sql::{
    Source, alter_table, build, definition::SchemaChange, names, parse, printer, with_stack,
};
pub(super) use phantomdb_sql::{
    alter_table::reference,
    names::{index_columns, references, same_table},
    parse::{parse_expression, parse_stored},
    printer::{quote_identifier, quote_literal},
};
pub use scope::stored_name;

use super::written::Written;

/// A change that takes more than statements: [`super::alter::apply`] makes it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Change {
    Schema(SchemaChange),
    Alter { table: TableName, operations: Vec<AlterOperation> },
}

/// A statement as SQLite runs it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Adapted {
    /// With `?1…?n`; run in order, the last one's result is the answer.
    pub statements: Vec<String>,
    pub kind: Kind,
    pub returns_rows: bool,
    /// Types of the result columns as far as they are known, from the first one; may be shorter than the result.
    pub column_types: Vec<Option<ColumnType>>,
    pub parameter_count: usize,
    /// When there is one, it takes the place of `statements`, which is empty then.
    pub change: Option<Change>,
}

/// Adapts exactly one statement; a trailing `;` is fine.
///
/// Fails with `SYNTAX_ERROR` and the position, or with `UNSUPPORTED`, the construct's name and the position.
pub fn adapt(sql: &str, catalog: &dyn Catalog) -> Result<Adapted> {
    let tokens = parse::tokens(sql)?;
    with_stack(tokens.len(), || Adapter::new(sql, catalog).statement(tokens))
}

/// A tree as SQLite reads it.
pub(super) fn print<T: sqlparser::ast::VisitMut + std::fmt::Display>(tree: &mut T) -> Result<String> {
    printer::print(tree, printer::Style::Sqlite)
}

/// Of a table that is in SQLite already.
pub(super) fn constraint_of(constraint: &mut sqlparser::ast::TableConstraint) -> Result<Constraint> {
    alter_table::constraint_of(constraint, &source(""))
}

fn source(sql: &str) -> Source<'_> {
    Source { sql, engine: "SQLite" }
}

/// `CREATE TABLE` in PhantomDB SQL as the tree that SQLite is given, and the expressions that were written otherwise.
pub(super) fn adapt_table(
    sql: &str,
    catalog: &dyn Catalog,
) -> Result<(sqlparser::ast::CreateTable, Vec<Written>)> {
    match parse_stored(sql)? {
        sqlparser::ast::Statement::CreateTable(mut create) => {
            let mut adapter = Adapter::new(sql, catalog);
            adapter.create_table(&mut create)?;
            Ok((create, adapter.written))
        }
        _ => Err(phantomdb_protocol::Error::internal("CREATE TABLE was expected")),
    }
}

/// The SQL that gives the values of a column in the stored form of its new definition.
pub(super) fn conversion(table: &TableSchema, column: &ColumnDefinition) -> Result<String> {
    let name = sqlparser::ast::Ident::with_quote('"', &column.name);
    let mut target = assign::Target::new(table, column);
    target.allow_null();
    let mut value = target.assign(sqlparser::ast::Expr::Identifier(name), scope::Typed::UNKNOWN)?;
    print(&mut value)
}

struct Adapter<'a> {
    source: Source<'a>,
    catalog: &'a dyn Catalog,
    scopes: Vec<scope::Scope>,
    ctes: Vec<query::Cte>,
    parameter_count: usize,
    depth: usize,
    locking: bool,
    /// In a definition (CHECK, index, default) a column stands without its table, and there are no parameters.
    bare_columns: bool,
    refuse_parameters: bool,
    /// The expressions of the definition that SQLite is given otherwise.
    written: Vec<Written>,
}

impl<'a> Adapter<'a> {
    fn new(sql: &'a str, catalog: &'a dyn Catalog) -> Self {
        Self {
            source: source(sql),
            catalog,
            scopes: Vec::new(),
            ctes: Vec::new(),
            parameter_count: 0,
            depth: 0,
            locking: false,
            bare_columns: false,
            refuse_parameters: false,
            written: Vec::new(),
        }
    }
}

/// The string literals of exactly one statement, for tests to compare.
#[cfg(test)]
pub(super) fn literals_of(sql: &str) -> Result<Vec<String>> {
    use std::ops::ControlFlow;
    let tokens = parse::tokens(sql)?;
    let parse::Parsed::Statement { statement, .. } = parse::statement(sql, tokens)? else {
        return Ok(Vec::new());
    };
    let mut literals = Vec::new();
    let _ = phantomdb_sql::walk::each_expression(statement.as_ref(), &mut |expr| {
        if let sqlparser::ast::Expr::Value(value) = expr {
            literals.extend(printer::string_of(&value.value).map(str::to_owned));
        }
        ControlFlow::Continue(())
    });
    Ok(literals)
}
