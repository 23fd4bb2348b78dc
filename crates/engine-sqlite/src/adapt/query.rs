//! Queries: SELECT, VALUES, set operations, ORDER BY, LIMIT, locks.

use std::sync::Arc;

use phantomdb_protocol::{ColumnType, Error, Result};
use sqlparser::ast::{
    Distinct, Expr, FunctionArg, FunctionArgExpr, GroupByExpr, Ident, LimitClause, NamedWindowExpr,
    ObjectName, Offset, OffsetRows, OrderByExpr, OrderByKind, OrderBySort, Query, Select, SelectItem,
    SelectItemQualifiedWildcardKind, SetExpr, SetOperator, SetQuantifier, Spanned, Statement, Value,
    ValueWithSpan, With,
};

use super::{
    Adapter, build, parse, printer,
    scope::{Columns, Origin, Output, Scope, unify_outputs},
};

/// A common table expression in force.
#[derive(Debug)]
pub(super) struct Cte {
    pub(super) name: String,
    pub(super) columns: Columns,
}

impl Adapter<'_> {
    /// A query inside of an expression or of another query.
    pub(super) fn subquery(&mut self, query: &mut Query) -> Result<Option<Vec<Output>>> {
        self.depth += 8;
        let outputs = self.query(query);
        self.depth -= 8;
        outputs
    }

    pub(super) fn query(&mut self, query: &mut Query) -> Result<Option<Vec<Output>>> {
        let known = self.ctes.len();
        if query.for_clause.is_some() || query.settings.is_some() || !query.pipe_operators.is_empty() {
            return self.unsupported("this clause of a query", query.span());
        }
        if let Some(with) = &mut query.with {
            self.with(with)?;
        }
        self.locking |= !query.locks.is_empty();
        query.locks.clear();
        flatten(query)?;
        let outputs = self.body(query)?;
        self.limit(query)?;
        self.ctes.truncate(known);
        Ok(outputs)
    }

    fn body(&mut self, query: &mut Query) -> Result<Option<Vec<Output>>> {
        let order = query.order_by.as_mut().map(|order| &mut order.kind);
        let order = match order {
            Some(OrderByKind::Expressions(order)) => Some(order),
            Some(OrderByKind::All(_)) => return self.unsupported("ORDER BY ALL", query.body.span()),
            None => None,
        };
        if let SetExpr::Select(select) = query.body.as_mut() {
            return self.select(select, order);
        }
        let outputs = self.set_expr(&mut query.body)?;
        if let Some(order) = order {
            self.scopes.push(Scope::default());
            let adapted = order.iter_mut().try_for_each(|item| self.order_expr(item, outputs.as_deref()));
            self.scopes.pop();
            adapted?;
        }
        Ok(outputs)
    }

    pub(super) fn with(&mut self, with: &mut With) -> Result<()> {
        for cte in &mut with.cte_tables {
            if matches!(cte.query.body.as_ref(), SetExpr::Insert(_) | SetExpr::Update(_) | SetExpr::Delete(_))
            {
                return self.unsupported("a WITH query that changes data", cte.alias.name.span);
            }
            let name = cte.alias.name.value.clone();
            if with.recursive {
                self.ctes.push(Cte { name: name.clone(), columns: Columns::Unknown });
            }
            let outputs = self.subquery(&mut cte.query)?;
            if with.recursive {
                self.ctes.pop();
            }
            let columns = outputs.map_or(Columns::Unknown, |mut outputs| {
                for (output, alias) in outputs.iter_mut().zip(&cte.alias.columns) {
                    output.name.clone_from(&alias.name.value);
                }
                Columns::Listed(Arc::new(outputs))
            });
            self.ctes.push(Cte { name, columns });
        }
        Ok(())
    }

    fn set_expr(&mut self, body: &mut SetExpr) -> Result<Option<Vec<Output>>> {
        self.depth += 8;
        let outputs = match body {
            SetExpr::Select(select) => self.select(select, None),
            SetExpr::Query(query) => self.query(query),
            SetExpr::Values(values) => {
                let mut outputs: Option<Vec<Output>> = None;
                for row in &mut values.rows {
                    let mut current = Vec::with_capacity(row.content.len());
                    for (index, value) in row.content.iter_mut().enumerate() {
                        let typed = self.expr(value)?;
                        current.push(Output { name: format!("column{}", index + 1), typed });
                    }
                    outputs =
                        Some(outputs.map_or_else(|| current.clone(), |known| unify_outputs(known, &current)));
                }
                Ok(outputs)
            }
            SetExpr::SetOperation { left, op, right, set_quantifier } => {
                let all = matches!(set_quantifier, SetQuantifier::All);
                if !matches!(
                    set_quantifier,
                    SetQuantifier::All | SetQuantifier::Distinct | SetQuantifier::None
                ) {
                    return self.unsupported("UNION BY NAME", left.span());
                }
                if all && *op != SetOperator::Union {
                    return self.unsupported(&format!("{op} ALL"), left.span());
                }
                if matches!(set_quantifier, SetQuantifier::Distinct) {
                    *set_quantifier = SetQuantifier::None;
                }
                // SQLite works from left to right; what PostgreSQL does first becomes a sub-query.
                compound_member(left, false)?;
                compound_member(right, true)?;
                let outputs = self.set_expr(left)?;
                let others = self.set_expr(right)?;
                Ok(outputs.zip(others).map(|(outputs, others)| unify_outputs(outputs, &others)))
            }
            other => {
                let what = other.to_string().chars().take(40).collect::<String>();
                self.unsupported(&format!("the query '{what}'"), other.span())
            }
        };
        self.depth -= 8;
        outputs
    }

    fn select(
        &mut self,
        select: &mut Select,
        order: Option<&mut Vec<OrderByExpr>>,
    ) -> Result<Option<Vec<Output>>> {
        let span = select.select_token.0.span;
        if select.into.is_some() || select.top.is_some() || !select.lateral_views.is_empty() {
            return self.unsupported("SELECT INTO", span);
        }
        if select.qualify.is_some() || !select.connect_by.is_empty() || select.prewhere.is_some() {
            return self.unsupported("this clause of a SELECT", span);
        }
        if let Some(Distinct::On(_)) = &select.distinct {
            return self.unsupported("DISTINCT ON", span);
        }
        if select.projection.is_empty() {
            return self.unsupported("a SELECT without columns", span);
        }
        select.optimizer_hints.clear();
        self.scopes.push(Scope::default());
        let outputs = self.select_parts(select, order);
        self.scopes.pop();
        outputs
    }

    fn select_parts(
        &mut self,
        select: &mut Select,
        order: Option<&mut Vec<OrderByExpr>>,
    ) -> Result<Option<Vec<Output>>> {
        for table in &mut select.from {
            self.table_with_joins(table)?;
        }
        if let Some(condition) = &mut select.selection {
            self.expr(condition)?;
        }
        let outputs = self.projection(&mut select.projection)?;
        match &mut select.group_by {
            GroupByExpr::Expressions(exprs, modifiers) if modifiers.is_empty() => self.exprs(exprs)?,
            other => {
                let span = other.span();
                return self.unsupported("this GROUP BY", span);
            }
        }
        if let Some(condition) = &mut select.having {
            self.expr(condition)?;
        }
        for window in &mut select.named_window {
            if let NamedWindowExpr::WindowSpec(spec) = &mut window.1 {
                self.window(spec)?;
            }
        }
        if let Some(order) = order {
            for item in order {
                self.order_expr(item, outputs.as_deref())?;
            }
        }
        Ok(outputs)
    }

    /// The columns of a SELECT or a RETURNING. Not known when a wildcard stands for a table that is not.
    pub(super) fn projection(&mut self, items: &mut [SelectItem]) -> Result<Option<Vec<Output>>> {
        let mut outputs = Some(Vec::with_capacity(items.len()));
        for item in items {
            let more = match item {
                SelectItem::UnnamedExpr(expr) => {
                    let name = natural_name(expr);
                    let typed = self.expr(expr)?;
                    if !matches!(expr, Expr::Identifier(_) | Expr::CompoundIdentifier(_)) {
                        let alias = Ident::with_quote('"', name.clone());
                        *item = SelectItem::ExprWithAlias { expr: build::take(expr), alias };
                    }
                    Some(vec![Output { name, typed }])
                }
                SelectItem::ExprWithAlias { expr, alias } => {
                    let typed = self.expr(expr)?;
                    Some(vec![Output { name: alias.value.clone(), typed }])
                }
                SelectItem::Wildcard(_) => self.all_columns(),
                SelectItem::QualifiedWildcard(SelectItemQualifiedWildcardKind::ObjectName(name), _) => {
                    self.columns_of(name)
                }
                other => {
                    let what = format!("the column '{other}'");
                    let span = other.span();
                    return self.unsupported(&what, span);
                }
            };
            match (outputs.as_mut(), more) {
                (Some(outputs), Some(more)) => outputs.extend(more),
                _ => outputs = None,
            }
        }
        Ok(outputs)
    }

    fn all_columns(&self) -> Option<Vec<Output>> {
        let scope = self.scopes.last()?;
        if scope.merged {
            return None;
        }
        let mut outputs = Vec::new();
        for relation in &scope.relations {
            outputs.extend(relation.columns.outputs(relation.outer)?);
        }
        Some(outputs)
    }

    /// `t.*`: the name becomes the one SQLite knows.
    fn columns_of(&self, name: &mut ObjectName) -> Option<Vec<Output>> {
        let table = super::names::table_name(name)?;
        let mut stored = super::scope::stored_name(&table);
        let relation = self.scopes.last()?.relation(&stored);
        if let Some(relation) = relation {
            stored.clone_from(&relation.name);
        }
        *name = ObjectName::from(vec![Ident::with_quote('"', stored)]);
        relation.and_then(|relation| relation.columns.outputs(relation.outer))
    }

    /// NULLs sort as PostgreSQL sorts them, last when ascending. Nothing is said of a column that cannot be NULL, so
    /// that its index serves.
    pub(super) fn order_expr(&mut self, item: &mut OrderByExpr, outputs: Option<&[Output]>) -> Result<()> {
        if item.with_fill.is_some() || matches!(item.options.sort, Some(OrderBySort::Using(_))) {
            return self.unsupported("this ORDER BY", item.expr.span());
        }
        let named = match &item.expr {
            Expr::Identifier(ident) => outputs.and_then(|outputs| {
                outputs.iter().find(|output| output.name.eq_ignore_ascii_case(&ident.value))
            }),
            Expr::Value(ValueWithSpan { value: Value::Number(number, _), .. }) => {
                let index = number.parse::<usize>().ok().and_then(|number| number.checked_sub(1));
                index.and_then(|index| outputs.and_then(|outputs| outputs.get(index)))
            }
            _ => None,
        };
        let typed = match named {
            Some(output) => output.typed,
            None => self.expr(&mut item.expr)?,
        };
        if typed.is(ColumnType::Decimal) && typed.origin != Origin::Column {
            let expr = Box::new(build::take(&mut item.expr));
            let collation = ObjectName::from(vec![printer::verbatim_ident("decimal")]);
            item.expr = Expr::Collate { expr, collation };
        }
        let descending = matches!(item.options.sort, Some(OrderBySort::Desc));
        let nulls_first = item.options.nulls_first.unwrap_or(descending);
        // SQLite by itself takes NULL for the smallest value.
        let by_itself = nulls_first != descending;
        item.options.nulls_first = (typed.nullable && !by_itself).then_some(nulls_first);
        Ok(())
    }

    fn limit(&mut self, query: &mut Query) -> Result<()> {
        if let Some(fetch) = query.fetch.take() {
            if fetch.with_ties || fetch.percent {
                return self.unsupported("FETCH … WITH TIES", query.body.span());
            }
            let limit = Some(fetch.quantity.unwrap_or_else(|| printer::verbatim_expr("1")));
            let offset = match query.limit_clause.take() {
                Some(LimitClause::LimitOffset { offset, .. }) => offset,
                _ => None,
            };
            query.limit_clause = Some(LimitClause::LimitOffset { limit, offset, limit_by: Vec::new() });
        }
        match &mut query.limit_clause {
            None => Ok(()),
            Some(LimitClause::OffsetCommaLimit { offset, .. }) => {
                let span = offset.span();
                self.unsupported("LIMIT offset, count; write LIMIT count OFFSET offset: it", span)
            }
            Some(LimitClause::LimitOffset { limit, offset, limit_by }) => {
                if let Some(by) = limit_by.first() {
                    let span = by.span();
                    return self.unsupported("LIMIT BY", span);
                }
                if let Some(Expr::Value(ValueWithSpan { value: Value::Null, .. })) = limit {
                    *limit = None;
                }
                if let Some(limit) = limit {
                    self.expr(limit)?;
                }
                if let Some(Offset { value, rows }) = offset {
                    self.expr(value)?;
                    *rows = OffsetRows::None;
                    if limit.is_none() {
                        *limit = Some(printer::verbatim_expr("-1"));
                    }
                }
                Ok(())
            }
        }
    }

    pub(super) fn function_arguments(&mut self, arguments: &mut [FunctionArg]) -> Result<()> {
        for argument in arguments {
            match argument {
                FunctionArg::Unnamed(FunctionArgExpr::Expr(expr)) => {
                    self.expr(expr)?;
                }
                other => {
                    let what = format!("the argument '{other}'");
                    let span = other.span();
                    return self.unsupported(&what, span);
                }
            }
        }
        Ok(())
    }
}

