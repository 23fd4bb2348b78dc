//! How SQLite converts a value that is assigned to a column of each data type.

use phantomdb_sql::printer;
use rusqlite::types::Value;
use sqlparser::ast::Expr;

use crate::types::SqlType;

/// A function that converts an assigned value. Its arguments are the value, these, and the names of the table and column.
#[derive(Debug, Clone, PartialEq)]
pub(crate) struct Assignment {
    pub(crate) function: &'static str,
    /// Numbers and texts.
    pub(crate) arguments: Vec<Value>,
}

impl Assignment {
    fn new(function: &'static str, arguments: Vec<Value>) -> Self {
        Self { function, arguments }
    }

    /// The arguments as SQL.
    pub(super) fn expressions(self) -> Vec<Expr> {
        let expression = |argument| match argument {
            Value::Text(text) => printer::literal(text),
            Value::Integer(number) => printer::verbatim_expr(number.to_string()),
            Value::Real(number) => printer::verbatim_expr(number.to_string()),
            Value::Null | Value::Blob(_) => printer::verbatim_expr("NULL".to_owned()),
        };
        self.arguments.into_iter().map(expression).collect()
    }
}

fn number(number: impl TryInto<i64>) -> Value {
    Value::Integer(number.try_into().unwrap_or(i64::MAX))
}

/// As the function for integers, for a key, which needs a value.
pub(super) const KEY: &str = "phantomdb_assign_key";

/// The conversion of a value that is assigned to a column of the type. None when SQLite stores the value as it is.
pub(crate) fn assignment(data_type: &SqlType) -> Option<Assignment> {
    let plain = |function| Assignment::new(function, Vec::new());
    Some(match data_type {
        SqlType::TinyInt | SqlType::SmallInt | SqlType::MediumInt | SqlType::Integer | SqlType::BigInt => {
            Assignment::new("phantomdb_assign_int", vec![number(data_type.bits())])
        }
        SqlType::Varchar(Some(n)) | SqlType::Char(Some(n)) => {
            Assignment::new("phantomdb_assign_text", vec![number(*n)])
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
            Assignment::new("phantomdb_assign_decimal", vec![number(*precision), number(*scale)])
        }
        SqlType::Decimal(None) => Assignment::new("phantomdb_assign_decimal", vec![number(0), number(-1)]),
        SqlType::Uuid => plain("phantomdb_assign_uuid"),
        SqlType::Json | SqlType::Jsonb => plain("phantomdb_assign_json"),
        SqlType::Blob => plain("phantomdb_assign_blob"),
        SqlType::Array(element) => {
            Assignment::new("phantomdb_assign_array", vec![Value::Text(element.name())])
        }
        SqlType::Enum(values) => {
            Assignment::new("phantomdb_assign_enum", values.iter().cloned().map(Value::Text).collect())
        }
        SqlType::Varchar(None)
        | SqlType::Char(None)
        | SqlType::Text
        | SqlType::CiText
        | SqlType::Other(_) => return None,
    })
}
