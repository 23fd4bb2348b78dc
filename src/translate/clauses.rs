//! The clauses that every form of `SELECT` has: FROM, the select list, WHERE, GROUP BY, HAVING and ORDER BY.

use phantomdb_protocol::Result;

use super::{
    bad_plan::bad_plan,
    expression::{Scope, Writer},
    plan::{Expr, FromItem, OrderItem, Select, SelectItem},
    sql::{push_identifier, push_table},
};

/// The names of the main table.
pub struct MainTable {
    /// The FROM clause: `"Users" AS "User"`.
    pub(super) from: String,
    /// The alias, or the table's name if it has none.
    pub alias: String,
    pub(super) scope: Scope,
}

impl MainTable {
    pub(super) fn of(plan: &Select) -> Result<Self> {
        let first = plan.from.first().ok_or_else(|| bad_plan("a select needs a table"))?;
        let mut from = String::new();
        for (i, item) in plan.from.iter().enumerate() {
            if i > 0 {
                from.push_str(", ");
            }
            push_from(&mut from, item);
        }
        let alias = first.alias.clone().unwrap_or_else(|| first.table.name.clone());
        let scope = match (&first.alias, &first.table.schema) {
            (None, Some(schema)) => Scope::parts(vec![schema.clone(), first.table.name.clone()]),
            _ => Scope::alias(alias.clone()),
        };
        Ok(Self { from, alias, scope })
    }

    pub(super) fn all(&self) -> String {
        let mut out = String::new();
        push_identifier(&mut out, &self.alias);
        out.push_str(".*");
        out
    }
}

fn push_from(out: &mut String, item: &FromItem) {
    push_table(out, &item.table);
    if let Some(alias) = &item.alias {
        out.push_str(" AS ");
        push_identifier(out, alias);
    }
}

pub fn item_text(writer: &mut Writer, item: &SelectItem, scope: &Scope) -> Result<String> {
    let mut out = String::new();
    writer.expression(&mut out, &item.expr, scope)?;
    if let Some(alias) = &item.alias {
        out.push_str(" AS ");
        push_identifier(&mut out, alias);
    }
    Ok(out)
}

/// The name that a column of the main table has outside the sub-query that selects it.
pub(super) fn output_name(item: &SelectItem) -> Option<String> {
    item.alias.clone().or_else(|| match &item.expr {
        Expr::Column(name) => Some(name.clone()),
        Expr::Path(path) => path.last().cloned(),
        _ => None,
    })
}

pub(super) fn refuse_empty(columns: &[String], names: &MainTable) -> Result<()> {
    if columns.is_empty() {
        return Err(bad_plan(format!(
            "Attempted a SELECT query for model '{}' as \"{}\" without selecting any columns",
            names.alias, names.alias
        )));
    }
    Ok(())
}

/// The hidden name under which a sub-query selects the expression of an order item.
pub(super) fn order_name(index: usize) -> String {
    format!("__phantomdb_order_{index}")
}

/// Writes WHERE, GROUP BY and HAVING.
pub(super) fn push_filters(
    writer: &mut Writer,
    out: &mut String,
    plan: &Select,
    scope: &Scope,
    filters: &[String],
) -> Result<()> {
    let mut separator = " WHERE ";
    if let Some(condition) = &plan.condition {
        out.push_str(separator);
        writer.operand(out, condition, !filters.is_empty(), scope)?;
        separator = " AND ";
    }
    for filter in filters {
        out.push_str(separator);
        out.push_str(filter);
        separator = " AND ";
    }
    for (i, item) in plan.group.iter().enumerate() {
        out.push_str(if i > 0 { ", " } else { " GROUP BY " });
        writer.expression(out, item, &Scope::none())?;
    }
    if let Some(having) = &plan.having {
        out.push_str(" HAVING ");
        writer.expression(out, having, &Scope::none())?;
    }
    Ok(())
}

const DIRECTIONS: [&str; 8] = [
    "ASC",
    "DESC",
    "ASC NULLS LAST",
    "DESC NULLS LAST",
    "ASC NULLS FIRST",
    "DESC NULLS FIRST",
    "NULLS FIRST",
    "NULLS LAST",
];

pub(super) fn push_order<'a>(
    writer: &mut Writer,
    out: &mut String,
    items: impl Iterator<Item = &'a OrderItem>,
    scope: &Scope,
) -> Result<()> {
    for (i, item) in items.enumerate() {
        out.push_str(if i > 0 { ", " } else { " ORDER BY " });
        writer.expression(out, &item.expr, scope)?;
        if let Some(literal) = &item.literal_direction {
            out.push(' ');
            out.push_str(literal);
        }
        if let Some(direction) = &item.direction {
            let upper = direction.trim().to_ascii_uppercase();
            if !DIRECTIONS.contains(&upper.as_str()) {
                return Err(bad_plan(format!(
                    "'{direction}' is not a direction; use one of {}",
                    DIRECTIONS.join(", ")
                )));
            }
            out.push(' ');
            out.push_str(&upper);
        }
    }
    Ok(())
}

pub fn push_unique(list: &mut Vec<String>, more: Vec<String>) {
    for column in more {
        if !list.contains(&column) {
            list.push(column);
        }
    }
}
