//! A query in the place of a value may have one row at most. SQLite would take the first of several.

use std::ops::ControlFlow;

use phantomdb_protocol::{Constraint, IndexSchema, Result, TableSchema};
use phantomdb_sql::{build, names::table_name, walk::each_expression};
use sqlparser::ast::{
    BinaryOperator, Expr, Fetch, GroupByExpr, Ident, LimitClause, Query, Select, SetExpr, TableFactor,
    TableWithJoins, Value, ValueWithSpan, Values,
};

use super::{
    adapter::Adapter,
    groups::{contains_aggregate, expression_of},
    select::is_row_function,
    template::converted_source,
};
use crate::stored::stored_name;

impl Adapter<'_> {
    /// True when a query that is not adapted yet has one row at most, whatever its tables hold.
    pub(super) fn has_one_row(&self, query: &Query) -> bool {
        // The queries of its own WITH hide tables.
        is_limited(query) || (query.with.is_none() && self.body_has_one_row(&query.body))
    }

    fn body_has_one_row(&self, body: &SetExpr) -> bool {
        match body {
            SetExpr::Query(query) => self.has_one_row(query),
            SetExpr::Values(Values { explicit_row: _, value_keyword: _, rows }) => rows.len() <= 1,
            SetExpr::Select(select) => self.select_has_one_row(select),
            _ => false,
        }
    }

    fn select_has_one_row(&self, select: &Select) -> bool {
        let returns_rows = each_expression(&select.projection, &mut |expr| {
            if is_row_function(expr) { ControlFlow::Break(()) } else { ControlFlow::Continue(()) }
        });
        if returns_rows.is_break() {
            return false;
        }
        let is_grouped = match &select.group_by {
            GroupByExpr::Expressions(groups, modifiers) => !groups.is_empty() || !modifiers.is_empty(),
            GroupByExpr::All(_) => true,
        };
        let is_one_group = || {
            select.having.is_some()
                || select.projection.iter().filter_map(expression_of).any(contains_aggregate)
        };
        (!is_grouped && (select.from.is_empty() || is_one_group())) || self.key_is_given(select)
    }

    /// True when the query reads one table, and its condition gives the values of a key.
    fn key_is_given(&self, select: &Select) -> bool {
        let [TableWithJoins { relation, joins }] = select.from.as_slice() else { return false };
        let TableFactor::Table {
            name,
            alias,
            args: None,
            with_hints: _,
            version: _,
            with_ordinality: _,
            partitions: _,
            json_path: _,
            sample: _,
            index_hints: _,
        } = relation
        else {
            return false;
        };
        let names_columns = alias.as_ref().is_some_and(|alias| !alias.columns.is_empty());
        let (Some(table), true, false) = (table_name(name), joins.is_empty(), names_columns) else {
            return false;
        };
        let stored = stored_name(&table);
        if self.common_tables.iter().any(|common| common.name == stored) {
            return false;
        }
        let (Some(schema), Some(condition)) = (self.catalog.table(&table), &select.selection) else {
            return false;
        };
        let exposed = alias.as_ref().map_or(table.name.as_str(), |alias| alias.name.value.as_str());
        let table = Keyed { name: exposed, schema: &schema };
        let mut given = Vec::new();
        given_columns(condition, &table, &mut given);
        keys(&schema).any(|key| !key.is_empty() && key.iter().all(|column| given.contains(column)))
    }
}

/// True when LIMIT or FETCH leaves one row.
fn is_limited(query: &Query) -> bool {
    let is_one = |expr: &Expr| match build::unnested(expr) {
        Expr::Value(ValueWithSpan { value: Value::Number(number, _), span: _ }) => {
            number == "1" || number == "0"
        }
        _ => false,
    };
    let by_fetch = match &query.fetch {
        Some(Fetch { with_ties: false, percent: false, quantity }) => quantity.as_ref().is_none_or(is_one),
        _ => false,
    };
    let by_limit = match &query.limit_clause {
        Some(LimitClause::LimitOffset { limit: Some(limit), offset: _, limit_by: _ }) => is_one(limit),
        _ => false,
    };
    by_fetch || by_limit
}

