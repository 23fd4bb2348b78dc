//! SELECT: its clauses, the columns of its result, and ORDER BY.

use phantomdb_protocol::{ColumnType, Result};
use phantomdb_sql::{
    build,
    names::{last_ident, table_name},
};
use sqlparser::ast::{
    Distinct, Expr, GroupByExpr, Ident, NamedWindowDefinition, NamedWindowExpr, ObjectName, OrderByExpr,
    OrderByOptions, OrderBySort, Select, SelectFlavor, SelectItem, SelectItemQualifiedWildcardKind, SetExpr,
    Spanned, Value, ValueWithSpan, WildcardAdditionalOptions,
};

use super::{
    adapter::Adapter,
    operators::by_decimal_order,
    scope::{Output, Scope},
    typed::Origin,
};
use crate::stored::stored_name;

impl Adapter<'_> {
    pub(super) fn select(
        &mut self,
        select: &mut Select,
        order: Option<&mut Vec<OrderByExpr>>,
    ) -> Result<Option<Vec<Output>>> {
        self.reads_rows = true;
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
        self.refuse_clauses(select)?;
        // A hint is about speed only.
        select.optimizer_hints.clear();
        for table in &mut select.from {
            self.table_with_joins(table)?;
        }
        self.optional(&mut select.selection)?;
        let outputs = self.projection(&mut select.projection)?;
        match &mut select.group_by {
            GroupByExpr::Expressions(exprs, modifiers) if modifiers.is_empty() => self.exprs(exprs)?,
            other => {
                let span = other.span();
                return self.unsupported("this GROUP BY", span);
            }
        }
        self.optional(&mut select.having)?;
        for NamedWindowDefinition(name, window) in &mut select.named_window {
            match window {
                NamedWindowExpr::WindowSpec(spec) => self.window(spec)?,
                NamedWindowExpr::NamedWindow(_) => {
                    return self.unsupported("a window that is another window", name.span);
                }
            }
        }
        if let Some(order) = order {
            for item in order {
                self.order_expr(item, outputs.as_deref())?;
            }
        }
        Ok(outputs)
    }

    /// Refuses the clauses that PhantomDB SQL does not have; `select_parts` adapts the others.
    fn refuse_clauses(&self, select: &Select) -> Result<()> {
        let Select {
            select_token,
            optimizer_hints: _,
            distinct,
            select_modifiers,
            top,
            top_before_distinct: _,
            projection,
            exclude,
            into,
            from: _,
            lateral_views,
            prewhere,
            selection: _,
            connect_by,
            group_by: _,
            cluster_by,
            distribute_by,
            sort_by,
            having: _,
            named_window: _,
            qualify,
            window_before_qualify: _,
            value_table_mode,
            flavor,
        } = select;
        let span = select_token.0.span;
        self.refuse(
            &[
                (into.is_some(), "SELECT INTO"),
                (top.is_some(), "TOP"),
                (!lateral_views.is_empty(), "LATERAL VIEW"),
                (qualify.is_some(), "QUALIFY"),
                (!connect_by.is_empty(), "CONNECT BY"),
                (prewhere.is_some(), "PREWHERE"),
                (matches!(distinct, Some(Distinct::On(_))), "DISTINCT ON"),
                (projection.is_empty(), "a SELECT without columns"),
                (select_modifiers.is_some(), "a modifier of SELECT"),
                (exclude.is_some(), "EXCLUDE"),
                (!cluster_by.is_empty(), "CLUSTER BY"),
                (!distribute_by.is_empty(), "DISTRIBUTE BY"),
                (!sort_by.is_empty(), "SORT BY"),
                (value_table_mode.is_some(), "SELECT AS STRUCT or VALUE"),
                (*flavor != SelectFlavor::Standard, "FROM before SELECT"),
            ],
            || span,
        )
    }

    /// The columns of a SELECT or a RETURNING. None when a wildcard stands for a table that is not known.
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
                SelectItem::Wildcard(options) => {
                    self.refuse_wildcard_options(options)?;
                    self.all_columns()
                }
                SelectItem::QualifiedWildcard(SelectItemQualifiedWildcardKind::ObjectName(name), options) => {
                    self.refuse_wildcard_options(options)?;
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

    fn refuse_wildcard_options(&self, options: &WildcardAdditionalOptions) -> Result<()> {
        let WildcardAdditionalOptions {
            wildcard_token,
            opt_ilike,
            opt_exclude,
            opt_except,
            opt_replace,
            opt_rename,
            opt_alias,
        } = options;
        self.refuse(
            &[
                (opt_ilike.is_some(), "ILIKE after *"),
                (opt_exclude.is_some(), "EXCLUDE after *"),
                (opt_except.is_some(), "EXCEPT after *"),
                (opt_replace.is_some(), "REPLACE after *"),
                (opt_rename.is_some(), "RENAME after *"),
                (opt_alias.is_some(), "an alias after *"),
            ],
            || wildcard_token.0.span,
        )
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

    /// The columns of `t.*`. The name becomes the one that SQLite knows.
    fn columns_of(&self, name: &mut ObjectName) -> Option<Vec<Output>> {
        let table = table_name(name)?;
        let mut stored = stored_name(&table);
        let relation = self.scopes.last()?.relation(&stored);
        if let Some(relation) = relation {
            stored.clone_from(&relation.name);
        }
        *name = ObjectName::from(vec![Ident::with_quote('"', stored)]);
        relation.and_then(|relation| relation.columns.outputs(relation.outer))
    }

    /// Adapts an item of ORDER BY. NULLs sort as PostgreSQL sorts them, last when ascending. The order of NULLs of a column that
    /// has none is left out, so that the column's index serves.
    pub(super) fn order_expr(&mut self, item: &mut OrderByExpr, outputs: Option<&[Output]>) -> Result<()> {
        let OrderByExpr { expr, options: OrderByOptions { sort, nulls_first }, with_fill } = item;
        self.refuse(&[(with_fill.is_some(), "WITH FILL")], || expr.span())?;
        let descending = match sort {
            None | Some(OrderBySort::Asc) => false,
            Some(OrderBySort::Desc) => true,
            Some(OrderBySort::Using(_)) => return self.unsupported("ORDER BY … USING", expr.span()),
        };
        let named = match &*expr {
            Expr::Identifier(ident) => outputs.and_then(|outputs| {
                outputs.iter().find(|output| output.name.eq_ignore_ascii_case(&ident.value))
            }),
            Expr::Value(ValueWithSpan { value: Value::Number(number, _), span: _ }) => {
                let index = number.parse::<usize>().ok().and_then(|number| number.checked_sub(1));
                index.and_then(|index| outputs.and_then(|outputs| outputs.get(index)))
            }
            _ => None,
        };
        let typed = match named {
            Some(output) => output.typed,
            None => self.expr(expr)?,
        };
        if typed.is(ColumnType::Decimal) && typed.origin != Origin::Column {
            *expr = by_decimal_order(build::take(expr));
        }
        let wanted_first = nulls_first.unwrap_or(descending);
        // SQLite takes NULL for the smallest value, so it puts NULLs first when ascending.
        let sqlite_first = !descending;
        *nulls_first = (typed.nullable && wanted_first != sqlite_first).then_some(wanted_first);
        Ok(())
    }
}

/// The name that PostgreSQL gives to a column without an alias.
fn natural_name(expr: &Expr) -> String {
    match expr {
        Expr::Identifier(ident) => ident.value.clone(),
        Expr::CompoundIdentifier(parts) => parts.last().map(|ident| ident.value.clone()).unwrap_or_default(),
        Expr::Function(function) => {
            last_ident(&function.name).map(|ident| ident.value.to_ascii_lowercase()).unwrap_or_default()
        }
        Expr::Nested(inner)
        | Expr::Collate { expr: inner, collation: _ }
        | Expr::Cast { kind: _, expr: inner, data_type: _, format: _ } => natural_name(inner),
        Expr::Case { case_token: _, end_token: _, operand: _, conditions: _, else_result: _ } => {
            "case".into()
        }
        Expr::Exists { subquery: _, negated: _ } => "exists".into(),
        Expr::Extract { field: _, syntax: _, expr: _ } => "extract".into(),
        Expr::Substring { expr: _, substring_from: _, substring_for: _, special: _, shorthand: _ } => {
            "substring".into()
        }
        Expr::Position { expr: _, r#in: _ } => "position".into(),
        Expr::Trim { trim_where: _, trim_what: _, expr: _, trim_characters: _ } => "btrim".into(),
        Expr::Ceil { expr: _, field: _ } => "ceil".into(),
        Expr::Floor { expr: _, field: _ } => "floor".into(),
        Expr::Subquery(query) => match query.body.as_ref() {
            SetExpr::Select(select) => match select.projection.first() {
                Some(SelectItem::UnnamedExpr(expr)) => natural_name(expr),
                Some(SelectItem::ExprWithAlias { expr: _, alias }) => alias.value.clone(),
                _ => UNNAMED.into(),
            },
            _ => UNNAMED.into(),
        },
        _ => UNNAMED.into(),
    }
}

/// PostgreSQL's name for a column of any other expression.
const UNNAMED: &str = "?column?";
