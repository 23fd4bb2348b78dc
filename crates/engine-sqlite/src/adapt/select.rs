//! SELECT: its clauses, the columns of its result, and ORDER BY.

use std::ops::ControlFlow;

use phantomdb_protocol::{Error, ErrorCode, Result};
use phantomdb_sql::{
    build,
    names::{last_ident, table_name},
    printer::verbatim_expr,
    typing::{Kind, functions},
    walk::each_expression,
};
use sqlparser::ast::{
    Distinct, Expr, GroupByExpr, Ident, NamedWindowDefinition, NamedWindowExpr, ObjectName, OrderByExpr,
    OrderByOptions, OrderBySort, Select, SelectFlavor, SelectItem, SelectItemQualifiedWildcardKind, Spanned,
    UnaryOperator, Value, ValueWithSpan, WildcardAdditionalOptions,
};

use super::{
    adapter::Adapter,
    column_name::column_name,
    column_reference::spelled_otherwise,
    converted::comparable,
    groups::expression_of,
    parameter_types,
    scope::{Found, Output, Scope},
    typed::Typed,
};
use crate::stored::stored_name;

impl Adapter<'_> {
    pub(super) fn select(
        &mut self,
        select: &mut Select,
        order: Option<&mut Vec<OrderByExpr>>,
    ) -> Result<Option<Vec<Output>>> {
        self.select_with_columns(select, order, false)
    }

    /// A SELECT. With `has_texts`, a column to which nothing gives a type is a text; the whole of a set operation and the
    /// columns of a table give their own types.
    pub(super) fn select_with_columns(
        &mut self,
        select: &mut Select,
        order: Option<&mut Vec<OrderByExpr>>,
        has_texts: bool,
    ) -> Result<Option<Vec<Output>>> {
        self.reads_rows = true;
        self.scopes.push(Scope { has_texts, ..Scope::default() });
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
        let mut has_row_function = false;
        let _ = each_expression(&select.projection, &mut |expr| {
            has_row_function |= is_row_function(expr);
            if has_row_function { ControlFlow::Break(()) } else { ControlFlow::Continue(()) }
        });
        if let Some(scope) = self.scopes.last_mut() {
            scope.has_row_function = has_row_function;
        }
        let is_grouped =
            self.check_groups(select, order.as_deref().map(Vec::as_slice).unwrap_or_default())?;
        let has_window = select.projection.iter().any(|item| {
            each_expression(item, &mut |expr| match expr {
                Expr::Function(function) if function.over.is_some() => ControlFlow::Break(()),
                _ => ControlFlow::Continue(()),
            })
            .is_break()
        });
        let names = output_names(&select.projection);
        // A group is of equal outputs when GROUP BY names them.
        let compared = select.distinct.is_some() || groups_by_output(&select.group_by, &names);
        let sets = self.sets.replace(Vec::new());
        let outputs = self.projection(&mut select.projection, compared);
        let sets = std::mem::replace(&mut self.sets, sets).unwrap_or_default();
        let outputs = outputs?;
        self.optional_condition(&mut select.selection)?;
        if !sets.is_empty() && (is_grouped || has_window) {
            let what = "a function that returns rows beside GROUP BY, an aggregate or a window; write it in FROM: it";
            return self.unsupported(what, select.select_token.0.span);
        }
        select.from.extend(sets);
        match &mut select.group_by {
            GroupByExpr::Expressions(exprs, modifiers) if modifiers.is_empty() => {
                for expr in exprs {
                    self.refuse_constant(expr, "GROUP BY")?;
                    self.group(expr, &names, &select.projection)?;
                }
            }
            other => {
                let span = other.span();
                return self.unsupported("this GROUP BY", span);
            }
        }
        self.optional_condition(&mut select.having)?;
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

    /// An expression of GROUP BY. A number and the name of an output stay as they are, unless the output is a number that
    /// SQLite would take for the place of another.
    fn group(&mut self, expr: &mut Expr, names: &[String], outputs: &[SelectItem]) -> Result<()> {
        let output = match build::unnested(expr) {
            Expr::Value(ValueWithSpan { value: Value::Number(number, _), span: _ }) => {
                Some(number.parse().ok().and_then(|place| output_at(outputs, place)))
            }
            Expr::Identifier(ident)
                if names.contains(&ident.value)
                    && self.scopes.last().is_some_and(|scope| {
                        matches!(scope.column(None, &ident.value), Found::Nothing | Found::Spelled(_))
                    }) =>
            {
                let is_named = |item: &&SelectItem| match item {
                    SelectItem::ExprWithAlias { expr: _, alias } => alias.value == ident.value,
                    _ => false,
                };
                Some(outputs.iter().find(is_named))
            }
            _ => None,
        };
        if let Some(output) = output {
            if let Some(constant) = output.and_then(expression_of).filter(|output| is_place(output)) {
                *expr = constant.clone();
                hide_constant(expr);
            }
            return Ok(());
        }
        let typed = self.expr(expr)?;
        hide_constant(expr);
        *expr = comparable(build::take(expr), typed);
        Ok(())
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
                // `distinct_on` has taken it away from a query that may have it.
                (matches!(distinct, Some(Distinct::On(_))), "DISTINCT ON in a member of a set operation"),
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

    /// The columns of a SELECT or a RETURNING. `compared` is true when equal rows are to become one, or one group. None when
    /// a wildcard stands for a table that is not known.
    pub(super) fn projection(
        &mut self,
        items: &mut Vec<SelectItem>,
        compared: bool,
    ) -> Result<Option<Vec<Output>>> {
        let mut outputs = Some(Vec::with_capacity(items.len()));
        let mut adapted = Vec::with_capacity(items.len());
        // Queries around this one compare the values by the collation of the column, too.
        let compared = compared || self.depth > 0;
        for mut item in std::mem::take(items) {
            let more = match &mut item {
                SelectItem::UnnamedExpr(expr) => {
                    let name = column_name(expr);
                    let typed = self.result_column(expr, compared)?;
                    // A function that returns rows has columns of its own, such as `id`. ORDER BY finds the alias before them.
                    let is_ambiguous =
                        self.scopes.last().is_some_and(|scope| scope.qualifier_of(&name).is_some());
                    if is_ambiguous || !is_column_called(expr, &name) {
                        let alias = Ident::with_quote('"', name.clone());
                        item = SelectItem::ExprWithAlias { expr: build::take(expr), alias };
                    }
                    Some(vec![Output::new(name, typed)])
                }
                SelectItem::ExprWithAlias { expr, alias } => {
                    let typed = self.result_column(expr, compared)?;
                    Some(vec![Output::new(alias.value.clone(), typed)])
                }
                SelectItem::Wildcard(options) => {
                    self.refuse_wildcard_options(options)?;
                    self.star(None)
                }
                SelectItem::QualifiedWildcard(SelectItemQualifiedWildcardKind::ObjectName(name), options) => {
                    self.refuse_wildcard_options(options)?;
                    let relation = self.qualified_star(name)?;
                    self.star(relation.as_deref())
                }
                other => {
                    let what = format!("the column '{other}'");
                    let span = other.span();
                    return self.unsupported(&what, span);
                }
            };
            // SQLite's `*` would give other columns than PostgreSQL's.
            let expand = more.as_ref().is_some_and(|more| more.iter().any(|output| output.expr.is_some()));
            if let (true, Some(more)) = (expand, &more) {
                adapted.extend(more.iter().map(|output| SelectItem::ExprWithAlias {
                    expr: output.expr.clone().unwrap_or_else(build::null),
                    alias: Ident::with_quote('"', output.name.clone()),
                }));
            } else {
                adapted.push(item);
            }
            match (outputs.as_mut(), more) {
                (Some(outputs), Some(more)) => {
                    outputs.extend(more.into_iter().map(|output| Output { expr: None, ..output }));
                }
                _ => outputs = None,
            }
        }
        *items = adapted;
        Ok(outputs)
    }

    fn result_column(&mut self, expr: &mut Expr, compared: bool) -> Result<Typed> {
        let typed = self.expr(expr)?;
        let has_texts = self.scopes.last().is_some_and(|scope| scope.has_texts);
        if self.depth > 0 {
            parameter_types::note_inner_column(expr, typed);
        } else if has_texts {
            parameter_types::note_open(expr, typed);
        }
        if has_texts {
            parameter_types::note_text_column(expr, typed);
        }
        if compared {
            *expr = comparable(build::take(expr), typed);
        }
        Ok(typed)
    }

    /// The columns that `*` or `t.*` stands for. Each has an expression when SQLite's `*` would not give them.
    fn star(&self, relation: Option<&str>) -> Option<Vec<Output>> {
        let scope = self.scopes.last()?;
        if let Some(name) = relation {
            let relation = scope.relation(name)?;
            let outputs = relation.columns.outputs(relation.outer)?;
            let computed = outputs.iter().any(|output| output.expr.is_some());
            return Some(if computed || self.expands_stars && have_own_names(&outputs) {
                named(&relation.name, outputs)
            } else {
                outputs
            });
        }
        if scope.merges_unknown {
            return None;
        }
        let mut all = Vec::new();
        for relation in &scope.relations {
            all.push((relation.name.as_str(), relation.columns.outputs(relation.outer)?));
        }
        let expands = self.expands_stars && all.iter().all(|(_, outputs)| have_own_names(outputs));
        let plain = scope.merged.is_empty()
            && !scope.reordered
            && !expands
            && all.iter().all(|(_, outputs)| outputs.iter().all(|output| output.expr.is_none()));
        if plain {
            return Some(all.into_iter().flat_map(|(_, outputs)| outputs).collect());
        }
        let mut merged = Vec::with_capacity(scope.merged.len());
        for name in &scope.merged {
            if let Found::Column(output) = scope.column(None, name) {
                let expr =
                    output.expr.clone().unwrap_or_else(|| Expr::Identifier(Ident::with_quote('"', name)));
                merged.push(Output { expr: Some(expr), ..*output });
            }
        }
        let rest = all.into_iter().flat_map(|(relation, outputs)| named(relation, outputs));
        merged.extend(rest.filter(|output| !scope.merged.contains(&output.name)));
        Some(merged)
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

    /// The relation of `t.*`. The name becomes the one that SQLite knows.
    fn qualified_star(&self, name: &mut ObjectName) -> Result<Option<String>> {
        let (Some(table), Some(scope)) = (table_name(name), self.scopes.last()) else { return Ok(None) };
        let mut stored = stored_name(&table);
        if let Some(relation) = scope.relation(&stored) {
            stored.clone_from(&relation.name);
        } else if let Some(spelled) = scope.spelled(&stored) {
            return Err(self.at(spelled_otherwise(&stored, spelled), name.span()));
        }
        *name = ObjectName::from(vec![Ident::with_quote('"', stored.clone())]);
        Ok(Some(stored))
    }

    /// Adapts an item of ORDER BY. NULLs sort as PostgreSQL sorts them, last when ascending. The order of NULLs of a column that
    /// has none is left out, so that the column's index serves.
    pub(super) fn order_expr(&mut self, item: &mut OrderByExpr, outputs: Option<&[Output]>) -> Result<Typed> {
        let OrderByExpr { expr, options: OrderByOptions { sort, nulls_first }, with_fill } = item;
        self.refuse(&[(with_fill.is_some(), "WITH FILL")], || expr.span())?;
        let descending = match sort {
            None | Some(OrderBySort::Asc) => false,
            Some(OrderBySort::Desc) => true,
            Some(OrderBySort::Using(_)) => return self.unsupported("ORDER BY … USING", expr.span()),
        };
        // A window may be ordered by a constant.
        if outputs.is_some() {
            self.refuse_constant(expr, "ORDER BY")?;
        }
        let named = match &*expr {
            Expr::Identifier(ident) => {
                outputs.and_then(|outputs| outputs.iter().find(|output| output.name == ident.value))
            }
            Expr::Value(ValueWithSpan { value: Value::Number(number, _), span: _ }) => {
                let index = number.parse::<usize>().ok().and_then(|number| number.checked_sub(1));
                index.and_then(|index| outputs.and_then(|outputs| outputs.get(index)))
            }
            _ => None,
        };
        let typed = match named {
            Some(output) => output.typed,
            None => {
                let was_place = is_place(expr);
                let typed = self.expr(expr)?;
                if !was_place {
                    hide_constant(expr);
                }
                typed
            }
        };
        *expr = comparable(build::take(expr), typed);
        let wanted_first = nulls_first.unwrap_or(descending);
        // SQLite takes NULL for the smallest value, so it puts NULLs first when ascending.
        let sqlite_first = !descending;
        *nulls_first = (typed.nullable && wanted_first != sqlite_first).then_some(wanted_first);
        Ok(typed)
    }

    /// Refuses a literal that is no number of a column.
    pub(super) fn refuse_constant(&self, expr: &Expr, clause: &str) -> Result<()> {
        let Expr::Value(ValueWithSpan { value, span }) = build::unnested(expr) else { return Ok(()) };
        let is_constant = match value {
            Value::Placeholder(_) => false,
            Value::Number(number, _) => number.contains(['.', 'e', 'E']),
            _ => true,
        };
        if !is_constant {
            return Ok(());
        }
        let message =
            format!("{clause} takes the name or the number of a column, or an expression, but no constant");
        Err(self.at(Error::new(ErrorCode::SyntaxError, message), *span))
    }
}

/// True for what SQLite takes for the number of a column.
fn is_place(expr: &Expr) -> bool {
    match build::unnested(expr) {
        Expr::Value(ValueWithSpan { value: Value::Number(number, _), span: _ }) => {
            number.parse::<i64>().is_ok()
        }
        Expr::UnaryOp { op: UnaryOperator::Minus | UnaryOperator::Plus, expr } => is_place(expr),
        _ => false,
    }
}

/// The output with that number, from 1. None when a `*` before it stands for several.
fn output_at(outputs: &[SelectItem], place: usize) -> Option<&SelectItem> {
    let first = outputs.get(..place)?;
    if first.iter().all(|item| expression_of(item).is_some()) { first.last() } else { None }
}

/// Hides an adapted expression whose value SQLite knows while it parses (`5 IS NULL`, or `5` of a cast that it does not need):
/// it would take the value for the number of a column.
fn hide_constant(expr: &mut Expr) {
    if is_place(expr) || matches!(build::unnested(expr), Expr::IsNull(_) | Expr::IsNotNull(_)) {
        let [one, zero] = ["1", "0"].map(verbatim_expr);
        *expr = build::call("iif", vec![build::take(expr), one, zero]);
    }
}

/// True when each name is that of one column.
pub(super) fn have_own_names(outputs: &[Output]) -> bool {
    let mut names: Vec<String> = outputs.iter().map(|output| output.name.to_lowercase()).collect();
    names.sort_unstable();
    names.windows(2).all(|pair| pair[0] != pair[1])
}

/// The columns of a relation, each with its name as an expression.
fn named(relation: &str, outputs: Vec<Output>) -> Vec<Output> {
    let expr_of = |output: &Output| {
        let column = Ident::with_quote('"', output.name.clone());
        if relation.is_empty() {
            Expr::Identifier(column)
        } else {
            Expr::CompoundIdentifier(vec![Ident::with_quote('"', relation), column])
        }
    };
    outputs
        .into_iter()
        .map(|output| Output {
            expr: Some(output.expr.clone().unwrap_or_else(|| expr_of(&output))),
            ..output
        })
        .collect()
}

/// The names that the columns of a result are given.
fn output_names(items: &[SelectItem]) -> Vec<String> {
    let name = |item: &SelectItem| match item {
        SelectItem::ExprWithAlias { expr: _, alias } => Some(alias.value.clone()),
        _ => None,
    };
    items.iter().filter_map(name).collect()
}

/// True for a column of that name, which needs no alias.
fn is_column_called(expr: &Expr, name: &str) -> bool {
    match expr {
        Expr::Identifier(ident) => ident.value == name,
        Expr::CompoundIdentifier(parts) => parts.last().is_some_and(|ident| ident.value == name),
        _ => false,
    }
}

/// True for a call of a function that returns rows.
pub(super) fn is_row_function(expr: &Expr) -> bool {
    let Expr::Function(function) = expr else { return false };
    last_ident(&function.name).is_some_and(|name| {
        functions(&name.value.to_ascii_lowercase()).any(|signature| signature.kind == Kind::Set)
    })
}

/// True when GROUP BY has the number of an output, or what may be its name.
fn groups_by_output(group_by: &GroupByExpr, names: &[String]) -> bool {
    let GroupByExpr::Expressions(exprs, _) = group_by else { return false };
    exprs.iter().any(|expr| match build::unnested(expr) {
        Expr::Value(ValueWithSpan { value: Value::Number(_, _), span: _ }) => true,
        Expr::Identifier(ident) => names.contains(&ident.value),
        _ => false,
    })
}
