//! Queries: WITH, VALUES, set operations, LIMIT, locks.

use std::{collections::HashMap, sync::Arc};

use phantomdb_protocol::{Error, ErrorCode, Result};
use phantomdb_sql::{build, typing::Type};
use sqlparser::{
    ast::{
        Cte, Distinct, Expr, LockClause, OrderBy, OrderByExpr, OrderByKind, Parens, Query, SetExpr, Spanned,
        TableAlias, TableAliasColumnDef, Values, With,
    },
    tokenizer::Span,
};

use super::{
    adapter::Adapter,
    converted::comparable,
    scope::{Columns, CommonTable, Output, Scope},
    template::{empty_query, is_plain, select_from},
    typed::{Origin, Typed},
};

/// The depth that a query inside of another adds to its expressions.
pub(super) const QUERY_DEPTH: usize = 8;

/// The most queries of a WITH. SQLite compares the name of each with all others.
const WITH_MAX: usize = 1_000;

impl Adapter<'_> {
    /// A query inside of an expression or of another query.
    pub(super) fn subquery(&mut self, query: &mut Query) -> Result<Option<Vec<Output>>> {
        self.depth += QUERY_DEPTH;
        let outputs = self.query(query);
        self.depth -= QUERY_DEPTH;
        Ok(outputs?.map(|outputs| outputs.into_iter().map(Output::outside).collect()))
    }

    /// A query in the place of a value. A value that is computed there travels as it would outside.
    pub(super) fn value_query(&mut self, query: &mut Query) -> Result<Option<Vec<Output>>> {
        self.depth += QUERY_DEPTH;
        let outputs = self.query(query);
        self.depth -= QUERY_DEPTH;
        let as_value = |output: Output| {
            let wire = output.typed.wire;
            let mut outside = output.outside();
            if outside.typed.is(Type::Numeric) {
                outside.typed.wire = wire;
            }
            outside
        };
        Ok(outputs?.map(|outputs| outputs.into_iter().map(as_value).collect()))
    }

    /// A whole query. The result is its columns, none when they are not known.
    pub(super) fn query(&mut self, query: &mut Query) -> Result<Option<Vec<Output>>> {
        self.query_with_columns(query, true)
    }

    /// A query. With `has_texts`, a column to which nothing gives a type is a text.
    pub(super) fn query_with_columns(
        &mut self,
        query: &mut Query,
        has_texts: bool,
    ) -> Result<Option<Vec<Output>>> {
        let outer_tables = self.common_tables.len();
        merge_parentheses(query)?;
        let Query {
            with,
            body,
            order_by,
            limit_clause,
            fetch,
            locks,
            for_clause,
            settings,
            format_clause,
            pipe_operators,
        } = query;
        self.refuse(
            &[
                (for_clause.is_some(), "FOR XML, JSON or BROWSE"),
                (settings.is_some(), "SETTINGS of a query"),
                (format_clause.is_some(), "FORMAT of a query"),
                (!pipe_operators.is_empty(), "a pipe operator"),
            ],
            || body.span(),
        )?;
        if let Some(with) = with {
            self.with(with)?;
        }
        if !locks.is_empty() && !matches!(body.as_ref(), SetExpr::Select(_)) {
            return self
                .unsupported("FOR UPDATE and the like with UNION, INTERSECT, EXCEPT or VALUES", body.span());
        }
        self.locks(locks);
        let order = order_by.as_mut().map(|order_by| self.order_items(order_by, body)).transpose()?;
        let outputs = match body.as_mut() {
            SetExpr::Select(select) if matches!(select.distinct, Some(Distinct::On(_))) => {
                let order = order.map(std::mem::take).unwrap_or_default();
                let (replacement, outputs) = self.distinct_on(select, order)?;
                *body = replacement.body;
                *order_by = replacement.order_by;
                outputs
            }
            SetExpr::Select(select) => self.select_with_columns(select, order, has_texts)?,
            _ => {
                let outputs = self.set_expr(body)?;
                self.order_by_outputs(order, outputs.as_deref())?;
                outputs
            }
        };
        self.limit(limit_clause, fetch, body)?;
        self.common_tables.truncate(outer_tables);
        Ok(outputs)
    }

    /// Removes the locks of rows. The engine locks the database instead, so the strength of a lock, its tables and what to do
    /// with locked rows make no difference.
    fn locks(&mut self, locks: &mut Vec<LockClause>) {
        for LockClause { lock_type: _, of: _, nonblock: _ } in std::mem::take(locks) {
            self.locking = true;
        }
    }

    fn order_items<'q>(&self, order_by: &'q mut OrderBy, body: &SetExpr) -> Result<&'q mut Vec<OrderByExpr>> {
        let OrderBy { kind, interpolate } = order_by;
        self.refuse(&[(interpolate.is_some(), "INTERPOLATE")], || body.span())?;
        match kind {
            OrderByKind::Expressions(items) => Ok(items),
            OrderByKind::All(_) => self.unsupported("ORDER BY ALL", body.span()),
        }
    }

    /// The ORDER BY of a set operation, which names columns of the result.
    fn order_by_outputs(
        &mut self,
        order: Option<&mut Vec<OrderByExpr>>,
        outputs: Option<&[Output]>,
    ) -> Result<()> {
        let Some(order) = order else { return Ok(()) };
        for item in order.iter() {
            let is_output = match build::unnested(&item.expr) {
                Expr::Identifier(ident) => {
                    outputs.is_none_or(|all| all.iter().any(|output| output.name == ident.value))
                }
                Expr::Value(_) => true,
                _ => false,
            };
            if !is_output {
                let message = format!(
                    "ORDER BY of a set operation takes the names and numbers of its columns only; \"{}\" is none",
                    item.expr
                );
                return Err(self.at(Error::new(ErrorCode::UnknownColumn, message), item.expr.span()));
            }
        }
        // The columns of the first member have their collations. SQLite would take a number with a collation for a constant.
        let plain = outputs.map(|outputs| {
            let plain = |output: &Output| Output {
                typed: Typed { data_type: Type::Text, origin: Origin::Column, ..output.typed },
                ..output.clone()
            };
            outputs.iter().map(plain).collect::<Vec<_>>()
        });
        let outputs = plain.as_deref();
        self.scopes.push(Scope::default());
        let adapted = order.iter_mut().try_for_each(|item| self.order_expr(item, outputs).map(drop));
        self.scopes.pop();
        adapted
    }

    pub(super) fn with(&mut self, with: &mut With) -> Result<()> {
        let With { with_token, recursive, cte_tables } = with;
        if cte_tables.len() > WITH_MAX {
            let message =
                format!("a WITH has more than {WITH_MAX} queries; make some of them tables or views");
            return Err(self.at(Error::new(ErrorCode::TooLarge, message), with_token.0.span));
        }
        for common in cte_tables {
            self.common_table(common, *recursive)?;
        }
        Ok(())
    }

    /// Adapts a query of WITH. SQLite takes MATERIALIZED and NOT MATERIALIZED as PostgreSQL does.
    pub(super) fn common_table(&mut self, common: &mut Cte, recursive: bool) -> Result<()> {
        let Cte { alias, query, from, materialized: _, closing_paren_token: _ } = common;
        let (name, names) = self.alias(alias)?;
        let span = alias.name.span;
        self.refuse(&[(from.is_some(), "FROM before a WITH query")], || span)?;
        if matches!(query.body.as_ref(), SetExpr::Insert(_) | SetExpr::Update(_) | SetExpr::Delete(_)) {
            return self.unsupported("a WITH query that changes data", span);
        }
        if recursive {
            self.common_tables.push(CommonTable { name: name.clone(), columns: Columns::Unknown });
            self.recursive = Some((self.common_tables.len() - 1, names.clone()));
        }
        let outputs = self.subquery(query)?;
        if recursive {
            self.common_tables.pop();
            self.recursive = None;
        }
        let columns = outputs.map_or(Ok(Columns::Unknown), |outputs| listed(outputs, &name, &names))?;
        self.common_tables.push(CommonTable { name, columns });
        Ok(())
    }

    /// The name of an alias, and those that it gives to columns. AS before it is a matter of spelling.
    pub(super) fn alias(&self, alias: &TableAlias) -> Result<(String, Vec<String>)> {
        let TableAlias { explicit: _, name, columns, at } = alias;
        self.refuse(&[(at.is_some(), "AT in an alias")], || name.span)?;
        let mut names = Vec::with_capacity(columns.len());
        for TableAliasColumnDef { name, data_type } in columns {
            self.refuse(&[(data_type.is_some(), "a type in an alias")], || name.span)?;
            names.push(name.value.clone());
        }
        Ok((name.value.clone(), names))
    }

    pub(super) fn set_expr(&mut self, body: &mut SetExpr) -> Result<Option<Vec<Output>>> {
        self.depth += QUERY_DEPTH;
        // The rows of several queries, or of VALUES, have no one expression to travel as.
        let is_exact = matches!(
            body,
            SetExpr::Values(_) | SetExpr::SetOperation { op: _, set_quantifier: _, left: _, right: _ }
        );
        let outputs = match body {
            SetExpr::Select(select) => self.select(select, None),
            SetExpr::Query(query) => self.query(query),
            SetExpr::Values(values) => self.values(values),
            SetExpr::SetOperation { op: _, set_quantifier: _, left: _, right: _ } => self.set_operation(body),
            other => {
                let what = other.to_string().chars().take(40).collect::<String>();
                self.unsupported(&format!("the query '{what}'"), other.span())
            }
        };
        self.depth -= QUERY_DEPTH;
        let outputs = outputs?;
        Ok(if is_exact { outputs.map(|all| all.into_iter().map(Output::exact).collect()) } else { outputs })
    }

    /// The rows of VALUES.
    pub(super) fn rows_of<'v>(&self, values: &'v mut Values) -> Result<&'v mut Vec<Parens<Vec<Expr>>>> {
        let Values { explicit_row, value_keyword, rows } = values;
        let words = [(*explicit_row, "ROW in VALUES"), (*value_keyword, "VALUE instead of VALUES")];
        self.refuse(&words, || rows.first().map_or_else(Span::empty, |row| row.opening_token.0.span))?;
        Ok(rows)
    }

    fn values(&mut self, values: &mut Values) -> Result<Option<Vec<Output>>> {
        let rows = self.rows_of(values)?;
        let mut types: Vec<Vec<Typed>> = Vec::with_capacity(rows.len());
        for Parens { opening_token: _, content, closing_token: _ } in rows.iter_mut() {
            types.push(content.iter_mut().map(|value| self.expr(value)).collect::<Result<_>>()?);
        }
        let width = types.first().map_or(0, Vec::len);
        if let Some(row) = types.iter().position(|row| row.len() != width) {
            let message = "the rows of VALUES have different numbers of values";
            return Err(self.at(Error::new(ErrorCode::SyntaxError, message), rows[row].opening_token.0.span));
        }
        let mut outputs = Vec::with_capacity(width);
        for column in 0..width {
            let members: Vec<Typed> = types.iter().map(|row| row[column]).collect();
            let values = rows.iter_mut().zip(&members).map(|(row, typed)| (&mut row.content[column], *typed));
            let unified = self.unified(values.collect(), &members, "VALUES")?;
            if let Some(first) = rows.first_mut().map(|row| &mut row.content[column]) {
                *first = comparable(build::take(first), unified);
            }
            outputs.push(Output::new(format!("column{}", column + 1), unified));
        }
        Ok(Some(outputs))
    }
}

