//! RETURNING of columns of the tables after FROM or USING. SQLite's RETURNING knows the table that is written only, so
//! such a column is read by a query of its own, with the condition of the statement.

use std::ops::ControlFlow;

use phantomdb_protocol::{Result, TableName};
use phantomdb_sql::{
    names::{last_ident, same_table, table_name},
    walk::{change_expressions, each_expression},
};
use sqlparser::{
    ast::{
        Assignment, AssignmentTarget, Expr, Ident, Join, ObjectName, Query, SelectItem,
        SelectItemQualifiedWildcardKind, SetExpr, TableFactor, TableWithJoins, WildcardAdditionalOptions,
    },
    tokenizer::Span,
};

use super::{adapter::Adapter, template::parsed_query};

/// A table after FROM or USING.
struct Source {
    name: Ident,
    /// The table; a query has none.
    table: Option<TableName>,
    /// The columns, when they are known.
    columns: Option<Vec<String>>,
}

/// The tables after FROM or USING and the condition, as they were written.
pub(super) struct SourceTables {
    from: Vec<TableWithJoins>,
    selection: Option<Expr>,
    /// The columns of the written table that get a new value.
    assigned: Vec<String>,
    sources: Vec<Source>,
    /// The name by which the statement knows the written table, and its columns.
    target: Ident,
    target_table: Option<TableName>,
    target_columns: Vec<String>,
}

impl SourceTables {
    fn of_qualifier(&self, name: &str) -> Option<&Source> {
        self.sources.iter().find(|source| source.name.value.eq_ignore_ascii_case(name))
    }

    /// The source and the column that an expression names.
    fn column(&self, expr: &Expr) -> Option<(Ident, Ident)> {
        match expr {
            Expr::CompoundIdentifier(parts) => {
                let [.., qualifier, column] = parts.as_slice() else { return None };
                let source = self.of_qualifier(&qualifier.value)?;
                Some((source.name.clone(), column.clone()))
            }
            Expr::Identifier(column) => {
                let has = |columns: &[String]| {
                    columns.iter().any(|known| known.eq_ignore_ascii_case(&column.value))
                };
                if has(&self.target_columns) {
                    return None;
                }
                let source = self.sources.iter().find(|source| source.columns.as_deref().is_some_and(has))?;
                Some((source.name.clone(), column.clone()))
            }
            _ => None,
        }
    }

    /// The query that reads a column of the row that the written row was joined with.
    fn read(&self, source: Ident, column: Ident) -> Result<Expr> {
        let mut query: Box<Query> = parsed_query("SELECT 1 LIMIT 1")?;
        if let SetExpr::Select(select) = query.body.as_mut() {
            let column = Expr::CompoundIdentifier(vec![source, column]);
            select.projection = vec![SelectItem::UnnamedExpr(column)];
            select.from.clone_from(&self.from);
            select.selection.clone_from(&self.selection);
        }
        Ok(Expr::Subquery(query))
    }

    /// True when one of the sources is the written table: it would be read after it was changed.
    fn reads_target(&self) -> bool {
        let Some(target) = &self.target_table else { return false };
        self.sources.iter().filter_map(|source| source.table.as_ref()).any(|table| same_table(table, target))
    }

    /// True when the condition names a column that gets a new value: in RETURNING it would be compared anew.
    fn condition_changes(&self) -> bool {
        let is_assigned =
            |name: &Ident| self.assigned.iter().any(|column| column.eq_ignore_ascii_case(&name.value));
        let mut look = |expr: &Expr| {
            let changes = match expr {
                Expr::Identifier(name) => is_assigned(name),
                Expr::CompoundIdentifier(parts) => {
                    let [.., qualifier, column] = parts.as_slice() else { return ControlFlow::Continue(()) };
                    is_assigned(column) && self.of_qualifier(&qualifier.value).is_none()
                }
                _ => false,
            };
            if changes { ControlFlow::Break(()) } else { ControlFlow::Continue(()) }
        };
        self.selection.as_ref().is_some_and(|selection| each_expression(selection, &mut look).is_break())
    }
}

