//! Writes paths into JSON documents.

use phantomdb_protocol::{Result, Value};

use super::{
    bad_plan::bad_plan,
    expression::{Scope, Writer},
    plan::{BindType, Expr, JsonResult},
    sql::push_string,
};

/// The types that a path may be cast to, in lower case: `{ 'meta.age::integer': 5 }`. The list is closed because the
/// name is written without quotes (GHSA-6457-6jrx-69cr).
const CAST_TYPES: [&str; 26] = [
    "integer",
    "int",
    "int4",
    "int8",
    "bigint",
    "smallint",
    "float",
    "float4",
    "float8",
    "real",
    "double precision",
    "numeric",
    "decimal",
    "boolean",
    "bool",
    "text",
    "varchar",
    "char",
    "date",
    "time",
    "timestamp",
    "timestamptz",
    "uuid",
    "json",
    "jsonb",
    "datetime",
];

impl Writer {
    /// Writes the extraction. If it is compared with a number, a boolean or a date, it is cast to that type.
    pub(super) fn json_path(
        &mut self,
        out: &mut String,
        column: &Expr,
        path: &[String],
        wanted: JsonResult,
        compared_with: Option<&Expr>,
        scope: &Scope,
    ) -> Result<()> {
        let (path, explicit) = split_cast(path)?;
        let cast = match (explicit, wanted) {
            (Some(name), _) => Some(name.to_ascii_uppercase()),
            (None, JsonResult::Text) => compared_with.and_then(natural_cast).map(str::to_owned),
            (None, JsonResult::Json) => None,
        };
        if cast.is_some() {
            out.push_str("CAST(");
        }
        if path.is_empty() {
            self.expression(out, column, scope)?;
        } else {
            out.push('(');
            self.expression(out, column, scope)?;
            out.push_str(if wanted == JsonResult::Json { "#>" } else { "#>>" });
            push_string(out, &path_text(&path))?;
            out.push(')');
        }
        if let Some(cast) = cast {
            out.push_str(" AS ");
            out.push_str(&cast);
            out.push(')');
        }
        Ok(())
    }
}

/// Splits the cast from the last step.
fn split_cast(path: &[String]) -> Result<(Vec<&str>, Option<&str>)> {
    let mut steps: Vec<&str> = path.iter().map(String::as_str).collect();
    let Some((step, cast)) = steps.last().and_then(|last| last.split_once("::")) else {
        return Ok((steps, None));
    };
    if !CAST_TYPES.contains(&cast.to_ascii_lowercase().as_str()) {
        return Err(bad_plan(format!("Invalid cast type: {cast}")));
    }
    if let Some(last) = steps.last_mut() {
        *last = step;
    }
    Ok((steps, Some(cast)))
}

fn natural_cast(other: &Expr) -> Option<&'static str> {
    match other {
        Expr::Value(Value::Integer(_) | Value::Float(_)) => Some("DOUBLE PRECISION"),
        Expr::Value(Value::Decimal(_)) => Some("DECIMAL"),
        Expr::Value(Value::Boolean(_)) => Some("BOOLEAN"),
        Expr::Value(Value::Timestamp(_)) => Some("TIMESTAMP"),
        Expr::Bound(_, kind) | Expr::BoundList(_, kind) => match kind {
            BindType::Number => Some("DOUBLE PRECISION"),
            BindType::Decimal => Some("DECIMAL"),
            BindType::Boolean => Some("BOOLEAN"),
            BindType::Timestamp => Some("TIMESTAMP"),
            BindType::Blob | BindType::Other => None,
        },
        Expr::Any(inner) | Expr::All(inner) => match inner.as_ref() {
            Expr::List(items) => items.first().and_then(natural_cast),
            _ => None,
        },
        _ => None,
    }
}

/// Writes the path as PostgreSQL's text form of an array: `{a,"b,c"}`. A plain word needs no quotes.
fn path_text(path: &[&str]) -> String {
    let mut text = String::from("{");
    for (i, step) in path.iter().enumerate() {
        if i > 0 {
            text.push(',');
        }
        let plain = !step.is_empty()
            && step.chars().all(|c| c.is_alphanumeric() || c == '_' || c == '-' || c == '$')
            && !step.eq_ignore_ascii_case("null");
        if plain {
            text.push_str(step);
        } else {
            text.push('"');
            for c in step.chars() {
                if c == '"' || c == '\\' {
                    text.push('\\');
                }
                text.push(c);
            }
            text.push('"');
        }
    }
    text.push('}');
    text
}
