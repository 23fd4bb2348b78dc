//! Operators. AND, OR and comparisons are SQLite's; every other operator is chosen from the table of signatures by the types
//! of its operands.

use phantomdb_protocol::{ColumnType, Error, ErrorCode, Result};
use phantomdb_sql::{
    build,
    printer::{literal, verbatim_expr},
    typing::{Kind, Resolved, Signature, Type, Unresolved, functions, operators, resolve},
};
use sqlparser::ast::{Array, BinaryOperator, Expr, Spanned, UnaryOperator, Value, ValueWithSpan};

use super::{
    adapter::Adapter,
    converted::{apply_body, implicit, json, output_text, text},
    literal::{is_null, string_of},
    parameter_types::{Assumed, Overloaded},
    strict::is_null_of,
    typed::{Origin, Typed, wire_of},
};

impl Adapter<'_> {
    pub(super) fn binary(&mut self, expr: &mut Expr) -> Result<Typed> {
        let Expr::BinaryOp { left: _, op, right: _ } = expr else { return Ok(Typed::OTHER) };
        match op.clone() {
            op @ (BinaryOperator::And | BinaryOperator::Or) => self.logical_chain(expr, &op),
            BinaryOperator::Eq
            | BinaryOperator::NotEq
            | BinaryOperator::Lt
            | BinaryOperator::LtEq
            | BinaryOperator::Gt
            | BinaryOperator::GtEq => self.comparison(expr),
            BinaryOperator::PGLikeMatch => self.like_operator(expr, false, false),
            BinaryOperator::PGNotLikeMatch => self.like_operator(expr, true, false),
            BinaryOperator::PGILikeMatch => self.like_operator(expr, false, true),
            BinaryOperator::PGNotILikeMatch => self.like_operator(expr, true, true),
            op => self.infix(expr, &op.to_string()),
        }
    }

    /// An operator of the table, with two operands.
    fn infix(&mut self, expr: &mut Expr, name: &str) -> Result<Typed> {
        let Expr::BinaryOp { left, op: _, right } = expr else { return Ok(Typed::OTHER) };
        let strings = (is_array_of_strings(left), is_array_of_strings(right));
        let (mut a, mut b) = (self.expr(left)?, self.expr(right)?);
        document_operand(name, &mut a, b);
        if matches!(name, "&&" | "@>" | "<@") {
            array_beside_column(strings, &mut a, &mut b);
        }
        // A pattern matches the text of any value, as LIKE does.
        if matches!(name, "~" | "~*" | "!~" | "!~*") && !a.data_type.is_text() && !a.is_unknown() {
            **left = text(build::take(left), a)?;
            a = Typed { nullable: a.nullable, ..Typed::of(Type::Text) };
        }
        let (resolved, is_assumed) = match choose(name, Kind::Infix, &[a, b], self.assumes_numbers()) {
            Ok(chosen) => chosen,
            Err(why) => return Err(self.at(no_operator(name, &[a, b], why), expr.span())),
        };
        let arguments = vec![build::take(left), build::take(right)];
        let assumed = Assumed::of(is_assumed, &arguments, &[a, b]);
        let (value, typed) = call_of(&resolved, arguments, &[a, b])?;
        assumed.note();
        *expr = value;
        let nullable = typed.nullable || a.nullable || b.nullable;
        Ok(Typed { nullable, ..typed })
    }

    /// An operator before its operand.
    pub(super) fn unary(&mut self, expr: &mut Expr) -> Result<Typed> {
        let Expr::UnaryOp { op, expr: inner } = expr else { return Ok(Typed::OTHER) };
        if *op == UnaryOperator::Not {
            let typed = self.operand(inner)?;
            self.condition(inner, typed)?;
            return Ok(Typed::boolean(typed.nullable));
        }
        if *op == UnaryOperator::Minus
            && let Expr::Value(ValueWithSpan { value: Value::Number(text, _), span: _ }) =
                build::unnested(inner)
        {
            let negative = format!("-{text}");
            return self.number(expr, &negative);
        }
        let name = op.to_string();
        let typed = self.expr(inner)?;
        let (resolved, is_assumed) = match choose(&name, Kind::Prefix, &[typed], self.assumes_numbers()) {
            Ok(chosen) => chosen,
            Err(why) => return Err(self.at(no_operator(&name, &[typed], why), expr.span())),
        };
        let arguments = vec![build::take(inner)];
        let assumed = Assumed::of(is_assumed, &arguments, &[typed]);
        let (value, result) = call_of(&resolved, arguments, &[typed])?;
        assumed.note();
        *expr = value;
        Ok(Typed { nullable: typed.nullable, ..result })
    }
}

/// The left operand of an operator on documents is a document, whatever its own type is.
fn document_operand(name: &str, left: &mut Typed, right: Typed) {
    match name {
        "?" | "?|" | "?&" | "#-" if left.is_unknown() => left.data_type = Type::Jsonb,
        // Two texts are taken for documents, and not for arrays.
        "@>" | "<@" if left.is_unknown() && right.is_unknown() => left.data_type = Type::Jsonb,
        _ => {}
    }
}

