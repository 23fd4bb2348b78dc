//! Expressions. Each is adapted in place, and the result is the type of its value.

use bigdecimal::BigDecimal;
use phantomdb_protocol::{ColumnType, Error, ErrorCode, Result};
use phantomdb_sql::{
    build,
    names::last_ident,
    printer::{self, parameter_number, verbatim_ident},
    typing::Type,
    with_stack,
};
use sqlparser::ast::{Array, BinaryOperator, CaseWhen, Expr, ObjectName, Spanned, Value, ValueWithSpan};

use super::{
    adapted::Open,
    adapter::Adapter,
    collations::{BYTE_ORDERS, SQLITE_COLLATIONS},
    converted::{comparable, conversion, known_parameter},
    literal::string_of,
    or_of_rows,
    parameter_types::{self, Overloaded},
    readable::check_string,
    row_values::null_tests_of_row,
    single_row::refuse_further_rows,
    special_form::are_pairs,
    typed::{Origin, Typed, unify},
    words::shorten,
};

/// The depth at which SQLite itself refuses an expression.
const MAX_DEPTH: usize = 1000;

/// The digits after the point, or the zeros before it, of the longest number.
const MAX_DIGITS: u64 = 16_383;

impl Adapter<'_> {
    pub(super) fn expr(&mut self, expr: &mut Expr) -> Result<Typed> {
        self.depth += 1;
        if self.depth > MAX_DEPTH {
            return Err(Error::new(ErrorCode::SyntaxError, "the expression is nested too deeply"));
        }
        self.count_expression()?;
        let typed = with_stack(0, || self.expr_by_kind(expr));
        self.depth -= 1;
        typed
    }

    pub(super) fn exprs(&mut self, exprs: &mut [Expr]) -> Result<()> {
        exprs.iter_mut().try_for_each(|expr| self.expr(expr).map(|_| ()))
    }

    /// Adapts an optional condition, such as WHERE.
    pub(super) fn optional_condition(&mut self, expr: &mut Option<Expr>) -> Result<()> {
        let Some(expr) = expr else { return Ok(()) };
        let typed = self.expr(expr)?;
        self.condition(expr, typed)
    }

    /// Adapts an operand, and puts parentheses around it when it has operators of its own.
    pub(super) fn operand(&mut self, expr: &mut Expr) -> Result<Typed> {
        let typed = self.expr(expr)?;
        build::parenthesize(expr);
        Ok(typed)
    }

    #[expect(clippy::too_many_lines, reason = "one arm for each kind of expression")]
    fn expr_by_kind(&mut self, expr: &mut Expr) -> Result<Typed> {
        match expr {
            Expr::Identifier(ident) => {
                let ident = ident.clone();
                self.column_reference(expr, None, &ident)
            }
            Expr::CompoundIdentifier(_) => self.compound_identifier(expr),
            Expr::Value(_) => self.value(expr),
            Expr::Nested(inner) => self.expr(inner),
            Expr::BinaryOp { left, op: BinaryOperator::Overlaps, right } if are_pairs(left, right) => {
                self.special_form(expr)
            }
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
            Expr::IsDistinctFrom(_, _) | Expr::IsNotDistinctFrom(_, _) => self.distinct_from(expr),
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
                let is_single = self.has_one_row(query);
                let outputs = self.value_query(query)?;
                let outputs = outputs.as_deref().unwrap_or_default();
                if outputs.len() > 1 {
                    let message = "a sub-query in an expression must have one column";
                    return Err(self.at(Error::new(ErrorCode::SyntaxError, message), expr.span()));
                }
                let first = outputs.first().map_or(Typed::OTHER, |output| output.typed);
                if !is_single {
                    refuse_further_rows(query, 1)?;
                }
                Ok(Typed { nullable: true, origin: Origin::Computed, ..first })
            }
            Expr::Tuple(values) => {
                self.exprs(values)?;
                Ok(Typed::of(Type::Record))
            }
            Expr::Collate { expr: inner, collation } => {
                let typed = self.operand(inner)?;
                if !typed.is_unknown() && !typed.is(Type::Other) && !typed.data_type.is_text() {
                    let message = format!("a value of the type {} has no collation", typed.data_type.name());
                    return Err(self.at(Error::new(ErrorCode::TypeMismatch, message), expr.span()));
                }
                let name = last_ident(collation).map(|ident| ident.value.to_ascii_lowercase());
                let name = name.unwrap_or_default();
                let is_own = last_ident(collation).is_some_and(printer::is_verbatim);
                if BYTE_ORDERS.contains(&name.as_str()) {
                    *collation = ObjectName::from(vec![verbatim_ident("BINARY")]);
                } else if !is_own && !SQLITE_COLLATIONS.contains(&name.as_str()) {
                    let (what, span) = (format!("the collation {collation}"), collation.span());
                    return self.unsupported(&what, span);
                }
                Ok(typed.computed())
            }
            Expr::Function(_) => self.function(expr),
            Expr::Extract { field: _, syntax: _, expr: _ }
            | Expr::Ceil { expr: _, field: _ }
            | Expr::Floor { expr: _, field: _ }
            | Expr::Position { expr: _, r#in: _ }
            | Expr::Substring { expr: _, substring_from: _, substring_for: _, special: _, shorthand: _ }
            | Expr::Overlay { expr: _, overlay_what: _, overlay_from: _, overlay_for: _ }
            | Expr::Trim { trim_where: _, trim_what: _, expr: _, trim_characters: _ }
            | Expr::IsNormalized { expr: _, form: _, negated: _ }
            | Expr::AtTimeZone { timestamp: _, time_zone: _ } => self.special_form(expr),
            Expr::Array(Array { elem, named: _ }) => {
                let elements = std::mem::take(elem);
                let (value, typed) = self.array_of(elements, None)?;
                *expr = value;
                Ok(typed)
            }
            Expr::CompoundFieldAccess { root: _, access_chain: _ } => self.subscripts(expr),
            other => self.unsupported(&format!("the expression '{}'", shorten(other)), other.span()),
        }
    }

    fn value(&mut self, expr: &mut Expr) -> Result<Typed> {
        let Expr::Value(ValueWithSpan { value, span }) = expr else { return Ok(Typed::OTHER) };
        Ok(match value {
            Value::Null => Typed::NULL,
            Value::Boolean(_) => Typed::literal(Type::Boolean),
            Value::Number(text, _) => {
                let text = text.clone();
                return self.number(expr, &text);
            }
            Value::HexStringLiteral(_) => Typed::literal(Type::Bytea),
            Value::SingleQuotedString(_)
            | Value::EscapedStringLiteral(_)
            | Value::UnicodeStringLiteral(_)
            | Value::NationalStringLiteral(_)
            | Value::DollarQuotedString(_) => Typed::literal(Type::Unknown),
            Value::Placeholder(name) => {
                if self.refuse_parameters {
                    return self.unsupported("a parameter in a definition", *span);
                }
                let number = parameter_number(name)?;
                self.parameter_count = self.parameter_count.max(number);
                let mut of_values = self.types_of_values.unwrap_or_default().iter();
                let of_value = of_values.find(|(place, _)| place + 1 == number);
                let data_type = of_value.map(|(_, data_type)| *data_type);
                if data_type == Some(Type::Text) {
                    parameter_types::note_text(expr);
                }
                if let Some(data_type) = data_type {
                    return Ok(Typed::of(data_type));
                }
                let known = number.checked_sub(1).and_then(parameter_types::type_at);
                let Some(known) = known.filter(|known| *known != Type::Other) else {
                    return Ok(Typed::PARAMETER);
                };
                parameter_types::note_repeated(number - 1);
                *expr = known_parameter(build::take(expr), known)?;
                return Ok(Typed { origin: Origin::Parameter, ..Typed::of(known) });
            }
            other => return self.unsupported(&format!("the literal {other}"), *span),
        })
    }

    /// A number, with a sign or without. A number with a point is an exact decimal, which SQLite stores as text.
    pub(super) fn number(&self, expr: &mut Expr, text: &str) -> Result<Typed> {
        let digits = text.strip_prefix('-').unwrap_or(text);
        if digits.bytes().all(|byte| byte.is_ascii_digit()) {
            let integer = match text.parse::<i64>() {
                Ok(number) if i32::try_from(number).is_ok() => Some(Type::Integer),
                Ok(_) => Some(Type::BigInt),
                Err(_) => None,
            };
            if let Some(integer) = integer {
                let number = printer::verbatim_expr(text);
                // A minus would otherwise stand beside an operator.
                *expr = if digits.len() < text.len() { Expr::Nested(Box::new(number)) } else { number };
                return Ok(Typed::literal(integer));
            }
        }
        let span = expr.span();
        let Ok(number) = text.parse::<BigDecimal>() else {
            return self.unsupported(&format!("the number {text}"), span);
        };
        if number.fractional_digit_count().unsigned_abs() > MAX_DIGITS {
            let message = format!("the number {text} is out of range");
            return Err(self.at(Error::new(ErrorCode::OutOfRange, message), span));
        }
        *expr = printer::literal(number.to_plain_string());
        // A whole number of more than 64 bits is exact. PhantomDB SQL takes a number with a point for a float.
        let is_whole = digits.bytes().all(|byte| byte.is_ascii_digit());
        let wire = if is_whole { ColumnType::Decimal } else { ColumnType::Float };
        Ok(Typed { wire: Some(wire), ..Typed::literal(Type::Numeric) })
    }

    /// Checks an expression that decides whether something holds: WHERE, ON, HAVING, CHECK, the operand of NOT.
    pub(super) fn condition(&self, expr: &mut Expr, typed: Typed) -> Result<()> {
        match typed.data_type {
            Type::Boolean | Type::Other => Ok(()),
            Type::Unknown => {
                let value = build::take(expr);
                let span = value.span();
                *expr = conversion(value, typed, Type::Boolean).map_err(|error| self.at(error, span))?;
                Ok(())
            }
            other => {
                let advice = if other.is_number() { "; compare it, as in `x <> 0`" } else { "" };
                let message = format!(
                    "a condition must be a boolean, not a value of the type {}{advice}",
                    other.name()
                );
                Err(self.at(Error::new(ErrorCode::TypeMismatch, message), expr.span()))
            }
        }
    }

    /// `IS NULL`, `IS TRUE` and the like.
    fn is_test(&mut self, expr: &mut Expr) -> Result<Typed> {
        if let Some(tests) = null_tests_of_row(expr) {
            *expr = tests;
            return self.expr(expr);
        }
        match expr {
            Expr::IsNull(inner) | Expr::IsNotNull(inner) => {
                let typed = self.operand(inner)?;
                parameter_types::note_anywhere(build::unnested(inner), typed);
            }
            Expr::IsTrue(inner) | Expr::IsNotTrue(inner) | Expr::IsFalse(inner) | Expr::IsNotFalse(inner) => {
                let typed = self.operand(inner)?;
                self.condition(inner, typed)?;
            }
            Expr::IsUnknown(inner) => {
                let typed = self.operand(inner)?;
                self.condition(inner, typed)?;
                *expr = Expr::IsNull(Box::new(build::take(inner)));
            }
            Expr::IsNotUnknown(inner) => {
                let typed = self.operand(inner)?;
                self.condition(inner, typed)?;
                *expr = Expr::IsNotNull(Box::new(build::take(inner)));
            }
            other => return self.unsupported(&format!("the test '{}'", shorten(other)), other.span()),
        }
        Ok(Typed::boolean(false))
    }

    fn case(
        &mut self,
        operand: Option<&mut Expr>,
        branches: &mut [CaseWhen],
        last: Option<&mut Expr>,
    ) -> Result<Typed> {
        // A function that returns rows may not stand in CASE.
        let sets = self.sets.take();
        let typed = self.case_parts(operand, branches, last);
        self.sets = sets;
        typed
    }

    fn case_parts(
        &mut self,
        operand: Option<&mut Expr>,
        branches: &mut [CaseWhen],
        last: Option<&mut Expr>,
    ) -> Result<Typed> {
        self.case_conditions(operand, branches)?;
        let mut results: Vec<(&mut Expr, Typed)> = Vec::with_capacity(branches.len() + 1);
        for CaseWhen { condition: _, result } in branches {
            let typed = self.expr(result)?;
            results.push((result, typed));
        }
        let mut members: Vec<Typed> = results.iter().map(|(_, typed)| *typed).collect();
        match last {
            Some(value) => {
                let typed = self.expr(value)?;
                members.push(typed);
                results.push((value, typed));
            }
            None => members.push(Typed::NULL),
        }
        self.unified(results, &members, "CASE")
    }

    fn case_conditions(&mut self, operand: Option<&mut Expr>, branches: &mut [CaseWhen]) -> Result<()> {
        let Some(operand) = operand else {
            for CaseWhen { condition, result: _ } in branches {
                let typed = self.expr(condition)?;
                self.condition(condition, typed)?;
            }
            return Ok(());
        };
        let typed = self.operand(operand)?;
        // A parameter here, and one beside it, is a text unless its value has another type.
        let mut open: Vec<Overloaded> = Overloaded::of(operand, typed).into_iter().collect();
        let is_open = !open.is_empty();
        // A value without a type is text here.
        let typed = if typed.is_unknown() && (is_open || typed.origin == Origin::Literal) {
            Typed { data_type: Type::Text, ..typed }
        } else {
            typed
        };
        let mut values = Vec::with_capacity(branches.len());
        for CaseWhen { condition, result: _ } in branches {
            let other = self.expr(condition)?;
            open.extend(Overloaded::of(condition, other).filter(|_| is_open));
            values.push((condition, other));
        }
        self.align_with_list(operand, typed, values)?;
        open.into_iter().for_each(Overloaded::note);
        Ok(())
    }

    /// Converts the members of CASE, COALESCE and the like to the one type that they have in common.
    pub(super) fn unified(
        &self,
        values: Vec<(&mut Expr, Typed)>,
        members: &[Typed],
        what: &str,
    ) -> Result<Typed> {
        // Strings beside a parameter have the type that the statement gave the parameter before.
        let no_type = members.iter().all(|member| member.is_unknown());
        let mut known = values.iter().filter_map(|(value, typed)| parameter_types::known_type(value, *typed));
        let known = known.next().filter(|known| no_type && *known != Type::Other);
        let no_type = no_type && known.is_none();
        let all: Vec<Typed> = members.iter().copied().chain(known.map(Typed::of)).collect();
        let Some(unified) = unify(&all) else {
            let names: Vec<String> = members.iter().map(|member| member.data_type.name()).collect();
            let message =
                format!("the values of {what} have types that do not go together: {}", names.join(", "));
            let span =
                values.first().map_or_else(sqlparser::tokenizer::Span::empty, |(value, _)| value.span());
            return Err(self.at(Error::new(ErrorCode::TypeMismatch, message), span));
        };
        if unified.is_unknown() {
            values.iter().for_each(|(value, typed)| parameter_types::note_overloaded(value, *typed));
        } else {
            for (value, typed) in values {
                self.check_beside_value(value, typed, unified.data_type)?;
                self.check_beside_known(value, known)?;
                let by_value = if no_type { Overloaded::of(value, typed) } else { None };
                let taken = build::take(value);
                let span = taken.span();
                *value = conversion(taken, typed, unified.data_type).map_err(|error| self.at(error, span))?;
                // Any value can be chosen. To be compared it has to be one that can.
                let open =
                    if ["CASE", "COALESCE"].contains(&what) { Open::InnerColumn } else { Open::Overloaded };
                by_value.into_iter().for_each(|parameter| parameter.note_as(open));
            }
        }
        Ok(unified)
    }

    /// Refuses a string that is not read as a value of the type, when a parameter has the type of its value. Then the
    /// parameter is a text, as on PostgreSQL.
    pub(super) fn check_beside_value(&self, expr: &Expr, typed: Typed, to: Type) -> Result<()> {
        let has_value = self.types_of_values.is_some_and(|types| !types.is_empty());
        match string_of(expr).filter(|_| has_value && typed.is_unknown()) {
            Some(text) => check_string(text, to).map_err(|error| self.at(error, expr.span())),
            None => Ok(()),
        }
    }

    /// Refuses a string that is not read as a value of the type that the statement gave the parameter beside it before.
    pub(super) fn check_beside_known(&self, expr: &Expr, known: Option<Type>) -> Result<()> {
        match (string_of(expr), known) {
            (Some(text), Some(known)) => {
                check_string(text, known).map_err(|error| self.at(error, expr.span()))
            }
            _ => Ok(()),
        }
    }

    /// Makes a value comparable with each value of a list.
    pub(super) fn align_with_list(
        &self,
        left: &mut Expr,
        typed: Typed,
        values: Vec<(&mut Expr, Typed)>,
    ) -> Result<()> {
        let mut common = typed;
        for (value, other) in &values {
            let together = self
                .comparison_type(common, *other, &BinaryOperator::Eq)
                .map_err(|error| self.at(error, value.span()))?;
            let all_unknown = common.is_unknown() && other.is_unknown();
            common.data_type = if all_unknown { Type::Unknown } else { together };
        }
        if common.is_unknown() {
            parameter_types::note_overloaded_text(left, typed);
            values.iter().for_each(|(value, other)| parameter_types::note_overloaded_text(value, *other));
            return Ok(());
        }
        self.check_beside_value(left, typed, common.data_type)?;
        for (value, other) in values {
            self.check_beside_value(value, other, common.data_type)?;
            self.convert_side(value, other, common.data_type)?;
        }
        self.convert_side(left, typed, common.data_type)?;
        let origin = if typed.data_type == common.data_type { typed.origin } else { Origin::Computed };
        *left = comparable(build::take(left), Typed { origin, ..common });
        Ok(())
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
            let typed = self.expr(term)?;
            self.condition(term, typed)?;
            nullable |= typed.nullable;
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
