//! How SQLite converts a value that is assigned to a column of each data type.

use phantomdb_sql::printer;
use sqlparser::ast::Expr;

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
        SqlType::Timestamp(_) => Assignment::new(
            "phantomdb_assign_timestamp",
            data_type.decimals().map(number).into_iter().collect(),
        ),
        SqlType::Date => plain("phantomdb_assign_date"),
        SqlType::Time(_) => {
            Assignment::new("phantomdb_assign_time", data_type.decimals().map(number).into_iter().collect())
        }
        SqlType::Real | SqlType::Float | SqlType::Double => plain("phantomdb_assign_float"),
        SqlType::Decimal(Some((precision, scale))) => {
            Assignment::new("phantomdb_assign_decimal", vec![number(precision), number(scale)])
        }
        SqlType::Decimal(None) => Assignment::new("phantomdb_assign_decimal", vec![number(0), number(-1)]),
        SqlType::Uuid => plain("phantomdb_assign_uuid"),
        SqlType::Json | SqlType::Jsonb => plain("phantomdb_assign_json"),
        SqlType::Blob => plain("phantomdb_assign_blob"),
        SqlType::Array(element) => {
            Assignment::new("phantomdb_assign_array", vec![printer::literal(element.name())])
        }
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