/// True for `ARRAY['a', 'b']`.
pub(super) fn is_array_of_strings(expr: &Expr) -> bool {
    matches!(build::unnested(expr), Expr::Array(Array { elem, named: _ })
        if !elem.is_empty() && elem.iter().all(|element| string_of(element).is_some() || is_null(element)))
}

/// Strings in `ARRAY[…]` have the type of the column's elements beside a column that is an array of texts, as on PostgreSQL,
/// where they are written as one literal.
pub(super) fn array_beside_column((left, right): (bool, bool), a: &mut Typed, b: &mut Typed) {
    let is_column = |typed: &Typed| {
        typed.origin == Origin::Column && typed.data_type.element().is_some_and(Type::is_text)
    };
    if right && is_column(a) {
        b.data_type = a.data_type;
    } else if left && is_column(b) {
        a.data_type = b.data_type;
    }
}

/// Chooses an operator of the table. True beside it when a parameter was taken for a number, which happens only if the
/// expression `assumes_numbers`.
fn choose(
    name: &str,
    kind: Kind,
    operands: &[Typed],
    assumes_numbers: bool,
) -> Result<(Resolved, bool), Unresolved> {
    let types: Vec<Type> = operands.iter().map(|operand| operand.data_type).collect();
    let candidates = || operators(name).filter(|row| row.kind == kind);
    let why = match resolve(candidates(), &types, true) {
        Ok(resolved) => return Ok((resolved, false)),
        Err(why) => why,
    };
    let is_open = |operand: &Typed| operand.is_unknown() && operand.origin == Origin::Parameter;
    if !assumes_numbers || !operands.iter().any(is_open) {
        return Err(why);
    }
    // The type of a parameter is the type of its value. Where nothing else decides, it is taken for a number.
    let found = with_numbers(&types).find_map(|numbers| resolve(candidates(), &numbers, true).ok());
    found.map(|resolved| (resolved, true)).ok_or(why)
}

/// The types with numbers in the place of those that are not known. Some operators and functions have no integers of 64 bits.
pub(super) fn with_numbers(types: &[Type]) -> impl Iterator<Item = Vec<Type>> {
    [Type::BigInt, Type::Integer].into_iter().map(|number| {
        types.iter().map(|given| if *given == Type::Unknown { number } else { *given }).collect()
    })
}

/// Adds the arguments that a call leaves out.
pub(super) fn with_defaults(
    mut resolved: Resolved,
    arguments: &mut Vec<Expr>,
    types: &mut Vec<Typed>,
) -> Resolved {
    let signature = resolved.signature;
    let missing = signature.arguments.len().saturating_sub(arguments.len());
    if !signature.variadic && missing > 0 {
        for default in signature.defaults.iter().skip(signature.defaults.len().saturating_sub(missing)) {
            arguments.push(verbatim_expr(*default));
            types.push(Typed::OTHER);
        }
        resolved.arguments.extend(&signature.arguments[resolved.arguments.len()..]);
    }
    resolved
}

/// What SQLite runs for a function or operator that was chosen, and the type of its result. The arguments are converted.
pub(super) fn call_of(resolved: &Resolved, arguments: Vec<Expr>, types: &[Typed]) -> Result<(Expr, Typed)> {
    let arguments = converted_arguments(resolved, arguments, types)?;
    let signature = resolved.signature;
    let is_single = matches!(signature.kind, Kind::Scalar | Kind::Infix | Kind::Prefix);
    if is_single && !signature.called_on_null && !signature.volatile {
        let operands: Vec<&Expr> = arguments.iter().collect();
        if is_null_of(&operands) {
            return Ok((build::null(), result_of(resolved, types)));
        }
    }
    Ok((apply_body(&resolved.body(), arguments), result_of(resolved, types)))
}

/// The arguments in the types of the signature.
pub(super) fn converted_arguments(
    resolved: &Resolved,
    arguments: Vec<Expr>,
    types: &[Typed],
) -> Result<Vec<Expr>> {
    let converted = arguments.into_iter().zip(types).zip(&resolved.arguments).enumerate();
    converted
        .map(|(index, ((argument, typed), wanted))| {
            let is_overloaded = wanted.is_text() && takes_another(resolved.signature, index);
            let overloaded = if is_overloaded { Overloaded::of(&argument, *typed) } else { None };
            let converted = converted_argument(resolved.signature, index, argument, *typed, *wanted);
            if let Some(overloaded) = overloaded {
                overloaded.note();
            }
            converted
        })
        .collect()
}

/// An argument in the type of the signature, which is `wanted` where the signature takes several.
fn converted_argument(
    signature: &Signature,
    index: usize,
    argument: Expr,
    typed: Typed,
    wanted: Type,
) -> Result<Expr> {
    let declared = &signature.arguments;
    let last = declared.len().saturating_sub(1);
    match declared.get(index.min(last)) {
        // These write a boolean with its letter, every other function and operator casts it.
        Some(Type::AnyText) if ["concat", "concat_ws", "format"].contains(&signature.name) => {
            output_text(argument, typed)
        }
        Some(Type::AnyText) => text(argument, typed),
        Some(Type::AnyJson) if is_key(signature.name, index) => key(argument, typed),
        Some(Type::AnyJson) => json(argument, typed),
        Some(Type::Any) => Ok(argument),
        _ if typed.is(Type::Other) => Ok(argument),
        _ => implicit(argument, typed, wanted),
    }
}

