//! Operators that SQLite has not, or means otherwise.

use phantomdb_protocol::{ColumnType, Result};
use sqlparser::ast::{
    Array, BinaryOperator, CaseWhen, Expr, Parens, Query, SetExpr, Spanned, UnaryOperator, Value,
    ValueWithSpan, helpers::attached_token::AttachedToken,
};

use super::{
    Adapter, build, like, printer,
    scope::{Origin, Typed},
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
                Ok(boolean(a.nullable || b.nullable))
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
            BinaryOperator::PGExp => self.replace_binary(expr, "power", &[], ColumnType::Float),
            BinaryOperator::PGRegexMatch => self.regex(expr, false, false),
            BinaryOperator::PGRegexIMatch => self.regex(expr, true, false),
            BinaryOperator::PGRegexNotMatch => self.regex(expr, false, true),
            BinaryOperator::PGRegexNotIMatch => self.regex(expr, true, true),
            BinaryOperator::PGLikeMatch | BinaryOperator::PGNotLikeMatch => {
                let negated = matches!(op, BinaryOperator::PGNotLikeMatch);
                *expr = like(build::take(left), build::take(right), negated, false);
                self.like(expr)
            }
            BinaryOperator::PGILikeMatch | BinaryOperator::PGNotILikeMatch => {
                let negated = matches!(op, BinaryOperator::PGNotILikeMatch);
                *expr = like(build::take(left), build::take(right), negated, true);
                self.like(expr)
            }
            _ => self.json_operator(expr),
        }
    }

    fn json_operator(&mut self, expr: &mut Expr) -> Result<Typed> {
        let Expr::BinaryOp { op, right, left } = expr else { return Ok(Typed::UNKNOWN) };
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
        // An array of keys travels as a JSON array.
        for side in [left, right] {
            if let Expr::Array(Array { elem, .. }) = side.as_mut() {
                **side = build::call("json_array", std::mem::take(elem));
            }
        }
        self.replace_binary(expr, function, &[], column_type)
    }

    /// `a op b` becomes `function(a, b, extra…)`.
    fn replace_binary(
        &mut self,
        expr: &mut Expr,
        function: &str,
        extra: &[&str],
        column_type: ColumnType,
    ) -> Result<Typed> {
        let Expr::BinaryOp { left, right, .. } = expr else { return Ok(Typed::UNKNOWN) };
        self.expr(left)?;
        self.expr(right)?;
        let mut arguments = vec![build::take(left), build::take(right)];
        arguments.extend(extra.iter().map(|sql| printer::verbatim_expr(*sql)));
        *expr = build::call(function, arguments);
        Ok(Typed::of(column_type))
    }

    fn regex(&mut self, expr: &mut Expr, ignore_case: bool, negated: bool) -> Result<Typed> {
        let function = if ignore_case { "phantomdb_iregex" } else { "phantomdb_regex" };
        let typed = self.replace_binary(expr, function, &[], ColumnType::Boolean)?;
        if negated {
            let call = Box::new(build::take(expr));
            *expr = Expr::UnaryOp { op: UnaryOperator::Not, expr: call };
        }
        Ok(typed)
    }

    /// SQLite writes it as PostgreSQL does.
    pub(super) fn distinct_from(&mut self, expr: &mut Expr) -> Result<Typed> {
        let (Expr::IsDistinctFrom(left, right) | Expr::IsNotDistinctFrom(left, right)) = expr else {
            return Ok(Typed::UNKNOWN);
        };
        let (a, b) = (self.operand(left)?, self.operand(right)?);
        self.align(left, a, right, b)?;
        Ok(boolean(false))
    }

    /// IN and BETWEEN.
    pub(super) fn membership(&mut self, expr: &mut Expr) -> Result<Typed> {
        let mut nullable = true;
        match expr {
            Expr::InList { expr: left, list, .. } => {
                let typed = self.operand(left)?;
                nullable = typed.nullable;
                for item in list {
                    let other = self.expr(item)?;
                    nullable |= other.nullable;
                    self.convert_for(typed, item, other)?;
                }
            }
            Expr::InSubquery { expr: left, subquery, .. } => {
                self.operand(left)?;
                self.subquery(subquery)?;
            }
            Expr::Between { expr: left, low, high, .. } => {
                let typed = self.operand(left)?;
                for bound in [low, high] {
                    let other = self.operand(bound)?;
                    self.convert_for(typed, bound, other)?;
                }
            }
            _ => {}
        }
        Ok(boolean(nullable))
    }

    pub(super) fn like(&mut self, expr: &mut Expr) -> Result<Typed> {
        if let Expr::SimilarTo { .. } = expr {
            let span = expr.span();
            return self.unsupported("SIMILAR TO", span);
        }
        let ignore_case = matches!(expr, Expr::ILike { .. });
        let (Expr::Like { negated, any, expr: left, pattern, escape_char }
        | Expr::ILike { negated, any, expr: left, pattern, escape_char }) = expr
        else {
            return Ok(Typed::UNKNOWN);
        };
        if *any {
            let op = match (ignore_case, *negated) {
                (false, false) => BinaryOperator::PGLikeMatch,
                (false, true) => BinaryOperator::PGNotLikeMatch,
                (true, false) => BinaryOperator::PGILikeMatch,
                (true, true) => BinaryOperator::PGNotILikeMatch,
            };
            let (left, right) = (Box::new(build::take(left)), Box::new(build::take(pattern)));
            *expr = Expr::AnyOp { left, compare_op: op, right, is_some: false };
            return self.any_or_all(expr);
        }
        let a = self.operand(left)?;
        let b = self.operand(pattern)?;
        match escape_char {
            Some(escape) => {
                self.expr(escape)?;
                if matches!(escape.as_ref(), Expr::Value(ValueWithSpan { value, .. }) if printer::string_of(value) == Some(""))
                {
                    *escape_char = None;
                }
            }
            None => *escape_char = Some(Box::new(printer::literal("\\"))),
        }
        let escape = escape_char.as_deref().map(string_of);
        if self.bare_columns
            && let Some(pattern) =
                string_of(pattern).and_then(|pattern| like::glob(pattern, escape, ignore_case))
        {
            let left = build::take(left);
            let text = if ignore_case { build::call("lower", vec![left]) } else { left };
            let matched = build::call("glob", vec![printer::literal(&pattern), text]);
            *expr = if *negated { like::not(matched) } else { matched };
            return Ok(boolean(a.nullable));
        }
        if ignore_case {
            let (left, pattern) = (build::take(left), build::take(pattern));
            *expr = Expr::Like {
                negated: *negated,
                any: false,
                expr: Box::new(build::call("lower", vec![left])),
                pattern: Box::new(build::call("lower", vec![pattern])),
                escape_char: escape_char.take(),
            };
        }
        Ok(boolean(a.nullable || b.nullable))
    }

    pub(super) fn any_or_all(&mut self, expr: &mut Expr) -> Result<Typed> {
        let all = matches!(expr, Expr::AllOp { .. });
        let (Expr::AnyOp { left, compare_op, right, .. } | Expr::AllOp { left, compare_op, right }) = expr
        else {
            return Ok(Typed::UNKNOWN);
        };
        let op = compare_op.clone();
        let in_list = match (&op, all) {
            (BinaryOperator::Eq, false) => Some(false),
            (BinaryOperator::NotEq, true) => Some(true),
            _ => None,
        };
        let left = Box::new(build::take(left));
        match values_of(right) {
            Some(values) if in_list.is_some() => {
                let negated = in_list == Some(true);
                *expr = Expr::InList { expr: left, list: values, negated };
                self.membership(expr)
            }
            Some(values) => {
                let terms = values.into_iter().map(|value| build::binary((*left).clone(), op.clone(), value));
                let terms: Vec<Expr> = terms.collect();
                if terms.is_empty() {
                    *expr = Expr::Value(Value::Boolean(all).into());
                    return Ok(boolean(false));
                }
                let joined = build::join(terms, if all { &BinaryOperator::And } else { &BinaryOperator::Or });
                *expr = Expr::Nested(Box::new(joined));
                self.expr(expr)
            }
            None => {
                let right = build::take(right);
                self.any_of_query(expr, *left, op, right, all, in_list)
            }
        }
    }

    /// ANY and ALL of a sub-query, or of a parameter that holds a JSON array.
    fn any_of_query(
        &mut self,
        expr: &mut Expr,
        left: Expr,
        op: BinaryOperator,
        right: Expr,
        all: bool,
        in_list: Option<bool>,
    ) -> Result<Typed> {
        let span = right.span();
        let query = match right {
            Expr::Subquery(query) => *query,
            Expr::Nested(inner) => return self.any_of_query(expr, left, op, *inner, all, in_list),
            parameter @ Expr::Value(ValueWithSpan { value: Value::Placeholder(_), .. }) => {
                self.json_elements(&parameter)?
            }
            _ => return self.unsupported("ANY or ALL of this expression", span),
        };
        if let Some(negated) = in_list {
            *expr = Expr::InSubquery { expr: Box::new(left), subquery: Box::new(query), negated };
            return self.membership(expr);
        }
        let value = Expr::Identifier(sqlparser::ast::Ident::with_quote('"', "phantomdb_value"));
        let test = build::binary(left, op, value);
        let nested = Box::new(Expr::Nested(Box::new(test.clone())));
        // ALL fails for one value, ANY holds for one; where none decides, a comparison with NULL leaves it open.
        let decisive =
            if all { Expr::UnaryOp { op: UnaryOperator::Not, expr: nested.clone() } } else { test };
        let exists = |test: Expr| -> Result<Expr> {
            let subquery = Box::new(super::query::exists_in(query.clone(), test)?);
            Ok(Expr::Exists { subquery, negated: false })
        };
        let boolean_of = |value: bool| Expr::Value(Value::Boolean(value).into());
        let (decided, open) = (exists(decisive)?, exists(Expr::IsNull(nested))?);
        *expr = Expr::Case {
            case_token: AttachedToken::empty(),
            end_token: AttachedToken::empty(),
            operand: None,
            conditions: vec![
                CaseWhen { condition: decided, result: boolean_of(!all) },
                CaseWhen { condition: open, result: build::null() },
            ],
            else_result: Some(Box::new(boolean_of(all))),
        };
        self.expr(expr)
    }

    fn json_elements(&self, parameter: &Expr) -> Result<Query> {
        let sql = format!("SELECT \"value\" FROM json_each({parameter})");
        match super::parse::parse_stored(&sql)? {
            sqlparser::ast::Statement::Query(query) => Ok(*query),
            _ => self.unsupported("ANY of a parameter", parameter.span()),
        }
    }

    /// Makes two sides of a comparison comparable: never the column, so that its index serves.
    pub(super) fn align(&mut self, left: &mut Expr, a: Typed, right: &mut Expr, b: Typed) -> Result<()> {
        self.convert_for(a, right, b)?;
        self.convert_for(b, left, a)?;
        let computed = |typed: Typed| typed.is(ColumnType::Decimal) && typed.origin != Origin::Column;
        if computed(a) || (computed(b) && a.origin != Origin::Column) {
            for side in [left, right] {
                *side = build::call("phantomdb_decimal", vec![build::take(side)]);
                *side = Expr::Nested(Box::new(Expr::Collate {
                    expr: Box::new(build::take(side)),
                    collation: sqlparser::ast::ObjectName::from(vec![printer::verbatim_ident("decimal")]),
                }));
            }
        }
        Ok(())
    }

    /// Brings a literal or a parameter into the stored form of what it is compared with.
    fn convert_for(&mut self, with: Typed, value: &mut Expr, typed: Typed) -> Result<()> {
        if typed.origin == Origin::Literal && !typed.is(ColumnType::String)
            || !matches!(typed.origin, Origin::Literal | Origin::Parameter)
            || matches!(with.origin, Origin::Literal | Origin::Parameter)
        {
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
        if let Expr::Value(ValueWithSpan { value: text, .. }) = build::unnested(value)
            && let Some(text) = printer::string_of(text)
        {
            *value = convert::literal(function, text)?;
            return Ok(());
        }
        *value = build::call(function, vec![build::take(value)]);
        Ok(())
    }
}