/// Takes parentheses away from around a whole query.
fn flatten(query: &mut Query) -> Result<()> {
    while let SetExpr::Query(inner) = query.body.as_mut() {
        let outer_is_plain =
            query.order_by.is_none() && query.limit_clause.is_none() && query.fetch.is_none();
        if inner.with.is_none() && (outer_is_plain || is_plain(inner)) {
            let inner = std::mem::replace(inner.as_mut(), *empty_query()?);
            query.body = inner.body;
            query.order_by = query.order_by.take().or(inner.order_by);
            query.limit_clause = query.limit_clause.take().or(inner.limit_clause);
            query.fetch = query.fetch.take().or(inner.fetch);
            query.locks.extend(inner.locks);
        } else {
            let inner = std::mem::replace(inner.as_mut(), *empty_query()?);
            query.body = select_from(inner)?;
        }
    }
    Ok(())
}

fn is_plain(query: &Query) -> bool {
    query.with.is_none()
        && query.order_by.is_none()
        && query.limit_clause.is_none()
        && query.fetch.is_none()
        && query.locks.is_empty()
}

/// Makes a member of a UNION one that SQLite takes: without parentheses.
fn compound_member(member: &mut Box<SetExpr>, right: bool) -> Result<()> {
    while let SetExpr::Query(inner) = member.as_mut() {
        let inner = std::mem::replace(inner.as_mut(), *empty_query()?);
        *member = if is_plain(&inner) && !(right && matches!(*inner.body, SetExpr::SetOperation { .. })) {
            inner.body
        } else {
            select_from(inner)?
        };
    }
    if right && matches!(member.as_ref(), SetExpr::SetOperation { .. }) {
        let mut query = empty_query()?;
        std::mem::swap(&mut query.body, member);
        *member = select_from(*query)?;
    }
    Ok(())
}