/// True when an operator or a function of this name takes anything but a text as this argument.
fn takes_another(signature: &Signature, index: usize) -> bool {
    let takes = |row: &Signature| {
        let argument = row.arguments.get(index).copied();
        let is_fixed =
            |argument: Type| argument.is_text() || matches!(argument, Type::AnyText | Type::AnyJson);
        row.kind == signature.kind && argument.is_some_and(|argument| !is_fixed(argument))
    };
    match signature.kind {
        Kind::Infix | Kind::Prefix => operators(signature.name).any(takes),
        _ => functions(signature.name).any(takes),
    }
}

/// True for an argument that becomes the key of an object.
fn is_key(function: &str, index: usize) -> bool {
    index.is_multiple_of(2) && function.contains("_object")
}

/// The key of an object. A document is none, even when it is a single value: as an array it is refused when it is read. NULL
/// stays NULL.
fn key(argument: Expr, typed: Typed) -> Result<Expr> {
    let mut value = json(argument, typed)?;
    if !matches!(typed.data_type, Type::Json | Type::Jsonb) {
        return Ok(value);
    }
    build::parenthesize(&mut value);
    let opened = build::binary(literal("["), BinaryOperator::StringConcat, value);
    Ok(Expr::Nested(Box::new(build::binary(opened, BinaryOperator::StringConcat, literal("]")))))
}

/// The type of the result of a function or operator.
pub(super) fn result_of(resolved: &Resolved, types: &[Typed]) -> Typed {
    let result = resolved.result;
    let wire = match (result, resolved.signature.name) {
        (Type::Numeric, "avg") if !types.first().is_some_and(|first| first.is(Type::Numeric)) => {
            Some(ColumnType::Float)
        }
        (Type::Numeric, "sum") if types.first().is_some_and(|first| first.data_type.is_integer()) => {
            Some(ColumnType::Integer)
        }
        (Type::Text, _) => Some(result.wire()),
        (Type::Numeric, _) => Some(wire_of_numeric(resolved, types)),
        _ => wire_of(result, types),
    };
    Typed { data_type: result, wire, nullable: !resolved.signature.not_null, origin: Origin::Computed }
}

/// How a numeric travels that a function or operator gives: as a float when its arguments are numerics only because
/// PostgreSQL reads `1.5` and averages so, and it would give no numeric for integers.
fn wire_of_numeric(resolved: &Resolved, types: &[Typed]) -> ColumnType {
    let inexact = |typed: &Typed| typed.is(Type::Numeric) && typed.wire != Some(ColumnType::Decimal);
    // A parameter that is a numeric here is an exact one.
    let mut arguments = types.iter().zip(&resolved.arguments);
    let has_exact_parameter =
        arguments.any(|(typed, wanted)| typed.is_parameter() && *wanted == Type::Numeric);
    if has_exact_parameter || !types.iter().any(inexact) {
        return ColumnType::Decimal;
    }
    if matches!(resolved.signature.name, "round" | "trunc") {
        return wire_of(Type::Numeric, types).unwrap_or(ColumnType::Decimal);
    }
    // An argument that was left out has no type here.
    let given = types.iter().filter(|typed| !typed.is(Type::Other));
    let as_integers: Vec<Type> =
        given.map(|typed| if inexact(typed) { Type::Integer } else { typed.data_type }).collect();
    let signature = resolved.signature;
    let is_operator = matches!(signature.kind, Kind::Infix | Kind::Prefix);
    let candidates: Vec<_> = if is_operator {
        operators(signature.name).filter(|row| row.kind == signature.kind).collect()
    } else {
        functions(signature.name).collect()
    };
    match resolve(candidates.into_iter(), &as_integers, is_operator) {
        Ok(other) if other.result != Type::Numeric => {
            wire_of(Type::Numeric, types).unwrap_or(ColumnType::Decimal)
        }
        _ => ColumnType::Decimal,
    }
}

/// The error for operands that no operator takes.
fn no_operator(name: &str, operands: &[Typed], why: Unresolved) -> Error {
    let shown: Vec<String> = operands.iter().map(|operand| operand.data_type.name()).collect();
    if operators(name).next().is_none() {
        return Error::unsupported(format!("the operator {name} is not supported on SQLite"));
    }
    let (operation, advice) = match (shown.as_slice(), why) {
        ([only], _) => (format!("{name} {only}"), "cast the operand to a type that the operator takes"),
        (_, Unresolved::Ambiguous) => {
            (shown.join(&format!(" {name} ")), "cast the operands, so that it is clear what is meant")
        }
        (_, Unresolved::NoMatch) => {
            (shown.join(&format!(" {name} ")), "cast an operand to a type that the operator takes")
        }
    };
    Error::new(ErrorCode::TypeMismatch, format!("{operation}: there is no such operator; {advice}"))
}