impl Adapter<'_> {
    /// Notes the tables after FROM or USING before they are adapted, when RETURNING may name their columns.
    pub(super) fn source_tables(
        &self,
        target: &TableFactor,
        from: &[TableWithJoins],
        selection: Option<&Expr>,
        assignments: &[Assignment],
    ) -> Option<SourceTables> {
        let factors = from.iter().flat_map(|TableWithJoins { relation, joins }| {
            let joined = joins.iter().map(|Join { relation, global: _, join_operator: _ }| relation);
            std::iter::once(relation).chain(joined)
        });
        let sources = factors.filter_map(|factor| self.source_of(factor)).collect();
        let Source { name, table, columns } = self.source_of(target)?;
        Some(SourceTables {
            from: from.to_vec(),
            selection: selection.cloned(),
            assigned: assigned_columns(assignments).collect(),
            sources,
            target: name,
            target_table: table,
            target_columns: columns.unwrap_or_default(),
        })
    }

    fn source_of(&self, factor: &TableFactor) -> Option<Source> {
        match factor {
            TableFactor::Table {
                name,
                alias,
                args: _,
                with_hints: _,
                version: _,
                with_ordinality: _,
                partitions: _,
                json_path: _,
                sample: _,
                index_hints: _,
            } => {
                let own = last_ident(name)?;
                let is_common =
                    self.common_tables.iter().any(|table| table.name.eq_ignore_ascii_case(&own.value));
                let table = table_name(name).filter(|_| !is_common);
                let described = table.as_ref().and_then(|table| self.catalog.table(table));
                let columns =
                    described.map(|table| table.columns.iter().map(|column| column.name.clone()).collect());
                let name = alias.as_ref().map_or(own, |alias| &alias.name).clone();
                Some(Source { name, table, columns })
            }
            TableFactor::Derived { lateral: _, subquery: _, alias, sample: _ } => {
                Some(Source { name: alias.as_ref()?.name.clone(), table: None, columns: None })
            }
            _ => None,
        }
    }

    /// Replaces the columns of other tables in RETURNING by queries that read them.
    pub(super) fn read_source_columns(
        &self,
        items: &mut Vec<SelectItem>,
        tables: &SourceTables,
        span: Span,
    ) -> Result<()> {
        let mut replaced = Vec::with_capacity(items.len());
        let mut reads = false;
        for item in std::mem::take(items) {
            match item {
                SelectItem::Wildcard(options) => {
                    replaced.push(all_of(&tables.target, options));
                    for source in &tables.sources {
                        reads = true;
                        self.all_columns_of(source, tables, span, &mut replaced)?;
                    }
                }
                SelectItem::QualifiedWildcard(SelectItemQualifiedWildcardKind::ObjectName(name), options) => {
                    match last_ident(&name).and_then(|ident| tables.of_qualifier(&ident.value)) {
                        Some(source) => {
                            reads = true;
                            self.all_columns_of(source, tables, span, &mut replaced)?;
                        }
                        None => replaced.push(SelectItem::QualifiedWildcard(
                            SelectItemQualifiedWildcardKind::ObjectName(name),
                            options,
                        )),
                    }
                }
                SelectItem::UnnamedExpr(expr) => match tables.column(&expr) {
                    Some((source, column)) => {
                        reads = true;
                        let alias = column.clone();
                        let expr = tables.read(source, column)?;
                        replaced.push(SelectItem::ExprWithAlias { expr, alias });
                    }
                    None => {
                        let mut expr = expr;
                        reads |= replace_columns(&mut expr, tables)?;
                        replaced.push(SelectItem::UnnamedExpr(expr));
                    }
                },
                SelectItem::ExprWithAlias { mut expr, alias } => {
                    reads |= replace_columns(&mut expr, tables)?;
                    replaced.push(SelectItem::ExprWithAlias { expr, alias });
                }
                other => replaced.push(other),
            }
        }
        *items = replaced;
        if reads && tables.reads_target() {
            return self.unsupported("RETURNING the written table under another name", span);
        }
        if reads && tables.condition_changes() {
            return self.unsupported(
                "RETURNING a column of another table, when SET changes a column of the condition,",
                span,
            );
        }
        Ok(())
    }

    fn all_columns_of(
        &self,
        source: &Source,
        tables: &SourceTables,
        span: Span,
        replaced: &mut Vec<SelectItem>,
    ) -> Result<()> {
        let Some(columns) = &source.columns else {
            let what = format!("RETURNING * of \"{}\", whose columns must be named,", source.name.value);
            return self.unsupported(&what, span);
        };
        for column in columns {
            let alias = Ident::with_quote('"', column);
            let expr = tables.read(source.name.clone(), alias.clone())?;
            replaced.push(SelectItem::ExprWithAlias { expr, alias });
        }
        Ok(())
    }
}

fn all_of(table: &Ident, options: WildcardAdditionalOptions) -> SelectItem {
    let name = ObjectName::from(vec![table.clone()]);
    SelectItem::QualifiedWildcard(SelectItemQualifiedWildcardKind::ObjectName(name), options)
}

/// Replaces the columns of other tables in an expression. Returns whether it had any.
fn replace_columns(expr: &mut Expr, tables: &SourceTables) -> Result<bool> {
    let mut outcome = Ok(false);
    change_expressions(expr, &mut |expr| {
        let Some((source, column)) = tables.column(expr) else { return };
        match tables.read(source, column) {
            Ok(query) => {
                *expr = query;
                if outcome.is_ok() {
                    outcome = Ok(true);
                }
            }
            Err(error) => outcome = Err(error),
        }
    });
    outcome
}

/// The columns that are assigned.
pub(super) fn assigned_columns(assignments: &[Assignment]) -> impl Iterator<Item = String> {
    let names = assignments.iter().flat_map(|Assignment { target, value: _ }| match target {
        AssignmentTarget::ColumnName(name) => std::slice::from_ref(name),
        AssignmentTarget::Tuple(names) => names.as_slice(),
    });
    names.filter_map(last_ident).map(|name| name.value.clone())
}
