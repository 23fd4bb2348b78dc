//! Finds the types of sums, averages and decimal literals.
//!
//! PostgreSQL gives `numeric` for the average of integers, for the sum of integers of 64 bits and for `1.5`. PhantomDB
//! SQL has floats and integers there, and exact decimals only where the arguments are exact. PostgreSQL knows the types of
//! the arguments. So when such a statement is prepared, a second one is prepared too, with `min` in place of `sum` and
//! `avg` and `1` in place of `1.5`: the types of its results are the types of the arguments.

use std::ops::ControlFlow;

use phantomdb_protocol::Result;
use phantomdb_sql::{
    build::take,
    printer::{verbatim_expr, verbatim_ident},
    walk::{change_expressions, each_expression},
};
use sqlparser::ast::{
    Expr, Function, FunctionArguments, ObjectName, Query, SelectItem, SetExpr, Value, ValueWithSpan,
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
    let SetExpr::Select(select) = query.body.as_ref() else { return Ok(None) };
    let width = select.projection.len();
    let wildcards: Vec<usize> =
        (0..width).filter(|index| expression_of(&select.projection[*index]).is_none()).collect();
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
        let Some(class) = expression_of(item).and_then(class_of) else { continue };
        columns.push((column, class));
        let probe: &mut Query = probe.get_or_insert_with(|| query.clone());
        if let SetExpr::Select(select) = probe.body.as_mut() {
            select.distinct = None;
            if let SelectItem::UnnamedExpr(expr) | SelectItem::ExprWithAlias { expr, alias: _ } =
                &mut select.projection[index]
            {
                change_expressions(expr, &mut to_arguments);
            }
        }
    }
    let Some(mut probe) = probe else { return Ok(None) };
    Ok(Some(NumericProbe { sql: print(&mut probe)?, columns }))
}

fn expression_of(item: &SelectItem) -> Option<&Expr> {
    match item {
        SelectItem::UnnamedExpr(expr) | SelectItem::ExprWithAlias { expr, alias: _ } => Some(expr),
        // A wildcard stands for several columns. PostgreSQL refuses several aliases of one expression.
        _ => None,
    }
}

/// The class of the column that this expression gives; none when its type needs no probe.
fn class_of(expr: &Expr) -> Option<NumericClass> {
    let mut class = None;
    let _ = each_expression(expr, &mut |expr| {
        let found = match expr {
            Expr::Function(function) => match function_name(function).as_deref() {
                Some("sum") => Some(NumericClass::Sum),
                Some("avg") => Some(NumericClass::Float),
                Some("round" | "trunc") if has_two_arguments(function) => Some(NumericClass::Float),
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
