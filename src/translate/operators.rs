//! Comparisons: Sequelize's operators, and the SQL comparators that `Sequelize.where` takes.

use phantomdb_protocol::{Result, Value};
use serde::Serialize;

use super::{
    bad_plan::bad_plan,
    expression::{Scope, Writer},
    plan::{BindType, Expr},
};

/// A comparison operator. JavaScript reads the same table, so that an operator is described here only.
#[derive(Debug, Serialize)]
pub struct Operator {
    /// Sequelize's names and the SQL comparators, in lower or upper case as they are usually written.
    names: &'static [&'static str],
    #[serde(skip)]
    sql: &'static str,
    operand: Operand,
}

/// The right side that an operator takes.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize)]
#[serde(rename_all = "camelCase")]
pub enum Operand {
    /// A value of the attribute's type.
    Value,
    /// A text, whatever the attribute's type: a pattern or a regular expression.
    Text,
    /// A text that becomes the LIKE pattern `text%`.
    Prefix,
    /// A text that becomes the LIKE pattern `%text`.
    Suffix,
    /// A text that becomes the LIKE pattern `%text%`.
    Substring,
    /// A list of any length.
    List,
    /// A list of two values.
    Range,
    /// A keyword after `IS`: `true`, `false` or `NULL`. Another value is compared by `IS NOT DISTINCT FROM`.
    Keyword,
}

const fn operator(names: &'static [&'static str], sql: &'static str, operand: Operand) -> Operator {
    Operator { names, sql, operand }
}

/// All operators. To add one, add a line here; the SQLite engine needs its meaning too, in its own operators.
pub const OPERATORS: &[Operator] = &[
    operator(&["eq", "="], "=", Operand::Value),
    operator(&["ne", "!=", "<>"], "!=", Operand::Value),
    operator(&["gt", ">"], ">", Operand::Value),
    operator(&["gte", ">="], ">=", Operand::Value),
    operator(&["lt", "<"], "<", Operand::Value),
    operator(&["lte", "<="], "<=", Operand::Value),
    operator(&["like", "LIKE"], "LIKE", Operand::Text),
    operator(&["notLike", "NOT LIKE"], "NOT LIKE", Operand::Text),
    operator(&["iLike", "ILIKE"], "ILIKE", Operand::Text),
    operator(&["notILike", "NOT ILIKE"], "NOT ILIKE", Operand::Text),
    operator(&["startsWith"], "LIKE", Operand::Prefix),
    operator(&["endsWith"], "LIKE", Operand::Suffix),
    operator(&["substring"], "LIKE", Operand::Substring),
    operator(&["regexp", "~", "REGEXP"], "~", Operand::Text),
    operator(&["notRegexp", "!~", "NOT REGEXP"], "!~", Operand::Text),
    operator(&["iRegexp", "~*"], "~*", Operand::Text),
    operator(&["notIRegexp", "!~*"], "!~*", Operand::Text),
    operator(&["overlap", "&&"], "&&", Operand::Value),
    operator(&["contains", "@>"], "@>", Operand::Value),
    operator(&["contained", "<@"], "<@", Operand::Value),
    operator(&["adjacent", "-|-"], "-|-", Operand::Value),
    operator(&["strictLeft", "<<"], "<<", Operand::Value),
    operator(&["strictRight", ">>"], ">>", Operand::Value),
    operator(&["noExtendRight", "&<"], "&<", Operand::Value),
    operator(&["noExtendLeft", "&>"], "&>", Operand::Value),
    operator(&["match", "@@"], "@@", Operand::Value),
    operator(&["in", "IN"], "IN", Operand::List),
    operator(&["notIn", "NOT IN"], "NOT IN", Operand::List),
    operator(&["between", "BETWEEN"], "BETWEEN", Operand::Range),
    operator(&["notBetween", "NOT BETWEEN"], "NOT BETWEEN", Operand::Range),
    operator(&["is", "IS"], "IS", Operand::Keyword),
    operator(&["not", "IS NOT"], "IS NOT", Operand::Keyword),
];

fn named(name: &str) -> Option<&'static Operator> {
    OPERATORS.iter().find(|operator| operator.names.contains(&name))
}

