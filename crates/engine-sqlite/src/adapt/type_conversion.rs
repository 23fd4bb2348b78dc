//! How SQLite converts a value to each data type: for an assignment to a column, and for a cast.

use phantomdb_protocol::{ColumnType, Error, Result};
use phantomdb_sql::{build, printer};
use sqlparser::ast::{CastKind, DataType, Expr, ObjectName};

use super::typed::Typed;
use crate::types::SqlType;

/// A function that converts an assigned value. Its arguments are the value, these, and the names of the table and column.
pub(super) struct Assignment {
    pub(super) function: &'static str,
    pub(super) arguments: Vec<Expr>,
}

impl Assignment {
    fn new(function: &'static str, arguments: Vec<Expr>) -> Self {
        Self { function, arguments }
    }
}

fn number(number: impl ToString) -> Expr {
    printer::verbatim_expr(number.to_string())
}

/// The conversion of a value that is assigned to a column of the type. None when SQLite stores the value as it is.
pub(super) fn assignment(data_type: &SqlType) -> Option<Assignment> {
    let plain = |function| Assignment::new(function, Vec::new());
    Some(match data_type {
        SqlType::TinyInt | SqlType::SmallInt | SqlType::MediumInt | SqlType::Integer | SqlType::BigInt => {
            Assignment::new("phantomdb_assign_int", vec![number(data_type.bits())])
        }
        SqlType::Varchar(Some(n)) | SqlType::Char(Some(n)) => {
            Assignment::new("phantomdb_assign_text", vec![number(n)])
        }
        SqlType::Boolean => plain("phantomdb_assign_boolean"),
        SqlType::Timestamp => plain("phantomdb_assign_timestamp"),
        SqlType::Date => plain("phantomdb_assign_date"),
        SqlType::Time => plain("phantomdb_assign_time"),
        SqlType::Real | SqlType::Float | SqlType::Double => plain("phantomdb_assign_float"),
        SqlType::Decimal(Some((precision, scale))) => {
            Assignment::new("phantomdb_assign_decimal", vec![number(precision), number(scale)])
        }
        SqlType::Decimal(None) => Assignment::new("phantomdb_assign_decimal", vec![number(0), number(-1)]),
        SqlType::Uuid => plain("phantomdb_assign_uuid"),
        SqlType::Json | SqlType::Jsonb => plain("phantomdb_assign_json"),
        SqlType::Blob => plain("phantomdb_assign_blob"),
        SqlType::Enum(values) => {
            Assignment::new("phantomdb_assign_enum", values.iter().map(printer::literal).collect())
        }
        SqlType::Varchar(None)
        | SqlType::Char(None)
        | SqlType::Text
        | SqlType::CiText
        | SqlType::Other(_) => return None,
    })
}

/// The cast of a value to the type. `UNSUPPORTED` for a type that no value can be cast to.
pub(super) fn cast_to(target: &SqlType, value: Expr, from: Typed) -> Result<Expr> {
    let native = |value, data_type| Expr::Cast {
        kind: CastKind::Cast,
        expr: Box::new(value),
        data_type,
        format: None,
    };
    let text = |value| match from.column_type {
        Some(ColumnType::Boolean) => build::call("phantomdb_boolean_text", vec![value]),
        _ => native(value, DataType::Text),
    };
    Ok(match target {
        SqlType::TinyInt | SqlType::SmallInt | SqlType::MediumInt | SqlType::Integer | SqlType::BigInt => {
            build::call("phantomdb_cast_int", vec![value, number(target.bits())])
        }
        SqlType::Varchar(Some(n)) | SqlType::Char(Some(n)) => {
            build::call("substr", vec![text(value), number(1), number(n)])
        }
        SqlType::Varchar(None) | SqlType::Char(None) | SqlType::Text => text(value),
        SqlType::CiText => Expr::Nested(Box::new(Expr::Collate {
            expr: Box::new(text(value)),
            collation: ObjectName::from(vec![printer::verbatim_ident("NOCASE")]),
        })),
        SqlType::Boolean => build::call("phantomdb_cast_boolean", vec![value]),
        SqlType::Timestamp => build::call("phantomdb_cast_timestamp", vec![value]),
        SqlType::Date => build::call("phantomdb_cast_date", vec![value]),
        SqlType::Time => build::call("phantomdb_cast_time", vec![value]),
        SqlType::Real | SqlType::Float | SqlType::Double => build::call("phantomdb_cast_float", vec![value]),
        SqlType::Decimal(None) => build::call("phantomdb_cast_decimal", vec![value]),
        SqlType::Decimal(Some((precision, scale))) => {
            build::call("phantomdb_cast_decimal", vec![value, number(precision), number(scale)])
        }
        SqlType::Uuid => build::call("phantomdb_cast_uuid", vec![value]),
        SqlType::Blob => native(value, DataType::Blob(None)),
        SqlType::Json | SqlType::Jsonb => build::call("phantomdb_cast_json", vec![value]),
        SqlType::Enum(_) | SqlType::Other(_) => {
            return Err(Error::unsupported(format!(
                "a cast to {} is not supported on SQLite",
                target.name()
            )));
        }
    })
}
