//! Expressions. Each is adapted in place, and the result is the type of its value.

use phantomdb_protocol::{ColumnType, Error, ErrorCode, Result};
use phantomdb_sql::{
    build,
    names::last_ident,
    printer::{parameter_number, verbatim_ident},
};
use sqlparser::ast::{
    BinaryOperator, CaseWhen, Expr, Ident, ObjectName, Spanned, UnaryOperator, Value, ValueWithSpan,
};

use super::{
    adapter::Adapter,
    or_of_rows,
    typed::{Origin, Typed, unify},
};

/// The depth at which SQLite itself refuses an expression.
const MAX_DEPTH: usize = 1000;

/// PostgreSQL's names for the order of the bytes, which SQLite calls `BINARY`.
pub(super) const BYTE_ORDERS: [&str; 4] = ["c", "posix", "ucs_basic", "default"];

impl Adapter<'_> {
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

    /// Adapts an optional clause, such as WHERE.
    pub(super) fn optional(&mut self, expr: &mut Option<Expr>) -> Result<()> {
        expr.as_mut().map_or(Ok(()), |expr| self.expr(expr).map(|_| ()))
    }

    /// Adapts an operand, and puts parentheses around it when it has operators of its own.
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
            Expr::BinaryOp { left: _, op: _, right: _ } => self.binary(expr),
            Expr::UnaryOp { op: _, expr: _ } => self.unary(expr),
            Expr::IsNull(_)
            | Expr::IsNotNull(_)
            | Expr::IsTrue(_)
            | Expr::IsNotTrue(_)
            | Expr::IsFalse(_)
            | Expr::IsNotFalse(_)
            | Expr::IsUnknown(_)
            | Expr::IsNotUnknown(_) => self.is_test(expr),
            Expr::IsDistinctFrom(left, right) | Expr::IsNotDistinctFrom(left, right) => {
                self.distinct_from(left, right)
            }
            Expr::InList { expr: _, list: _, negated: _ }
            | Expr::InSubquery { expr: _, subquery: _, negated: _ }
            | Expr::Between { expr: _, negated: _, low: _, high: _ } => self.membership(expr),
            Expr::Like { negated: _, any: _, expr: _, pattern: _, escape_char: _ }
            | Expr::ILike { negated: _, any: _, expr: _, pattern: _, escape_char: _ }
            | Expr::SimilarTo { negated: _, expr: _, pattern: _, escape_char: _ } => self.like(expr),
            Expr::AnyOp { left: _, compare_op: _, right: _, is_some: _ }
            | Expr::AllOp { left: _, compare_op: _, right: _ } => self.any_or_all(expr),
            Expr::Cast { kind: _, expr: _, data_type: _, format: _ }
            | Expr::TypedString(_)
            | Expr::Interval(_) => self.cast(expr),
            Expr::Case { case_token: _, end_token: _, operand, conditions, else_result } => {
                self.case(operand.as_deref_mut(), conditions, else_result.as_deref_mut())
            }
            // SQLite spells NOT EXISTS as PostgreSQL does.
            Expr::Exists { subquery, negated: _ } => {
                self.subquery(subquery)?;
                Ok(Typed::boolean(false))
            }
            Expr::Subquery(query) => {
                let outputs = self.subquery(query)?;
                let first = outputs.as_ref().and_then(|outputs| outputs.first());
                Ok(first.map_or(Typed::UNKNOWN, |output| Typed {
                    nullable: true,
                    origin: Origin::Computed,
                    ..output.typed
                }))
            }
            Expr::Tuple(values) => {
                self.exprs(values)?;
                Ok(Typed::UNKNOWN)
            }
            Expr::Collate { expr: inner, collation } => {
                let typed = self.operand(inner);
                let name = last_ident(collation).map(|ident| ident.value.to_ascii_lowercase());
                if name.is_some_and(|name| BYTE_ORDERS.contains(&name.as_str())) {
                    *collation = ObjectName::from(vec![verbatim_ident("BINARY")]);
                }
                typed
            }
            Expr::Function(_) => self.function(expr),
            Expr::Extract { field: _, syntax: _, expr: _ }
            | Expr::Ceil { expr: _, field: _ }
            | Expr::Floor { expr: _, field: _ }
            | Expr::Position { expr: _, r#in: _ }
            | Expr::Substring { expr: _, substring_from: _, substring_for: _, special: _, shorthand: _ }
            | Expr::Trim { trim_where: _, trim_what: _, expr: _, trim_characters: _ }
            | Expr::AtTimeZone { timestamp: _, time_zone: _ } => self.special_form(expr),
            Expr::Array(_) => self.unsupported("an ARRAY outside of ANY, ALL and JSON paths", expr.span()),
            other => self.unsupported(&format!("the expression '{}'", shorten(other)), other.span()),
        }
    }

    /// The type of a column, looked for from the innermost query outwards.
    pub(super) fn column(&self, qualifier: Option<&str>, name: &str) -> Typed {
        self.scopes
            .iter()
            .rev()
            .find_map(|scope| scope.column(qualifier, name))
            .unwrap_or(Typed { origin: Origin::Column, ..Typed::UNKNOWN })
    }

    /// `t.c` and `s.t.c`. The table gets the name by which SQLite knows it.
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

    fn value(&mut self, literal: &ValueWithSpan) -> Result<Typed> {
        let ValueWithSpan { value, span } = literal;
        let typed = |column_type: Option<ColumnType>, nullable| Typed {
            column_type,
            nullable,
            origin: Origin::Literal,
        };
        Ok(match value {
            Value::Null => typed(None, true),
            Value::Boolean(_) => typed(Some(ColumnType::Boolean), false),
            Value::Number(text, _) if text.bytes().all(|byte| byte.is_ascii_digit()) => {
                typed(Some(ColumnType::Integer), false)
            }
            Value::Number(_, _) => typed(Some(ColumnType::Float), false),
            Value::HexStringLiteral(_) => typed(Some(ColumnType::Blob), false),
            Value::SingleQuotedString(_)
            | Value::EscapedStringLiteral(_)
            | Value::UnicodeStringLiteral(_)
            | Value::NationalStringLiteral(_)
            | Value::DollarQuotedString(_) => typed(Some(ColumnType::String), false),
            Value::Placeholder(name) => {
                if self.refuse_parameters {
                    return self.unsupported("a parameter in a definition", *span);
                }
                self.parameter_count = self.parameter_count.max(parameter_number(name)?);
                Typed { column_type: None, nullable: true, origin: Origin::Parameter }
            }
            other => return self.unsupported(&format!("the literal {other}"), *span),
        })
    }

    /// `IS NULL`, `IS TRUE` and the like.
    fn is_test(&mut self, expr: &mut Expr) -> Result<Typed> {
        match expr {
            Expr::IsNull(inner)
            | Expr::IsNotNull(inner)
            | Expr::IsTrue(inner)
            | Expr::IsNotTrue(inner)
            | Expr::IsFalse(inner)
            | Expr::IsNotFalse(inner) => {
                self.operand(inner)?;
            }
            Expr::IsUnknown(inner) => {
                self.operand(inner)?;
                *expr = Expr::IsNull(Box::new(build::take(inner)));
            }
            Expr::IsNotUnknown(inner) => {
                self.operand(inner)?;
                *expr = Expr::IsNotNull(Box::new(build::take(inner)));
            }
            other => return self.unsupported(&format!("the test '{}'", shorten(other)), other.span()),
        }
        Ok(Typed::boolean(false))
    }

    fn unary(&mut self, expr: &mut Expr) -> Result<Typed> {
        let Expr::UnaryOp { op, expr: inner } = expr else { return Ok(Typed::UNKNOWN) };
        let typed = self.operand(inner)?;
        match *op {
            UnaryOperator::Not => Ok(Typed::boolean(typed.nullable)),
            UnaryOperator::Plus | UnaryOperator::Minus => {
                self.signed(expr, typed)?;
                let origin = if typed.origin == Origin::Literal { Origin::Literal } else { Origin::Computed };
                Ok(Typed { origin, ..typed })
            }
            UnaryOperator::BitwiseNot => Ok(Typed::of(ColumnType::Integer)),
            other => self.unsupported(&format!("the operator {other}"), inner.span()),
        }
    }

    fn case(
        &mut self,
        operand: Option<&mut Expr>,
        branches: &mut [CaseWhen],
        last: Option<&mut Expr>,
    ) -> Result<Typed> {
        if let Some(operand) = operand {
            self.expr(operand)?;
        }
        let mut typed: Option<Typed> = None;
        for CaseWhen { condition, result } in branches {
            self.expr(condition)?;
            let result = self.expr(result)?;
            typed = Some(typed.map_or(result, |previous| unify(previous, result)));
        }
        let last = match last {
            Some(value) => self.expr(value)?,
            None => Typed { origin: Origin::Literal, ..Typed::UNKNOWN },
        };
        let typed = typed.map_or(last, |previous| unify(previous, last));
        Ok(Typed { origin: Origin::Computed, ..typed })
    }

    /// Adapts a chain of ANDs or ORs. However long it is, it counts as one level of depth.
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
                && matches!(term, Expr::BinaryOp { op: BinaryOperator::Or, left: _, right: _ })
            {
                build::parenthesize(term);
            }
        }
        if *chained == BinaryOperator::Or
            && let Some(membership) = or_of_rows::membership(&terms)?
        {
            *expr = membership;
            return Ok(Typed::boolean(nullable));
        }
        *expr = build::join(terms, chained);
        Ok(Typed::boolean(nullable))
    }
}

/// The beginning of an expression, for a message.
pub(super) fn shorten(expr: &Expr) -> String {
    let text = expr.to_string();
    match text.char_indices().nth(40) {
        Some((end, _)) => format!("{}…", &text[..end]),
        None => text,
    }
}

/// True when the identifier is that word, without quotes.
pub(super) fn is_word(ident: &Ident, word: &str) -> bool {
    ident.quote_style.is_none() && ident.value.eq_ignore_ascii_case(word)
}
