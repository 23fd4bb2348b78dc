//! Expressions that are written differently for PostgreSQL.

use phantomdb_protocol::Result;
use sqlparser::ast::{BinaryOperator, CastKind, Expr, Spanned};

use super::{
    adapter::Adapter,
    cast::{cast, cast_to, cast_type},
};
use phantomdb_sql::{
    build::{self, take},
    printer::verbatim_ident,
};

impl Adapter<'_> {
    /// One expression, when those it is made of have been adapted.
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
            Expr::Cast { kind, data_type, .. } => {
                if matches!(kind, CastKind::TryCast | CastKind::SafeCast) {
                    let span = expr.span();
                    return self.unsupported("TRY_CAST", span);
                }
                cast_type(data_type)?;
            }
            Expr::TypedString(typed) => {
                let mut data_type = typed.data_type.clone();
                cast_type(&mut data_type)?;
                *expr = cast_to(Expr::Value(typed.value.clone()), data_type);
            }
            Expr::Extract { .. } => *expr = cast(take(expr), "float8"),
            Expr::Like { expr: left, .. } | Expr::ILike { expr: left, .. } => as_text(left),
            Expr::BinaryOp { left, op, right } => operator(left, op, right),
            Expr::Function(_) => self.call(expr)?,
            _ => {}
        }
        Ok(())
    }
}

/// A number or a time is compared with a pattern as its text. A column that is text already stays what it is, also
/// for its index.
fn as_text(expr: &mut Expr) {
    if !matches!(build::unnested(expr), Expr::Cast { .. }) {
        *expr = cast(take(expr), "text");
    }
}

/// Documents are `jsonb`, and the operators on documents have no other form; said so, a parameter or the answer of a
/// function can stand beside them.
fn as_document(expr: &mut Expr) {
    if !matches!(build::unnested(expr), Expr::Array(_)) {
        *expr = cast(take(expr), "jsonb");
    }
}

fn operator(left: &mut Expr, op: &BinaryOperator, right: &mut Expr) {
    match op {
        BinaryOperator::PGRegexMatch
        | BinaryOperator::PGRegexIMatch
        | BinaryOperator::PGRegexNotMatch
        | BinaryOperator::PGRegexNotIMatch
        | BinaryOperator::PGLikeMatch
        | BinaryOperator::PGILikeMatch
        | BinaryOperator::PGNotLikeMatch
        | BinaryOperator::PGNotILikeMatch => as_text(left),
        BinaryOperator::AtArrow | BinaryOperator::ArrowAt => {
            let arrays = [&*left, &*right].iter().any(|side| matches!(build::unnested(side), Expr::Array(_)));
            if !arrays {
                as_document(left);
                as_document(right);
            }
        }
        BinaryOperator::Question
        | BinaryOperator::QuestionAnd
        | BinaryOperator::QuestionPipe
        | BinaryOperator::HashMinus => as_document(left),
        _ => {}
    }
}