pub(super) fn boolean(nullable: bool) -> Typed {
    Typed { nullable, ..Typed::of(ColumnType::Boolean) }
}

fn like(left: Expr, right: Expr, negated: bool, ignore_case: bool) -> Expr {
    let (expr, pattern) = (Box::new(left), Box::new(right));
    if ignore_case {
        Expr::ILike { negated, any: false, expr, pattern, escape_char: None }
    } else {
        Expr::Like { negated, any: false, expr, pattern, escape_char: None }
    }
}

/// The text of a string literal.
fn string_of(expr: &Expr) -> Option<&str> {
    match build::unnested(expr) {
        Expr::Value(ValueWithSpan { value, .. }) => printer::string_of(value),
        _ => None,
    }
}

/// The values of `ARRAY[…]` and of `(VALUES (…), …)`.
fn values_of(expr: &mut Expr) -> Option<Vec<Expr>> {
    match expr {
        Expr::Array(Array { elem, .. }) => Some(std::mem::take(elem)),
        Expr::Nested(inner) => values_of(inner),
        Expr::Cast { expr, .. } => values_of(expr),
        Expr::Subquery(query) => match query.body.as_mut() {
            SetExpr::Values(values)
                if query.limit_clause.is_none() && values.rows.iter().all(|row| row.content.len() == 1) =>
            {
                let rows = std::mem::take(&mut values.rows);
                Some(rows.into_iter().flat_map(|Parens { content, .. }| content).collect())
            }
            _ => None,
        },
        Expr::Value(ValueWithSpan { value, .. }) => {
            let keys = convert::array_elements(printer::string_of(value)?)?;
            Some(keys.into_iter().map(|key| key.map_or_else(build::null, printer::literal)).collect())
        }
        _ => None,
    }
}
