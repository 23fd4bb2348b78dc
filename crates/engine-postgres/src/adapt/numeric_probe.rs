//! Finds the types of sums, averages and decimal literals.
//!
//! PostgreSQL gives `numeric` for the average of integers, for the sum of integers of 64 bits and for `1.5`. PhantomDB
//! SQL has floats and integers there, and exact decimals only where the arguments are exact. PostgreSQL knows the types of
//! the arguments. So when such a statement is prepared, a second one is prepared too, with `min` in place of `sum` and
//! `avg` and `1` in place of `1.5`: the types of its results are the types of the arguments.

use std::ops::ControlFlow;

use phantomdb_protocol::{Error, Result};
use phantomdb_sql::{
    build::take,
    printer::{verbatim_expr, verbatim_ident},
    walk::{each_expression, walk},
};
use sqlparser::ast::{
    Expr, Function, FunctionArguments, ObjectName, Query, Select, SelectItem, SetExpr, Value, ValueWithSpan,
    VisitorMut,
};

use super::{
    function::{expressions, function_name, name_and_arguments},
    print::print,
};

/// The statement to prepare for its types only, and the columns of the result whose types it tells.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct NumericProbe {
    pub(crate) sql: String,
    pub(crate) columns: Vec<(ResultColumn, NumericClass)>,
}

/// A column of the result.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum ResultColumn {
    FromStart(usize),
    /// The last column is 1. Columns after a wildcard are counted from the end.
    FromEnd(usize),
}

impl ResultColumn {
    /// The index of the column in a result with `width` columns.
    pub(crate) const fn index(self, width: usize) -> Option<usize> {
        match self {
            Self::FromStart(index) if index < width => Some(index),
            Self::FromEnd(index) => width.checked_sub(index),
            Self::FromStart(_) => None,
        }
    }
}

/// The way to tell the type of a `numeric` column whose arguments are not exact decimals.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum NumericClass {
    /// A sum, which has the type of its arguments.
    Sum,
    Float,
}

/// The probe of a query that was adapted but not printed yet; none when the query needs none.
pub(crate) fn numeric_probe(query: &Query) -> Result<Option<NumericProbe>> {
    let Some(select) = select_of(query) else { return Ok(None) };
    if !select.projection.iter().filter_map(expression_of).any(has_class) {
        return Ok(None);
    }
    let width = select.projection.len();
    let wildcards: Vec<usize> =
        (0..width).filter(|index| expression_of(&select.projection[*index]).is_none()).collect();
    let (first, last) = (wildcards.first().copied().unwrap_or(width), wildcards.last().copied());
    let mut probe = query.clone();
    let Some(probed) = select_of_mut(&mut probe) else { return Ok(None) };
    probed.distinct = None;
    let mut columns = Vec::new();
    for (index, item) in probed.projection.iter_mut().enumerate() {
        let column = if index < first {
            ResultColumn::FromStart(index)
        } else if last.is_some_and(|last| index > last) {
            ResultColumn::FromEnd(width - index)
        } else {
            continue;
        };
        if let SelectItem::UnnamedExpr(expr) | SelectItem::ExprWithAlias { expr, alias: _ } = item
            && let Some(class) = to_probed(expr)?
        {
            columns.push((column, class));
        }
    }
    if columns.is_empty() {
        return Ok(None);
    }
    Ok(Some(NumericProbe { sql: print(&mut probe)?, columns }))
}

/// The SELECT that a query is, in parentheses or not. Several of them, and VALUES, give exact decimals.
fn select_of(query: &Query) -> Option<&Select> {
    match query.body.as_ref() {
        SetExpr::Select(select) => Some(select),
        SetExpr::Query(inner) => select_of(inner),
        _ => None,
    }
}

fn select_of_mut(query: &mut Query) -> Option<&mut Select> {
    match query.body.as_mut() {
        SetExpr::Select(select) => Some(select),
        SetExpr::Query(inner) => select_of_mut(inner),
        _ => None,
    }
}

fn expression_of(item: &SelectItem) -> Option<&Expr> {
    match item {
        SelectItem::UnnamedExpr(expr) | SelectItem::ExprWithAlias { expr, alias: _ } => Some(expr),
        // A wildcard stands for several columns. PostgreSQL refuses several aliases of one expression.
        _ => None,
    }
}

