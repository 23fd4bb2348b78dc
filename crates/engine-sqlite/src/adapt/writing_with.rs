//! WITH queries that change rows. SQLite has none, so each becomes a statement of its own, which runs before the rest. The rows
//! that it returns travel to the later statements as one more parameter, a JSON array.
//!
//! PostgreSQL runs all parts on the state before the statement. Here a later part sees what an earlier one has changed, so a
//! part that reads or writes a table that an earlier one changes is refused.

use std::{collections::HashMap, ops::ControlFlow};

use phantomdb_protocol::{Constraint, ReferentialAction, Result, TableName};
use phantomdb_sql::{Kind, parse::ConflictTarget, printer::parameter_number, walk::each_expression};
use sqlparser::ast::{
    Cte, Expr, Ident, OnInsert, Query, SelectItem, SetExpr, Spanned, Statement, Value, ValueWithSpan, With,
};

use super::{
    adapted::{Adapted, Step, WriteKind, WriteTarget},
    adapter::{Adapter, Read},
    converted::comparable,
    query::listed,
    row_sources::stored_element,
    scope::{CommonTable, Output},
    template::{has_clauses, parsed_query},
};
use crate::stored::{print, stored_name};

/// What the parts so far have come to.
#[derive(Default)]
struct Parts {
    steps: Vec<Step>,
    /// The queries of WITH for the later parts, adapted.
    common: Vec<Cte>,
    /// The tables that a query of WITH reads.
    reads: HashMap<String, Vec<TableName>>,
    written: Vec<(WriteTarget, TableName)>,
}

/// True when a query of WITH changes rows.
pub(super) fn has_writes(query: &Query) -> bool {
    query.with.as_ref().is_some_and(|with| with.cte_tables.iter().any(writes))
}

fn writes(common: &Cte) -> bool {
    matches!(common.query.body.as_ref(), SetExpr::Insert(_) | SetExpr::Update(_) | SetExpr::Delete(_))
}