/// `SELECT * FROM (query)`.
fn select_from(query: Query) -> Result<Box<SetExpr>> {
    let mut outer = parsed_query("SELECT * FROM (SELECT 1) AS \"phantomdb_query\"")?;
    if let SetExpr::Select(select) = outer.body.as_mut()
        && let Some(table) = select.from.first_mut()
        && let sqlparser::ast::TableFactor::Derived { subquery, .. } = &mut table.relation
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
    if let Some(cte) = outer.with.as_mut().and_then(|with| with.cte_tables.first_mut()) {
        *cte.query = query;
    }
    if let SetExpr::Select(select) = outer.body.as_mut() {
        select.selection = Some(test);
    }
    Ok(*outer)
}

pub(super) fn parsed_query(sql: &str) -> Result<Box<Query>> {
    match parse::parse_stored(sql)? {
        Statement::Query(query) => Ok(query),
        _ => Err(Error::internal("a query was expected")),
    }
}

fn empty_query() -> Result<Box<Query>> {
    parsed_query("VALUES (NULL)")
}

/// How PostgreSQL names a column without an alias.
fn natural_name(expr: &Expr) -> String {
    match expr {
        Expr::Identifier(ident) => ident.value.clone(),
        Expr::CompoundIdentifier(parts) => parts.last().map(|ident| ident.value.clone()).unwrap_or_default(),
        Expr::Function(function) => super::names::last_ident(&function.name)
            .map(|ident| ident.value.to_ascii_lowercase())
            .unwrap_or_default(),
        Expr::Nested(inner) | Expr::Collate { expr: inner, .. } | Expr::Cast { expr: inner, .. } => {
            natural_name(inner)
        }
        Expr::Case { .. } => "case".into(),
        Expr::Exists { .. } => "exists".into(),
        Expr::Extract { .. } => "extract".into(),
        Expr::Substring { .. } => "substring".into(),
        Expr::Position { .. } => "position".into(),
        Expr::Trim { .. } => "btrim".into(),
        Expr::Ceil { .. } => "ceil".into(),
        Expr::Floor { .. } => "floor".into(),
        Expr::Subquery(query) => match query.body.as_ref() {
            SetExpr::Select(select) => match select.projection.first() {
                Some(SelectItem::UnnamedExpr(expr)) => natural_name(expr),
                Some(SelectItem::ExprWithAlias { alias, .. }) => alias.value.clone(),
                _ => "?column?".into(),
            },
            _ => "?column?".into(),
        },
        _ => "?column?".into(),
    }
}
