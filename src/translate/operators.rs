//! Comparisons: Sequelize's operators, and the SQL comparators that `Sequelize.where` takes.

use phantomdb_protocol::{Result, Value};

use super::{
    expression::{Scope, Writer, bad_plan},
    json,
    plan::Expr,
};

/// The SQL of an operator that stands between two sides as it is.
fn comparator(operator: &str) -> Option<&'static str> {
    Some(match operator {
        "eq" | "=" => "=",
        "ne" | "!=" | "<>" => "!=",
        "gt" | ">" => ">",
        "gte" | ">=" => ">=",
        "lt" | "<" => "<",
        "lte" | "<=" => "<=",
        "like" | "LIKE" => "LIKE",
        "notLike" | "NOT LIKE" => "NOT LIKE",
        "iLike" | "ILIKE" => "ILIKE",
        "notILike" | "NOT ILIKE" => "NOT ILIKE",
        "regexp" | "~" | "REGEXP" => "~",
        "notRegexp" | "!~" | "NOT REGEXP" => "!~",
        "iRegexp" | "~*" => "~*",
        "notIRegexp" | "!~*" => "!~*",
        "overlap" | "&&" => "&&",
        "contains" | "@>" => "@>",
        "contained" | "<@" => "<@",
        "adjacent" | "-|-" => "-|-",
        "strictLeft" | "<<" => "<<",
        "strictRight" | ">>" => ">>",
        "noExtendRight" | "&<" => "&<",
        "noExtendLeft" | "&>" => "&>",
        "match" | "@@" => "@@",
        "in" | "IN" => "IN",
        "notIn" | "NOT IN" => "NOT IN",
        "between" | "BETWEEN" => "BETWEEN",
        "notBetween" | "NOT BETWEEN" => "NOT BETWEEN",
        "is" | "IS" => "IS",
        "not" | "IS NOT" => "IS NOT",
        "startsWith" | "endsWith" | "substring" => "LIKE",
        _ => return None,
    })
}

/// Whether Sequelize or SQL knows the operator.
fn lookup(operator: &str) -> Result<&'static str> {
    comparator(operator).or_else(|| comparator(&operator.trim().to_ascii_uppercase())).ok_or_else(|| {
        bad_plan(format!("'{operator}' is not an operator that Sequelize or PhantomDB SQL knows"))
    })
}

pub fn compare(
    writer: &mut Writer,
    out: &mut String,
    left: &Expr,
    operator: &str,
    right: &Expr,
    scope: &Scope,
) -> Result<()> {
    let sql = lookup(operator)?;
    match (sql, right) {
        ("=" | "IS", Expr::Value(Value::Null)) => suffix(writer, out, left, " IS NULL", scope),
        ("!=" | "IS NOT", Expr::Value(Value::Null)) => suffix(writer, out, left, " IS NOT NULL", scope),
        ("IS" | "IS NOT", Expr::Value(Value::Boolean(b))) => {
            let not = if sql == "IS" { "" } else { " NOT" };
            json_side(writer, out, left, right, scope)?;
            out.push_str(&format!(" IS{not} {b}"));
            Ok(())
        }
        ("IS", Expr::Value(_) | Expr::Bound(..)) => {
            infix(writer, out, left, "IS NOT DISTINCT FROM", right, scope)
        }
        ("IS NOT", Expr::Value(_) | Expr::Bound(..)) => {
            infix(writer, out, left, "IS DISTINCT FROM", right, scope)
        }
        ("IN" | "NOT IN", Expr::List(items)) => membership(writer, out, left, sql, items, scope),
        ("BETWEEN" | "NOT BETWEEN", Expr::List(items)) => between(writer, out, left, sql, items, scope),
        ("BETWEEN" | "NOT BETWEEN", _) => Err(bad_plan(format!("{operator} takes an array of two values"))),
        (_, Expr::Any(inner)) => quantified(writer, out, left, sql, inner, ("ANY", " OR "), scope),
        (_, Expr::All(inner)) => quantified(writer, out, left, sql, inner, ("ALL", " AND "), scope),
        (_, Expr::List(_)) => Err(bad_plan(format!("{operator} takes one value, not an array"))),
        _ => infix(writer, out, left, sql, right, scope),
    }
}

