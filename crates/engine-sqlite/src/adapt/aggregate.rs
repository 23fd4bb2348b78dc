//! Aggregates and window functions: DISTINCT and ORDER BY in a call, WITHIN GROUP, and what SQLite runs for each.

use phantomdb_protocol::{Error, ErrorCode, Result};
use phantomdb_sql::{
    build,
    condition::is_condition,
    names::last_ident,
    printer::{literal, verbatim_ident},
    typing::{Resolved, Type},
    walk::change_expressions,
};
use sqlparser::ast::{
    CastKind, DataType, DuplicateTreatment, Expr, Function, FunctionArg, FunctionArgExpr,
    FunctionArgumentClause, FunctionArgumentList, FunctionArguments, Ident, ObjectName, OrderByExpr,
    OrderByOptions,
};

use super::{
    adapter::Adapter,
    arguments::expressions,
    converted::{collated, comparable, conversion},
    operators::{converted_arguments, result_of},
    parameter_types,
    typed::{Typed, unify},
    unknown_call::{undetermined, unknown_function},
};

impl Adapter<'_> {
    /// An aggregate, which keeps DISTINCT, ORDER BY, FILTER and OVER.
    pub(super) fn aggregate(
        &mut self,
        expr: &mut Expr,
        resolved: &Resolved,
        arguments: Vec<Expr>,
        types: &[Typed],
    ) -> Result<Typed> {
        let Expr::Function(function) = expr else { return Ok(Typed::OTHER) };
        let name = resolved.signature.name;
        let mut arguments = converted_arguments(resolved, arguments, types)?;
        let within = std::mem::take(&mut function.within_group);
        if within.len() != resolved.signature.ordered {
            return Err(Error::new(
                ErrorCode::SyntaxError,
                format!("{name}() takes {} expressions in WITHIN GROUP", resolved.signature.ordered),
            ));
        }
        let FunctionArguments::List(FunctionArgumentList { duplicate_treatment, args, clauses }) =
            &mut function.args
        else {
            return Ok(Typed::OTHER);
        };
        let is_list = matches!(resolved.result, Type::Array(_)) && resolved.signature.ordered > 0;
        if is_list && matches!(resolved.element, Some(Type::Json | Type::Jsonb | Type::Bytea)) {
            return Err(Error::unsupported(format!(
                "{name}() of documents or bytes with an array of fractions is not supported on SQLite; ask for each by itself"
            )));
        }
        let distinct = *duplicate_treatment == Some(DuplicateTreatment::Distinct);
        *duplicate_treatment = duplicate_treatment.filter(|_| distinct);
        if !within.is_empty() {
            let values = arguments.iter().zip(types).zip(&resolved.arguments).rev();
            let order = within.into_iter().zip(values).map(|(item, ((argument, typed), data_type))| {
                let typed = Typed { data_type: *data_type, ..typed.computed() };
                OrderByExpr { expr: comparable(argument.clone(), typed), ..item }
            });
            clauses.push(FunctionArgumentClause::OrderBy(order.collect()));
        }
        if distinct && let Some(first) = arguments.first_mut() {
            *first = distinct_value(build::take(first), resolved, types[0]);
            for clause in clauses.iter_mut() {
                clause_over(clause, first);
            }
            // PostgreSQL sorts the values to find equal ones, so they come in their order.
            if clauses.is_empty() && resolved.signature.ordered == 0 {
                let order = ordered_by(first.clone());
                clauses.push(FunctionArgumentClause::OrderBy(vec![order]));
            }
        }
        // SQLite takes DISTINCT for one argument only. A constant separator tells no values apart.
        let is_joined = name == "string_agg" && arguments.get(1).is_none_or(is_constant);
        if distinct && arguments.len() > 1 && !is_joined && resolved.signature.ordered == 0 {
            return Err(Error::unsupported(format!(
                "DISTINCT in {name}() with several arguments is not supported on SQLite; use a sub-query with DISTINCT"
            )));
        }
        let separator =
            (distinct && arguments.len() == 2 && name == "string_agg").then(|| arguments.pop()).flatten();
        *args = arguments.into_iter().map(|e| FunctionArg::Unnamed(FunctionArgExpr::Expr(e))).collect();
        let body = if separator.is_some() { "phantomdb_distinct_texts" } else { resolved.signature.sqlite };
        function.name = ObjectName::from(vec![verbatim_ident(body)]);
        if let Some(separator) = separator {
            // Without a separator the texts follow each other.
            let separator = build::call("coalesce", vec![separator, literal("")]);
            *expr = build::call("phantomdb_join_texts", vec![build::take(expr), separator]);
        }
        Ok(result_of(resolved, types))
    }

    /// Refuses ORDER BY in an aggregate with DISTINCT that sorts by anything but an argument. The call is not adapted yet: a
    /// cast that SQLite does not need makes another expression in PostgreSQL.
    pub(super) fn refuse_other_order(&mut self, list: &FunctionArgumentList) -> Result<()> {
        let FunctionArgumentList { duplicate_treatment, args, clauses } = list;
        if *duplicate_treatment != Some(DuplicateTreatment::Distinct) {
            return Ok(());
        }
        let items = clauses.iter().flat_map(|clause| match clause {
            FunctionArgumentClause::OrderBy(items) => items.as_slice(),
            _ => &[],
        });
        for OrderByExpr { expr, options: _, with_fill: _ } in items {
            let mut is_argument = false;
            for argument in args {
                if let FunctionArg::Unnamed(FunctionArgExpr::Expr(argument)) = argument {
                    is_argument = is_argument || self.is_one_expression(argument, expr)?;
                }
            }
            if !is_argument {
                return Err(other_order());
            }
        }
        Ok(())
    }

    /// True for the same expression twice, also when one has a cast to the type that the other has.
    fn is_one_expression(&mut self, a: &Expr, b: &Expr) -> Result<bool> {
        let (plain_a, plain_b) = (without_qualifiers(a), without_qualifiers(b));
        if plain_a == plain_b {
            return Ok(true);
        }
        if without_cast(&plain_a) != without_cast(&plain_b) {
            return Ok(false);
        }
        Ok(self.expr(&mut a.clone())?.data_type == self.expr(&mut b.clone())?.data_type)
    }

    /// A window function that SQLite has.
    pub(super) fn window_function(
        &mut self,
        function: &mut Function,
        name: &str,
        types: &[Typed],
    ) -> Result<Typed> {
        function.name = ObjectName::from(vec![verbatim_ident(name)]);
        if function.over.is_none() {
            return Err(Error::new(ErrorCode::SyntaxError, format!("{name}() needs OVER")));
        }
        let first = types.first().copied().unwrap_or(Typed::OTHER);
        // A value of another row has the type of the bound value.
        if name != "ntile"
            && let Some(value) = expressions(function).into_iter().next()
        {
            parameter_types::note_overloaded(value, first);
        }
        Ok(match name {
            "row_number" | "rank" | "dense_rank" => Typed::of(Type::BigInt).not_null(),
            "ntile" => Typed::of(Type::Integer),
            "percent_rank" | "cume_dist" => Typed::of(Type::Double).not_null(),
            "lag" | "lead" if types.len() == 3 => {
                let Some(unified) = unify(&[first, types[2]]) else {
                    return Err(unknown_function(name, types));
                };
                for (index, argument) in expressions(function).into_iter().enumerate() {
                    if index != 1 {
                        *argument = conversion(build::take(argument), types[index], unified.data_type)?;
                    }
                }
                Typed { nullable: true, ..unified }
            }
            "lag" | "lead" | "first_value" | "last_value" | "nth_value" if first.is_unknown() => {
                return Err(undetermined(name, types));
            }
            _ => Typed { nullable: true, ..first.computed() },
        })
    }
}

