//! Expressions: each is adapted in place, and what is known of its value is the answer.

use phantomdb_protocol::{ColumnType, Error, ErrorCode, Result};
use sqlparser::{
    ast::{BinaryOperator, Expr, Ident, ObjectName, Spanned, UnaryOperator, Value, ValueWithSpan},
    tokenizer::Span,
};

use super::{
    Adapter, build, printer,
    scope::{Origin, Typed},
};

/// SQLite's own limit on the depth of an expression.
const MAX_DEPTH: usize = 1000;

impl Adapter<'_> {
    pub(super) fn unsupported<T>(&self, what: &str, span: Span) -> Result<T> {
        self.source.unsupported(what, span)
    }

    pub(super) fn expr(&mut self, expr: &mut Expr) -> Result<Typed> {
        self.depth += 1;
        if self.depth > MAX_DEPTH {
            return Err(Error::new(ErrorCode::SyntaxError, "the expression is nested too deeply"));
        }
        let typed = self.expr_by_kind(expr);
        self.depth -= 1;
        typed
    }

    pub(super) fn exprs(&mut self, exprs: &mut [Expr]) -> Result<()> {
        exprs.iter_mut().try_for_each(|expr| self.expr(expr).map(|_| ()))
    }

    /// An operand: adapted, and in parentheses when it has operators of its own.
    pub(super) fn operand(&mut self, expr: &mut Expr) -> Result<Typed> {
        let typed = self.expr(expr)?;
        build::parenthesize(expr);
        Ok(typed)
    }

    fn expr_by_kind(&mut self, expr: &mut Expr) -> Result<Typed> {
        match expr {
            Expr::Identifier(ident) => Ok(self.column(None, &ident.value)),
            Expr::CompoundIdentifier(_) => self.compound_identifier(expr),
            Expr::Value(value) => self.value(value),
            Expr::Nested(inner) => self.expr(inner),
            Expr::BinaryOp { .. } => self.binary(expr),
            Expr::UnaryOp { .. } => self.unary(expr),
            Expr::IsNull(inner) | Expr::IsNotNull(inner) => {
                self.operand(inner)?;
                Ok(Typed::of(ColumnType::Boolean).not_null())
            }
            Expr::IsTrue(inner) | Expr::IsNotTrue(inner) | Expr::IsFalse(inner) | Expr::IsNotFalse(inner) => {
                self.operand(inner)?;
                Ok(Typed::of(ColumnType::Boolean).not_null())
            }
            Expr::IsUnknown(inner) => {
                self.operand(inner)?;
                *expr = Expr::IsNull(Box::new(build::take(inner)));
                Ok(Typed::of(ColumnType::Boolean).not_null())
            }
            Expr::IsNotUnknown(inner) => {
                self.operand(inner)?;
                *expr = Expr::IsNotNull(Box::new(build::take(inner)));
                Ok(Typed::of(ColumnType::Boolean).not_null())
            }
            Expr::IsDistinctFrom(..) | Expr::IsNotDistinctFrom(..) => self.distinct_from(expr),
            Expr::InList { .. } | Expr::InSubquery { .. } | Expr::Between { .. } => self.membership(expr),
            Expr::Like { .. } | Expr::ILike { .. } | Expr::SimilarTo { .. } => self.like(expr),
            Expr::AnyOp { .. } | Expr::AllOp { .. } => self.any_or_all(expr),
            Expr::Cast { .. } | Expr::TypedString(_) | Expr::Interval(_) => self.cast(expr),
            Expr::Case { .. } => self.case(expr),
            Expr::Exists { subquery, .. } => {
                self.subquery(subquery)?;
                Ok(Typed::of(ColumnType::Boolean).not_null())
            }
            Expr::Subquery(query) => {
                let outputs = self.subquery(query)?;
                let first = outputs.as_ref().and_then(|outputs| outputs.first());
                Ok(first.map_or(Typed::UNKNOWN, |output| Typed {
                    nullable: true,
                    origin: Origin::Other,
                    ..output.typed
                }))
            }
            Expr::Tuple(values) => {
                self.exprs(values)?;
                Ok(Typed::UNKNOWN)
            }
            Expr::Collate { expr: inner, collation } => {
                let typed = self.operand(inner);
                // PostgreSQL's names for the order of the bytes.
                let name =
                    phantomdb_sql::names::last_ident(collation).map(|ident| ident.value.to_ascii_lowercase());
                if matches!(name.as_deref(), Some("c" | "posix" | "ucs_basic" | "default")) {
                    *collation = ObjectName::from(vec![printer::verbatim_ident("BINARY")]);
                }
                typed
            }
            Expr::Function(_)
            | Expr::Extract { .. }
            | Expr::Ceil { .. }
            | Expr::Floor { .. }
            | Expr::Position { .. }
            | Expr::Substring { .. }
            | Expr::Trim { .. }
            | Expr::Overlay { .. }
            | Expr::AtTimeZone { .. } => self.call(expr),
            Expr::Array(_) => self.unsupported("an ARRAY outside of ANY, ALL and JSON paths", expr.span()),
            other => self.unsupported(&format!("the expression '{}'", shorten(other)), other.span()),
        }
    }

    /// What a column name means, from the innermost query outwards.
    pub(super) fn column(&self, qualifier: Option<&str>, name: &str) -> Typed {
        self.scopes
            .iter()
            .rev()
            .find_map(|scope| scope.column(qualifier, name))
            .unwrap_or(Typed { origin: Origin::Column, ..Typed::UNKNOWN })
    }

    /// `t.c`, `s.t.c`: the table as SQLite knows it.
    fn compound_identifier(&mut self, expr: &mut Expr) -> Result<Typed> {
        let Expr::CompoundIdentifier(parts) = expr else { return Ok(Typed::UNKNOWN) };
        if parts.len() > 3 {
            let span = expr.span();
            return self.unsupported("a column name of more than three parts", span);
        }
        if let [schema, table, _] = parts.as_mut_slice() {
            if schema.value != "public" {
                table.value = format!("{}.{}", schema.value, table.value);
            }
            parts.remove(0);
        }
        let [table, column] = parts.as_mut_slice() else { return Ok(Typed::UNKNOWN) };
        let scopes = self.scopes.iter().enumerate().rev();
        let found = scopes.filter_map(|(depth, scope)| Some((depth, scope.relation(&table.value)?))).next();
        if let Some((depth, relation)) = found
            && relation.bare.as_deref().is_some_and(|bare| bare.eq_ignore_ascii_case(&table.value))
        {
            if self.scopes[depth + 1..].iter().any(|inner| inner.has(&relation.name)) {
                let what = format!("\"{}\" beside the table itself without an alias", table.value);
                let span = table.span;
                return self.unsupported(&what, span);
            }
            table.value.clone_from(&relation.name);
        }
        let typed = self.column(Some(&table.value), &column.value);
        if self.bare_columns {
            let column = column.clone();
            *expr = Expr::Identifier(column);
        }
        Ok(typed)
    }

    fn value(&mut self, value: &ValueWithSpan) -> Result<Typed> {
        let typed = |column_type: Option<ColumnType>, nullable| Typed {
            column_type,
            nullable,
            origin: Origin::Literal,
        };
        Ok(match &value.value {
            Value::Null => typed(None, true),
            Value::Boolean(_) => typed(Some(ColumnType::Boolean), false),
            Value::Number(text, _) if text.bytes().all(|byte| byte.is_ascii_digit()) => {
                typed(Some(ColumnType::Integer), false)
            }
            Value::Number(..) => typed(Some(ColumnType::Float), false),
            Value::HexStringLiteral(_) => typed(Some(ColumnType::Blob), false),
            Value::Placeholder(name) => {
                if self.refuse_parameters {
                    return self.unsupported("a parameter in a definition", value.span);
                }
                self.parameter_count = self.parameter_count.max(printer::parameter_number(name)?);
                Typed { column_type: None, nullable: true, origin: Origin::Parameter }
            }
            _ => typed(Some(ColumnType::String), false),
        })
    }

    fn unary(&mut self, expr: &mut Expr) -> Result<Typed> {
        let Expr::UnaryOp { op, expr: inner } = expr else { return Ok(Typed::UNKNOWN) };
        let typed = self.operand(inner)?;
        match *op {
            UnaryOperator::Not => Ok(Typed { nullable: typed.nullable, ..Typed::of(ColumnType::Boolean) }),
            UnaryOperator::Plus | UnaryOperator::Minus => {
                self.signed(expr, typed)?;
                let origin = if typed.origin == Origin::Literal { Origin::Literal } else { Origin::Other };
                Ok(Typed { origin, ..typed })
            }
            UnaryOperator::BitwiseNot => Ok(Typed::of(ColumnType::Integer)),
            other => self.unsupported(&format!("the operator {other}"), inner.span()),
        }
    }

    fn case(&mut self, expr: &mut Expr) -> Result<Typed> {
        let Expr::Case { operand, conditions, else_result, .. } = expr else { return Ok(Typed::UNKNOWN) };
        if let Some(operand) = operand {
            self.expr(operand)?;
        }
        let mut result: Option<Typed> = None;
        for branch in conditions {
            self.expr(&mut branch.condition)?;
            let typed = self.expr(&mut branch.result)?;
            result = Some(result.map_or(typed, |known| unify(known, typed)));
        }
        let last = match else_result {
            Some(value) => self.expr(value)?,
            None => Typed { origin: Origin::Literal, ..Typed::UNKNOWN },
        };
        let result = result.map_or(last, |known| unify(known, last));
        Ok(Typed { origin: Origin::Other, ..result })
    }

    /// AND and OR in a row are one level, however many there are.
    pub(super) fn logical_chain(&mut self, expr: &mut Expr, chained: &BinaryOperator) -> Result<Typed> {
        let mut terms = Vec::new();
        let mut rest = build::take(expr);
        loop {
            match rest {
                Expr::BinaryOp { left, op, right } if op == *chained => {
                    terms.push(*right);
                    rest = *left;
                }
                first => {
                    terms.push(first);
                    break;
                }
            }
        }
        terms.reverse();
        let mut nullable = false;
        for term in &mut terms {
            nullable |= self.expr(term)?.nullable;
            if *chained == BinaryOperator::And
                && matches!(term, Expr::BinaryOp { op: BinaryOperator::Or, .. })
            {
                build::parenthesize(term);
            }
        }
        *expr = build::join(terms, chained);
        Ok(Typed { nullable, ..Typed::of(ColumnType::Boolean) })
    }
}

