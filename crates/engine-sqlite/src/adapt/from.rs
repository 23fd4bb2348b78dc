//! FROM: tables, joins and sub-queries, and the relations that they add to the scope.

use std::sync::Arc;

use phantomdb_protocol::{Result, TableName, TableSchema};
use phantomdb_sql::{names::last_ident, printer::verbatim_ident};
use sqlparser::{
    ast::{
        Expr, FunctionArg, FunctionArgExpr, Ident, Join, JoinConstraint, JoinOperator, ObjectName, Query,
        SelectItem, SetExpr, Spanned, TableAlias, TableFactor, TableFunctionArgs, TableWithJoins,
    },
    tokenizer::Span,
};

use super::{
    adapter::{Adapter, Read},
    query::listed,
    row_sources::table_factor,
    scope::{Columns, Output, Relation},
    template::{parsed_query, with_column_names},
};
use crate::{
    catalog::{exactly, unknown_table},
    stored::stored_name,
};

impl Adapter<'_> {
    pub(super) fn table_with_joins(&mut self, table: &mut TableWithJoins) -> Result<()> {
        let TableWithJoins { relation, joins } = &mut *table;
        let first = self.relation_count();
        self.table_factor(relation)?;
        for index in 0..joins.len() {
            self.join(&mut joins[index], first)?;
            if index == 0 {
                self.without_full_using(joins, first);
            }
        }
        self.without_right_join(table, first)
    }

    /// Adapts a join. `first` is the index of the first relation of its left side.
    fn join(&mut self, join: &mut Join, first: usize) -> Result<()> {
        let Join { relation, global, join_operator } = join;
        self.refuse(&[(*global, "GLOBAL JOIN")], || relation.span())?;
        let joined = self.relation_count();
        self.table_factor(relation)?;
        let (constraint, left_outer, right_outer) = match join_operator {
            JoinOperator::Join(on) | JoinOperator::Inner(on) | JoinOperator::CrossJoin(on) => {
                (on, false, false)
            }
            JoinOperator::Left(on) | JoinOperator::LeftOuter(on) => (on, false, true),
            JoinOperator::Right(on) | JoinOperator::RightOuter(on) => (on, true, false),
            JoinOperator::FullOuter(on) => (on, true, true),
            _ => return self.unsupported("this kind of join", relation.span()),
        };
        let relations =
            self.scopes.last_mut().map(|scope| scope.relations.as_mut_slice()).unwrap_or_default();
        for (index, relation) in relations.iter_mut().enumerate().skip(first) {
            relation.outer |= if index < joined { left_outer } else { right_outer };
        }
        match constraint {
            JoinConstraint::On(condition) => {
                let typed = self.expr(condition)?;
                self.condition(condition, typed)?;
            }
            JoinConstraint::Using(columns) => {
                let names = columns.iter().filter_map(last_ident).map(|ident| ident.value.clone()).collect();
                self.merge_columns(Some(names), first, joined);
            }
            JoinConstraint::Natural => {
                let names = self.common_columns(first, joined);
                self.merge_columns(names, first, joined);
            }
            JoinConstraint::None => {}
        }
        Ok(())
    }

    /// Notes the columns that USING or NATURAL merges; None when they are not known.
    fn merge_columns(&mut self, names: Option<Vec<String>>, first: usize, joined: usize) {
        let Some(scope) = self.scopes.last_mut() else { return };
        let Some(names) = names else {
            scope.merges_unknown = true;
            return;
        };
        let known =
            scope.relations.iter().skip(first).all(|relation| !matches!(relation.columns, Columns::Unknown));
        scope.merges_unknown |= !known || joined == 0;
        let fresh: Vec<String> = names.into_iter().filter(|name| !scope.merged.contains(name)).collect();
        scope.merged.extend(fresh);
    }

    /// The columns that both sides of a NATURAL JOIN have; None when they are not known.
    fn common_columns(&self, first: usize, joined: usize) -> Option<Vec<String>> {
        let scope = self.scopes.last()?;
        let mut left: Vec<String> = Vec::new();
        for relation in scope.relations.get(first..joined)? {
            left.extend(relation.columns.outputs(false)?.into_iter().map(|output| output.name));
        }
        let mut right: Vec<String> = Vec::new();
        for relation in scope.relations.get(joined..)? {
            right.extend(relation.columns.outputs(false)?.into_iter().map(|output| output.name));
        }
        left.retain(|name| right.contains(name));
        Some(left)
    }

    fn relation_count(&self) -> usize {
        self.scopes.last().map_or(0, |scope| scope.relations.len())
    }

    #[expect(clippy::too_many_lines, reason = "one arm for each kind of relation, with every field")]
    fn table_factor(&mut self, factor: &mut TableFactor) -> Result<()> {
        match factor {
            TableFactor::Table {
                name,
                alias,
                args,
                with_hints,
                version,
                with_ordinality,
                partitions,
                json_path,
                sample,
                index_hints,
            } => {
                self.refuse(
                    &[
                        (!with_hints.is_empty(), "a hint after the name of a table"),
                        (version.is_some(), "a version of a table"),
                        (*with_ordinality && args.is_none(), "WITH ORDINALITY after a table"),
                        (!partitions.is_empty(), "PARTITION in FROM"),
                        (json_path.is_some(), "a JSON path in FROM"),
                        (sample.is_some(), "TABLESAMPLE"),
                        (!index_hints.is_empty(), "an index hint"),
                    ],
                    || name.span(),
                )?;
                match args {
                    Some(args) => {
                        self.table_function(name, args, alias, *with_ordinality)?;
                        *with_ordinality = false;
                        Ok(())
                    }
                    None => self.named_table(factor),
                }
            }
            TableFactor::Derived { lateral: true, subquery: _, alias: _, sample: _ } => self.lateral(factor),
            TableFactor::Function { lateral: _, name, args, with_ordinality, alias } => {
                let mut name = name.clone();
                let mut arguments = TableFunctionArgs { args: std::mem::take(args), settings: None };
                let mut alias = alias.take();
                self.table_function(&mut name, &mut arguments, &mut alias, *with_ordinality)?;
                *factor = table_factor(name, arguments, alias)?;
                Ok(())
            }
            TableFactor::UNNEST { alias, array_exprs, with_offset, with_offset_alias, with_ordinality } => {
                let span = array_exprs.first().map_or_else(Span::empty, Spanned::span);
                self.refuse(
                    &[
                        (*with_offset || with_offset_alias.is_some(), "WITH OFFSET"),
                        (array_exprs.len() != 1, "unnest() of several arrays"),
                    ],
                    || span,
                )?;
                let mut name = ObjectName::from(vec![verbatim_ident("unnest")]);
                let args = std::mem::take(array_exprs);
                let args =
                    args.into_iter().map(|expr| FunctionArg::Unnamed(FunctionArgExpr::Expr(expr))).collect();
                let mut arguments = TableFunctionArgs { args, settings: None };
                let mut alias = alias.take();
                self.table_function(&mut name, &mut arguments, &mut alias, *with_ordinality)?;
                *factor = table_factor(name, arguments, alias)?;
                Ok(())
            }
            TableFactor::Derived { lateral: false, subquery, alias, sample } => {
                self.refuse(&[(sample.is_some(), "TABLESAMPLE")], || subquery.span())?;
                let outputs = self.subquery(subquery)?;
                let columns = outputs.map_or(Columns::Unknown, |outputs| Columns::Listed(Arc::new(outputs)));
                let Some(alias) = alias else {
                    self.add_relation(Relation::new(String::new(), columns));
                    return Ok(());
                };
                let (name, names) = self.alias(alias)?;
                if !names.is_empty() {
                    // SQLite takes no list of columns after an alias, but does after the name of a WITH query.
                    with_column_names(subquery, std::mem::take(&mut alias.columns))?;
                }
                let columns = match columns {
                    Columns::Listed(outputs) => listed(outputs.as_ref().clone(), &name, &names)?,
                    other => other,
                };
                self.add_relation(Relation::new(name, columns));
                Ok(())
            }
            TableFactor::NestedJoin { table_with_joins, alias: None } => {
                self.table_with_joins(table_with_joins)
            }
            other => {
                let what = other.to_string().chars().take(40).collect::<String>();
                self.unsupported(&format!("'{what}' in FROM"), other.span())
            }
        }
    }

    /// A table or a WITH query by its name.
    fn named_table(&mut self, factor: &mut TableFactor) -> Result<()> {
        let TableFactor::Table {
            name,
            alias,
            // `table_factor` has refused these.
            args: _,
            with_hints: _,
            version: _,
            with_ordinality: _,
            partitions: _,
            json_path: _,
            sample: _,
            index_hints: _,
        } = factor
        else {
            return Ok(());
        };
        let span = name.span();
        let table = self.source.table(name)?;
        let stored = stored_name(&table);
        let common = self.common_tables.iter().rev().find(|common| common.name == stored);
        self.reads.push(match common {
            Some(common) => Read::Common(common.name.clone()),
            None => Read::Table(table.clone()),
        });
        let columns = match common {
            Some(common) => common.columns.clone(),
            None => self.existing(&table, span)?.map_or(Columns::Unknown, Columns::Table),
        };
        let (exposed, bare, names) = match alias {
            Some(alias) => {
                let (exposed, names) = self.alias(alias)?;
                // In UPDATE and DELETE, SQLite wants the word AS.
                alias.explicit = true;
                (exposed, None, names)
            }
            None => (stored.clone(), table.schema.is_some().then(|| table.name.clone()), Vec::new()),
        };
        *name = ObjectName::from(vec![Ident::with_quote('"', stored)]);
        if !names.is_empty() {
            // SQLite takes a list of columns after the name of a WITH query only.
            let Some(outputs) = columns.outputs(false) else {
                return self.unsupported("a list of columns after the name of this table", span);
            };
            let renamed = renamed_table(name, &outputs, &names)?;
            let alias = alias.as_mut().map(|alias| TableAlias { columns: Vec::new(), ..alias.clone() });
            *factor = TableFactor::Derived { lateral: false, subquery: renamed, alias, sample: None };
            // A row of a table keeps the names that the table has.
            let own_names =
                common.is_none().then(|| outputs.iter().map(|output| output.name.clone()).collect());
            let columns = listed(outputs, &exposed, &names)?;
            self.add_relation(Relation { own_names, ..Relation::new(exposed, columns) });
            return Ok(());
        }
        self.add_relation(Relation { bare, ..Relation::new(exposed, columns) });
        Ok(())
    }
}