/// Gives `group_concat(value)` its separator, a comma.
pub(super) fn complete_separator(function: &mut Function) {
    let is_short =
        last_ident(&function.name).is_some_and(|name| name.value.eq_ignore_ascii_case("group_concat"));
    if let FunctionArguments::List(list) = &mut function.args
        && is_short
        && list.args.len() == 1
    {
        list.args.push(FunctionArg::Unnamed(FunctionArgExpr::Expr(literal(","))));
    }
}

/// COUNT. A value is counted by the collation that its type compares with.
pub(super) fn count(function: &mut Function, types: &[Typed]) -> Typed {
    function.name = ObjectName::from(vec![verbatim_ident("count")]);
    if let Some(typed) = types.first()
        && let Some(argument) = expressions(function).into_iter().next()
    {
        parameter_types::note_anywhere(argument, *typed);
        *argument = comparable(build::take(argument), *typed);
    }
    Typed::of(Type::BigInt).not_null()
}

/// MIN and MAX of the rows of a group.
pub(super) fn extreme_of_rows(function: &mut Function, name: &str, types: &[Typed]) -> Result<Typed> {
    let &[typed] = types else { return Err(unknown_function(name, types)) };
    if matches!(typed.data_type, Type::Boolean | Type::Json | Type::Jsonb | Type::Uuid | Type::Record) {
        return Err(unknown_function(name, types));
    }
    function.name = ObjectName::from(vec![verbatim_ident(name)]);
    if let Some(argument) = expressions(function).into_iter().next() {
        if typed.is_parameter() {
            parameter_types::note_overloaded_text(argument, typed);
            parameter_types::note_text(argument);
        }
        *argument = comparable(build::take(argument), typed);
    }
    let typed = if typed.is_unknown() { Typed::of(Type::Text) } else { typed };
    Ok(Typed { nullable: true, ..typed.computed() })
}

