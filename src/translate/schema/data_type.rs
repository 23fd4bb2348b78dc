//! Checks the type of a column, and writes it as PhantomDB declares it.

use phantomdb_protocol::{
    Error, ErrorCode, Result,
    data_type::{self, Arguments, DEFAULT_PRECISION, MAX_PRECISION, TypeInfo, TypeName},
};
use phantomdb_sql::types::SqlType;
use serde::Deserialize;

use crate::translate::sql::push_string;

/// A type as Sequelize or a person writes it, with the values of an ENUM when they are not part of its text.
#[derive(Debug, Default, Deserialize)]
#[serde(rename_all = "camelCase", deny_unknown_fields, default)]
pub(super) struct DataTypePlan {
    #[serde(rename = "type")]
    name: String,
    values: Vec<String>,
    /// The column, for the message when the type is refused.
    column: Option<String>,
}

/// Writes the type as PhantomDB declares it.
pub(super) fn write(plan: &DataTypePlan) -> Result<String> {
    let result = if plan.values.is_empty() { normalize(&plan.name) } else { enumeration(&plan.values) };
    result.map_err(|error| match &plan.column {
        Some(column) => Error {
            message: format!("column \"{column}\": {}", error.message),
            ..error.with_columns([column.as_str()])
        },
        None => error,
    })
}

/// Checks a type's text against the table of data types and gives it the form PhantomDB declares it in. Names that mean
/// the same elsewhere are accepted (`DATETIME` for `TIMESTAMP`, `TINYINT(1)` for `BOOLEAN`), so that the
/// types that `describeTable` shows can be used again.
pub(super) fn normalize(text: &str) -> Result<String> {
    let text = text.trim();
    if let Some(element) = text.strip_suffix(']').and_then(|rest| rest.trim_end().strip_suffix('[')) {
        return Ok(SqlType::parse(&normalize(element)?)?.array()?.name());
    }
    if text.get(..4).is_some_and(|head| head.eq_ignore_ascii_case("enum")) {
        return match SqlType::parse(text) {
            Ok(SqlType::Enum(values)) => enumeration(&values),
            _ => Err(invalid(text, "write ENUM('a', 'b')")),
        };
    }
    let written = parse(text).ok_or_else(|| unknown(text))?;
    let info = data_type::find(&written.name)
        .or_else(|| data_type::find_serial(&written.name))
        .ok_or_else(|| unknown(text))?;
    // MySQL's name of a boolean, and what `describeTable` shows for one.
    if info.key == TypeName::TinyInt && written.arguments == [1] && !written.unsigned {
        return Ok(TypeName::Boolean.info().name.to_owned());
    }
    let info = if written.unsigned { unsigned(info) } else { info };
    match info.arguments {
        Arguments::None => Ok(info.name.to_owned()),
        Arguments::Length => sized(info.name, &written.arguments, text),
        Arguments::Precision => time(info.name, &written.arguments, text),
        Arguments::PrecisionAndScale => decimal(info.name, &written.arguments, text),
        Arguments::Values => Err(invalid(text, "write ENUM('a', 'b')")),
    }
}

/// The type that holds the whole range of an unsigned integer: the next wider one.
fn unsigned(info: &'static TypeInfo) -> &'static TypeInfo {
    match info.key {
        TypeName::TinyInt | TypeName::SmallInt | TypeName::MediumInt => TypeName::Integer.info(),
        TypeName::Integer => TypeName::BigInt.info(),
        _ => info,
    }
}

/// The parts of a type's text.
struct Written {
    name: String,
    arguments: Vec<u32>,
    unsigned: bool,
}

/// Reads a type with the words that MySQL adds to it. None when the text does not have the form of a type.
fn parse(text: &str) -> Option<Written> {
    let upper = text.to_ascii_uppercase();
    let (head, arguments, tail) = match upper.split_once('(') {
        None => (upper.as_str(), Vec::new(), ""),
        Some((head, rest)) => {
            let (inside, tail) = rest.split_once(')')?;
            let arguments = inside.split(',').map(|n| n.trim().parse().ok()).collect::<Option<Vec<u32>>>()?;
            (head, arguments, tail)
        }
    };
    let mut unsigned = false;
    let mut name: Vec<&str> = Vec::new();
    for word in head.split_whitespace().chain(tail.split_whitespace()) {
        match word {
            "UNSIGNED" => unsigned = true,
            // Text is compared byte by byte anyway, and a number is padded with zeros when it is printed.
            "ZEROFILL" | "BINARY" if !name.is_empty() => {}
            _ => name.push(word),
        }
    }
    Some(Written { name: name.join(" "), arguments, unsigned })
}

fn sized(name: &str, arguments: &[u32], text: &str) -> Result<String> {
    match arguments {
        [] => Ok(name.to_owned()),
        [0] => Err(invalid(text, "its length must be at least 1")),
        [length] => Ok(format!("{name}({length})")),
        _ => Err(invalid(text, "it takes one length")),
    }
}

fn time(name: &str, arguments: &[u32], text: &str) -> Result<String> {
    match *arguments {
        [] => Ok(name.to_owned()),
        [precision] if precision == u32::from(DEFAULT_PRECISION) => Ok(name.to_owned()),
        [precision] if precision <= MAX_PRECISION.into() => Ok(format!("{name}({precision})")),
        _ => Err(invalid(text, "it takes the decimals of a second, 0 to 6")),
    }
}

fn decimal(name: &str, arguments: &[u32], text: &str) -> Result<String> {
    match *arguments {
        [] => Ok(name.to_owned()),
        [precision] if precision > 0 => Ok(format!("{name}({precision},0)")),
        [precision, scale] if precision > 0 && scale <= precision => {
            Ok(format!("{name}({precision},{scale})"))
        }
        _ => Err(invalid(text, "its precision must be at least 1 and its scale at most the precision")),
    }
}

fn enumeration(values: &[String]) -> Result<String> {
    if values.is_empty() {
        return Err(invalid("ENUM", "it needs at least one value"));
    }
    let mut once: Vec<String> = Vec::with_capacity(values.len());
    for value in values {
        // Refuses a NUL character.
        push_string(&mut String::new(), value)?;
        // A list that was put together from several others has some values twice.
        if !once.contains(value) {
            once.push(value.clone());
        }
    }
    Ok(SqlType::Enum(once).name())
}

fn invalid(text: &str, why: &str) -> Error {
    Error::new(ErrorCode::BadRequest, format!("the type {text} is not valid: {why}"))
}

fn unknown(text: &str) -> Error {
    // The text comes from the caller; only what can be a type's name is repeated.
    let name: String = text
        .chars()
        .take_while(|c| c.is_alphanumeric() || matches!(c, ' ' | '_' | '[' | ']' | '(' | ')' | ',' | '.'))
        .take(60)
        .collect();
    data_type::unknown(name.trim())
}
