//! Limits the main table in a sub-query, so that the rows of a to-many join do not count for the limit.

use phantomdb_protocol::Result;

use super::{
    clauses::{MainTable, order_name, output_name, push_filters, push_order, push_unique, refuse_empty},
    expression::Writer,
    include::Joins,
    order_literal::split_order,
    plan::{Expr, Include, OrderItem, Select},
    sql::push_identifier,
};

/// Writes `SELECT main.*, joined FROM (SELECT … LIMIT n) AS main JOIN …`.
pub fn limited_select(
    writer: &mut Writer,
    plan: &Select,
    names: &MainTable,
    sub_columns: &[String],
    columns: &[String],
    joins: &Joins,
) -> Result<String> {
    refuse_empty(sub_columns, names)?;
    let plan = &Select { order: split_order(plan), ..plan.clone() };
    let mut sub_columns = sub_columns.to_vec();
    let mut columns = columns.to_vec();
    let (inner_order, outer_order) = both_orders(writer, plan, names, joins, &mut sub_columns, &mut columns)?;
    let mut out = format!(
        "SELECT {} FROM (SELECT {} FROM {}{}",
        columns.join(", "),
        sub_columns.join(", "),
        names.from,
        joins.sub
    );
    push_filters(writer, &mut out, plan, &names.scope, &joins.filters)?;
    push_order(writer, &mut out, inner_order.iter(), &names.scope)?;
    writer.push_limit(&mut out, " LIMIT ", plan.limit.as_ref())?;
    writer.push_limit(&mut out, " OFFSET ", plan.offset.as_ref())?;
    out.push_str(") AS ");
    push_identifier(&mut out, &names.alias);
    out.push_str(&joins.main);
    push_order(writer, &mut out, outer_order.iter(), &names.scope)?;
    Ok(out)
}

/// Splits the order in two: inside the sub-query, by the columns available there, and outside, by all columns. An
/// expression that the outer query cannot refer to is selected under a hidden name, which the result does not have.
fn both_orders(
    writer: &mut Writer,
    plan: &Select,
    names: &MainTable,
    joins: &Joins,
    sub_columns: &mut Vec<String>,
    columns: &mut Vec<String>,
) -> Result<(Vec<OrderItem>, Vec<OrderItem>)> {
    let seen: Option<Vec<String>> = sub_columns.iter().map(|column| outer_name(column, names)).collect();
    let mut inner = Vec::new();
    let mut outer = Vec::with_capacity(plan.order.len());
    let mut hidden = joins.hidden_columns.clone();
    for (i, item) in plan.order.iter().enumerate() {
        if !item.own && !is_inside(&item.expr, &plan.include) {
            outer.push(item.clone());
            continue;
        }
        inner.push(item.clone());
        if let Some(name) = selected_name(item, plan) {
            outer.push(OrderItem { expr: Expr::Column(name), ..item.clone() });
        } else if seen.is_none() {
            outer.push(item.clone());
        } else {
            let mut column = String::new();
            writer.expression(&mut column, &item.expr, &names.scope)?;
            let name = order_name(i);
            column.push_str(" AS ");
            push_identifier(&mut column, &name);
            hidden.push(column);
            outer.push(OrderItem { expr: Expr::Column(name), ..item.clone() });
        }
    }
    if let (false, Some(seen)) = (hidden.is_empty(), seen) {
        let joined = columns.split_off(1);
        *columns = seen;
        push_unique(columns, joined);
    }
    sub_columns.extend(hidden);
    Ok((inner, outer))
}

/// The output name of a column or an aliased expression of the main table.
fn selected_name(item: &OrderItem, plan: &Select) -> Option<String> {
    match (item.own, &item.expr, &plan.columns) {
        (true, Expr::Column(field), None) => Some(field.clone()),
        (true, Expr::Column(field), Some(items)) => items
            .iter()
            .find(|i| matches!(&i.expr, Expr::Column(name) if name == field))
            .and_then(output_name),
        (true, Expr::Path(path), Some(items)) if path.len() == 1 => {
            items.iter().find_map(|i| i.alias.clone().filter(|alias| path.contains(alias)))
        }
        _ => None,
    }
}

/// True for a column of a table that is joined inside the sub-query.
fn is_inside(expr: &Expr, includes: &[Include]) -> bool {
    match expr {
        Expr::Path(path) => match path.as_slice() {
            [alias, rest @ ..] if !rest.is_empty() => {
                includes.iter().find(|include| include.alias == *alias).is_some_and(|include| {
                    include.sub_query
                        && (rest.len() == 1 || is_inside(&Expr::Path(rest.to_vec()), &include.include))
                })
            }
            _ => false,
        },
        Expr::Json(column, ..) => is_inside(column, includes),
        _ => false,
    }
}

/// A column of the sub-query by its name outside: `"main"."name"`. Returns `None` for a column without a name.
fn outer_name(column: &str, names: &MainTable) -> Option<String> {
    let inner = column.strip_suffix('"')?;
    let mut start = inner.len();
    while let Some(quote) = inner[..start].rfind('"') {
        if !inner[..quote].ends_with('"') {
            let mut out = String::new();
            push_identifier(&mut out, &names.alias);
            out.push('.');
            out.push_str(&column[quote..]);
            return Some(out);
        }
        start = quote - 1;
    }
    None
}
