//! PhantomDB SQL to SQLite SQL, on the tree and never on the text.

mod adapted;
mod adapter;
mod aggregate;
mod arguments;
mod array;
mod assign;
mod call;
mod calls;
mod cast;
mod clock;
mod collations;
mod column;
mod column_name;
mod column_reference;
mod compare;
mod conditional;
mod constraint;
mod converted;
mod create_index;
mod create_table;
mod create_table_as;
mod create_view;
mod direct_insert;
mod distinct_on;
mod expression;
mod from;
mod groups;
mod in_list;
mod insert;
mod insert_rows;
mod like;
mod limit;
mod literal;
mod membership;
mod named_arguments;
mod native_target;
mod operators;
mod or_of_rows;
mod parameter_types;
mod query;
mod readable;
mod right_join;
mod row_sources;
mod row_values;
mod scope;
mod select;
mod set_operation;
mod single_row;
mod source_columns;
mod special_form;
mod statement;
mod strict;
mod target;
mod template;
mod truncate;
pub(crate) mod type_conversion;
mod typed;
mod unknown_call;
mod update;
mod window;
mod words;
mod writing_with;

use std::sync::Arc;

use phantomdb_protocol::{ColumnDefinition, ColumnType, Error, Result, TableSchema};
use phantomdb_sql::{Catalog, build, parse, parse::parse_stored, types::SqlType, typing::Type, with_stack};
use sqlparser::ast::{CreateTable, Expr, Ident, Statement};

pub use adapted::Open;
pub use adapted::{Adapted, Change, Created, Step, WriteKind, WriteTarget};
pub use adapted::{DirectInsert, Returned};
use adapter::Adapter;
pub(crate) use readable::check_value;
use typed::Typed;

use scope::{Columns, Relation};

use crate::{
    catalog::NoTables,
    source_expressions::SourceExpression,
    stored::{print, stored_name},
    types::column_type_of_sql,
};

/// Adapts exactly one statement; a trailing `;` is fine.
///
/// Fails with `SYNTAX_ERROR` and the position, or with `UNSUPPORTED`, the construct's name and the position.
pub fn adapt(sql: &str, catalog: &dyn Catalog) -> Result<Adapted> {
    adapt_by(sql, Adapter::new(sql, catalog))
}

fn adapt_by(sql: &str, mut adapter: Adapter<'_>) -> Result<Adapted> {
    let tokens = parse::tokens(sql)?;
    with_stack(tokens.len(), || parameter_types::with_parameters(|| adapter.statement(tokens)))
}

/// The types of the parameters of exactly one statement, as far as they are known, from the first one on.
pub fn parameter_types(sql: &str, catalog: &dyn Catalog) -> Result<Vec<Option<SqlType>>> {
    let (adapted, types) = parameter_types::found_by(|| adapt(sql, catalog));
    adapted.map(|_| types)
}

/// Adapts an INSERT of one row whose parameters at these places, from 0, stand for the default of their column.
pub fn adapt_with_defaults(sql: &str, catalog: &dyn Catalog, defaults: &[usize]) -> Result<Adapted> {
    adapt_by(sql, Adapter { defaults, ..Adapter::new(sql, catalog) })
}

/// Adapts a statement whose parameters at these places, from 0, have these types. The others have none but what the statement
/// gives them.
pub(super) fn adapt_with_types(sql: &str, catalog: &dyn Catalog, types: &[(usize, Type)]) -> Result<Adapted> {
    adapt_by(sql, Adapter { types_of_values: Some(types), ..Adapter::new(sql, catalog) })
}

/// Adapts a statement with patterns that are too long for SQLite's own LIKE.
pub(super) fn adapt_with_own_like(sql: &str, catalog: &dyn Catalog) -> Result<Adapted> {
    adapt_by(sql, Adapter { own_like: true, ..Adapter::new(sql, catalog) })
}

/// Adapts `CREATE TABLE` to the tree that SQLite is given, with the expressions whose text differs from the user's.
pub(super) fn adapt_table(sql: &str, catalog: &dyn Catalog) -> Result<(CreateTable, Vec<SourceExpression>)> {
    match parse_stored(sql)? {
        Statement::CreateTable(mut create) => {
            let mut adapter = Adapter::new(sql, catalog);
            adapter.create_table(&mut create)?;
            Ok((create, adapter.source_expressions))
        }
        _ => Err(Error::internal("CREATE TABLE was expected")),
    }
}

/// The SQL that gives the values of a column in the stored form of its new definition: its old values, or those of the
/// expression `using`.
pub(super) fn conversion(
    table: &TableSchema,
    column: &ColumnDefinition,
    using: Option<&str>,
) -> Result<String> {
    let mut target = target::Target::new(table, column);
    target.allow_null();
    let Some(using) = using else {
        let is_timestamp = |name: &str| column_type_of_sql(name) == ColumnType::Timestamp;
        let old = table.columns.iter().find(|old| old.name == column.name);
        let mut value = Expr::Identifier(Ident::with_quote('"', &column.name));
        // The stored form of microseconds is no text that a user reads.
        if old.is_some_and(|old| is_timestamp(&old.data_type)) && !is_timestamp(&column.data_type) {
            value = build::call("phantomdb_timestamp_iso", vec![value]);
        }
        let typed = old.map_or(Typed::OTHER, |old| typed_for_change(&old.data_type, &column.data_type));
        return print(&mut target.assign(value, typed)?);
    };
    let mut expr = parse::parse_expression(using)?;
    let mut adapter = Adapter::new(using, &NoTables);
    let columns = Columns::Table(Arc::new(table.clone()));
    let relation = Relation::new(stored_name(&table.table), columns);
    let mut typed = Typed::OTHER;
    adapter.in_definition(relation, |adapter| {
        typed = adapter.expr(&mut expr)?;
        Ok(())
    })?;
    if adapter.reads_rows {
        return Err(Error::unsupported(
            "a query after USING is not supported; USING may use the columns of the row",
        ));
    }
    print(&mut target.assign(expr, typed)?)
}

/// The type of an old value as far as its conversion to a new type goes by it: numbers are rounded, and a text is what a cast
/// makes it. Any other value is read from its text, and so are bytes.
fn typed_for_change(from: &str, to: &str) -> Typed {
    let (Ok(from), Ok(to)) = (SqlType::parse(from), SqlType::parse(to)) else { return Typed::OTHER };
    let by_type = match to.in_expressions() {
        text if text.is_text() => !matches!(from, SqlType::Timestamp(_) | SqlType::Blob),
        number => number.is_number() && from.is_number(),
    };
    if by_type { Typed::of(from.in_expressions()) } else { Typed::OTHER }
}

/// The string literals of exactly one statement, for tests to compare.
#[cfg(test)]
pub(super) fn literals_of(sql: &str) -> Result<Vec<String>> {
    use std::ops::ControlFlow;

    use phantomdb_sql::walk::each_expression;

    let tokens = parse::tokens(sql)?;
    let parse::Parsed::Statement { statement, conflict: _ } = parse::statement(sql, tokens)? else {
        return Ok(Vec::new());
    };
    let mut literals = Vec::new();
    let _ = each_expression(statement.as_ref(), &mut |expr| {
        if let Expr::Value(_) = expr {
            literals.extend(literal::string_of(expr).map(str::to_owned));
        }
        ControlFlow::Continue(())
    });
    Ok(literals)
}
