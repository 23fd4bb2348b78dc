//! Finds the types of sums, averages and decimal literals.
//!
//! PostgreSQL gives `numeric` for the average of integers, for the sum of integers of 64 bits and for `1.5`. PhantomDB
//! SQL has floats and integers there, and exact decimals only where the arguments are exact. PostgreSQL knows the types of
//! the arguments. So when such a statement is prepared, a second one is prepared too, with `min` in place of `sum` and
//! `avg` and `1` in place of `1.5`: the types of its results are the types of the arguments.

use std::ops::ControlFlow;

use phantomdb_protocol::Result;
use sqlparser::ast::{Expr, Function, ObjectName, Query, SelectItem, SetExpr, Value, ValueWithSpan};

use super::{
    function::{arguments, function_name},
    print::print,
};
use phantomdb_sql::{
    build::take,
    printer::{verbatim_expr, verbatim_ident},
    walk::{change_expressions, each_expression},
};

/// What to prepare, and which columns of the result it is about.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct NumericProbe {
    pub(crate) sql: String,
    pub(crate) columns: Vec<(ResultColumn, NumericClass)>,
}

/// A column of the result.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum ResultColumn {
    FromStart(usize),
    /// The last column is 1: behind a wildcard, places are counted from the end.
    FromEnd(usize),
}

impl ResultColumn {
    /// The index of the column in a result of so many.
    pub(crate) const fn index(self, width: usize) -> Option<usize> {
        match self {
            Self::FromStart(index) if index < width => Some(index),
            Self::FromEnd(index) => width.checked_sub(index),
            Self::FromStart(_) => None,
        }
    }
}

/// What the column holds when it is not exact.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum NumericClass {
    /// What its arguments are: the sum of integers is one.
    Sum,
    Float,
}

/// The probe of a query that is adapted but not printed yet, if it needs one.
pub(crate) fn numeric_probe(query: &Query) -> Result<Option<NumericProbe>> {
    let SetExpr::Select(select) = query.body.as_ref() else { return Ok(None) };
    let width = select.projection.len();
    let wildcards: Vec<usize> =
        (0..width).filter(|index| expr_of(&select.projection[*index]).is_none()).collect();
    let (first, last) = (wildcards.first().copied().unwrap_or(width), wildcards.last().copied());
    let mut columns = Vec::new();
    let mut probe = None;
    for (index, item) in select.projection.iter().enumerate() {
        let column = if index < first {
            ResultColumn::FromStart(index)
        } else if last.is_some_and(|last| index > last) {
            ResultColumn::FromEnd(width - index)
        } else {
            continue;
        };
        let Some(class) = expr_of(item).and_then(class_of) else { continue };
        columns.push((column, class));
        let probe: &mut Query = probe.get_or_insert_with(|| query.clone());
        if let SetExpr::Select(select) = probe.body.as_mut() {
            select.distinct = None;
            if let SelectItem::UnnamedExpr(expr) | SelectItem::ExprWithAlias { expr, .. } =
                &mut select.projection[index]
            {
                change_expressions(expr, &mut to_arguments);
            }
        }
    }
    let Some(mut probe) = probe else { return Ok(None) };
    Ok(Some(NumericProbe { sql: print(&mut probe)?, columns }))
}

fn expr_of(item: &SelectItem) -> Option<&Expr> {
    match item {
        SelectItem::UnnamedExpr(expr) | SelectItem::ExprWithAlias { expr, .. } => Some(expr),
        _ => None,
    }
}

fn class_of(expr: &Expr) -> Option<NumericClass> {
    let mut class = None;
    let _ = each_expression(expr, &mut |expr| {
        let found = match expr {
            Expr::Function(function) => match function_name(function).as_deref() {
                Some("sum") => Some(NumericClass::Sum),
                Some("avg") => Some(NumericClass::Float),
                Some("round" | "trunc") if is_of_two(function) => Some(NumericClass::Float),
                _ => None,
            },
            Expr::Value(value) if is_decimal(value) => Some(NumericClass::Float),
            _ => None,
        };
        if class != Some(NumericClass::Float) {
            class = found.or(class);
        }
        ControlFlow::<()>::Continue(())
    });
    class
}

fn is_of_two(function: &Function) -> bool {
    use sqlparser::ast::FunctionArguments::List;
    matches!(&function.args, List(list) if list.args.len() == 2)
}

/// `1.5`, `1e3`.
fn is_decimal(value: &ValueWithSpan) -> bool {
    matches!(&value.value, Value::Number(text, _)
        if text.starts_with(|first: char| first.is_ascii_digit() || first == '.')
            && text.contains(['.', 'e', 'E'])
            && text.parse::<f64>().is_ok())
}

fn to_arguments(expr: &mut Expr) {
    match expr {
        Expr::Value(value) if is_decimal(value) => *expr = verbatim_expr("1"),
        Expr::Function(function) => match function_name(function).as_deref() {
            Some("sum" | "avg") => function.name = ObjectName::from(vec![verbatim_ident("min")]),
            Some("round" | "trunc") if is_of_two(function) => {
                if let Some(argument) =
                    arguments(function).and_then(|arguments| arguments.into_iter().next()).map(take)
                {
                    *expr = without_cast(argument);
                }
            }
            _ => {}
        },
        _ => {}
    }
}

/// The first argument of `round` was made a `numeric`.
fn without_cast(mut expr: Expr) -> Expr {
    match &mut expr {
        Expr::Cast { expr, .. } => take(expr),
        _ => expr,
    }
}
