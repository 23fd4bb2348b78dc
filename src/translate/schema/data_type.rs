//! The type table: what may stand as the type of a column.

use phantomdb_protocol::{Error, ErrorCode, Result};
use serde::Deserialize;

use crate::translate::sql::push_string;

/// A type as Sequelize or a person writes it, with the values of an ENUM when they are given apart.
#[derive(Debug, Default, Deserialize)]
#[serde(rename_all = "camelCase", deny_unknown_fields, default)]
pub(super) struct DataTypePlan {
    #[serde(rename = "type")]
    name: String,
    values: Vec<String>,
    /// The column, for the message when the type is refused.
    column: Option<String>,
}

/// The type in the form PhantomDB declares it.
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

/// Checks a type's text against the type table and gives it the form PhantomDB declares it in. Names that mean the same
/// elsewhere are accepted (`DATETIME` for `TIMESTAMP`, `TINYINT(1)` for `BOOLEAN`), so that what `describeTable`
/// says can be handed back.
pub(super) fn normalize(text: &str) -> Result<String> {
    let text = text.trim();
    if text.get(..4).is_some_and(|head| head.eq_ignore_ascii_case("enum")) {
        return enumeration(&enum_values(text)?);
    }
    let (name, arguments, unsigned) = parse(text).ok_or_else(|| unknown(text))?;
    let simple = |canonical: &str| -> Result<String> { Ok(canonical.to_owned()) };
    match name.as_str() {
        "TINYINT" | "INT1" if arguments == [1] && !unsigned => simple("BOOLEAN"),
        // An unsigned integer needs the next wider type to keep its whole range.
        "TINYINT" | "INT1" | "SMALLINT" | "INT2" if !unsigned => {
            simple(if name.starts_with("TINY") { "TINYINT" } else { "SMALLINT" })
        }
        "TINYINT" | "INT1" | "SMALLINT" | "INT2" | "MEDIUMINT" if unsigned => simple("INTEGER"),
        "MEDIUMINT" => simple("MEDIUMINT"),
        "INTEGER" | "INT" | "INT4" | "SERIAL" => simple(if unsigned { "BIGINT" } else { "INTEGER" }),
        "BIGINT" | "INT8" | "BIGSERIAL" => simple("BIGINT"),
        "SMALLSERIAL" => simple("SMALLINT"),
        "VARCHAR" | "CHARACTER VARYING" | "NVARCHAR" => sized("VARCHAR", &arguments, text),
        "CHAR" | "CHARACTER" | "NCHAR" => sized("CHAR", &arguments, text),
        "TEXT" | "TINYTEXT" | "MEDIUMTEXT" | "LONGTEXT" => simple("TEXT"),
        "CITEXT" => simple("CITEXT"),
        "BOOLEAN" | "BOOL" => simple("BOOLEAN"),
        "TIMESTAMP"
        | "TIMESTAMPTZ"
        | "DATETIME"
        | "TIMESTAMP WITH TIME ZONE"
        | "TIMESTAMP WITHOUT TIME ZONE" => simple("TIMESTAMP"),
        "DATE" => simple("DATE"),
        "TIME" | "TIME WITHOUT TIME ZONE" => simple("TIME"),
        "REAL" | "FLOAT4" => simple("REAL"),
        "FLOAT" => simple("FLOAT"),
        "DOUBLE PRECISION" | "DOUBLE" | "FLOAT8" => simple("DOUBLE PRECISION"),
        "DECIMAL" | "NUMERIC" | "DEC" => decimal(&arguments, text),
        "UUID" => simple("UUID"),
        "BLOB" | "BYTEA" | "TINYBLOB" | "MEDIUMBLOB" | "LONGBLOB" => simple("BLOB"),
        "JSON" => simple("JSON"),
        "JSONB" => simple("JSONB"),
        _ => Err(unknown(text)),
    }
}

/// Name in upper case, arguments, and whether it is unsigned. `None` when it is not of the form of a type at all.
fn parse(text: &str) -> Option<(String, Vec<u32>, bool)> {
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
            // Text is compared byte by byte anyway, and zeros are filled in by whoever prints a number.
            "ZEROFILL" | "BINARY" if !name.is_empty() => {}
            _ => name.push(word),
        }
    }
    Some((name.join(" "), arguments, unsigned))
}

fn sized(name: &str, arguments: &[u32], text: &str) -> Result<String> {
    match arguments {
        [] => Ok(name.to_owned()),
        [0] => Err(invalid(text, "its length must be at least 1")),
        [length] => Ok(format!("{name}({length})")),
        _ => Err(invalid(text, "it takes one length")),
    }
}

fn decimal(arguments: &[u32], text: &str) -> Result<String> {
    match *arguments {
        [] => Ok("DECIMAL".to_owned()),
        [precision] if precision > 0 => Ok(format!("DECIMAL({precision},0)")),
        [precision, scale] if precision > 0 && scale <= precision => {
            Ok(format!("DECIMAL({precision},{scale})"))
        }
        _ => Err(invalid(text, "its precision must be at least 1 and its scale at most the precision")),
    }
}

fn enumeration(values: &[String]) -> Result<String> {
    if values.is_empty() {
        return Err(invalid("ENUM", "it needs at least one value"));
    }
    let mut out = String::from("ENUM(");
    for (i, value) in values.iter().enumerate() {
        if values[..i].contains(value) {
            return Err(invalid("ENUM", &format!("the value '{value}' is there twice")));
        }
        if i > 0 {
            out.push(',');
        }
        push_string(&mut out, value)?;
    }
    out.push(')');
    Ok(out)
}

/// The values of `ENUM('a', 'it''s')`.
fn enum_values(text: &str) -> Result<Vec<String>> {
    let wrong = || invalid(text, "write ENUM('a', 'b')");
    let inside = text[4..].trim().strip_prefix('(').and_then(|s| s.strip_suffix(')')).ok_or_else(wrong)?;
    let (mut values, mut rest) = (Vec::new(), inside.trim());
    loop {
        let mut chars = rest.strip_prefix('\'').ok_or_else(wrong)?.chars();
        let mut value = String::new();
        loop {
            match chars.next().ok_or_else(wrong)? {
                '\'' if chars.as_str().starts_with('\'') => {
                    chars.next();
                    value.push('\'');
                }
                '\'' => break,
                c => value.push(c),
            }
        }
        values.push(value);
        rest = chars.as_str().trim_start();
        if rest.is_empty() {
            return Ok(values);
        }
        rest = rest.strip_prefix(',').ok_or_else(wrong)?.trim_start();
    }
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
    Error::unsupported(format!(
        "PhantomDB has no type '{}'; its types are SMALLINT, INTEGER, BIGINT, VARCHAR(n), CHAR(n), TEXT, CITEXT, BOOLEAN, \
         TIMESTAMP, DATE, TIME, REAL, FLOAT, DOUBLE PRECISION, DECIMAL(p,s), UUID, ENUM(…), BLOB, JSON and JSONB",
        name.trim()
    ))
}