/// True for the tables of SQLite itself and of the engine.
impl Adapter<'_> {
    /// A table that the statement names. None when the catalog does not know; `UNKNOWN_TABLE` when there is no such table.
    /// Names are case-sensitive, and SQLite itself would find a table in any case.
    pub(super) fn existing(&self, table: &TableName, span: Span) -> Result<Option<Arc<TableSchema>>> {
        match self.catalog.table(table) {
            Some(found) => match exactly(table, found.table.clone()) {
                Ok(_) => Ok(Some(found)),
                Err(error) => Err(self.at(error, span)),
            },
            None if self.catalog.sees_all() && !is_internal(table) => {
                Err(self.at(unknown_table(table), span))
            }
            None => Ok(None),
        }
    }
}

fn is_internal(table: &TableName) -> bool {
    table.schema.is_none() && (table.name.starts_with("sqlite_") || table.name.starts_with("phantomdb_"))
}

/// `SELECT a AS x, b FROM table`.
fn renamed_table(table: &ObjectName, outputs: &[Output], names: &[String]) -> Result<Box<Query>> {
    let mut query = parsed_query("SELECT 1 FROM \"t\"")?;
    if let SetExpr::Select(select) = query.body.as_mut() {
        select.projection = outputs
            .iter()
            .enumerate()
            .map(|(index, output)| {
                let name = names.get(index).unwrap_or(&output.name);
                SelectItem::ExprWithAlias {
                    expr: Expr::Identifier(Ident::with_quote('"', output.name.clone())),
                    alias: Ident::with_quote('"', name),
                }
            })
            .collect();
        if let Some(from) = select.from.first_mut()
            && let TableFactor::Table {
                name,
                alias: _,
                args: _,
                with_hints: _,
                version: _,
                with_ordinality: _,
                partitions: _,
                json_path: _,
                sample: _,
                index_hints: _,
            } = &mut from.relation
        {
            *name = table.clone();
        }
    }
    Ok(query)
}
