//! Writes `SELECT`: the main table, alone or limited in a sub-query, and its joins.

use phantomdb_protocol::Result;

use super::{
    bad_plan::bad_plan,
    clauses::{
        MainTable, item_text, order_name, output_name, push_filters, push_order, push_unique, refuse_empty,
    },
    expression::{Scope, Writer, push_path},
    include::{self, Joins, Names, Root},
    limited::limited_select,
    operators::bound_list,
    order_literal::split_order,
    plan::{Expr, GroupedLimit, Include, Lock, OrderItem, Select, SelectItem},
    sql::{push_display, push_identifier},
};

/// The hidden column that numbers the rows of each parent in a grouped limit.
const ROW_NUMBER: &str = "__phantomdb_row";

pub fn select(writer: &mut Writer, plan: &Select) -> Result<String> {
    let names = MainTable::of(plan)?;
    let mut columns = main_columns(writer, plan, &names)?;
    let nested = plan.sub_query || plan.grouped_limit.is_some();
    let mut sub_columns = Vec::new();
    if nested {
        sub_columns = std::mem::take(&mut columns);
        if plan.grouped_limit.is_none() {
            columns = vec![names.all()];
        }
    }
    let root = Root { plan, main: &names.alias, sub_query: plan.sub_query };
    let mut joins = Joins::default();
    for child in &plan.include {
        joins.append(include::join(writer, child, &Names::top(&names.alias), &root, &[])?);
    }
    push_unique(&mut columns, std::mem::take(&mut joins.main_columns));
    push_unique(&mut sub_columns, std::mem::take(&mut joins.sub_columns));

    let mut out = match &plan.grouped_limit {
        Some(grouped) => grouped_select(writer, plan, &names, grouped, &sub_columns, &columns, &joins.main)?,
        None if plan.sub_query => limited_select(writer, plan, &names, &sub_columns, &columns, &joins)?,
        None => plain_select(writer, plan, &names, &columns, &joins)?,
    };
    push_lock(&mut out, plan.lock.as_ref())?;
    Ok(out)
}

/// The select list of the main table. Its columns are qualified only if tables are joined to it.
fn main_columns(writer: &mut Writer, plan: &Select, names: &MainTable) -> Result<Vec<String>> {
    let Some(items) = &plan.columns else {
        return Ok(vec![if plan.include.is_empty() { "*".to_owned() } else { names.all() }]);
    };
    let alone = plan.include.is_empty() && plan.grouped_limit.as_ref().is_none_or(|g| g.include.is_empty());
    let scope = if alone { Scope::none() } else { names.scope.clone() };
    let mut columns = Vec::with_capacity(items.len());
    for item in items {
        // A column that is selected twice appears once in a row.
        push_unique(&mut columns, vec![item_text(writer, item, &scope)?]);
    }
    Ok(columns)
}

fn plain_select(
    writer: &mut Writer,
    plan: &Select,
    names: &MainTable,
    columns: &[String],
    joins: &Joins,
) -> Result<String> {
    refuse_empty(columns, names)?;
    let mut out = format!("SELECT {} FROM {}{}", columns.join(", "), names.from, joins.main);
    push_filters(writer, &mut out, plan, &names.scope, &joins.filters)?;
    push_order(writer, &mut out, plan.order.iter(), &names.scope)?;
    writer.push_limit(&mut out, " LIMIT ", plan.limit.as_ref())?;
    writer.push_limit(&mut out, " OFFSET ", plan.offset.as_ref())?;
    Ok(out)
}