/// The left side; a path into a JSON document is cast to the type it is compared with.
fn json_side(writer: &mut Writer, out: &mut String, left: &Expr, right: &Expr, scope: &Scope) -> Result<()> {
    match left {
        Expr::Json(column, path, wanted) => {
            json::extraction(writer, out, column, path, *wanted, Some(right), scope)
        }
        _ => writer.operand(out, left, true, scope),
    }
}

fn infix(
    writer: &mut Writer,
    out: &mut String,
    left: &Expr,
    sql: &str,
    right: &Expr,
    scope: &Scope,
) -> Result<()> {
    match right {
        Expr::Any(inner) => return quantified(writer, out, left, sql, inner, ("ANY", " OR "), scope),
        Expr::All(inner) => return quantified(writer, out, left, sql, inner, ("ALL", " AND "), scope),
        _ => {}
    }
    json_side(writer, out, left, right, scope)?;
    out.push(' ');
    out.push_str(sql);
    out.push(' ');
    writer.operand(out, right, false, scope)
}

fn suffix(writer: &mut Writer, out: &mut String, left: &Expr, sql: &str, scope: &Scope) -> Result<()> {
    writer.operand(out, left, true, scope)?;
    out.push_str(sql);
    Ok(())
}

/// `IN (…)`. An empty list matches nothing: `IN (NULL)`; nothing is not in it.
fn membership(
    writer: &mut Writer,
    out: &mut String,
    left: &Expr,
    sql: &str,
    items: &[Expr],
    scope: &Scope,
) -> Result<()> {
    if items.is_empty() && sql == "NOT IN" {
        out.push_str("1 = 1");
        return Ok(());
    }
    let sample = items.iter().find(|item| !matches!(item, Expr::Value(Value::Null)));
    json_side(writer, out, left, sample.unwrap_or(&Expr::Value(Value::Null)), scope)?;
    out.push(' ');
    out.push_str(sql);
    out.push_str(" (");
    if items.is_empty() {
        out.push_str("NULL");
    }
    writer.list(out, items, scope)?;
    out.push(')');
    Ok(())
}

fn between(
    writer: &mut Writer,
    out: &mut String,
    left: &Expr,
    sql: &str,
    items: &[Expr],
    scope: &Scope,
) -> Result<()> {
    let [low, high] = items else {
        return Err(bad_plan("Op.between takes an array of two values"));
    };
    json_side(writer, out, left, low, scope)?;
    out.push(' ');
    out.push_str(sql);
    out.push(' ');
    writer.expression(out, low, scope)?;
    out.push_str(" AND ");
    writer.expression(out, high, scope)
}

/// `= ANY`, `LIKE ALL` and their kin. A list is written out, which every engine understands and can index; a
/// sub-query or `VALUES` stays what it is.
fn quantified(
    writer: &mut Writer,
    out: &mut String,
    left: &Expr,
    sql: &str,
    inner: &Expr,
    (quantifier, separator): (&str, &str),
    scope: &Scope,
) -> Result<()> {
    let Expr::List(items) = inner else {
        json_side(writer, out, left, inner, scope)?;
        out.push_str(&format!(" {sql} {quantifier} ("));
        writer.expression(out, inner, scope)?;
        out.push(')');
        return Ok(());
    };
    match (sql, quantifier) {
        ("=", "ANY") => return membership(writer, out, left, "IN", items, scope),
        ("!=", "ALL") => return membership(writer, out, left, "NOT IN", items, scope),
        _ if items.is_empty() => {
            out.push_str(if quantifier == "ANY" { "0 = 1" } else { "1 = 1" });
            return Ok(());
        }
        _ => {}
    }
    out.push('(');
    for (i, item) in items.iter().enumerate() {
        if i > 0 {
            out.push_str(separator);
        }
        infix(writer, out, left, sql, item, scope)?;
    }
    out.push(')');
    Ok(())
}
