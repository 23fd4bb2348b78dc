//! `DISTINCT ON`, as a query that numbers the rows of each group and keeps the first one.

use phantomdb_protocol::{Error, ErrorCode, Result};
use phantomdb_sql::{build, parse::parse_expression, walk::change_expressions};
use sqlparser::ast::{
    CastKind, Distinct, Expr, Ident, OrderBy, OrderByExpr, OrderByKind, OrderByOptions, Query, Select,
    SelectItem, SetExpr, Spanned, TableFactor, WindowType,
};

use super::{adapter::Adapter, scope::Output, template::parsed_query};

impl Adapter<'_> {
    /// The query that means the same, adapted, and its columns.
    pub(super) fn distinct_on(
        &mut self,
        select: &mut Select,
        order: Vec<OrderByExpr>,
    ) -> Result<(Query, Option<Vec<Output>>)> {
        let Some(Distinct::On(groups)) = select.distinct.take() else {
            return self.unsupported("DISTINCT ON", select.span());
        };
        for group in &groups {
            self.refuse_constant(group, "DISTINCT ON")?;
        }
        for OrderByExpr { expr, options: _, with_fill: _ } in &order {
            self.refuse_constant(expr, "ORDER BY")?;
        }
        let order = resolved_order(order, &select.projection);
        let groups = groups.into_iter().map(|group| resolved(group, &select.projection)).collect::<Vec<_>>();
        self.check_order(&groups, &order)?;
        let width = select.projection.len();
        let mut number = parse_expression("row_number() OVER (PARTITION BY 1)")?;
        if let Expr::Function(function) = &mut number
            && let Some(WindowType::WindowSpec(window)) = &mut function.over
        {
            window.partition_by = groups;
            window.order_by.clone_from(&order);
        }
        select.projection.push(aliased(number, "phantomdb_number"));
        for (index, item) in order.iter().enumerate() {
            select.projection.push(aliased(item.expr.clone(), &order_name(index)));
        }
        let outputs = self.select(select, None)?;
        let Some(mut outputs) = outputs else {
            return self.unsupported("DISTINCT ON with * over this table", select.span());
        };
        let hidden = outputs.split_off(outputs.len() - 1 - order.len());
        // Two columns may have one name, so each gets another within.
        for (index, item) in select.projection.iter_mut().enumerate() {
            rename(item, index, width.max(outputs.len()) == outputs.len() && index < outputs.len());
        }
        let mut outer = parsed_query(
            "SELECT 1 FROM (SELECT 1) AS \"phantomdb_distinct\" WHERE \"phantomdb_number\" = 1",
        )?;
        if let SetExpr::Select(outer) = outer.body.as_mut() {
            outer.projection = outputs
                .iter()
                .enumerate()
                .map(|(index, output)| {
                    aliased(Expr::Identifier(Ident::with_quote('"', column_name(index))), &output.name)
                })
                .collect();
            if let Some(table) = outer.from.first_mut()
                && let TableFactor::Derived { lateral: _, subquery, alias: _, sample: _ } =
                    &mut table.relation
            {
                *subquery.body = SetExpr::Select(Box::new(std::mem::replace(select, empty_select()?)));
            }
        }
        if !order.is_empty() {
            let mut items = Vec::with_capacity(order.len());
            for (index, (item, output)) in order.into_iter().zip(hidden.iter().skip(1)).enumerate() {
                let name = order_name(index);
                let mut item =
                    OrderByExpr { expr: Expr::Identifier(Ident::with_quote('"', name.clone())), ..item };
                let output = Output { name, ..output.clone() };
                self.order_expr(&mut item, Some(&[output]))?;
                items.push(item);
            }
            outer.order_by = Some(OrderBy { kind: OrderByKind::Expressions(items), interpolate: None });
        }
        Ok((*outer, Some(outputs)))
    }

    /// Refuses an order in which the rows of a group do not stand together: ORDER BY begins with the expressions of DISTINCT ON,
    /// in any order. An output that is known by its number alone is not looked at.
    fn check_order(&self, groups: &[Expr], order: &[OrderByExpr]) -> Result<()> {
        let is_number = |expr: &Expr| build::number_of(expr).is_some();
        let ordered = || order.iter().map(|OrderByExpr { expr, options: _, with_fill: _ }| expr);
        if groups.iter().chain(ordered()).any(is_number) {
            return Ok(());
        }
        let known: Vec<String> = groups.iter().map(outline).collect();
        let beginning: Vec<String> = ordered().map(outline).take_while(|item| known.contains(item)).collect();
        let Some(first) = ordered().nth(beginning.len()) else { return Ok(()) };
        if known.iter().all(|group| beginning.contains(group)) {
            return Ok(());
        }
        let message = "ORDER BY must begin with the expressions of DISTINCT ON";
        Err(self.at(Error::new(ErrorCode::SyntaxError, message), first.span()))
    }
}