/// The type of values that come from either.
pub(super) fn unify(left: Typed, right: Typed) -> Typed {
    let column_type = match (left.column_type, right.column_type) {
        (Some(a), Some(b)) if a == b => Some(a),
        (Some(a), None) if right.origin != Origin::Other || right.column_type.is_none() => Some(a),
        (None, Some(b)) => Some(b),
        (Some(ColumnType::Float), Some(ColumnType::Integer))
        | (Some(ColumnType::Integer), Some(ColumnType::Float)) => Some(ColumnType::Float),
        (Some(ColumnType::Decimal), Some(ColumnType::Integer | ColumnType::Float))
        | (Some(ColumnType::Integer | ColumnType::Float), Some(ColumnType::Decimal)) => {
            Some(ColumnType::Decimal)
        }
        (Some(a), Some(ColumnType::String)) if right.origin == Origin::Literal => Some(a),
        (Some(ColumnType::String), Some(b)) if left.origin == Origin::Literal => Some(b),
        _ => None,
    };
    Typed { column_type, nullable: left.nullable || right.nullable, origin: Origin::Other }
}

/// The beginning of an expression, for a message.
pub(super) fn shorten(expr: &Expr) -> String {
    let text = expr.to_string();
    match text.char_indices().nth(40) {
        Some((end, _)) => format!("{}…", &text[..end]),
        None => text,
    }
}

/// Whether the identifier is the bare word, without quotes.
pub(super) fn is_word(ident: &Ident, word: &str) -> bool {
    ident.quote_style.is_none() && ident.value.eq_ignore_ascii_case(word)
}
