//! FROM: tables, joins, sub-queries, and what they bring into scope.

use std::sync::Arc;

use phantomdb_protocol::Result;
use sqlparser::ast::{
    Ident, Join, JoinConstraint, JoinOperator, ObjectName, SetExpr, Spanned, TableAlias, TableFactor,
    TableWithJoins,
};

use super::{
    Adapter, printer,
    query::parsed_query,
    scope::{Columns, Relation, stored_name},
};

impl Adapter<'_> {
    pub(super) fn table_with_joins(&mut self, table: &mut TableWithJoins) -> Result<()> {
        let first = self.relation_count();
        self.table_factor(&mut table.relation)?;
        for join in &mut table.joins {
            self.join(join, first)?;
        }
        Ok(())
    }

    fn join(&mut self, join: &mut Join, first: usize) -> Result<()> {
        let joined = self.relation_count();
        self.table_factor(&mut join.relation)?;
        let (constraint, left_outer, right_outer) = match &mut join.join_operator {
            JoinOperator::Join(on) | JoinOperator::Inner(on) | JoinOperator::CrossJoin(on) => {
                (on, false, false)
            }
            JoinOperator::Left(on) | JoinOperator::LeftOuter(on) => (on, false, true),
            JoinOperator::Right(on) | JoinOperator::RightOuter(on) => (on, true, false),
            JoinOperator::FullOuter(on) => (on, true, true),
            _ => return self.unsupported("this kind of join", join.relation.span()),
        };
        let relations =
            self.scopes.last_mut().map(|scope| scope.relations.as_mut_slice()).unwrap_or_default();
        for (index, relation) in relations.iter_mut().enumerate().skip(first) {
            relation.outer |= if index < joined { left_outer } else { right_outer };
        }
        match constraint {
            JoinConstraint::On(condition) => {
                self.expr(condition)?;
            }
            JoinConstraint::Using(_) | JoinConstraint::Natural => {
                if let Some(scope) = self.scopes.last_mut() {
                    scope.merged = true;
                }
            }
            JoinConstraint::None => {}
        }
        Ok(())
    }

    fn relation_count(&self) -> usize {
        self.scopes.last().map_or(0, |scope| scope.relations.len())
    }

    fn table_factor(&mut self, factor: &mut TableFactor) -> Result<()> {
        let span = factor.span();
        match factor {
            TableFactor::Table { name, alias, args: Some(args), .. } => {
                self.function_arguments(&mut args.args)?;
                let function = name.to_string().to_ascii_lowercase();
                if !["json_each", "json_tree", "jsonb_each"].contains(&function.as_str()) {
                    return self.unsupported(&format!("{function}() in FROM"), span);
                }
                *name = ObjectName::from(vec![printer::verbatim_ident(function.clone())]);
                let name = alias.as_ref().map_or(function, |alias| alias.name.value.clone());
                self.bring(Relation { name, bare: None, columns: Columns::Unknown, outer: false });
                Ok(())
            }
            TableFactor::Table { name, alias, sample: None, with_hints, version: None, .. } => {
                with_hints.clear();
                self.named_table(name, alias.as_ref())
            }
            TableFactor::Derived { lateral: false, subquery, alias, sample: None } => {
                let outputs = self.subquery(subquery)?;
                let mut columns =
                    outputs.map_or(Columns::Unknown, |outputs| Columns::Listed(Arc::new(outputs)));
                if let Some(alias) = alias.as_mut().filter(|alias| !alias.columns.is_empty()) {
                    columns = name_columns(subquery, alias, columns)?;
                }
                let name = alias.as_ref().map(|alias| alias.name.value.clone()).unwrap_or_default();
                self.bring(Relation { name, bare: None, columns, outer: false });
                Ok(())
            }
            TableFactor::Derived { lateral: true, .. } => self.unsupported("LATERAL", span),
            TableFactor::NestedJoin { table_with_joins, alias: None } => {
                self.table_with_joins(table_with_joins)
            }
            other => {
                let what = other.to_string().chars().take(40).collect::<String>();
                self.unsupported(&format!("'{what}' in FROM"), span)
            }
        }
    }

    /// A table, or a common table expression, by name.
    pub(super) fn named_table(&mut self, name: &mut ObjectName, alias: Option<&TableAlias>) -> Result<()> {
        let table = self.source.table(name)?;
        if let Some(alias) = alias.filter(|alias| !alias.columns.is_empty()) {
            return self.unsupported("a list of columns after the name of a table", alias.name.span);
        }
        let stored = stored_name(&table);
        let cte = self.ctes.iter().rev().find(|cte| cte.name.eq_ignore_ascii_case(&stored));
        let columns = match cte {
            Some(cte) => cte.columns.clone(),
            None => self.catalog.table(&table).map_or(Columns::Unknown, Columns::Table),
        };
        let bare = (alias.is_none() && table.schema.is_some()).then(|| table.name.clone());
        let exposed = alias.map_or_else(|| stored.clone(), |alias| alias.name.value.clone());
        *name = ObjectName::from(vec![Ident::with_quote('"', stored)]);
        self.bring(Relation { name: exposed, bare, columns, outer: false });
        Ok(())
    }

    pub(super) fn bring(&mut self, relation: Relation) {
        if let Some(scope) = self.scopes.last_mut() {
            scope.relations.push(relation);
        }
    }
}

/// `(query) AS t (a, b)` as `(WITH t (a, b) AS (query) SELECT * FROM t) AS t`.
fn name_columns(
    query: &mut sqlparser::ast::Query,
    alias: &mut TableAlias,
    columns: Columns,
) -> Result<Columns> {
    let names: Vec<String> = alias.columns.iter().map(|column| column.name.value.clone()).collect();
    let mut outer = parsed_query("WITH \"t\" AS (SELECT 1) SELECT * FROM \"t\"")?;
    if let Some(cte) = outer.with.as_mut().and_then(|with| with.cte_tables.first_mut()) {
        std::mem::swap(cte.query.as_mut(), query);
        cte.alias = alias.clone();
        cte.alias.explicit = false;
    }
    if let SetExpr::Select(select) = outer.body.as_mut()
        && let Some(TableFactor::Table { name, .. }) = select.from.first_mut().map(|from| &mut from.relation)
    {
        *name = ObjectName::from(vec![alias.name.clone()]);
    }
    *query = *outer;
    alias.columns.clear();
    Ok(match columns {
        Columns::Listed(outputs) => {
            let mut outputs = outputs.as_ref().clone();
            for (output, name) in outputs.iter_mut().zip(names) {
                output.name = name;
            }
            Columns::Listed(Arc::new(outputs))
        }
        other => other,
    })
}