/// The columns of each key that tells the rows of a table apart.
fn keys(schema: &TableSchema) -> impl Iterator<Item = Vec<&str>> {
    let primary = schema.primary_key.iter().map(String::as_str).collect();
    let constraints = schema.constraints.iter().filter_map(|constraint| match constraint {
        Constraint::PrimaryKey { name: _, columns } | Constraint::Unique { name: _, columns } => {
            Some(columns.iter().map(String::as_str).collect())
        }
        Constraint::Check { name: _, expression: _ }
        | Constraint::ForeignKey { name: _, columns: _, references: _ }
        | Constraint::Default { name: _, column: _, value: _ } => None,
    });
    let columns = schema.columns.iter().filter(|column| column.unique || column.primary_key);
    let alone = |name: &str| schema.primary_key.iter().all(|key| key == name);
    let columns = columns
        .filter(move |column| column.unique || alone(&column.name))
        .map(|column| vec![column.name.as_str()]);
    let is_whole = |index: &&IndexSchema| index.unique && index.condition.is_none();
    let indexes = schema
        .indexes
        .iter()
        .filter(is_whole)
        .filter_map(|index| index.fields.iter().map(|field| field.column.as_deref()).collect());
    std::iter::once(primary).chain(constraints).chain(columns).chain(indexes)
}

/// A table whose rows a condition chooses.
struct Keyed<'a> {
    name: &'a str,
    schema: &'a TableSchema,
}

impl Keyed<'_> {
    /// The column of the table that the expression is.
    fn column(&self, expr: &Expr) -> Option<&str> {
        let named = |ident: &Ident| {
            let column = self.schema.columns.iter().find(|column| column.name == ident.value);
            column.map(|column| column.name.as_str())
        };
        match build::unnested(expr) {
            Expr::Identifier(ident) => named(ident),
            Expr::CompoundIdentifier(parts) => match parts.as_slice() {
                [.., table, column] if table.value == self.name => named(column),
                _ => None,
            },
            _ => None,
        }
    }

    /// True for a value that is the same for each row of the table.
    fn is_fixed(&self, expr: &Expr) -> bool {
        let depends = |expr: &Expr| match expr {
            Expr::Identifier(_) | Expr::CompoundIdentifier(_) => self.column(expr).is_some(),
            Expr::Value(_)
            | Expr::Nested(_)
            | Expr::UnaryOp { op: _, expr: _ }
            | Expr::BinaryOp { left: _, op: _, right: _ }
            | Expr::Cast { kind: _, expr: _, data_type: _, format: _ } => false,
            _ => true,
        };
        let found = each_expression(expr, &mut |inner| {
            if depends(inner) { ControlFlow::Break(()) } else { ControlFlow::Continue(()) }
        });
        !found.is_break()
    }
}

/// The columns that a condition makes equal to one value each.
fn given_columns<'k>(condition: &Expr, table: &'k Keyed<'_>, given: &mut Vec<&'k str>) {
    match build::unnested(condition) {
        Expr::BinaryOp { left, op: BinaryOperator::And, right } => {
            given_columns(left, table, given);
            given_columns(right, table, given);
        }
        Expr::BinaryOp { left, op: BinaryOperator::Eq, right } => {
            for (column, value) in [(left, right), (right, left)] {
                if let Some(column) = table.column(column).filter(|_| table.is_fixed(value)) {
                    given.push(column);
                }
            }
        }
        _ => {}
    }
}

/// Puts a query around one of so many columns, which fails when the query has a second row.
pub(super) fn refuse_further_rows(query: &mut Query, width: usize) -> Result<()> {
    let columns: Vec<Ident> =
        (1..=width).map(|index| Ident::with_quote('"', format!("column{index}"))).collect();
    let only = |column: &Ident| build::call("phantomdb_single", vec![Expr::Identifier(column.clone())]);
    let values = columns.iter().map(only).collect();
    converted_source(query, columns, values)
}
