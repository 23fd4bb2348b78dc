//! IN, BETWEEN, ANY and ALL.

use phantomdb_protocol::{ColumnType, Result};
use phantomdb_sql::{build, parse::parse_stored, printer};
use sqlparser::ast::{
    Array, BinaryOperator, CaseWhen, Expr, Ident, Parens, Query, SelectItem, SetExpr, Spanned, Statement,
    UnaryOperator, Value, ValueWithSpan, Values, helpers::attached_token::AttachedToken,
};

use super::{
    adapter::Adapter,
    expression::shorten,
    template::{exists_in, is_plain},
    typed::Typed,
};
use crate::functions::convert;

impl Adapter<'_> {
    /// IN and BETWEEN, with NOT or without, which SQLite spells as PostgreSQL does.
    pub(super) fn membership(&mut self, expr: &mut Expr) -> Result<Typed> {
        match expr {
            Expr::InList { expr: left, list, negated: _ } => {
                let typed = self.operand(left)?;
                let mut nullable = typed.nullable;
                for item in list {
                    let other = self.expr(item)?;
                    nullable |= other.nullable;
                    self.convert_for(typed, item, other)?;
                }
                Ok(Typed::boolean(nullable))
            }
            Expr::InSubquery { expr: left, subquery, negated: _ } => {
                self.operand(left)?;
                self.subquery(subquery)?;
                Ok(Typed::boolean(true))
            }
            Expr::Between { expr: left, negated: _, low, high } => {
                let typed = self.operand(left)?;
                for bound in [low, high] {
                    let other = self.operand(bound)?;
                    self.convert_for(typed, bound, other)?;
                }
                Ok(Typed::boolean(true))
            }
            other => self.unsupported(&format!("the expression '{}'", shorten(other)), other.span()),
        }
    }

    /// ANY and ALL. SOME is another spelling of ANY.
    pub(super) fn any_or_all(&mut self, expr: &mut Expr) -> Result<Typed> {
        let (left, op, right, all) = match expr {
            Expr::AnyOp { left, compare_op, right, is_some: _ } => (left, compare_op, right, false),
            Expr::AllOp { left, compare_op, right } => (left, compare_op, right, true),
            other => {
                return self.unsupported(&format!("the expression '{}'", shorten(other)), other.span());
            }
        };
        let op = op.clone();
        let left = Box::new(build::take(left));
        if let (Some(negated), Some(list)) = (as_membership(&op, all), list_parameter(right)) {
            return self.in_list_parameter(expr, *left, list, negated);
        }
        let Some(values) = listed_values(right) else {
            let right = build::take(right);
            return self.any_of_query(expr, *left, op, right, all);
        };
        if let Some(negated) = as_membership(&op, all) {
            *expr = Expr::InList { expr: left, list: values, negated };
            return self.membership(expr);
        }
        let terms = values.into_iter().map(|value| build::binary((*left).clone(), op.clone(), value));
        let terms: Vec<Expr> = terms.collect();
        if terms.is_empty() {
            *expr = boolean_literal(all);
            return Ok(Typed::boolean(false));
        }
        let joined = build::join(terms, if all { &BinaryOperator::And } else { &BinaryOperator::Or });
        *expr = Expr::Nested(Box::new(joined));
        self.expr(expr)
    }

    /// IN of a parameter that holds a JSON array of any length. Its elements are converted as single parameters are.
    fn in_list_parameter(
        &mut self,
        expr: &mut Expr,
        mut left: Expr,
        mut list: Expr,
        negated: bool,
    ) -> Result<Typed> {
        let typed = self.operand(&mut left)?;
        let element = self.expr(&mut list)?;
        let mut value = Expr::Identifier(Ident::with_quote('"', "value"));
        if typed.is(ColumnType::Blob) {
            // Bytes are written in hexadecimal digits, after `\x`.
            let digits = build::call("substr", vec![value, printer::verbatim_expr("3".to_owned())]);
            value = build::call("unhex", vec![digits]);
        } else {
            self.convert_for(typed, &mut value, element)?;
            // An expression takes the affinity of the left side, as a parameter does; a column has its own.
            if let Expr::Identifier(_) = value {
                value = Expr::UnaryOp { op: UnaryOperator::Plus, expr: Box::new(value) };
            }
        }
        let mut elements = self.json_elements(&list)?;
        if let SetExpr::Select(select) = elements.body.as_mut() {
            select.projection = vec![SelectItem::UnnamedExpr(value)];
        }
        *expr = Expr::InSubquery { expr: Box::new(left), subquery: Box::new(elements), negated };
        Ok(Typed::boolean(true))
    }

    /// ANY and ALL of a sub-query, or of a parameter that holds a JSON array.
    fn any_of_query(
        &mut self,
        expr: &mut Expr,
        left: Expr,
        op: BinaryOperator,
        right: Expr,
        all: bool,
    ) -> Result<Typed> {
        let span = right.span();
        let query = match right {
            Expr::Subquery(query) => *query,
            Expr::Nested(inner) => return self.any_of_query(expr, left, op, *inner, all),
            parameter @ Expr::Value(ValueWithSpan { value: Value::Placeholder(_), span: _ }) => {
                self.json_elements(&parameter)?
            }
            _ => return self.unsupported("ANY or ALL of this expression", span),
        };
        if let Some(negated) = as_membership(&op, all) {
            *expr = Expr::InSubquery { expr: Box::new(left), subquery: Box::new(query), negated };
            return self.membership(expr);
        }
        let value = Expr::Identifier(Ident::with_quote('"', "phantomdb_value"));
        let test = build::binary(left, op, value);
        let nested = Box::new(Expr::Nested(Box::new(test.clone())));
        // ALL is false when the test fails for one value, ANY is true when it holds for one. If no value decides, a test
        // with NULL makes the result NULL.
        let decisive =
            if all { Expr::UnaryOp { op: UnaryOperator::Not, expr: nested.clone() } } else { test };
        let exists = |test: Expr| -> Result<Expr> {
            let subquery = Box::new(exists_in(query.clone(), test)?);
            Ok(Expr::Exists { subquery, negated: false })
        };
        let (decided, unknown) = (exists(decisive)?, exists(Expr::IsNull(nested))?);
        *expr = Expr::Case {
            case_token: AttachedToken::empty(),
            end_token: AttachedToken::empty(),
            operand: None,
            conditions: vec![
                CaseWhen { condition: decided, result: boolean_literal(!all) },
                CaseWhen { condition: unknown, result: build::null() },
            ],
            else_result: Some(Box::new(boolean_literal(all))),
        };
        self.expr(expr)
    }

    fn json_elements(&self, parameter: &Expr) -> Result<Query> {
        let sql = format!("SELECT \"value\" FROM json_each({parameter})");
        match parse_stored(&sql)? {
            Statement::Query(query) => Ok(*query),
            _ => self.unsupported("ANY of a parameter", parameter.span()),
        }
    }
}