/// A text that is the same for expressions which mean the same, however they are written: without the tables of columns,
/// parentheses, the form of casts and the case of letters.
fn outline(expr: &Expr) -> String {
    let mut plain = expr.clone();
    change_expressions(&mut plain, &mut |expr| match expr {
        Expr::Nested(inner) => *expr = build::take(inner),
        Expr::CompoundIdentifier(parts) => {
            if let Some(column) = parts.pop() {
                *expr = Expr::Identifier(column);
            }
        }
        Expr::Cast { kind, expr: _, data_type: _, format: _ } => *kind = CastKind::Cast,
        _ => {}
    });
    plain.to_string().replace('"', "").to_lowercase()
}

fn empty_select() -> Result<Select> {
    match *parsed_query("SELECT 1")?.body {
        SetExpr::Select(select) => Ok(*select),
        _ => Err(Error::internal("a SELECT was expected")),
    }
}

fn aliased(expr: Expr, name: &str) -> SelectItem {
    SelectItem::ExprWithAlias { expr, alias: Ident::with_quote('"', name) }
}

fn order_name(index: usize) -> String {
    format!("phantomdb_order{}", index + 1)
}

fn column_name(index: usize) -> String {
    format!("phantomdb_column{}", index + 1)
}

/// Gives a column of the inner query a name of its own.
fn rename(item: &mut SelectItem, index: usize, visible: bool) {
    if !visible {
        return;
    }
    match item {
        SelectItem::UnnamedExpr(expr) | SelectItem::ExprWithAlias { expr, alias: _ } => {
            *item = aliased(build::take(expr), &column_name(index));
        }
        _ => {}
    }
}

/// The items of ORDER BY with the expression of an output where its name or its number stands.
fn resolved_order(order: Vec<OrderByExpr>, projection: &[SelectItem]) -> Vec<OrderByExpr> {
    order
        .into_iter()
        .map(|OrderByExpr { expr, options: OrderByOptions { sort, nulls_first }, with_fill }| OrderByExpr {
            expr: resolved(expr, projection),
            options: OrderByOptions { sort, nulls_first },
            with_fill,
        })
        .collect()
}

/// The expression that the name or the number of an output stands for.
pub(super) fn resolved(expr: Expr, projection: &[SelectItem]) -> Expr {
    let found = match &expr {
        Expr::Identifier(ident) => projection.iter().find_map(|item| match item {
            SelectItem::ExprWithAlias { expr, alias } if alias.value == ident.value => Some(expr),
            _ => None,
        }),
        Expr::Value(value) => match &value.value {
            sqlparser::ast::Value::Number(number, _) => {
                let index = number.parse::<usize>().ok().and_then(|number| number.checked_sub(1));
                index.and_then(|index| projection.get(index)).and_then(|item| match item {
                    SelectItem::ExprWithAlias { expr, alias: _ } | SelectItem::UnnamedExpr(expr) => {
                        Some(expr)
                    }
                    _ => None,
                })
            }
            _ => None,
        },
        _ => None,
    };
    found.cloned().unwrap_or(expr)
}
