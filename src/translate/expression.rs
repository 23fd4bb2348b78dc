//! Writes expressions: columns, values, functions, casts and conditions.

use phantomdb_protocol::{Result, Value};

use super::{
    bad_plan::bad_plan,
    depth::{MAX_DEPTH, too_deep},
    plan::Expr,
    sql::{Values, push_identifier, push_literal},
};

/// The qualifier of the current table's columns: empty, an alias, or a schema and a table.
#[derive(Debug, Clone, Default)]
pub struct Scope(Vec<String>);

impl Scope {
    pub fn none() -> Self {
        Self::default()
    }

    pub fn alias(alias: impl Into<String>) -> Self {
        Self(vec![alias.into()])
    }

    pub fn parts(parts: Vec<String>) -> Self {
        Self(parts)
    }

    pub fn push_column(&self, out: &mut String, column: &str) {
        for part in &self.0 {
            push_identifier(out, part);
            out.push('.');
        }
        push_identifier(out, column);
    }
}

/// Writes expressions as text and collects their bound values. `operators.rs` adds the comparisons and `json.rs` the
/// paths into JSON documents.
pub struct Writer {
    pub values: Values,
    depth: usize,
}

impl Writer {
    pub fn new(values: Values) -> Self {
        Self { values, depth: 0 }
    }

    pub fn expression(&mut self, out: &mut String, expr: &Expr, scope: &Scope) -> Result<()> {
        self.depth += 1;
        if self.depth > MAX_DEPTH {
            return Err(too_deep());
        }
        let result = self.write(out, expr, scope);
        self.depth -= 1;
        result
    }

    fn write(&mut self, out: &mut String, expr: &Expr, scope: &Scope) -> Result<()> {
        match expr {
            Expr::Column(name) => scope.push_column(out, name),
            Expr::Path(path) => push_path(out, path)?,
            Expr::Value(value) => push_literal(out, value)?,
            Expr::Bound(index, _) => self.values.push(out, *index)?,
            Expr::Literal(text) => push_user_sql(out, text),
            Expr::Function(name, args) => {
                check_function_name(name)?;
                // `sequelize.random()` writes RAND for a dialect that Sequelize does not know.
                out.push_str(if name == "RAND" && args.is_empty() { "RANDOM" } else { name });
                out.push('(');
                self.list(out, args, scope)?;
                out.push(')');
            }
            Expr::Cast(inner, data_type) => {
                check_type_name(data_type)?;
                out.push_str("CAST(");
                self.expression(out, inner, scope)?;
                out.push_str(" AS ");
                out.push_str(&data_type.to_ascii_uppercase());
                out.push(')');
            }
            Expr::Json(column, path, wanted) => self.json_path(out, column, path, *wanted, None, scope)?,
            Expr::And(items) => self.join(out, items, " AND ", scope)?,
            Expr::Or(items) if items.is_empty() => out.push_str("0 = 1"),
            Expr::Or(items) if items.len() == 1 => self.expression(out, &items[0], scope)?,
            Expr::Or(items) => self.join(out, items, " OR ", scope)?,
            Expr::Not(inner) => {
                out.push_str("NOT (");
                self.expression(out, inner, scope)?;
                out.push(')');
            }
            Expr::Compare(left, operator, right) => self.compare(out, left, operator, right, scope)?,
            Expr::BoundList(..) => return Err(bad_plan("a list stands on the right of IN and NOT IN only")),
            Expr::List(items) => {
                out.push('(');
                self.list(out, items, scope)?;
                out.push(')');
            }
            Expr::Array(items) => {
                out.push_str("ARRAY[");
                self.list(out, items, scope)?;
                out.push(']');
            }
            Expr::Values(items) => self.values_list(out, items, scope)?,
            Expr::Arithmetic(left, operator, right) => {
                if !matches!(operator.as_str(), "+" | "-") {
                    return Err(bad_plan(format!(
                        "'{operator}' is not an arithmetic operator of a statement"
                    )));
                }
                self.expression(out, left, scope)?;
                out.push(' ');
                out.push_str(operator);
                out.push(' ');
                self.expression(out, right, scope)?;
            }
            Expr::Whole(inner) => self.operand(out, inner, true, scope)?,
            Expr::Star => out.push('*'),
            Expr::Default => out.push_str("DEFAULT"),
            Expr::Any(_) | Expr::All(_) => {
                return Err(bad_plan("Op.any and Op.all stand on the right of a comparison only"));
            }
        }
        Ok(())
    }

    pub fn list(&mut self, out: &mut String, items: &[Expr], scope: &Scope) -> Result<()> {
        for (i, item) in items.iter().enumerate() {
            if i > 0 {
                out.push_str(", ");
            }
            self.expression(out, item, scope)?;
        }
        Ok(())
    }

    fn join(&mut self, out: &mut String, items: &[Expr], separator: &str, scope: &Scope) -> Result<()> {
        if items.is_empty() {
            out.push_str("1 = 1");
        }
        for (i, item) in items.iter().enumerate() {
            if i > 0 {
                out.push_str(separator);
            }
            self.operand(out, item, items.len() > 1, scope)?;
        }
        Ok(())
    }

