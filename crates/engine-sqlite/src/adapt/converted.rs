//! Conversions of values from one type to another, and to text and to documents.

use phantomdb_protocol::{Error, ErrorCode, Result};
use phantomdb_sql::{
    build,
    parse::parse_expression,
    printer::{self, verbatim_ident},
    typing::{Signature, Strength, Type, functions, operators, resolve, strength},
    walk::change_expressions,
};
use sqlparser::ast::{Expr, ObjectName, Value, ValueWithSpan};

use super::{
    literal::{is_null, string_of},
    parameter_types,
    readable::check_text,
    typed::{Origin, Typed},
};

/// The expression as a value of the type, as it is converted without being asked for. `TYPE_MISMATCH` where PostgreSQL wants
/// a cast.
pub(super) fn implicit(expr: Expr, typed: Typed, to: Type) -> Result<Expr> {
    if strength(typed.data_type, to).is_none_or(|needed| needed > Strength::Implicit) {
        return Err(no_conversion(typed.data_type, to));
    }
    conversion(expr, typed, to)
}

/// The expression as a value of the type, as a cast makes it.
pub(super) fn conversion(expr: Expr, typed: Typed, to: Type) -> Result<Expr> {
    parameter_types::check_known(&expr, typed, to)?;
    parameter_types::note(&expr, typed, to);
    let from = typed.data_type;
    if from == to || to == Type::Other || (from.is_text() && to.is_text()) {
        return Ok(expr);
    }
    if is_null(&expr) {
        return if strength(from, to).is_some() { Ok(expr) } else { Err(no_conversion(from, to)) };
    }
    if typed.is_unknown() {
        return unknown(expr, typed, to);
    }
    if from == Type::Other {
        return Ok(by_row(Type::Text, to).map_or_else(|| expr.clone(), |row| apply(row, vec![expr.clone()])));
    }
    if let Some(number) = number_literal(&expr, typed, to) {
        return Ok(number);
    }
    if let (Type::Array(from_element), Type::Array(to_element)) = (from, to) {
        if strength(from, to).is_none() {
            return Err(no_conversion(from, to));
        }
        let (from, to) = (from_element, to_element);
        let names = [from.short_name(), to.short_name()].map(printer::literal);
        return Ok(build::call("phantomdb_array_cast", std::iter::once(expr).chain(names).collect()));
    }
    if let Some(row) = by_row(plain(from), plain(to)) {
        return Ok(apply(row, vec![expr]));
    }
    if strength(from, to).is_none() {
        return Err(no_conversion(from, to));
    }
    // By way of text, as PostgreSQL converts what it has no function for.
    match (by_row(plain(from), Type::Text), by_row(Type::Text, plain(to))) {
        (Some(out), Some(input)) => Ok(apply(input, vec![apply(out, vec![expr])])),
        (Some(out), None) if to.is_text() => Ok(apply(out, vec![expr])),
        (None, Some(input)) if from.is_text() => Ok(apply(input, vec![expr])),
        _ => Err(no_conversion(from, to)),
    }
}

/// The type without the differences that a conversion does not see.
fn plain(data_type: Type) -> Type {
    match data_type {
        text if text.is_text() || text == Type::Enum => Type::Text,
        Type::Array(element) if element.is_text() || *element == Type::Enum => {
            Type::Text.array().unwrap_or(data_type)
        }
        other => other,
    }
}

/// A parameter as a value of the type that another place of the statement has given it.
pub(super) fn known_parameter(parameter: Expr, known: Type) -> Result<Expr> {
    unknown(parameter, Typed::PARAMETER, known)
}

/// A string literal or a parameter as a value of the type that its surroundings want.
fn unknown(expr: Expr, typed: Typed, to: Type) -> Result<Expr> {
    if to.is_text() || to == Type::Enum || to == Type::Unknown {
        return Ok(expr);
    }
    if let (Some(text), Origin::Literal) = (string_of(&expr), typed.origin) {
        check_text(text, to)?;
    }
    if typed.origin == Origin::Parameter && to.is_number() && to != Type::Numeric {
        // A parameter may be of another kind of number than what it stands beside.
        return Ok(build::call("phantomdb_number", vec![expr]));
    }
    if to == Type::Boolean
        && let Some(text) = string_of(&expr)
        && let Some(value) = boolean_of(text)
    {
        return Ok(Expr::Value(Value::Boolean(value).into()));
    }
    if let Type::Array(element) = to {
        // A parameter may be a JSON array; PostgreSQL takes only its own notation for a literal.
        if let Some(text) = string_of(&expr).map(str::trim_start)
            && typed.origin == Origin::Literal
            && text.starts_with('[')
            && !text.contains("]=")
        {
            let message = "a literal that is an array is written '{1,2}', or ARRAY[1,2]";
            return Err(Error::new(ErrorCode::TypeMismatch, message));
        }
        let arguments = vec![expr, printer::literal(element.short_name())];
        return Ok(build::call("phantomdb_array_input", arguments));
    }
    match by_row(Type::Text, to) {
        Some(row) => Ok(apply(row, vec![expr])),
        None => Err(no_conversion(Type::Text, to)),
    }
}

fn boolean_of(text: &str) -> Option<bool> {
    match text.trim().to_ascii_lowercase().as_str() {
        "t" | "true" => Some(true),
        "f" | "false" => Some(false),
        _ => None,
    }
}

