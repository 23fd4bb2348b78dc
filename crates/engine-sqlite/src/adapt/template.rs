//! Queries that are put around others. They are parsed from a template, so that a new field of the tree gets its default.

use phantomdb_protocol::{Error, Result};
use phantomdb_sql::{
    build,
    parse::{parse_expression, parse_stored},
    typing::Type,
};
use sqlparser::ast::{
    Cte, Expr, FunctionArg, FunctionArgExpr, Ident, Query, SelectItem, SetExpr, Statement,
    TableAliasColumnDef, TableFactor, WindowType,
};

/// Parses a query that is written here.
pub(super) fn parsed_query(sql: &str) -> Result<Box<Query>> {
    match parse_stored(sql)? {
        Statement::Query(query) => Ok(query),
        _ => Err(Error::internal("a query was expected")),
    }
}

/// A query to leave in the place of one that is taken out.
pub(super) fn empty_query() -> Result<Box<Query>> {
    parsed_query("VALUES (NULL)")
}

/// True when the query has a body and nothing else.
pub(super) fn is_plain(query: &Query) -> bool {
    query.with.is_none() && !has_clauses(query)
}

/// True when a clause follows the body of the query.
pub(super) fn has_clauses(query: &Query) -> bool {
    let Query {
        with: _,
        body: _,
        order_by,
        limit_clause,
        fetch,
        locks,
        for_clause,
        settings,
        format_clause,
        pipe_operators,
    } = query;
    order_by.is_some()
        || limit_clause.is_some()
        || fetch.is_some()
        || !locks.is_empty()
        || for_clause.is_some()
        || settings.is_some()
        || format_clause.is_some()
        || !pipe_operators.is_empty()
}

/// `SELECT * FROM (query)`.
pub(super) fn select_from(query: Query) -> Result<Box<SetExpr>> {
    let mut outer = parsed_query("SELECT * FROM (SELECT 1) AS \"phantomdb_query\"")?;
    if let SetExpr::Select(select) = outer.body.as_mut()
        && let Some(table) = select.from.first_mut()
        && let TableFactor::Derived { lateral: _, subquery, alias: _, sample: _ } = &mut table.relation
    {
        **subquery = query;
    }
    Ok(outer.body)
}

/// `WITH phantomdb_any (phantomdb_value) AS (query) SELECT 1 FROM phantomdb_any WHERE test`.
pub(super) fn exists_in(query: Query, test: Expr) -> Result<Query> {
    let mut outer = parsed_query(
        "WITH \"phantomdb_any\" (\"phantomdb_value\") AS (SELECT 1) SELECT 1 FROM \"phantomdb_any\"",
    )?;
    if let Some(common) = common_table(&mut outer) {
        *common.query = query;
    }
    if let SetExpr::Select(select) = outer.body.as_mut() {
        select.selection = Some(test);
    }
    Ok(*outer)
}

/// `WITH phantomdb_any (phantomdb_value) AS (query) SELECT value FROM phantomdb_any`.
pub(super) fn converted_column(query: Query, value: Expr) -> Result<Query> {
    let mut outer = exists_in(query, Expr::Value(sqlparser::ast::Value::Boolean(true).into()))?;
    if let SetExpr::Select(select) = outer.body.as_mut() {
        select.selection = None;
        select.projection = vec![SelectItem::UnnamedExpr(value)];
    }
    Ok(outer)
}

/// Puts an argument into the one table function of a query that is written here.
pub(super) fn set_table_function_argument(query: &mut Query, argument: Expr) {
    if let SetExpr::Select(select) = query.body.as_mut()
        && let Some(table) = select.from.first_mut()
        && let TableFactor::Table {
            args: Some(arguments),
            name: _,
            alias: _,
            with_hints: _,
            version: _,
            with_ordinality: _,
            partitions: _,
            json_path: _,
            sample: _,
            index_hints: _,
        } = &mut table.relation
    {
        arguments.args = vec![FunctionArg::Unnamed(FunctionArgExpr::Expr(argument))];
    }
}

/// `WITH phantomdb_query (columns) AS (query) SELECT * FROM phantomdb_query`: the query with other names for its columns.
pub(super) fn with_column_names(query: &mut Query, columns: Vec<TableAliasColumnDef>) -> Result<()> {
    let mut outer = parsed_query("WITH \"phantomdb_query\" AS (SELECT 1) SELECT * FROM \"phantomdb_query\"")?;
    if let Some(common) = common_table(&mut outer) {
        std::mem::swap(common.query.as_mut(), query);
        common.alias.columns = columns;
    }
    *query = *outer;
    Ok(())
}

/// `WITH phantomdb_source (columns) AS (query) SELECT values FROM phantomdb_source WHERE TRUE`. The condition tells SQLite
/// that an ON after the query belongs to the INSERT and not to a join.
pub(super) fn converted_source(query: &mut Query, columns: Vec<Ident>, values: Vec<Expr>) -> Result<()> {
    let mut outer = parsed_query(
        "WITH \"phantomdb_source\" AS (SELECT 1) SELECT 1 FROM \"phantomdb_source\" WHERE TRUE",
    )?;
    if let Some(common) = common_table(&mut outer) {
        std::mem::swap(common.query.as_mut(), query);
        common.alias.columns =
            columns.into_iter().map(|name| TableAliasColumnDef { name, data_type: None }).collect();
    }
    if let SetExpr::Select(select) = outer.body.as_mut() {
        select.projection = values.into_iter().map(SelectItem::UnnamedExpr).collect();
    }
    *query = *outer;
    Ok(())
}

/// `WITH phantomdb_source (columns) AS (query) SELECT columns, row_number() OVER (PARTITION BY columns) FROM …`.
pub(super) fn numbered_source(query: &mut Query, columns: Vec<Ident>) -> Result<()> {
    let names: Vec<Expr> = columns.iter().cloned().map(Expr::Identifier).collect();
    let mut number = parse_expression("row_number() OVER (PARTITION BY 1)")?;
    if let Expr::Function(function) = &mut number
        && let Some(WindowType::WindowSpec(window)) = &mut function.over
    {
        window.partition_by.clone_from(&names);
    }
    converted_source(query, columns, names.into_iter().chain([number]).collect())
}

/// `(WITH phantomdb_source (columns) AS (query) SELECT json_group_array(json_array(columns)) FROM phantomdb_source)`: the rows
/// of a query as one JSON array.
pub(super) fn source_rows(mut query: Query, types: &[Type]) -> Result<Expr> {
    let columns: Vec<Ident> =
        (1..=types.len()).map(|index| Ident::with_quote('"', format!("column{index}"))).collect();
    let values = columns.iter().cloned().zip(types).map(|(column, data_type)| {
        let value = Expr::Identifier(column);
        // JSON has no bytes. SQLite's `hex` of NULL is an empty text.
        if *data_type == Type::Bytea {
            let is_null = Expr::IsNull(Box::new(value.clone()));
            build::call("iif", vec![is_null, build::null(), build::call("hex", vec![value])])
        } else {
            value
        }
    });
    let row = build::call("json_array", values.collect());
    converted_source(&mut query, columns, vec![build::call("json_group_array", vec![row])])?;
    Ok(Expr::Subquery(Box::new(query)))
}

/// The first query of WITH.
fn common_table(query: &mut Query) -> Option<&mut Cte> {
    query.with.as_mut().and_then(|with| with.cte_tables.first_mut())
}