/// Writes an expression as the probe has it. Returns the class of its column; none when its type needs no probe.
fn to_probed(expr: &mut Expr) -> Result<Option<NumericClass>> {
    let mut arguments = Arguments::default();
    walk(expr, &mut arguments)?;
    Ok(arguments.class)
}

/// Puts arguments in the place of sums and averages. The columns of a query in FROM, in WITH or in a condition are exact
/// decimals to the query around it, so only queries that stand for a value are changed.
#[derive(Default)]
struct Arguments {
    class: Option<NumericClass>,
    /// True when the next query stands for a value.
    is_value: bool,
    /// The queries around the node, and whether each stands for a value.
    queries: Vec<bool>,
}

impl VisitorMut for Arguments {
    type Break = Error;

    fn pre_visit_expr(&mut self, expr: &mut Expr) -> ControlFlow<Error> {
        self.is_value = matches!(&*expr, Expr::Subquery(query) if select_of(query).is_some());
        ControlFlow::Continue(())
    }

    fn pre_visit_query(&mut self, _query: &mut Query) -> ControlFlow<Error> {
        self.queries.push(std::mem::take(&mut self.is_value));
        ControlFlow::Continue(())
    }

    fn post_visit_query(&mut self, _query: &mut Query) -> ControlFlow<Error> {
        self.queries.pop();
        ControlFlow::Continue(())
    }

    fn post_visit_expr(&mut self, expr: &mut Expr) -> ControlFlow<Error> {
        if self.queries.iter().all(|is_value| *is_value) {
            if self.class != Some(NumericClass::Float) {
                self.class = class_of(expr).or(self.class);
            }
            to_arguments(expr);
        }
        ControlFlow::Continue(())
    }
}

/// True when a part of the expression may need a probe.
fn has_class(expr: &Expr) -> bool {
    let look = &mut |part: &Expr| match class_of(part) {
        Some(_) => ControlFlow::Break(()),
        None => ControlFlow::Continue(()),
    };
    each_expression(expr, look).is_break()
}

/// The class of a value that this expression computes by itself.
fn class_of(expr: &Expr) -> Option<NumericClass> {
    match expr {
        Expr::Function(function) => match function_name(function).as_deref() {
            Some("sum") => Some(NumericClass::Sum),
            Some("avg") => Some(NumericClass::Float),
            Some("round" | "trunc") if has_two_arguments(function) => Some(NumericClass::Float),
            _ => None,
        },
        Expr::Value(value) if is_decimal(value) => Some(NumericClass::Float),
        _ => None,
    }
}

fn has_two_arguments(function: &Function) -> bool {
    matches!(&function.args, FunctionArguments::List(list) if list.args.len() == 2)
}

/// True for literals such as `1.5` and `1e3`.
fn is_decimal(value: &ValueWithSpan) -> bool {
    matches!(&value.value, Value::Number(text, _)
        if text.starts_with(|first: char| first.is_ascii_digit() || first == '.')
            && text.contains(['.', 'e', 'E'])
            && text.parse::<f64>().is_ok())
}

/// Puts the arguments of a sum or an average in its place, and an integer in that of a decimal literal.
fn to_arguments(expr: &mut Expr) {
    match expr {
        Expr::Value(value) if is_decimal(value) => *expr = verbatim_expr("1"),
        Expr::Function(function) => match function_name(function).as_deref() {
            Some("sum" | "avg") => function.name = ObjectName::from(vec![verbatim_ident("min")]),
            Some("round" | "trunc") if has_two_arguments(function) => {
                let (_, arguments) = name_and_arguments(function);
                let first = expressions(arguments).and_then(|list| list.into_iter().next());
                if let Some(argument) = first.map(take) {
                    *expr = without_cast(argument);
                }
            }
            _ => {}
        },
        // Any other expression has the type that it has in the statement itself.
        _ => {}
    }
}

/// Removes the cast to `numeric` that the first argument of `round` got.
fn without_cast(mut expr: Expr) -> Expr {
    match &mut expr {
        Expr::Cast { kind: _, expr, data_type: _, format: _ } => take(expr),
        _ => expr,
    }
}