/// A literal number as a number of another type.
fn number_literal(expr: &Expr, typed: Typed, to: Type) -> Option<Expr> {
    if typed.origin != Origin::Literal {
        return None;
    }
    match (typed.data_type, to) {
        (Type::Numeric, Type::Double) => {
            let text = string_of(expr)?;
            let number: f64 = text.parse().ok()?;
            number.is_finite().then(|| {
                let has_point = text.contains(['.', 'e', 'E']);
                printer::verbatim_expr(if has_point { text.to_owned() } else { format!("{text}.0") })
            })
        }
        (Type::SmallInt | Type::Integer | Type::BigInt, Type::Numeric) => {
            build::number_of(expr).map(printer::literal)
        }
        (Type::SmallInt | Type::Integer | Type::BigInt, Type::Double) => {
            build::number_of(expr).map(|text| printer::verbatim_expr(format!("{text}.0")))
        }
        _ => None,
    }
}

/// The cast between exactly these types.
fn by_row(from: Type, to: Type) -> Option<&'static Signature> {
    operators("::").find(|row| row.arguments == [from, to])
}

/// The value as its text, as `CAST(… AS TEXT)` makes it.
pub(super) fn text(expr: Expr, typed: Typed) -> Result<Expr> {
    match typed.data_type {
        Type::Other => Ok(Expr::Cast {
            kind: sqlparser::ast::CastKind::Cast,
            expr: Box::new(expr),
            data_type: sqlparser::ast::DataType::Text,
            format: None,
        }),
        Type::Array(element) => {
            Ok(build::call("phantomdb_array_text", vec![expr, printer::literal(element.short_name())]))
        }
        Type::Numeric if typed.origin == Origin::Literal => Ok(expr),
        _ => conversion(expr, typed, Type::Text),
    }
}

/// The value as its text, as `concat` makes it: the letter of a boolean.
pub(super) fn output_text(expr: Expr, typed: Typed) -> Result<Expr> {
    if typed.is(Type::Boolean) {
        return Ok(build::call("phantomdb_bool_output", vec![expr]));
    }
    parameter_types::note_output(&expr, typed);
    text(expr, typed)
}

/// The value as a JSON document, as `to_jsonb` makes it.
pub(super) fn json(expr: Expr, typed: Typed) -> Result<Expr> {
    let data_type = match typed.data_type {
        Type::Unknown if typed.origin == Origin::Parameter => {
            parameter_types::note_anywhere(&expr, typed);
            return Ok(build::call("phantomdb_json_of_any", vec![expr]));
        }
        Type::Other => return Ok(build::call("phantomdb_json_of_any", vec![expr])),
        Type::Unknown | Type::Varchar | Type::Char | Type::CiText | Type::Enum => Type::Text,
        Type::Array(element) => {
            return Ok(build::call(
                "phantomdb_json_of_array",
                vec![expr, printer::literal(element.short_name())],
            ));
        }
        Type::Record => return Ok(expr),
        other => other,
    };
    match resolve(functions("to_json_of"), &[data_type], false) {
        Ok(found) => Ok(apply(found.signature, vec![expr])),
        Err(_) => Err(Error::unsupported(format!(
            "a value of the type {} cannot be put into a document on SQLite",
            data_type.name()
        ))),
    }
}

/// What SQLite runs for a signature.
pub(super) fn apply(signature: &Signature, arguments: Vec<Expr>) -> Expr {
    apply_body(signature.sqlite, arguments)
}

/// A call of a function, or a template with the arguments in it.
pub(super) fn apply_body(body: &str, arguments: Vec<Expr>) -> Expr {
    if body == "$1" {
        return arguments.into_iter().next().unwrap_or_else(build::null);
    }
    let is_name = |byte: u8| byte.is_ascii_alphanumeric() || byte == b'_';
    if body.bytes().all(is_name) && body.starts_with(|first: char| first.is_ascii_alphabetic()) {
        return build::call(body, arguments);
    }
    // A test reads each template, so that none is malformed.
    let Ok(mut template) = parse_expression(body) else { return build::null() };
    change_expressions(&mut template, &mut |expr| {
        if let Expr::Value(ValueWithSpan { value: Value::Placeholder(name), span: _ }) = expr
            && let Ok(number) = printer::parameter_number(name)
        {
            let mut argument = arguments.get(number - 1).cloned().unwrap_or_else(build::null);
            build::parenthesize(&mut argument);
            *expr = argument;
        }
    });
    Expr::Nested(Box::new(template))
}

/// The expression with the collation that its values compare by.
pub(super) fn comparable(expr: Expr, typed: Typed) -> Expr {
    match typed.collation_to_name() {
        Some(collation) => collated(expr, collation),
        None => expr,
    }
}

/// `(expr COLLATE name)`.
pub(super) fn collated(mut expr: Expr, collation: &str) -> Expr {
    build::parenthesize(&mut expr);
    let collation = ObjectName::from(vec![verbatim_ident(collation)]);
    Expr::Nested(Box::new(Expr::Collate { expr: Box::new(expr), collation }))
}

pub(super) fn no_conversion(from: Type, to: Type) -> Error {
    let message =
        format!("a value of the type {} cannot stand where {} is wanted; cast it", from.name(), to.name());
    Error::new(ErrorCode::TypeMismatch, message)
}
