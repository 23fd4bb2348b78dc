//! Queries: WITH, VALUES, set operations, LIMIT, locks.

use std::sync::Arc;

use phantomdb_protocol::Result;
use phantomdb_sql::printer::verbatim_expr;
use sqlparser::{
    ast::{
        Cte, Expr, Fetch, LimitClause, LockClause, Offset, OffsetRows, OrderBy, OrderByExpr, OrderByKind,
        Parens, Query, SetExpr, SetOperator, SetQuantifier, Spanned, TableAlias, TableAliasColumnDef, Value,
        ValueWithSpan, Values, With,
    },
    tokenizer::Span,
};

use super::{
    adapter::Adapter,
    scope::{Columns, CommonTable, Output, Scope, unify_outputs},
    template::{empty_query, is_plain, select_from},
};

/// The depth that a query inside of another adds to its expressions.
const QUERY_DEPTH: usize = 8;

/// The selects after which a chain of set operations becomes a sub-query: SQLite takes 500 in one chain.
const TERMS_MAX: usize = 400;

impl Adapter<'_> {
    /// A query inside of an expression or of another query.
    pub(super) fn subquery(&mut self, query: &mut Query) -> Result<Option<Vec<Output>>> {
        self.depth += QUERY_DEPTH;
        let outputs = self.query(query);
        self.depth -= QUERY_DEPTH;
        outputs
    }

    /// A whole query. The result is its columns, none when they are not known.
    pub(super) fn query(&mut self, query: &mut Query) -> Result<Option<Vec<Output>>> {
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
        self.locks(locks);
        let order = order_by.as_mut().map(|order_by| self.order_items(order_by, body)).transpose()?;
        let outputs = match body.as_mut() {
            SetExpr::Select(select) => self.select(select, order)?,
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
        self.scopes.push(Scope::default());
        let adapted = order.iter_mut().try_for_each(|item| self.order_expr(item, outputs));
        self.scopes.pop();
        adapted
    }

    pub(super) fn with(&mut self, with: &mut With) -> Result<()> {
        let With { with_token: _, recursive, cte_tables } = with;
        for common in cte_tables {
            self.common_table(common, *recursive)?;
        }
        Ok(())
    }

    /// Adapts a query of WITH. SQLite takes MATERIALIZED and NOT MATERIALIZED as PostgreSQL does.
    fn common_table(&mut self, common: &mut Cte, recursive: bool) -> Result<()> {
        let Cte { alias, query, from, materialized: _, closing_paren_token: _ } = common;
        let (name, names) = self.alias(alias)?;
        let span = alias.name.span;
        self.refuse(&[(from.is_some(), "FROM before a WITH query")], || span)?;
        if matches!(query.body.as_ref(), SetExpr::Insert(_) | SetExpr::Update(_) | SetExpr::Delete(_)) {
            return self.unsupported("a WITH query that changes data", span);
        }
        if recursive {
            self.common_tables.push(CommonTable { name: name.clone(), columns: Columns::Unknown });
        }
        let outputs = self.subquery(query)?;
        if recursive {
            self.common_tables.pop();
        }
        let columns = outputs.map_or(Columns::Unknown, |mut outputs| {
            for (output, name) in outputs.iter_mut().zip(names) {
                output.name = name;
            }
            Columns::Listed(Arc::new(outputs))
        });
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

    fn set_expr(&mut self, body: &mut SetExpr) -> Result<Option<Vec<Output>>> {
        self.depth += QUERY_DEPTH;
        let outputs = match body {
            SetExpr::Select(select) => self.select(select, None),
            SetExpr::Query(query) => self.query(query),
            SetExpr::Values(values) => self.values(values),
            SetExpr::SetOperation { left, op, right, set_quantifier } => {
                self.set_operation(left, *op, right, set_quantifier)
            }
            other => {
                let what = other.to_string().chars().take(40).collect::<String>();
                self.unsupported(&format!("the query '{what}'"), other.span())
            }
        };
        self.depth -= QUERY_DEPTH;
        outputs
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
        let mut outputs: Option<Vec<Output>> = None;
        for Parens { opening_token: _, content, closing_token: _ } in rows {
            let mut current = Vec::with_capacity(content.len());
            for (index, value) in content.iter_mut().enumerate() {
                let typed = self.expr(value)?;
                current.push(Output { name: format!("column{}", index + 1), typed });
            }
            outputs = Some(outputs.map_or_else(|| current.clone(), |above| unify_outputs(above, &current)));
        }
        Ok(outputs)
    }

    fn set_operation(
        &mut self,
        left: &mut Box<SetExpr>,
        op: SetOperator,
        right: &mut Box<SetExpr>,
        quantifier: &mut SetQuantifier,
    ) -> Result<Option<Vec<Output>>> {
        match quantifier {
            SetQuantifier::All if op == SetOperator::Union => {}
            SetQuantifier::All => return self.unsupported(&format!("{op} ALL"), left.span()),
            SetQuantifier::None => {}
            // SQLite has no word for DISTINCT, the default.
            SetQuantifier::Distinct => *quantifier = SetQuantifier::None,
            SetQuantifier::ByName | SetQuantifier::AllByName | SetQuantifier::DistinctByName => {
                return self.unsupported("UNION BY NAME", left.span());
            }
        }
        // SQLite evaluates from left to right, so an operation that PostgreSQL evaluates first becomes a sub-query.
        compound_member(left, false)?;
        compound_member(right, true)?;
        if left_terms(left).is_multiple_of(TERMS_MAX) {
            let mut query = empty_query()?;
            std::mem::swap(&mut query.body, left);
            *left = select_from(*query)?;
        }
        // However long a chain of operations is, it counts as one level of depth.
        self.depth -= QUERY_DEPTH;
        let outputs = self.set_expr(left);
        self.depth += QUERY_DEPTH;
        let outputs = outputs?;
        let others = self.set_expr(right)?;
        Ok(outputs.zip(others).map(|(outputs, others)| unify_outputs(outputs, &others)))
    }

    /// LIMIT, OFFSET and FETCH, which becomes LIMIT.
    fn limit(
        &mut self,
        clause: &mut Option<LimitClause>,
        fetch: &mut Option<Fetch>,
        body: &SetExpr,
    ) -> Result<()> {
        if let Some(Fetch { with_ties, percent, quantity }) = fetch.take() {
            self.refuse(&[(with_ties, "FETCH … WITH TIES"), (percent, "FETCH … PERCENT")], || {
                body.span()
            })?;
            let limit = Some(quantity.unwrap_or_else(|| verbatim_expr("1")));
            let offset = match clause.take() {
                Some(LimitClause::LimitOffset { limit: None, offset, limit_by }) if limit_by.is_empty() => {
                    offset
                }
                None => None,
                Some(_) => return self.unsupported("FETCH beside LIMIT", body.span()),
            };
            *clause = Some(LimitClause::LimitOffset { limit, offset, limit_by: Vec::new() });
        }
        match clause {
            None => Ok(()),
            Some(LimitClause::OffsetCommaLimit { offset, limit: _ }) => {
                let span = offset.span();
                self.unsupported("LIMIT offset, count; write LIMIT count OFFSET offset: it", span)
            }
            Some(LimitClause::LimitOffset { limit, offset, limit_by }) => {
                if let Some(by) = limit_by.first() {
                    let span = by.span();
                    return self.unsupported("LIMIT BY", span);
                }
                if let Some(Expr::Value(ValueWithSpan { value: Value::Null, span: _ })) = limit {
                    *limit = None;
                }
                self.optional(limit)?;
                if let Some(Offset { value, rows }) = offset {
                    self.expr(value)?;
                    // SQLite does not know the word ROWS after the number.
                    *rows = OffsetRows::None;
                    if limit.is_none() {
                        *limit = Some(verbatim_expr("-1"));
                    }
                }
                Ok(())
            }
        }
    }
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

/// The number of selects in a chain of set operations, which is a tree to the left.
fn left_terms(expr: &SetExpr) -> usize {
    let (mut count, mut left) = (1, expr);
    while let SetExpr::SetOperation { left: inner, op: _, right: _, set_quantifier: _ } = left {
        count += 1;
        left = inner;
    }
    count
}

/// Removes the parentheses around a member of a set operation, which SQLite does not accept.
fn compound_member(member: &mut Box<SetExpr>, right: bool) -> Result<()> {
    while let SetExpr::Query(inner) = member.as_mut() {
        let inner = std::mem::replace(inner.as_mut(), *empty_query()?);
        let is_operation =
            matches!(*inner.body, SetExpr::SetOperation { left: _, op: _, right: _, set_quantifier: _ });
        *member = if is_plain(&inner) && !(right && is_operation) { inner.body } else { select_from(inner)? };
    }
    if right
        && matches!(member.as_ref(), SetExpr::SetOperation { left: _, op: _, right: _, set_quantifier: _ })
    {
        let mut query = empty_query()?;
        std::mem::swap(&mut query.body, member);
        *member = select_from(*query)?;
    }
    Ok(())
}