/// The columns of a query with the names that an alias gives them, as many as there are.
pub(super) fn listed(mut outputs: Vec<Output>, alias: &str, names: &[String]) -> Result<Columns> {
    if names.len() > outputs.len() {
        let message =
            format!("\"{alias}\" has {} columns, and {} names are given", outputs.len(), names.len());
        return Err(Error::new(ErrorCode::SyntaxError, message));
    }
    for (output, name) in outputs.iter_mut().zip(names) {
        output.name.clone_from(name);
    }
    refuse_names_alike(&outputs, alias)?;
    Ok(Columns::Listed(Arc::new(outputs)))
}

/// Refuses columns that SQLite would take for one.
fn refuse_names_alike(outputs: &[Output], alias: &str) -> Result<()> {
    let mut known: HashMap<String, &str> = HashMap::with_capacity(outputs.len());
    for Output { name, typed: _, expr: _ } in outputs {
        if let Some(other) = known.insert(name.to_ascii_lowercase(), name).filter(|other| *other != name) {
            let message = format!(
                "\"{other}\" and \"{name}\" in \"{alias}\", whose names differ in case alone, are not supported on SQLite; give one of them another name"
            );
            return Err(Error::unsupported(message));
        }
    }
    Ok(())
}

/// Merges a query that stands in parentheses with the clauses around them.
fn merge_parentheses(query: &mut Query) -> Result<()> {
    while let SetExpr::Query(inner) = query.body.as_mut() {
        let outer_is_plain =
            query.order_by.is_none() && query.limit_clause.is_none() && query.fetch.is_none();
        let inner = std::mem::replace(inner.as_mut(), *empty_query()?);
        if inner.with.is_some() || !(outer_is_plain || is_plain(&inner)) {
            query.body = select_from(inner)?;
            continue;
        }
        let Query {
            with: _,
            body,
            order_by,
            limit_clause,
            fetch,
            locks,
            for_clause,
            settings,
            format_clause,
            pipe_operators,
        } = inner;
        query.body = body;
        query.order_by = query.order_by.take().or(order_by);
        query.limit_clause = query.limit_clause.take().or(limit_clause);
        query.fetch = query.fetch.take().or(fetch);
        query.locks.extend(locks);
        query.for_clause = query.for_clause.take().or(for_clause);
        query.settings = query.settings.take().or(settings);
        query.format_clause = query.format_clause.take().or(format_clause);
        query.pipe_operators.extend(pipe_operators);
    }
    Ok(())
}
