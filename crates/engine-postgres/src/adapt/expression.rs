//! Expressions that are written differently for PostgreSQL.

use phantomdb_protocol::Result;
use phantomdb_sql::{
    build::{self, take},
    names::last_ident,
    printer::{literal, verbatim_ident},
};
use sqlparser::ast::{
    Array, BinaryOperator, CastKind, DataType, Expr, Spanned, TypedString, Value, ValueWithSpan,
};

use crate::bind::quote_element;

use super::{
    adapter::Adapter,
    call,
    cast::{cast, cast_to, cast_type},
};

impl Adapter<'_> {
    /// Adapts one expression, after the expressions within it.
    pub(crate) fn rewrite_expression(&mut self, expr: &mut Expr) -> Result<()> {
        match expr {
            Expr::Identifier(ident)
                if ident.quote_style.is_none() && ident.value.eq_ignore_ascii_case("DEFAULT") =>
            {
                *ident = verbatim_ident("DEFAULT");
            }
            Expr::CompoundIdentifier(parts) => {
                if let Some(table) = parts.first_mut()
                    && table.quote_style.is_none()
                    && table.value.eq_ignore_ascii_case("excluded")
                {
                    *table = verbatim_ident("excluded");
                }
            }
            Expr::Cast { kind, expr: _, data_type, format: _ } => {
                if matches!(kind, CastKind::TryCast | CastKind::SafeCast) {
                    let span = expr.span();
                    return self.unsupported("TRY_CAST", span);
                }
                cast_type(data_type)?;
            }
            Expr::TypedString(typed) => {
                // `{d '2026-01-02'}` means the same as `DATE '2026-01-02'`.
                let TypedString { data_type, value, uses_odbc_syntax: _ } = typed;
                let mut data_type = data_type.clone();
                cast_type(&mut data_type)?;
                *expr = cast_to(Expr::Value(value.clone()), data_type);
            }
            Expr::Extract { field: _, syntax: _, expr: _ } => *expr = cast(take(expr), "float8"),
            Expr::Like { negated: _, any: _, expr: _, pattern: _, escape_char: _ }
            | Expr::ILike { negated: _, any: _, expr: _, pattern: _, escape_char: _ }
            | Expr::SimilarTo { negated: _, expr: _, pattern: _, escape_char: _ } => self.match_text(expr),
            Expr::BinaryOp { left, op, right } => {
                operator(left, op, right);
                self.match_text(expr);
            }
            Expr::Function(_) => self.call(expr)?,
            // Any other expression means in PhantomDB SQL what it means in PostgreSQL.
            _ => {}
        }
        Ok(())
    }
}

/// Makes an operand a document, which is `jsonb`. With the cast a parameter or the result of a function can be an operand,
/// whose type PostgreSQL could not infer otherwise.
fn as_document(expr: &mut Expr) {
    if !matches!(build::unnested(expr), Expr::Array(_)) {
        *expr = cast(take(expr), "jsonb");
    }
}

/// True for the `json` that a function makes, for which PostgreSQL has no such operator. A cast makes a `jsonb`.
fn is_json(expr: &Expr) -> bool {
    match build::unnested(expr) {
        Expr::Function(call) => last_ident(&call.name).is_some_and(|name| {
            let name = name.value.to_ascii_lowercase();
            name.starts_with("json_") || name == "to_json" || name == "row_to_json"
        }),
        _ => false,
    }
}

/// True for a string literal, NULL and a parameter, which have the type of what they stand beside.
fn is_untyped(expr: &Expr) -> bool {
    matches!(build::unnested(expr), Expr::Value(_))
}

/// Writes an array of strings as one literal beside a column. PostgreSQL then takes it for an array of the column's type;
/// it would compare no `varchar[]` with the `text[]` that `ARRAY['a']` is.
fn array_beside_column(side: &mut Expr, other: &Expr) {
    if !matches!(build::unnested(other), Expr::Identifier(_) | Expr::CompoundIdentifier(_)) {
        return;
    }
    let Expr::Array(Array { elem, named: _ }) = build::unnested(side) else { return };
    let texts: Option<Vec<String>> = elem
        .iter()
        .map(|element| match element {
            Expr::Value(ValueWithSpan { value: Value::Null, span: _ }) => Some("NULL".to_owned()),
            Expr::Value(ValueWithSpan { value: Value::SingleQuotedString(text), span: _ }) => {
                Some(quote_element(text))
            }
            _ => None,
        })
        .collect();
    if let Some(texts) = texts {
        *side = literal(format!("{{{}}}", texts.join(",")));
    }
}

/// Casts a `regtype` beside the name of a type, as `pg_typeof` gives it, to the name that it stands for.
fn name_beside_type(side: &mut Expr, other: &Expr) {
    let is_type = matches!(build::unnested(side), Expr::Cast { kind: _, expr: _, data_type: DataType::Custom(name, _), format: _ }
        if last_ident(name).is_some_and(|name| name.value.eq_ignore_ascii_case("\"regtype\"")));
    if is_type && call::is_type_name(other) {
        *side = cast(take(side), "text");
    }
}

/// Casts the operands of operators that PostgreSQL has for one type only.
fn operator(left: &mut Expr, op: &BinaryOperator, right: &mut Expr) {
    if matches!(
        op,
        BinaryOperator::AtArrow
            | BinaryOperator::ArrowAt
            | BinaryOperator::PGOverlap
            | BinaryOperator::Eq
            | BinaryOperator::NotEq
            | BinaryOperator::Lt
            | BinaryOperator::LtEq
            | BinaryOperator::Gt
            | BinaryOperator::GtEq
    ) {
        array_beside_column(left, right);
        array_beside_column(right, left);
        name_beside_type(left, right);
        name_beside_type(right, left);
    }
    match op {
        BinaryOperator::AtArrow | BinaryOperator::ArrowAt => {
            // Both are operators of arrays, too, and the type of a column is not known here.
            let untyped = is_untyped(left) && is_untyped(right);
            for side in [left, right] {
                if untyped || is_json(side) {
                    as_document(side);
                }
            }
        }
        BinaryOperator::Question
        | BinaryOperator::QuestionAnd
        | BinaryOperator::QuestionPipe
        | BinaryOperator::HashMinus => as_document(left),
        // Any other operator means in PhantomDB SQL what it means in PostgreSQL.
        _ => {}
    }
}