    /// Writes one side of AND or OR. A side that combines several conditions, or is SQL of the user, gets parentheses.
    pub fn operand(
        &mut self,
        out: &mut String,
        item: &Expr,
        among_others: bool,
        scope: &Scope,
    ) -> Result<()> {
        let parenthesise = among_others && is_several(item);
        if parenthesise {
            out.push('(');
        }
        self.expression(out, item, scope)?;
        if parenthesise {
            out.push(')');
        }
        Ok(())
    }

    fn values_list(&mut self, out: &mut String, items: &[Expr], scope: &Scope) -> Result<()> {
        out.push_str("VALUES ");
        for (i, item) in items.iter().enumerate() {
            out.push_str(if i > 0 { ", (" } else { "(" });
            self.expression(out, item, scope)?;
            out.push(')');
        }
        Ok(())
    }

    /// Writes ` WHERE …` if there is a condition.
    pub fn push_where(&mut self, out: &mut String, condition: Option<&Expr>, scope: &Scope) -> Result<()> {
        if let Some(condition) = condition {
            out.push_str(" WHERE ");
            self.expression(out, condition, scope)?;
        }
        Ok(())
    }

    /// Writes ` LIMIT n` if there is a count. The number is inlined because most calls of a query share it.
    pub fn push_limit(&mut self, out: &mut String, keyword: &str, count: Option<&Expr>) -> Result<()> {
        if let Some(count) = count {
            out.push_str(keyword);
            let what = || keyword.trim().to_lowercase();
            match count {
                Expr::Value(Value::Integer(n)) if *n < 0 => {
                    return Err(bad_plan(format!("{} must not be negative, but is {n}", what())));
                }
                Expr::Value(value @ Value::Integer(_)) => push_literal(out, value)?,
                Expr::Literal(text) => out.push_str(text),
                _ => return Err(bad_plan(format!("{} must be a whole number", what()))),
            }
        }
        Ok(())
    }
}

/// Writes SQL of the user. A comment at its end must not hide what follows.
fn push_user_sql(out: &mut String, text: &str) {
    out.push_str(text);
    if text.contains("--") {
        out.push('\n');
    }
}

/// True when the expression combines several conditions, which need parentheses beside AND. A list with a single
/// condition counts as that condition.
fn is_several(item: &Expr) -> bool {
    match item {
        Expr::And(items) | Expr::Or(items) => match items.as_slice() {
            [only] => is_several(only),
            items => items.len() > 1,
        },
        Expr::Literal(text) => may_bind_weaker_than_and(text),
        _ => false,
    }
}

/// True when a literal might contain OR, which binds weaker than AND: `a = 1 OR b = 2`.
fn may_bind_weaker_than_and(text: &str) -> bool {
    text.as_bytes().windows(2).any(|pair| pair.eq_ignore_ascii_case(b"or"))
}

/// Writes a column by its path: `["a"]` is `"a"`, `["a", "b"]` is `"a"."b"`, and a longer path goes through nested
/// includes: `"a->b"."c"`.
pub fn push_path(out: &mut String, path: &[String]) -> Result<()> {
    let (column, tables) = path.split_last().ok_or_else(|| bad_plan("a column path is empty"))?;
    if !tables.is_empty() {
        push_identifier(out, &tables.join("->"));
        out.push('.');
    }
    if column == "*" {
        out.push('*');
    } else {
        push_identifier(out, column);
    }
    Ok(())
}

/// Checks a function's name. It is written without quotes, so anything but a name would be an injection.
fn check_function_name(name: &str) -> Result<()> {
    let is_name = |part: &str| {
        let mut chars = part.chars();
        chars.next().is_some_and(|c| c.is_alphabetic() || c == '_')
            && chars.all(|c| c.is_alphanumeric() || c == '_' || c == '$')
    };
    if !name.is_empty() && name.split('.').all(is_name) {
        return Ok(());
    }
    Err(bad_plan(format!(
        "'{name}' is not a function's name; write more than a name with sequelize.literal(), and never with input of a user"
    )))
}

/// Checks the type of a `CAST`: one or more words, with an optional length and precision, and `[]` behind it for arrays.
pub fn check_type_name(data_type: &str) -> Result<()> {
    let mut element = data_type.trim_end();
    while let Some(rest) = element.strip_suffix("[]") {
        element = rest.trim_end();
    }
    let (name, arguments) = match element.split_once('(') {
        Some((name, rest)) => (name, Some(rest)),
        None => (element, None),
    };
    let words_ok = !name.trim().is_empty()
        && name.chars().all(|c| c.is_ascii_alphanumeric() || c == '_' || c == ' ')
        && name.trim_start().starts_with(|c: char| c.is_ascii_alphabetic());
    let arguments_ok = arguments.is_none_or(|rest| {
        rest.strip_suffix(')').is_some_and(|inner| {
            inner.split(',').all(|n| !n.trim().is_empty() && n.trim().chars().all(|c| c.is_ascii_digit()))
        })
    });
    if words_ok && arguments_ok {
        return Ok(());
    }
    Err(bad_plan(format!("Invalid cast type: {data_type}")))
}