fn other_order() -> Error {
    let message = "ORDER BY in an aggregate with DISTINCT takes the argument itself only";
    Error::new(ErrorCode::SyntaxError, message)
}

/// The expression that a cast converts.
fn without_cast(expr: &Expr) -> &Expr {
    match build::unnested(expr) {
        Expr::Cast { kind: _, expr, data_type: _, format: _ } => without_cast(expr),
        other => other,
    }
}

/// The expression with the bare names of its columns, without quotes, and without a collation.
fn without_qualifiers(expr: &Expr) -> Expr {
    let mut expr = match build::unnested(expr) {
        Expr::Collate { expr, collation: _ } => expr.as_ref().clone(),
        other => other.clone(),
    };
    change_expressions(&mut expr, &mut |expr| {
        let name = match expr {
            Expr::Identifier(name) => name.value.clone(),
            Expr::CompoundIdentifier(parts) => match parts.last() {
                Some(name) => name.value.clone(),
                None => return,
            },
            _ => return,
        };
        *expr = Expr::Identifier(Ident::new(name));
    });
    expr
}

/// Makes ORDER BY in a call sort by the argument as SQLite has it: it wants the very same expression beside DISTINCT.
fn clause_over(clause: &mut FunctionArgumentClause, argument: &Expr) {
    if let FunctionArgumentClause::OrderBy(items) = clause {
        for item in items {
            item.expr = argument.clone();
        }
    }
}

/// The argument of an aggregate with DISTINCT, with the collation by which PostgreSQL compares it. It may be converted to
/// JSON already, and is compared as what it was before.
fn distinct_value(argument: Expr, resolved: &Resolved, typed: Typed) -> Expr {
    let data_type = resolved.arguments.first().copied().unwrap_or(Type::Other);
    if resolved.signature.arguments.first() == Some(&Type::AnyJson) {
        match typed.data_type {
            number if number.is_number() => return collated(argument, "json_number"),
            Type::Interval => return collated(argument, "json_interval"),
            _ => {}
        }
    }
    comparable(argument, Typed { data_type, ..typed.computed() })
}

/// True for an expression that has the same value in each row.
fn is_constant(expr: &Expr) -> bool {
    matches!(build::unnested(expr), Expr::Value(_))
}

fn ordered_by(expr: Expr) -> OrderByExpr {
    OrderByExpr { expr, options: OrderByOptions { sort: None, nulls_first: Some(false) }, with_fill: None }
}

/// Makes a condition the number that PhantomDB SQL sums: how often it is true.
pub(super) fn sum_of_conditions(function: &mut Function) {
    if let [value] = expressions(function).as_mut_slice()
        && is_condition(value)
    {
        let condition = Box::new(build::take(value));
        let kind = CastKind::Cast;
        **value = Expr::Cast { kind, expr: condition, data_type: DataType::Integer(None), format: None };
    }
}