/// Finds an operator by one of its names; an SQL comparator may be in lower case.
fn lookup(name: &str) -> Result<&'static Operator> {
    named(name)
        .or_else(|| named(&name.trim().to_ascii_uppercase()))
        .ok_or_else(|| bad_plan(format!("'{name}' is not an operator that Sequelize or PhantomDB SQL knows")))
}

impl Writer {
    /// Writes a comparison by an operator of the table.
    pub(super) fn compare(
        &mut self,
        out: &mut String,
        left: &Expr,
        name: &str,
        right: &Expr,
        scope: &Scope,
    ) -> Result<()> {
        let Operator { sql, operand, .. } = *lookup(name)?;
        match (sql, right) {
            ("=" | "IS", Expr::Value(Value::Null)) => suffix(self, out, left, " IS NULL", scope),
            ("!=" | "IS NOT", Expr::Value(Value::Null)) => suffix(self, out, left, " IS NOT NULL", scope),
            ("IS" | "IS NOT", Expr::Value(Value::Boolean(b))) => {
                let not = if sql == "IS" { "" } else { " NOT" };
                json_side(self, out, left, right, scope)?;
                out.push_str(&format!(" IS{not} {b}"));
                Ok(())
            }
            ("IS", Expr::Value(_) | Expr::Bound(..)) => {
                infix(self, out, left, "IS NOT DISTINCT FROM", right, scope)
            }
            ("IS NOT", Expr::Value(_) | Expr::Bound(..)) => {
                infix(self, out, left, "IS DISTINCT FROM", right, scope)
            }
            ("IN" | "NOT IN", Expr::BoundList(index, kind)) => {
                bound_list(self, out, left, (sql == "NOT IN", *index, *kind), scope)
            }
            (_, Expr::List(items)) => match operand {
                Operand::List => membership(self, out, left, sql, items, scope),
                Operand::Range => range(self, out, left, sql, items, scope),
                _ => Err(bad_plan(format!("{name} takes one value, not an array"))),
            },
            _ if operand == Operand::Range => Err(bad_plan(format!("{name} takes an array of two values"))),
            (_, Expr::Any(inner)) => quantified(self, out, left, sql, inner, ("ANY", " OR "), scope),
            (_, Expr::All(inner)) => quantified(self, out, left, sql, inner, ("ALL", " AND "), scope),
            _ => infix(self, out, left, sql, right, scope),
        }
    }
}

/// Writes the left side. A path into a JSON document is cast to the type that it is compared with.
fn json_side(writer: &mut Writer, out: &mut String, left: &Expr, right: &Expr, scope: &Scope) -> Result<()> {
    match left {
        Expr::Json(column, path, wanted) => writer.json_path(out, column, path, *wanted, Some(right), scope),
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

/// Writes `IN (…)`. For an empty list, `IN` is never true (`IN (NULL)`) and `NOT IN` always is.
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

/// Writes `= ANY($1)` or `<> ALL($1)`: a list of any length is one parameter. A list that is inlined is `IN (…)`.
pub(super) fn bound_list(
    writer: &mut Writer,
    out: &mut String,
    left: &Expr,
    (negated, index, kind): (bool, usize, BindType),
    scope: &Scope,
) -> Result<()> {
    json_side(writer, out, left, &Expr::BoundList(index, kind), scope)?;
    if let Some(list) = writer.values.inlined_list(index, kind)? {
        out.push_str(if negated { " NOT IN (" } else { " IN (" });
        out.push_str(&list);
    } else {
        out.push_str(if negated { " <> ALL(" } else { " = ANY(" });
        writer.values.push(out, index)?;
    }
    out.push(')');
    Ok(())
}

fn range(
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

/// Writes a comparison with `ANY` or `ALL`. A list is expanded to single comparisons, for which every engine can use
/// an index; a sub-query or `VALUES` is written as it is.
fn quantified(
    writer: &mut Writer,
    out: &mut String,
    left: &Expr,
    sql: &str,
    inner: &Expr,
    (quantifier, separator): (&str, &str),
    scope: &Scope,
) -> Result<()> {
    if let Expr::BoundList(index, kind) = inner {
        let negated = match (sql, quantifier) {
            ("=", "ANY") => false,
            ("!=", "ALL") => true,
            _ => return Err(bad_plan(format!("{sql} {quantifier} takes its values one by one"))),
        };
        return bound_list(writer, out, left, (negated, *index, *kind), scope);
    }
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