/// Selects the first rows of each parent, numbered by a window function.
fn grouped_select(
    writer: &mut Writer,
    plan: &Select,
    names: &MainTable,
    grouped: &GroupedLimit,
    sub_columns: &[String],
    joined_columns: &[String],
    joins: &str,
) -> Result<String> {
    let order = split_order(plan).iter().map(|item| without_alias(item, plan)).collect();
    let plan = &Select { order, ..plan.clone() };
    let mut inner_joins = Joins::default();
    let inner_plan = Select { include: Vec::new(), grouped_limit: None, sub_query: false, ..plan.clone() };
    let root = Root { plan: &inner_plan, main: &names.alias, sub_query: false };
    for child in &grouped.include {
        inner_joins.append(include::join(writer, child, &Names::top(&names.alias), &root, &[])?);
    }
    let mut key = String::new();
    writer.expression(&mut key, &grouped.key, &names.scope)?;

    let mut inner = format!("SELECT {}", sub_columns.join(", "));
    for column in &inner_joins.main_columns {
        inner.push_str(", ");
        inner.push_str(column);
    }
    let order = order_columns(writer, &mut inner, plan, &names.scope)?;
    inner.push_str(&format!(", ROW_NUMBER() OVER (PARTITION BY {key}"));
    push_order(writer, &mut inner, plan.order.iter(), &names.scope)?;
    inner.push_str(&format!(") AS \"{ROW_NUMBER}\" FROM {}{} WHERE ", names.from, inner_joins.main));
    match grouped.values.as_slice() {
        [Expr::BoundList(index, kind)] => {
            bound_list(writer, &mut inner, &grouped.key, (false, *index, *kind), &names.scope)?;
        }
        values => {
            inner.push_str(&format!("{key} IN ("));
            writer.list(&mut inner, values, &Scope::none())?;
            inner.push(')');
        }
    }
    if let Some(condition) = &plan.condition {
        inner.push_str(" AND ");
        writer.operand(&mut inner, condition, true, &names.scope)?;
    }

    let offset = match &plan.offset {
        Some(Expr::Value(phantomdb_protocol::Value::Integer(n))) => u64::try_from(*n).unwrap_or(0),
        _ => 0,
    };
    let mut columns = outer_columns(plan, names, &grouped.include);
    columns.extend(joined_columns.iter().cloned());
    let mut out = format!("SELECT {} FROM ({inner}) AS ", columns.join(", "));
    push_identifier(&mut out, &names.alias);
    out.push_str(joins);
    out.push_str(" WHERE ");
    push_path(&mut out, &[names.alias.clone(), ROW_NUMBER.to_owned()])?;
    out.push_str(" > ");
    push_display(&mut out, &offset);
    out.push_str(" AND ");
    push_path(&mut out, &[names.alias.clone(), ROW_NUMBER.to_owned()])?;
    out.push_str(" <= ");
    push_display(&mut out, &offset.saturating_add(grouped.limit));
    push_order(writer, &mut out, order.iter(), &names.scope)?;
    Ok(out)
}

/// Replaces an alias of the select list by its expression: a window cannot order by an alias.
fn without_alias(item: &OrderItem, plan: &Select) -> OrderItem {
    let mut own = item.clone();
    if let (Expr::Path(path), Some(columns)) = (&item.expr, &plan.columns) {
        let named = |column: &&SelectItem| path.len() == 1 && column.alias.as_ref() == path.first();
        if let Some(column) = columns.iter().find(named) {
            own.expr = column.expr.clone();
        }
    }
    own
}

/// Selects the expressions of the order under hidden names and returns the order by these names: the rows must be
/// ordered outside the sub-query too.
fn order_columns(
    writer: &mut Writer,
    out: &mut String,
    plan: &Select,
    scope: &Scope,
) -> Result<Vec<OrderItem>> {
    let mut order = Vec::with_capacity(plan.order.len());
    for (i, item) in plan.order.iter().enumerate() {
        let name = order_name(i);
        out.push_str(", ");
        writer.expression(out, &item.expr, scope)?;
        out.push_str(" AS ");
        push_identifier(out, &name);
        order.push(OrderItem { expr: Expr::Column(name), ..item.clone() });
    }
    Ok(order)
}

/// The columns of a grouped limit's result: all but the row number.
fn outer_columns(plan: &Select, names: &MainTable, includes: &[Include]) -> Vec<String> {
    let mut outputs: Vec<String> = match &plan.columns {
        Some(items) => items.iter().filter_map(output_name).collect(),
        None => return vec![names.all()],
    };
    for child in includes {
        outputs.extend(
            child.attributes.iter().filter_map(output_name).map(|name| format!("{}.{name}", child.alias)),
        );
    }
    let mut columns = Vec::with_capacity(outputs.len());
    for name in outputs {
        let mut column = String::new();
        push_identifier(&mut column, &names.alias);
        column.push('.');
        push_identifier(&mut column, &name);
        columns.push(column);
    }
    columns
}

fn push_lock(out: &mut String, lock: Option<&Lock>) -> Result<()> {
    let Some(lock) = lock else { return Ok(()) };
    if !matches!(lock.strength.as_str(), "UPDATE" | "SHARE" | "KEY SHARE" | "NO KEY UPDATE") {
        return Err(bad_plan(format!("'{}' is not a lock of a transaction", lock.strength)));
    }
    out.push_str(" FOR ");
    out.push_str(&lock.strength);
    if let Some(of) = &lock.of {
        out.push_str(" OF ");
        push_identifier(out, of);
    }
    if lock.skip {
        out.push_str(" SKIP LOCKED");
    }
    Ok(())
}
