//! Translates a select to the equivalent find call of the REST contract.

use phantomdb_protocol::{Find, Result, Value};

use super::{
    clauses::{item_text, push_order},
    expression::{Scope, Writer},
    find_template::FindTemplate,
    plan::{Expr, Select, SelectItem},
    sql::Values,
};

/// Writes the condition, the order and the columns of a find call as text. Returns `None` when the select is more than a
/// finder on one table, or contains SQL of the user. `parameter_order` is the order of the statement's parameters: the
/// call is given the same parameters, so its condition must use them in the same order.
pub fn find(plan: &Select, parameter_order: &[usize]) -> Option<FindTemplate> {
    let simple = plan.from.len() == 1
        && plan.include.is_empty()
        && plan.group.is_empty()
        && plan.having.is_none()
        && plan.lock.is_none()
        && plan.grouped_limit.is_none()
        && !plan.sub_query
        && plan.condition.as_ref().is_none_or(stands_alone)
        && plan.order.iter().all(|item| stands_alone(&item.expr) && item.literal_direction.is_none())
        && plan.columns.iter().flatten().all(|item| stands_alone(&item.expr));
    if !simple {
        return None;
    }
    let mut writer = Writer::new(Values::gaps());
    let condition = match &plan.condition {
        Some(condition) => Some(text(|out| writer.expression(out, condition, &Scope::none()))?),
        None => None,
    };
    let parts = condition.as_deref().map(|text| writer.values.parts_of(text)).unwrap_or_default();
    let order_by = text(|out| push_order(&mut writer, out, plan.order.iter(), &Scope::none()))?;
    let columns = match &plan.columns {
        Some(items) => Some(text(|out| push_columns(&mut writer, out, items))?),
        None => None,
    };
    if writer.values.order != parameter_order {
        return None;
    }
    let find = Find {
        condition: condition.filter(|_| parts.len() == 1),
        order_by: order_by.strip_prefix(" ORDER BY ").map(str::to_owned),
        limit: count(plan.limit.as_ref())?,
        offset: count(plan.offset.as_ref())?,
        columns,
    };
    Some(FindTemplate { find, parts: if parts.len() > 1 { parts } else { Vec::new() } })
}

fn text(write: impl FnOnce(&mut String) -> Result<()>) -> Option<String> {
    let mut out = String::new();
    write(&mut out).ok().map(|()| out)
}

fn push_columns(writer: &mut Writer, out: &mut String, items: &[SelectItem]) -> Result<()> {
    for (i, item) in items.iter().enumerate() {
        out.push_str(if i > 0 { "," } else { "" });
        out.push_str(&item_text(writer, item, &Scope::none())?);
    }
    Ok(())
}

/// A limit or an offset. The outer `None` means that it is not a number, the inner `None` that it was not given.
fn count(expr: Option<&Expr>) -> Option<Option<u64>> {
    match expr {
        None => Some(None),
        Some(Expr::Value(Value::Integer(n))) => u64::try_from(*n).ok().map(Some),
        Some(_) => None,
    }
}

/// True when an expression means the same if its columns are not qualified by the table's alias.
fn stands_alone(expr: &Expr) -> bool {
    match expr {
        Expr::Path(path) => path.len() == 1,
        Expr::Literal(_) => false,
        Expr::Function(_, items)
        | Expr::And(items)
        | Expr::Or(items)
        | Expr::List(items)
        | Expr::Array(items)
        | Expr::Values(items) => items.iter().all(stands_alone),
        Expr::Cast(inner, _)
        | Expr::Not(inner)
        | Expr::Whole(inner)
        | Expr::Any(inner)
        | Expr::All(inner)
        | Expr::Json(inner, ..) => stands_alone(inner),
        Expr::Compare(left, _, right) | Expr::Arithmetic(left, _, right) => {
            stands_alone(left) && stands_alone(right)
        }
        Expr::Column(_) | Expr::Value(_) | Expr::Bound(..) | Expr::Star | Expr::Default => true,
        // A list that is too long for a statement is too long for a condition in text.
        Expr::BoundList(..) => false,
    }
}