impl Adapter<'_> {
    /// Adapts a statement with WITH queries that change rows.
    pub(super) fn writing_with(
        &mut self,
        statement: &mut Statement,
        mut conflict: Option<ConflictTarget>,
    ) -> Result<Adapted> {
        let span = statement.span();
        let first = 1 + last_parameter(statement);
        let Statement::Query(query) = statement else { return self.unsupported("this statement", span) };
        let Some(mut with) = query.with.take() else { return self.unsupported("this statement", span) };
        self.refuse(&[(with.recursive, "RECURSIVE before a WITH query that changes data")], || span)?;
        let outer_tables = self.common_tables.len();
        let mut parts = Parts::default();
        for mut common in std::mem::take(&mut with.cte_tables) {
            self.reads.clear();
            if writes(&common) {
                self.writing_step(common, &with, first, &mut parts, &mut conflict)?;
                continue;
            }
            self.common_table(&mut common, false)?;
            let tables = self.tables_read(&parts);
            parts.reads.insert(common.alias.name.value.clone(), tables);
            parts.common.push(common);
        }
        self.reads.clear();
        let rows = self.top_query(query, conflict)?;
        self.refuse_changed(&parts, rows.target.as_ref(), span)?;
        self.common_tables.truncate(outer_tables);
        if !parts.common.is_empty() {
            query.with = Some(With { cte_tables: parts.common, ..with });
        }
        let adapted = self.printed(statement, rows)?;
        Ok(Adapted { kind: Kind::Write, steps: parts.steps, ..adapted })
    }

    /// Makes a statement of a WITH query that changes rows, and a query over the rows that it returns.
    fn writing_step(
        &mut self,
        common: Cte,
        with: &With,
        first: usize,
        parts: &mut Parts,
        conflict: &mut Option<ConflictTarget>,
    ) -> Result<()> {
        let Cte { alias, mut query, from, materialized: _, closing_paren_token } = common;
        let span = alias.name.span;
        self.refuse(
            &[
                (from.is_some(), "FROM before a WITH query"),
                (query.with.is_some(), "WITH in a WITH query that changes data"),
                (has_clauses(&query), "a clause of a query after a statement that writes"),
            ],
            || span,
        )?;
        let (name, names) = self.alias(&alias)?;
        let rows = match query.body.as_mut() {
            SetExpr::Insert(statement) | SetExpr::Update(statement) | SetExpr::Delete(statement) => {
                let own = has_conflict(statement).then(|| conflict.take()).flatten();
                self.write(statement, own)?
            }
            _ => return self.unsupported("this WITH query", span),
        };
        self.refuse_changed(parts, rows.target.as_ref(), span)?;
        if !parts.common.is_empty() {
            query.with = Some(With { cte_tables: parts.common.clone(), ..with.clone() });
        }
        let sql = print(&mut Statement::Query(query))?;
        let parameter = first + parts.steps.len();
        parts.steps.push(Step { sql, target: rows.target.clone() });
        if let Some(target) = rows.target {
            let table = self.catalog.tables().into_iter().find(|table| stored_name(table) == target.table);
            let Some(table) = table else { return self.unsupported("a change of this table in WITH", span) };
            parts.written.push((target, table));
        }
        if !rows.returns_rows {
            return Ok(());
        }
        let Some(outputs) = rows.outputs else {
            return self.unsupported("RETURNING with * over this table in WITH", span);
        };
        let source = rows_of_parameter(parameter, &outputs)?;
        let outside = outputs.into_iter().map(Output::outside).collect();
        let columns = listed(outside, &name, &names)?;
        self.common_tables.push(CommonTable { name, columns });
        parts.common.push(Cte { alias, query: source, from: None, materialized: None, closing_paren_token });
        Ok(())
    }

    /// The tables that were read since the list was emptied, by themselves and in queries of WITH.
    fn tables_read(&mut self, parts: &Parts) -> Vec<TableName> {
        let reads = std::mem::take(&mut self.reads);
        let tables = reads.into_iter().flat_map(|read| match read {
            Read::Table(table) => vec![table],
            Read::Common(name) => parts.reads.get(&name).cloned().unwrap_or_default(),
        });
        tables.collect()
    }

    /// Refuses a part that depends on a table which an earlier one has changed.
    fn refuse_changed(
        &mut self,
        parts: &Parts,
        own: Option<&WriteTarget>,
        span: sqlparser::tokenizer::Span,
    ) -> Result<()> {
        let read = self.tables_read(parts);
        if parts.written.is_empty() {
            return Ok(());
        }
        let tables = self.catalog.tables();
        for table in &read {
            if !tables.contains(table) {
                let what = format!("the view \"{table}\" beside a WITH query that changes data");
                return self.unsupported(&what, span);
            }
        }
        let own = own.map(|target| target.table.clone());
        for name in read.iter().map(stored_name).chain(own) {
            for (target, written) in &parts.written {
                if target.table == name || self.follows(&name, target, written) {
                    let what = format!(
                        "\"{name}\" beside a WITH query that changes it, unless it is read from what RETURNING gives,"
                    );
                    return self.unsupported(&what, span);
                }
            }
        }
        Ok(())
    }

    /// True when a foreign key changes rows of the table as well.
    fn follows(&self, stored: &str, target: &WriteTarget, written: &TableName) -> bool {
        if matches!(target.kind, WriteKind::Insert { reads_rows: _ }) {
            return false;
        }
        let table = self.catalog.tables().into_iter().find(|table| stored_name(table) == stored);
        let schema = table.and_then(|table| self.catalog.table(&table));
        let acts = |action: &Option<ReferentialAction>| {
            action.is_some_and(|action| {
                !matches!(action, ReferentialAction::NoAction | ReferentialAction::Restrict)
            })
        };
        schema.is_some_and(|schema| {
            let in_columns = schema.columns.iter().filter_map(|column| column.references.as_ref());
            let in_constraints = schema.constraints.iter().filter_map(|constraint| match constraint {
                Constraint::ForeignKey { name: _, columns: _, references } => Some(references),
                _ => None,
            });
            in_columns
                .chain(in_constraints)
                .any(|key| key.table == *written && (acts(&key.on_delete) || acts(&key.on_update)))
        })
    }
}

/// The number of the last parameter of the statement.
fn last_parameter(statement: &Statement) -> usize {
    let mut last = 0;
    let _ = each_expression(statement, &mut |expr| {
        if let Expr::Value(ValueWithSpan { value: Value::Placeholder(name), span: _ }) = expr {
            last = last.max(parameter_number(name).unwrap_or(0));
        }
        ControlFlow::<()>::Continue(())
    });
    last
}

/// True for an INSERT with ON CONFLICT.
fn has_conflict(statement: &Statement) -> bool {
    matches!(statement, Statement::Insert(insert) if matches!(insert.on, Some(OnInsert::OnConflict(_))))
}

/// The rows of a step, which are a JSON array in a parameter.
fn rows_of_parameter(number: usize, outputs: &[Output]) -> Result<Box<Query>> {
    let mut query = parsed_query(&format!("SELECT 1 FROM json_each(${number})"))?;
    let value = Expr::Identifier(Ident::with_quote('"', "value"));
    if let SetExpr::Select(select) = query.body.as_mut() {
        select.projection = outputs
            .iter()
            .enumerate()
            .map(|(index, output)| SelectItem::ExprWithAlias {
                expr: comparable(
                    stored_element(value.clone(), index, output.typed.data_type),
                    output.typed.computed(),
                ),
                alias: Ident::with_quote('"', output.name.clone()),
            })
            .collect();
    }
    Ok(query)
}
