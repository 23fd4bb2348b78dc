//! This module checks the columns that a query with groups names. SQLite would take the value of any row of a group.

use std::ops::ControlFlow;

use phantomdb_protocol::{Error, ErrorCode, Result};
use phantomdb_sql::{
    build,
    names::last_ident,
    typing::{Kind, functions},
    walk::walk,
};
use sqlparser::ast::{
    Expr, Function, GroupByExpr, Ident, OrderByExpr, Query, Select, SelectItem, Spanned, VisitorMut,
};

use super::{
    adapter::Adapter,
    calls::contains_call,
    distinct_on::resolved,
    scope::{Columns, Found},
};

/// True for what groups the rows several times.
fn is_of_sets(group: &Expr) -> bool {
    matches!(group, Expr::Rollup(_) | Expr::Cube(_) | Expr::GroupingSets(_))
}

impl Adapter<'_> {
    /// Refuses a column that is neither in GROUP BY nor in an aggregate. The expressions are not adapted yet. The result is
    /// true when the query has groups or aggregates.
    pub(super) fn check_groups(&self, select: &Select, order: &[OrderByExpr]) -> Result<bool> {
        let GroupByExpr::Expressions(groups, _) = &select.group_by else { return Ok(false) };
        if let Some(sets) = groups.iter().find(|group| is_of_sets(group)) {
            let what = "ROLLUP, CUBE or GROUPING SETS (put queries together with UNION ALL)";
            return self.unsupported(what, sets.span());
        }
        let outputs = select.projection.iter().filter_map(expression_of);
        let having = select.having.iter();
        let ordered = order.iter().map(|item| &item.expr);
        let is_grouped = !groups.is_empty()
            || select.having.is_some()
            || outputs.clone().chain(ordered.clone()).any(contains_aggregate);
        if !is_grouped {
            return Ok(false);
        }
        let groups: Vec<Expr> = groups
            .iter()
            .map(|group| match build::unnested(group) {
                // A column of a table is meant before an output of that name.
                Expr::Identifier(ident) if self.is_column(ident) => group.clone(),
                other => resolved(other.clone(), &select.projection),
            })
            .collect();
        let names: Vec<&str> = select
            .projection
            .iter()
            .filter_map(|item| match item {
                SelectItem::ExprWithAlias { expr: _, alias } => Some(alias.value.as_str()),
                _ => None,
            })
            .collect();
        let by_output = |expr: &&Expr| matches!(build::unnested(expr), Expr::Identifier(ident) if names.contains(&ident.value.as_str()));
        for expr in outputs.chain(having).chain(ordered.filter(|expr| !by_output(expr))) {
            walk(&mut expr.clone(), &mut GroupCheck { adapter: self, groups: &groups, skip: 0 })?;
        }
        let wildcard = select
            .projection
            .iter()
            .find(|item| matches!(item, SelectItem::Wildcard(_) | SelectItem::QualifiedWildcard(_, _)));
        if let Some(item) = wildcard
            && !self.all_keys_grouped(&groups)
        {
            let message = "* in a query with groups or aggregates needs the primary key of its table in GROUP BY; name the columns";
            return Err(self.at(Error::new(ErrorCode::SyntaxError, message), item.span()));
        }
        Ok(true)
    }

    fn is_column(&self, ident: &Ident) -> bool {
        self.scopes.last().is_some_and(|scope| matches!(scope.column(None, &ident.value), Found::Column(_)))
    }

    /// True when GROUP BY has the key of each table, so that a group has one row of it, or all of its columns.
    fn all_keys_grouped(&self, groups: &[Expr]) -> bool {
        self.scopes.last().is_some_and(|scope| {
            scope.relations.iter().all(|relation| match &relation.columns {
                Columns::Table(table) => {
                    let is_grouped = |name: &String| has_column(groups, Some(&relation.name), name);
                    key_is_grouped(&relation.name, &table.primary_key, groups)
                        || table.columns.iter().all(|column| is_grouped(&column.name))
                }
                Columns::Listed(outputs) => {
                    outputs.iter().all(|output| has_column(groups, Some(&relation.name), &output.name))
                }
                Columns::Unknown => true,
            })
        })
    }

    /// True when the column belongs to a relation of this query whose rows GROUP BY does not tell apart.
    fn is_ungrouped(&self, qualifier: Option<&str>, name: &str, groups: &[Expr]) -> bool {
        let Some(scope) = self.scopes.last() else { return false };
        let relation = match qualifier {
            Some(qualifier) => scope.relation(qualifier),
            None => scope.relations.iter().find(|relation| {
                relation.columns.outputs(false).is_some_and(|all| all.iter().any(|o| o.name == name))
            }),
        };
        let Some(relation) = relation else { return false };
        match &relation.columns {
            Columns::Unknown => false,
            Columns::Listed(_) => true,
            Columns::Table(table) => !key_is_grouped(&relation.name, &table.primary_key, groups),
        }
    }
}