fn boolean_literal(value: bool) -> Expr {
    Expr::Value(Value::Boolean(value).into())
}

/// `negated` of the IN that means the same: false for `= ANY`, true for `<> ALL`. None for any other comparison.
fn as_membership(op: &BinaryOperator, all: bool) -> Option<bool> {
    match (op, all) {
        (BinaryOperator::Eq, false) => Some(false),
        (BinaryOperator::NotEq, true) => Some(true),
        _ => None,
    }
}

/// Takes the values out of `ARRAY[…]`, of `(VALUES (…), …)` and of an array in a string. None for anything else.
fn listed_values(expr: &mut Expr) -> Option<Vec<Expr>> {
    match expr {
        Expr::Array(Array { elem, named: _ }) => Some(std::mem::take(elem)),
        Expr::Nested(inner) => listed_values(inner),
        // The comparison takes the type of the elements from its other side.
        Expr::Cast { kind: _, expr, data_type: _, format: None } => listed_values(expr),
        Expr::Subquery(query) => single_column(query),
        Expr::Value(ValueWithSpan { value, span: _ }) => {
            let elements = convert::array_elements(printer::string_of(value)?)?;
            let element = |text: Option<String>| text.map_or_else(build::null, printer::literal);
            Some(elements.into_iter().map(element).collect())
        }
        _ => None,
    }
}

/// The parameter that is the right side, with or without a cast: its elements take the type of the left side.
fn list_parameter(expr: &Expr) -> Option<Expr> {
    match expr {
        Expr::Nested(inner) => list_parameter(inner),
        Expr::Cast { kind: _, expr, data_type: _, format: None } => list_parameter(expr),
        Expr::Value(ValueWithSpan { value: Value::Placeholder(_), span: _ }) => Some(expr.clone()),
        _ => None,
    }
}

/// The values of `VALUES` with one column and no other clause.
fn single_column(query: &mut Query) -> Option<Vec<Expr>> {
    if !is_plain(query) {
        return None;
    }
    let SetExpr::Values(Values { explicit_row: false, value_keyword: false, rows }) = query.body.as_mut()
    else {
        return None;
    };
    if rows.iter().any(|row| row.content.len() != 1) {
        return None;
    }
    let rows = std::mem::take(rows).into_iter();
    Some(rows.flat_map(|Parens { opening_token: _, content, closing_token: _ }| content).collect())
}
