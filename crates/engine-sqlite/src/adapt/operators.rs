//! Operators that SQLite lacks, or to which it gives another meaning.

use phantomdb_protocol::{ColumnType, Result};
use phantomdb_sql::{build, printer::verbatim_ident};
use sqlparser::ast::{Array, BinaryOperator, Expr, ObjectName, Spanned, UnaryOperator};

use super::{
    adapter::Adapter,
    literal::string_of,
    typed::{Origin, Typed},
};
use crate::functions::convert;

impl Adapter<'_> {
    pub(super) fn binary(&mut self, expr: &mut Expr) -> Result<Typed> {
        let Expr::BinaryOp { left, op, right } = expr else { return Ok(Typed::UNKNOWN) };
        match op.clone() {
            op @ (BinaryOperator::And | BinaryOperator::Or) => self.logical_chain(expr, &op),
            BinaryOperator::Eq
            | BinaryOperator::NotEq
            | BinaryOperator::Lt
            | BinaryOperator::LtEq
            | BinaryOperator::Gt
            | BinaryOperator::GtEq => {
                let (a, b) = (self.operand(left)?, self.operand(right)?);
                self.align(left, a, right, b)?;
                Ok(Typed::boolean(a.nullable || b.nullable))
            }
            BinaryOperator::Plus
            | BinaryOperator::Minus
            | BinaryOperator::Multiply
            | BinaryOperator::Divide
            | BinaryOperator::Modulo => self.arithmetic(expr),
            BinaryOperator::StringConcat => {
                let (a, b) = (self.operand(left)?, self.operand(right)?);
                let column_type = if a.is(ColumnType::Json) { ColumnType::Json } else { ColumnType::String };
                if column_type == ColumnType::Json {
                    let arguments = vec![build::take(left), build::take(right)];
                    *expr = build::call("phantomdb_json_concat", arguments);
                }
                Ok(Typed { nullable: a.nullable || b.nullable, ..Typed::of(column_type) })
            }
            BinaryOperator::BitwiseAnd
            | BinaryOperator::BitwiseOr
            | BinaryOperator::PGBitwiseShiftLeft
            | BinaryOperator::PGBitwiseShiftRight => {
                self.operand(left)?;
                self.operand(right)?;
                Ok(Typed::of(ColumnType::Integer))
            }
            BinaryOperator::PGExp => self.replace_binary(expr, "power", ColumnType::Float),
            BinaryOperator::PGRegexMatch => self.regex(expr, false, false),
            BinaryOperator::PGRegexIMatch => self.regex(expr, true, false),
            BinaryOperator::PGRegexNotMatch => self.regex(expr, false, true),
            BinaryOperator::PGRegexNotIMatch => self.regex(expr, true, true),
            BinaryOperator::PGLikeMatch => self.like_operator(expr, false, false),
            BinaryOperator::PGNotLikeMatch => self.like_operator(expr, true, false),
            BinaryOperator::PGILikeMatch => self.like_operator(expr, false, true),
            BinaryOperator::PGNotILikeMatch => self.like_operator(expr, true, true),
            _ => self.json_operator(expr),
        }
    }

    /// The operators on documents, and `UNSUPPORTED` for every operator that is not known.
    fn json_operator(&mut self, expr: &mut Expr) -> Result<Typed> {
        let Expr::BinaryOp { left, op, right } = expr else { return Ok(Typed::UNKNOWN) };
        let (function, column_type) = match op {
            BinaryOperator::Arrow => ("phantomdb_json_get", ColumnType::Json),
            BinaryOperator::LongArrow => ("phantomdb_json_get_text", ColumnType::String),
            BinaryOperator::HashArrow => ("phantomdb_json_path", ColumnType::Json),
            BinaryOperator::HashLongArrow => ("phantomdb_json_path_text", ColumnType::String),
            BinaryOperator::AtArrow => ("phantomdb_json_contains", ColumnType::Boolean),
            BinaryOperator::ArrowAt => {
                std::mem::swap(left, right);
                ("phantomdb_json_contains", ColumnType::Boolean)
            }
            BinaryOperator::Question => ("phantomdb_json_has_key", ColumnType::Boolean),
            BinaryOperator::QuestionPipe => ("phantomdb_json_has_any_key", ColumnType::Boolean),
            BinaryOperator::QuestionAnd => ("phantomdb_json_has_all_keys", ColumnType::Boolean),
            BinaryOperator::HashMinus => ("phantomdb_json_delete_path", ColumnType::Json),
            other => {
                let what = format!("the operator {other}");
                let span = expr.span();
                return self.unsupported(&what, span);
            }
        };
        // The functions take an array of keys as a JSON array.
        for side in [left, right] {
            if let Expr::Array(Array { elem, named: _ }) = side.as_mut() {
                **side = build::call("json_array", std::mem::take(elem));
            }
        }
        self.replace_binary(expr, function, column_type)
    }

    /// `a op b` becomes `function(a, b)`.
    fn replace_binary(&mut self, expr: &mut Expr, function: &str, column_type: ColumnType) -> Result<Typed> {
        let Expr::BinaryOp { left, op: _, right } = expr else { return Ok(Typed::UNKNOWN) };
        self.expr(left)?;
        self.expr(right)?;
        *expr = build::call(function, vec![build::take(left), build::take(right)]);
        Ok(Typed::of(column_type))
    }

    fn regex(&mut self, expr: &mut Expr, ignore_case: bool, negated: bool) -> Result<Typed> {
        let function = if ignore_case { "phantomdb_iregex" } else { "phantomdb_regex" };
        let typed = self.replace_binary(expr, function, ColumnType::Boolean)?;
        if negated {
            let call = Box::new(build::take(expr));
            *expr = Expr::UnaryOp { op: UnaryOperator::Not, expr: call };
        }
        Ok(typed)
    }

    /// `IS DISTINCT FROM`, which SQLite spells as PostgreSQL does.
    pub(super) fn distinct_from(&mut self, left: &mut Expr, right: &mut Expr) -> Result<Typed> {
        let (a, b) = (self.operand(left)?, self.operand(right)?);
        self.align(left, a, right, b)?;
        Ok(Typed::boolean(false))
    }

    /// Makes two sides of a comparison comparable. A column stays as it is, so that its index serves.
    fn align(&mut self, left: &mut Expr, a: Typed, right: &mut Expr, b: Typed) -> Result<()> {
        self.convert_for(a, right, b)?;
        self.convert_for(b, left, a)?;
        let computed = |typed: Typed| typed.is(ColumnType::Decimal) && typed.origin != Origin::Column;
        if computed(a) || (computed(b) && a.origin != Origin::Column) {
            for side in [left, right] {
                let number = build::call("phantomdb_decimal", vec![build::take(side)]);
                *side = Expr::Nested(Box::new(by_decimal_order(number)));
            }
        }
        Ok(())
    }

    /// Converts a literal or a parameter to the stored form of the value that it is compared with.
    pub(super) fn convert_for(&mut self, with: Typed, value: &mut Expr, typed: Typed) -> Result<()> {
        let has_own_type = typed.origin == Origin::Literal && !typed.is(ColumnType::String);
        if has_own_type || !typed.is_constant() || with.is_constant() {
            return Ok(());
        }
        let function = match with.column_type {
            Some(ColumnType::Timestamp) => "phantomdb_timestamp",
            Some(ColumnType::Date) => "phantomdb_date",
            Some(ColumnType::Time) => "phantomdb_time",
            Some(ColumnType::Uuid) => "phantomdb_uuid",
            Some(ColumnType::Boolean) => "phantomdb_boolean",
            _ => return Ok(()),
        };
        if let Some(text) = string_of(value) {
            *value = convert::literal(function, text)?;
            return Ok(());
        }
        *value = build::call(function, vec![build::take(value)]);
        Ok(())
    }
}

/// The expression with the collation that orders decimals by their value.
pub(super) fn by_decimal_order(expr: Expr) -> Expr {
    let collation = ObjectName::from(vec![verbatim_ident("decimal")]);
    Expr::Collate { expr: Box::new(expr), collation }
}
