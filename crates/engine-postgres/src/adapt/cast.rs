//! Casts, and PostgreSQL's names of the types in them.

use phantomdb_protocol::Result;
use phantomdb_sql::{
    printer::{self, verbatim_ident},
    types::SqlType,
};
use sqlparser::ast::{ArrayElemTypeDef, CastKind, DataType, Expr, ObjectName, ObjectNamePart, TimezoneInfo};

use crate::types;

/// Writes PostgreSQL's name of a type of PhantomDB SQL. Another type keeps its name.
pub(crate) fn cast_type(data_type: &mut DataType) -> Result<()> {
    if let DataType::Array(ArrayElemTypeDef::SquareBracket(element, _)) = data_type {
        return cast_type(element);
    }
    if is_ready(data_type) {
        return Ok(());
    }
    if let Ok(known) = SqlType::from_ast(data_type) {
        let name = match known {
            // In PostgreSQL a `char` without a length is one character.
            SqlType::Char(None) => "text".to_owned(),
            SqlType::Timestamp(_) | SqlType::Time(_) => time_type(data_type),
            known => types::declared(&known)?,
        };
        *data_type = ready_type(name);
    } else if let DataType::Custom(name, _modifiers) = data_type {
        for part in &mut name.0 {
            if let ObjectNamePart::Identifier(ident) = part
                && ident.quote_style.is_none()
            {
                *ident = verbatim_ident(printer::quote_identifier(&ident.value.to_ascii_lowercase()));
            }
        }
    }
    Ok(())
}

/// PostgreSQL's name of a type of times. Without a precision it keeps microseconds, unlike a column of PhantomDB, and a
/// timestamp has a zone only when the type says so.
fn time_type(data_type: &DataType) -> String {
    let (name, precision) = match data_type {
        DataType::Time(precision, _) => ("time", precision),
        DataType::Timestamp(precision, TimezoneInfo::None | TimezoneInfo::WithoutTimeZone) => {
            ("timestamp", precision)
        }
        DataType::Timestamp(precision, _) | DataType::Datetime(precision) => ("timestamptz", precision),
        _ => ("timestamptz", &None),
    };
    precision.map_or_else(|| name.to_owned(), |precision| format!("{name}({precision})"))
}

/// True for a type that has PostgreSQL's name already.
fn is_ready(data_type: &DataType) -> bool {
    matches!(data_type, DataType::Custom(name, _) if matches!(
        name.0.as_slice(),
        [ObjectNamePart::Identifier(ident)] if printer::is_verbatim(ident)
    ))
}

/// True for PostgreSQL's name of a type of texts.
pub(crate) fn is_text_type(data_type: &DataType) -> bool {
    matches!(data_type, DataType::Custom(name, _) if matches!(
        name.0.as_slice(),
        [ObjectNamePart::Identifier(ident)] if ["text", "citext"].contains(&ident.value.as_str()) || ident.value.starts_with("varchar")
    ))
}

fn ready_type(name: impl Into<String>) -> DataType {
    DataType::Custom(ObjectName::from(vec![verbatim_ident(name)]), Vec::new())
}

/// `CAST(expr AS name)`.
pub(crate) fn cast(expr: Expr, name: &str) -> Expr {
    cast_to(expr, ready_type(name))
}

pub(crate) fn cast_to(expr: Expr, data_type: DataType) -> Expr {
    Expr::Cast { kind: CastKind::Cast, expr: Box::new(expr), data_type, format: None }
}
