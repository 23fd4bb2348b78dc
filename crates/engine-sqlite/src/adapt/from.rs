//! FROM: tables, joins and sub-queries, and the relations that they add to the scope.

use std::sync::Arc;

use phantomdb_protocol::Result;
use phantomdb_sql::printer::verbatim_ident;
use sqlparser::ast::{
    FunctionArg, FunctionArgExpr, Ident, Join, JoinConstraint, JoinOperator, ObjectName, Spanned, TableAlias,
    TableFactor, TableFunctionArgs, TableWithJoins,
};

use super::{
    adapter::Adapter,
    scope::{Columns, Relation},
    template::with_column_names,
};
use crate::stored::stored_name;

/// The functions of SQLite that may stand in FROM.
const TABLE_FUNCTIONS: [&str; 3] = ["json_each", "json_tree", "jsonb_each"];

impl Adapter<'_> {
    pub(super) fn table_with_joins(&mut self, table: &mut TableWithJoins) -> Result<()> {
        let TableWithJoins { relation, joins } = table;
        let first = self.relation_count();
        self.table_factor(relation)?;
        for join in joins {
            self.join(join, first)?;
        }
        Ok(())
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
                        (*with_ordinality, "WITH ORDINALITY"),
                        (!partitions.is_empty(), "PARTITION in FROM"),
                        (json_path.is_some(), "a JSON path in FROM"),
                        (sample.is_some(), "TABLESAMPLE"),
                        (!index_hints.is_empty(), "an index hint"),
                    ],
                    || name.span(),
                )?;
                match args {
                    Some(args) => self.table_function(name, args, alias.as_ref()),
                    None => self.named_table(name, alias.as_mut()),
                }
            }
            TableFactor::Derived { lateral, subquery, alias, sample } => {
                self.refuse(&[(*lateral, "LATERAL"), (sample.is_some(), "TABLESAMPLE")], || subquery.span())?;
                let outputs = self.subquery(subquery)?;
                let columns = outputs.map_or(Columns::Unknown, |outputs| Columns::Listed(Arc::new(outputs)));
                let Some(alias) = alias else {
                    self.add_relation(Relation { name: String::new(), bare: None, columns, outer: false });
                    return Ok(());
                };
                let (name, names) = self.alias(alias)?;
                if !names.is_empty() {
                    // SQLite takes no list of columns after an alias, but does after the name of a WITH query.
                    with_column_names(subquery, std::mem::take(&mut alias.columns))?;
                }
                let columns = renamed(columns, names);
                self.add_relation(Relation { name, bare: None, columns, outer: false });
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

    /// A function that gives rows.
    fn table_function(
        &mut self,
        name: &mut ObjectName,
        args: &mut TableFunctionArgs,
        alias: Option<&TableAlias>,
    ) -> Result<()> {
        let span = name.span();
        let TableFunctionArgs { args, settings } = args;
        self.refuse(&[(settings.is_some(), "SETTINGS of a function")], || span)?;
        for argument in args {
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
        let function = name.to_string().to_ascii_lowercase();
        if !TABLE_FUNCTIONS.contains(&function.as_str()) {
            return self.unsupported(&format!("{function}() in FROM"), span);
        }
        let (exposed, names) = match alias {
            Some(alias) => self.alias(alias)?,
            None => (function.clone(), Vec::new()),
        };
        self.refuse(&[(!names.is_empty(), "a list of columns after a function")], || span)?;
        *name = ObjectName::from(vec![verbatim_ident(function)]);
        self.add_relation(Relation { name: exposed, bare: None, columns: Columns::Unknown, outer: false });
        Ok(())
    }

    /// A table or a WITH query by its name.
    fn named_table(&mut self, name: &mut ObjectName, alias: Option<&mut TableAlias>) -> Result<()> {
        let table = self.source.table(name)?;
        let stored = stored_name(&table);
        let common = self.common_tables.iter().rev().find(|common| common.name.eq_ignore_ascii_case(&stored));
        let columns = match common {
            Some(common) => common.columns.clone(),
            None => self.catalog.table(&table).map_or(Columns::Unknown, Columns::Table),
        };
        let (exposed, bare) = match alias {
            Some(alias) => {
                let (exposed, names) = self.alias(alias)?;
                if !names.is_empty() {
                    let span = alias.name.span;
                    return self.unsupported("a list of columns after the name of a table", span);
                }
                // In UPDATE and DELETE, SQLite wants the word AS.
                alias.explicit = true;
                (exposed, None)
            }
            None => (stored.clone(), table.schema.is_some().then(|| table.name.clone())),
        };
        *name = ObjectName::from(vec![Ident::with_quote('"', stored)]);
        self.add_relation(Relation { name: exposed, bare, columns, outer: false });
        Ok(())
    }
}

/// The columns with other names, as many as are given.
fn renamed(columns: Columns, names: Vec<String>) -> Columns {
    match columns {
        Columns::Listed(outputs) if !names.is_empty() => {
            let mut outputs = outputs.as_ref().clone();
            for (output, name) in outputs.iter_mut().zip(names) {
                output.name = name;
            }
            Columns::Listed(Arc::new(outputs))
        }
        other => other,
    }
}