fn key_is_grouped(relation: &str, key: &[String], groups: &[Expr]) -> bool {
    !key.is_empty() && key.iter().all(|column| has_column(groups, Some(relation), column))
}

/// True when GROUP BY has that column, with its table or without.
fn has_column(groups: &[Expr], relation: Option<&str>, name: &str) -> bool {
    groups.iter().any(|group| match build::unnested(group) {
        Expr::Identifier(ident) => ident.value == name,
        Expr::CompoundIdentifier(parts) => match parts.as_slice() {
            [.., table, column] => {
                column.value == name
                    && relation.is_none_or(|relation| relation_matches(relation, &table.value))
            }
            _ => false,
        },
        _ => false,
    })
}

/// True for the name of a relation, with its schema or without.
fn relation_matches(relation: &str, qualifier: &str) -> bool {
    relation == qualifier || relation.rsplit('.').next() == Some(qualifier)
}

pub(super) fn expression_of(item: &SelectItem) -> Option<&Expr> {
    match item {
        SelectItem::UnnamedExpr(expr) | SelectItem::ExprWithAlias { expr, alias: _ } => Some(expr),
        _ => None,
    }
}

/// True for a call that makes one value out of a group.
pub(super) fn is_aggregate(function: &Function) -> bool {
    if function.over.is_some() {
        return false;
    }
    if !function.within_group.is_empty() || function.filter.is_some() {
        return true;
    }
    let Some(name) = last_ident(&function.name).map(|ident| ident.value.to_ascii_lowercase()) else {
        return false;
    };
    matches!(name.as_str(), "count" | "min" | "max" | "group_concat")
        || functions(&name).any(|row| row.kind == Kind::Aggregate)
}

pub(super) fn contains_aggregate(expr: &Expr) -> bool {
    contains_call(expr, is_aggregate)
}

/// Looks for a column that is outside of aggregates and of the expressions of GROUP BY.
struct GroupCheck<'a, 'b> {
    adapter: &'a Adapter<'b>,
    groups: &'a [Expr],
    /// The number of expressions around the current one whose columns may be named.
    skip: usize,
}

impl GroupCheck<'_, '_> {
    fn covers(&self, expr: &Expr) -> bool {
        match expr {
            Expr::Function(function) => is_aggregate(function) || self.is_group(expr),
            _ => self.is_group(expr),
        }
    }

    fn is_group(&self, expr: &Expr) -> bool {
        let expr = build::unnested(expr);
        match expr {
            Expr::Identifier(ident) => has_column(self.groups, None, &ident.value),
            Expr::CompoundIdentifier(parts) => match parts.as_slice() {
                [.., table, column] => has_column(self.groups, Some(&table.value), &column.value),
                _ => false,
            },
            other => self.groups.iter().any(|group| build::unnested(group) == other),
        }
    }
}

impl VisitorMut for GroupCheck<'_, '_> {
    type Break = Error;

    fn pre_visit_query(&mut self, _: &mut Query) -> ControlFlow<Error> {
        self.skip += 1;
        ControlFlow::Continue(())
    }

    fn post_visit_query(&mut self, _: &mut Query) -> ControlFlow<Error> {
        self.skip -= 1;
        ControlFlow::Continue(())
    }

    fn pre_visit_expr(&mut self, expr: &mut Expr) -> ControlFlow<Error> {
        if self.covers(expr) {
            self.skip += 1;
        } else if self.skip == 0 {
            let ungrouped = |qualifier: Option<&str>, ident: &Ident| {
                self.adapter.is_ungrouped(qualifier, &ident.value, self.groups)
            };
            let found = match expr {
                Expr::Identifier(ident) => ungrouped(None, ident).then_some((None, &*ident)),
                Expr::CompoundIdentifier(parts) => match parts.as_slice() {
                    [.., table, column] => {
                        ungrouped(Some(&table.value), column).then_some((Some(table), column))
                    }
                    _ => None,
                },
                _ => None,
            };
            if let Some((table, ident)) = found {
                // A query with joins often has several columns of that name.
                let table = table.map(|table| format!("\"{}\".", table.value)).unwrap_or_default();
                let message = format!(
                    "the column {table}\"{}\" must be in GROUP BY or in an aggregate, such as max(): a group can have several values of it",
                    ident.value
                );
                let error = Error::new(ErrorCode::SyntaxError, message);
                return ControlFlow::Break(self.adapter.at(error, ident.span));
            }
        }
        ControlFlow::Continue(())
    }

    fn post_visit_expr(&mut self, expr: &mut Expr) -> ControlFlow<Error> {
        if self.covers(expr) {
            self.skip -= 1;
        }
        ControlFlow::Continue(())
    }
}
