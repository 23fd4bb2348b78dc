//! IN, BETWEEN, ANY and ALL.

use phantomdb_protocol::{Error, ErrorCode, Result};
use phantomdb_sql::{build, condition::is_comparison, printer, typing::Type};
use sqlparser::{
    ast::{
        Array, BinaryOperator, CaseWhen, Expr, Ident, Parens, Query, SelectItem, SetExpr, Spanned,
        UnaryOperator, Value, ValueWithSpan, Values, helpers::attached_token::AttachedToken,
    },
    tokenizer::Span,
};

use super::{
    adapter::Adapter,
    cast::is_known_type,
    converted::{comparable, conversion},
    in_list::{apart, is_open_beside_columns},
    literal::value_of,
    parameter_types::{self, Overloaded},
    row_sources::row_value,
    strict::is_null_of,
    template::{
        converted_column, converted_source, empty_query, exists_in, is_plain, parsed_query,
        set_table_function_argument,
    },
    typed::{Origin, Typed},
    words::shorten,
};
use crate::functions::convert;

impl Adapter<'_> {
    /// IN and BETWEEN, with NOT or without, which SQLite spells as PostgreSQL does.
    pub(super) fn membership(&mut self, expr: &mut Expr) -> Result<Typed> {
        match expr {
            Expr::InList { expr: left, list, negated } => {
                if let Expr::Tuple(rows) = build::unnested_mut(left) {
                    let lefts = std::mem::take(rows);
                    return self.rows_in_list(expr, lefts);
                }
                if is_open_beside_columns(left, list) {
                    *expr = apart(left, list, *negated);
                    return self.expr(expr);
                }
                let typed = self.operand(left)?;
                let mut nullable = typed.nullable;
                let mut values = Vec::with_capacity(list.len());
                for item in list.iter_mut() {
                    let other = self.expr(item)?;
                    nullable |= other.nullable;
                    values.push((item, other));
                }
                self.align_with_list(left, typed, values)?;
                // PostgreSQL compares with a single value as `=` does.
                if let [only] = list.as_slice()
                    && is_null_of(&[left, only])
                {
                    *expr = build::null();
                }
                Ok(Typed::boolean(nullable))
            }
            Expr::InSubquery { expr: left, subquery, negated: _ } => {
                if let Expr::Tuple(lefts) = build::unnested_mut(left) {
                    self.align_row_with_query(lefts, subquery)?;
                    return Ok(Typed::boolean(true));
                }
                let typed = self.operand(left)?;
                let outputs = self.subquery(subquery)?;
                let other =
                    outputs.as_deref().and_then(<[_]>::first).map_or(Typed::OTHER, |output| output.typed);
                self.align_with_query(left, typed, subquery, other)?;
                Ok(Typed::boolean(true))
            }
            Expr::Between { expr: left, negated, low, high } => {
                let written = (left.clone(), low.clone(), high.clone(), *negated);
                if let Expr::Tuple(_) = build::unnested(left) {
                    *expr = two_comparisons(written);
                    return self.expr(expr);
                }
                let typed = self.operand(left)?;
                let mut values = Vec::with_capacity(2);
                for bound in [&mut *low, &mut *high] {
                    let other = self.operand(bound)?;
                    values.push((bound.as_mut(), other));
                }
                let bounds: Vec<Typed> = values.iter().map(|(_, typed)| *typed).collect();
                // The comparison with the lower bound comes first. When it gives a parameter no type, that is a text.
                let is_open = typed.is_parameter() && bounds[0].is_unknown() && !bounds[1].is_unknown();
                let open = [Overloaded::of(left, typed), Overloaded::of(values[0].0, bounds[0])];
                let typed = if is_open { Typed { data_type: Type::Text, ..typed } } else { typed };
                if self.are_compared_apart(typed, &bounds) {
                    drop(values);
                    *expr = two_comparisons(written);
                    return self.expr(expr);
                }
                self.align_with_list(left, typed, values)?;
                open.into_iter().flatten().filter(|_| is_open).for_each(Overloaded::note);
                if [low, high].into_iter().all(|bound| is_null_of(&[left, bound])) {
                    *expr = build::null();
                }
                Ok(Typed::boolean(true))
            }
            other => self.unsupported(&format!("the expression '{}'", shorten(other)), other.span()),
        }
    }

    /// True when PostgreSQL compares the value with each bound in another type.
    fn are_compared_apart(&self, value: Typed, bounds: &[Typed]) -> bool {
        let mut types = bounds.iter().map(|bound| self.comparison_type(value, *bound, &BinaryOperator::GtEq));
        match (types.next(), types.next()) {
            (Some(Ok(low)), Some(Ok(high))) => low != high,
            _ => false,
        }
    }

    /// `(a, b) IN ((1, 2), …)`, as a chain of comparisons of rows.
    fn rows_in_list(&mut self, expr: &mut Expr, lefts: Vec<Expr>) -> Result<Typed> {
        let Expr::InList { expr: _, list, negated } = expr else { return Ok(Typed::OTHER) };
        let negated = *negated;
        let rows = std::mem::take(list).into_iter();
        let terms =
            rows.map(|row| build::binary(Expr::Tuple(lefts.clone()), BinaryOperator::Eq, row)).collect();
        let mut chain = build::join(terms, &BinaryOperator::Or);
        let typed = self.expr(&mut chain)?;
        let chain = Box::new(Expr::Nested(Box::new(chain)));
        *expr = if negated { Expr::UnaryOp { op: UnaryOperator::Not, expr: chain } } else { *chain };
        Ok(typed)
    }

    /// Makes a value comparable with the one column of a query.
    fn align_with_query(&self, left: &mut Expr, typed: Typed, query: &mut Query, other: Typed) -> Result<()> {
        let common = self
            .comparison_type(typed, other, &BinaryOperator::Eq)
            .map_err(|error| self.at(error, left.span()))?;
        if typed.is_unknown() && other.is_unknown() {
            return Ok(());
        }
        let mut value = Expr::Identifier(Ident::with_quote('"', "phantomdb_value"));
        let column = value.clone();
        self.convert_side(&mut value, other, common)?;
        if value != column {
            let inner = std::mem::replace(query, *empty_query()?);
            *query = converted_column(inner, value)?;
        }
        self.convert_side(left, typed, common)?;
        let origin = if typed.data_type == common { typed.origin } else { Origin::Computed };
        *left = comparable(build::take(left), Typed { data_type: common, origin, ..typed });
        Ok(())
    }

    /// Makes each value of a row comparable with its column of a query.
    fn align_row_with_query(&mut self, lefts: &mut [Expr], query: &mut Query) -> Result<()> {
        let types: Vec<Typed> = lefts.iter_mut().map(|left| self.operand(left)).collect::<Result<_>>()?;
        let Some(outputs) = self.subquery(query)? else { return Ok(()) };
        if outputs.len() != lefts.len() {
            let message =
                format!("a row of {} values is looked for in a query of {}", lefts.len(), outputs.len());
            let span = lefts.first().map_or_else(Span::empty, Spanned::span);
            return Err(self.at(Error::new(ErrorCode::SyntaxError, message), span));
        }
        let columns: Vec<Ident> =
            (1..=outputs.len()).map(|index| Ident::with_quote('"', format!("column{index}"))).collect();
        let mut values = Vec::with_capacity(columns.len());
        let mut is_converted = false;
        for (((left, typed), output), column) in lefts.iter_mut().zip(types).zip(&outputs).zip(&columns) {
            let other = output.typed;
            let common = self
                .comparison_type(typed, other, &BinaryOperator::Eq)
                .map_err(|error| self.at(error, left.span()))?;
            let mut value = Expr::Identifier(column.clone());
            if !(typed.is_unknown() && other.is_unknown()) {
                self.convert_side(&mut value, other, common)?;
                is_converted |= !matches!(value, Expr::Identifier(_));
                self.convert_side(left, typed, common)?;
                let origin = if typed.data_type == common { typed.origin } else { Origin::Computed };
                *left = comparable(build::take(left), Typed { data_type: common, origin, ..typed });
            }
            values.push(value);
        }
        if is_converted {
            converted_source(query, columns, values)?;
        }
        Ok(())
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
        if is_comparison(&op) && value_of(&left).and_then(printer::string_of).is_some() {
            return self.literal_beside_list(expr, *left, &op, values, all);
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

    /// `'5' < ALL (ARRAY[…])`. The values have one type, and it is the literal's too.
    fn literal_beside_list(
        &mut self,
        expr: &mut Expr,
        left: Expr,
        op: &BinaryOperator,
        mut values: Vec<Expr>,
        all: bool,
    ) -> Result<Typed> {
        let types: Vec<Typed> = values.iter_mut().map(|value| self.expr(value)).collect::<Result<_>>()?;
        let members = values.iter_mut().zip(types.iter().copied()).collect();
        let unified = self.unified(members, &types, "ARRAY")?;
        let literal = Typed::literal(Type::Unknown);
        let mut terms = Vec::with_capacity(values.len());
        for mut value in values {
            let mut left = left.clone();
            self.align(&mut left, literal, &mut value, unified, op)?;
            terms.push(build::binary(left, op.clone(), value));
        }
        let joined = build::join(terms, if all { &BinaryOperator::And } else { &BinaryOperator::Or });
        *expr = Expr::Nested(Box::new(joined));
        Ok(Typed::boolean(unified.nullable))
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
        let span = list.span();
        let given = self.expr(&mut list)?;
        if !(given.is_unknown() || matches!(given.data_type, Type::Array(_) | Type::Other)) {
            let message = "ANY and ALL take an array or a query on their right side";
            return Err(self.at(Error::new(ErrorCode::SyntaxError, message), span));
        }
        let element = if typed.is_unknown() { Type::Text } else { typed.data_type };
        if let Some(array) = element.array() {
            parameter_types::note_list(&list, given, array);
        }
        let mut value = Expr::Identifier(Ident::with_quote('"', "value"));
        if typed.is_unknown() {
            // The elements are texts then, and so is a parameter on the left.
            left = conversion(left, typed, Type::Text)?;
            value = build::call("phantomdb_any_text", vec![value]);
        } else {
            self.convert_side(&mut value, Typed::PARAMETER, typed.data_type)?;
        }
        // An expression takes the affinity of the left side, as a parameter does; a column has its own.
        if let Expr::Identifier(_) = value {
            value = Expr::UnaryOp { op: UnaryOperator::Plus, expr: Box::new(value) };
        }
        left = comparable(left, typed);
        let mut elements = parsed_query("SELECT 1 FROM json_each(NULL)")?;
        // NULL in place of the list makes the result NULL.
        let list = build::call("phantomdb_list", vec![list]);
        let list = build::call("coalesce", vec![list, printer::literal("[null]")]);
        set_table_function_argument(&mut elements, list);
        if let SetExpr::Select(select) = elements.body.as_mut() {
            select.projection = vec![SelectItem::UnnamedExpr(value)];
        }
        *expr = Expr::InSubquery { expr: Box::new(left), subquery: elements, negated };
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
            mut array => {
                let mut left = left;
                let left_type = self.operand(&mut left)?;
                let typed = self.expr(&mut array)?;
                let element = match typed.data_type {
                    Type::Array(element) => *element,
                    // A parameter, or the text of an array.
                    Type::Unknown => {
                        let element = if left_type.is_unknown() { Type::Text } else { left_type.data_type };
                        let name = printer::literal(element.short_name());
                        array = build::call("phantomdb_array_input", vec![array, name]);
                        element
                    }
                    _ => return self.unsupported("ANY or ALL of anything but an array or a query", span),
                };
                return self.any_of_array(expr, (left, left_type), op, array, element, all);
            }
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
        *expr = decided_or_unknown(decided, unknown, all);
        self.expr(expr)
    }

    /// ANY and ALL of the elements of an array, which is adapted already.
    fn any_of_array(
        &mut self,
        expr: &mut Expr,
        (mut left, typed): (Expr, Typed),
        op: BinaryOperator,
        array: Expr,
        element: Type,
        all: bool,
    ) -> Result<Typed> {
        let mut query = parsed_query("SELECT \"value\" AS \"phantomdb_value\" FROM json_each(NULL)")?;
        set_table_function_argument(
            &mut query,
            // A NULL in place of the array makes the result NULL, as a NULL in it can.
            build::call(
                "coalesce",
                vec![
                    build::call(
                        "phantomdb_array_compared",
                        vec![array, printer::literal(element.short_name())],
                    ),
                    printer::literal("[null]"),
                ],
            ),
        );
        if let SetExpr::Select(select) = query.body.as_mut()
            && let [SelectItem::ExprWithAlias { expr: value, alias: _ }] = select.projection.as_mut_slice()
        {
            *value = row_value(build::take(value), element)?;
        }
        // SQLite finds the rows of an IN by an index.
        if let Some(negated) = as_membership(&op, all) {
            self.align_with_query(&mut left, typed, &mut query, Typed::of(element))?;
            *expr = Expr::InSubquery { expr: Box::new(left), subquery: query, negated };
            return Ok(Typed::boolean(true));
        }
        let mut value = Expr::Identifier(Ident::with_quote('"', "phantomdb_value"));
        self.align(&mut left, typed, &mut value, Typed::of(element), &op)?;
        let test = build::binary(left, op, value);
        let nested = Box::new(Expr::Nested(Box::new(test.clone())));
        let decisive =
            if all { Expr::UnaryOp { op: UnaryOperator::Not, expr: nested.clone() } } else { test };
        let exists = |test: Expr| -> Result<Expr> {
            let subquery = Box::new(exists_in((*query).clone(), test)?);
            Ok(Expr::Exists { subquery, negated: false })
        };
        let (decided, unknown) = (exists(decisive)?, exists(Expr::IsNull(nested))?);
        *expr = decided_or_unknown(decided, unknown, all);
        Ok(Typed::boolean(true))
    }
}

/// BETWEEN as the comparisons that it stands for: a value, its bounds, and whether there is a NOT.
fn two_comparisons((value, low, high, negated): (Box<Expr>, Box<Expr>, Box<Expr>, bool)) -> Expr {
    let (above, below, both) = if negated {
        (BinaryOperator::Lt, BinaryOperator::Gt, BinaryOperator::Or)
    } else {
        (BinaryOperator::GtEq, BinaryOperator::LtEq, BinaryOperator::And)
    };
    let above = build::binary((*value).clone(), above, *low);
    let below = build::binary(*value, below, *high);
    Expr::Nested(Box::new(build::binary(above, both, below)))
}

/// ANY or ALL from a test that decides it and a test with NULL.
fn decided_or_unknown(decided: Expr, unknown: Expr, all: bool) -> Expr {
    Expr::Case {
        case_token: AttachedToken::empty(),
        end_token: AttachedToken::empty(),
        operand: None,
        conditions: vec![
            CaseWhen { condition: decided, result: boolean_literal(!all) },
            CaseWhen { condition: unknown, result: build::null() },
        ],
        else_result: Some(Box::new(boolean_literal(all))),
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
        Expr::Array(Array { elem, named: _ }) => (!mixes_strings(elem)).then(|| std::mem::take(elem)),
        Expr::Nested(inner) => listed_values(inner),
        // The comparison takes the type of the elements from its other side.
        Expr::Cast { kind: _, expr, data_type, format: None } if is_known_type(data_type) => {
            listed_values(expr)
        }
        Expr::Subquery(query) => single_column(query),
        Expr::Value(ValueWithSpan { value, span: _ }) => {
            let elements = convert::array_elements(printer::string_of(value)?)?;
            let element = |text: Option<String>| text.map_or_else(build::null, printer::literal);
            Some(elements.into_iter().map(element).collect())
        }
        _ => None,
    }
}

/// True for strings in quotes beside other elements, whose type they take in the array, whatever it is compared with.
fn mixes_strings(elements: &[Expr]) -> bool {
    let string = |element: &Expr| value_of(element).and_then(printer::string_of).is_some();
    let is_open = |element: &Expr| matches!(value_of(element), Some(Value::Null | Value::Placeholder(_)));
    elements.iter().any(string) && elements.iter().any(|element| !string(element) && !is_open(element))
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
