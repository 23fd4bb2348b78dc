//! A column that a value is assigned to, and how the value becomes its stored form.

use phantomdb_protocol::{
    ColumnDefinition, Error, ErrorCode, Result, TableSchema, data_type::DEFAULT_PRECISION,
};
use phantomdb_sql::{
    build, printer,
    typing::{Strength, Type, strength},
};
use phantomdb_values::bytes::written;
use rusqlite::types::{Value as Stored, ValueRef};
use sqlparser::ast::{Expr, UnaryOperator, Value, ValueWithSpan};

use super::{
    converted::conversion,
    literal::{string_of, value_of},
    parameter_types,
    readable::check_text,
    type_conversion::{Assignment, KEY, assignment},
    typed::{Origin, Typed},
};
use crate::{
    functions::{assignments::array, convert},
    stored::NOW,
    types::SqlType,
};

/// A column that is assigned to. It is worked out once for all rows of an INSERT.
#[derive(Debug, Clone)]
pub(crate) struct Target {
    pub(crate) column: ColumnDefinition,
    pub(crate) table: String,
    pub(crate) data_type: Option<SqlType>,
    /// True for the key of a table that does not number its rows: SQLite would make up a number for NULL.
    pub(crate) required_key: bool,
}

impl Target {
    pub(crate) fn new(table: &TableSchema, column: &ColumnDefinition) -> Self {
        let data_type = SqlType::parse(&column.data_type).ok();
        let integer_key = data_type == Some(SqlType::Integer)
            && table.primary_key.len() == 1
            && table.primary_key[0].eq_ignore_ascii_case(&column.name);
        Self {
            column: column.clone(),
            table: table.table.to_string(),
            data_type,
            required_key: integer_key && !column.auto_increment,
        }
    }

    /// A column of a table that is being created.
    pub(crate) fn of_new_column(table: &str, column: &str, data_type: SqlType) -> Self {
        let column = ColumnDefinition::new(column, data_type.name());
        Self { column, table: table.to_owned(), data_type: Some(data_type), required_key: false }
    }

    /// Converts a literal to its stored form. Any other value stays as it is.
    pub(crate) fn assign_literal(&self, value: Expr) -> Result<Expr> {
        match &self.data_type {
            Some(data_type) => Ok(self.literal(&value, data_type)?.unwrap_or(value)),
            None => Ok(value),
        }
    }

    /// Lets NULL through, for SQLite's own constraint to refuse.
    pub(crate) fn allow_null(&mut self) {
        self.required_key = false;
    }

    /// True when each row needs a value for this column, because it has no default.
    pub(crate) fn is_required_key(&self) -> bool {
        self.required_key && self.column.default.is_none()
    }

    /// The error for a row without a value for this column.
    pub(crate) fn missing(&self) -> Error {
        let message = format!("column \"{}\" of \"{}\" must not be null", self.column.name, self.table);
        Error::new(ErrorCode::NotNullViolation, message)
            .with_table(self.table.clone())
            .with_columns([self.column.name.clone()])
    }

    /// The conversion of a value that comes without a type, and the names of the table and the column. None when the type of the
    /// column is not known.
    pub(crate) fn conversion(&self) -> Option<(Option<Assignment>, [String; 2])> {
        let data_type = self.data_type.as_ref()?;
        let mut conversion = assignment(data_type);
        if self.required_key {
            conversion.iter_mut().for_each(|conversion| conversion.function = KEY);
        }
        Some((conversion, [self.table.clone(), self.column.name.clone()]))
    }

    /// The table and the column, for the message of an error.
    pub(crate) fn names(&self) -> [Expr; 2] {
        [printer::literal(self.table.clone()), printer::literal(self.column.name.clone())]
    }

    /// Notes the type of a parameter that is assigned to the column.
    pub(crate) fn note_parameter(&self, parameter: &Expr) -> Result<()> {
        let Some(data_type) = &self.data_type else { return Ok(()) };
        self.note(parameter, Typed::PARAMETER, data_type)
    }

    fn note(&self, value: &Expr, typed: Typed, data_type: &SqlType) -> Result<()> {
        parameter_types::check_known(value, typed, data_type.in_expressions())
            .map_err(|error| self.refused(error))?;
        parameter_types::note_column(value, typed, data_type, [&self.table, &self.column.name]);
        Ok(())
    }

    /// Converts a value to the stored form of the column.
    pub(crate) fn assign(&self, value: Expr, typed: Typed) -> Result<Expr> {
        let Some(data_type) = &self.data_type else { return Ok(value) };
        self.note(&value, typed, data_type)?;
        self.check_assignment(typed, data_type)?;
        if let Some(Value::Null) = value_of(&value) {
            return if self.required_key { Err(self.missing()) } else { Ok(value) };
        }
        if let (Some(text), true) = (string_of(&value), typed.is_unknown()) {
            self.check_literal(text, data_type)?;
        }
        if let Some(literal) = self.literal(&value, data_type)? {
            return Ok(literal);
        }
        let value = self.converted(value, typed, data_type)?;
        if self.required_key {
            let bits = printer::verbatim_expr(data_type.bits().to_string());
            return Ok(self.convert(KEY, value, vec![bits]));
        }
        match data_type {
            // It has milliseconds.
            SqlType::Timestamp(_) if is_now(&value) && data_type.decimals() >= Some(DEFAULT_PRECISION) => {
                return Ok(value);
            }
            _ => {}
        }
        Ok(match assignment(data_type) {
            Some(assignment) => self.convert(assignment.function, value, assignment.expressions()),
            None => value,
        })
    }

    /// Refuses a string that is no number or boolean, also when no row takes it.
    fn check_literal(&self, text: &str, data_type: &SqlType) -> Result<()> {
        match data_type.in_expressions() {
            to if to.is_number() || to == Type::Boolean => {
                check_text(text, to).map_err(|error| self.refused(error))
            }
            _ => Ok(()),
        }
    }

    /// A value of another type as a value of the column's type. `TYPE_MISMATCH` where PostgreSQL wants a cast.
    pub(crate) fn converted(&self, value: Expr, typed: Typed, data_type: &SqlType) -> Result<Expr> {
        let wanted = data_type.in_expressions();
        if wanted == Type::Bytea && typed.is_unknown() && typed.origin == Origin::Literal {
            return conversion(value, typed, wanted).map_err(|error| self.refused(error));
        }
        if typed.is_unknown() || typed.is(Type::Other) || typed.data_type == wanted {
            return Ok(value);
        }
        self.check_assignment(typed, data_type)?;
        conversion(value, typed, wanted).map_err(|error| self.refused(error))
    }

    /// Refuses a value of a type that PostgreSQL does not assign to the column, also when it is a constant.
    pub(crate) fn check_assignment(&self, typed: Typed, data_type: &SqlType) -> Result<()> {
        let wanted = data_type.in_expressions();
        let is_open = typed.is_unknown() || typed.is(Type::Other) || wanted == Type::Other;
        let strength = strength(typed.data_type, wanted);
        if is_open
            || typed.data_type == wanted
            || strength.is_some_and(|needed| needed <= Strength::Assignment)
        {
            return Ok(());
        }
        let message = format!(
            "a value of the type {} cannot be assigned to a column of the type {}; cast it",
            typed.data_type.name(),
            data_type.name()
        );
        Err(self.refused(Error::new(ErrorCode::TypeMismatch, message)))
    }

    /// A call of a function that converts a value, or fails with the names of the table and the column.
    pub(crate) fn convert(&self, function: &'static str, value: Expr, mut extra: Vec<Expr>) -> Expr {
        let mut arguments = vec![value];
        arguments.append(&mut extra);
        arguments.extend(self.names());
        build::call(function, arguments)
    }

    /// Converts a literal, with or without a sign, while the statement is adapted. None for what is no literal, and for a
    /// type whose literals a function converts when the statement runs.
    pub(crate) fn literal(&self, value: &Expr, data_type: &SqlType) -> Result<Option<Expr>> {
        let inner = match build::unnested(value) {
            Expr::UnaryOp { op: UnaryOperator::Minus, expr } => build::unnested(expr),
            other => other,
        };
        let Expr::Value(ValueWithSpan { value: literal, span: _ }) = inner else { return Ok(None) };
        let unchanged = || Ok(Some(value.clone()));
        match (literal, data_type) {
            (Value::Boolean(_), SqlType::Boolean) => unchanged(),
            (Value::Number(text, _), SqlType::Integer | SqlType::MediumInt)
                if text.len() < 10 && is_whole(text) =>
            {
                unchanged()
            }
            (Value::Number(text, _), SqlType::BigInt) if text.len() < 19 && is_whole(text) => unchanged(),
            (literal, data_type) => {
                if let (Some(text), true) = (printer::string_of(literal), data_type.decimals().is_some()) {
                    let converted = convert::time_literal(text, data_type);
                    return converted.map(Some).map_err(|error| self.refused(error));
                }
                let function = match data_type {
                    SqlType::Varchar(Some(length)) | SqlType::Char(Some(length)) => {
                        return self.limited_literal(literal, *length);
                    }
                    SqlType::Json | SqlType::Jsonb | SqlType::Array(_) => {
                        return self.compound_literal(literal, data_type);
                    }
                    SqlType::Blob => return self.bytes_literal(literal),
                    SqlType::Date => "phantomdb_date",
                    SqlType::Uuid => "phantomdb_uuid",
                    _ => return Ok(None),
                };
                let Some(text) = printer::string_of(literal) else { return Ok(None) };
                convert::literal(function, text).map(Some).map_err(|error| self.refused(error))
            }
        }
    }

    /// A string that a column with a longest length takes.
    pub(crate) fn limited_literal(&self, literal: &Value, length: u64) -> Result<Option<Expr>> {
        let Some(text) = printer::string_of(literal) else { return Ok(None) };
        let length = i64::try_from(length).unwrap_or(i64::MAX);
        let limited = convert::limited_text(ValueRef::Text(text.as_bytes()), length);
        match limited.map_err(|error| self.refused(error))? {
            Stored::Text(text) => Ok(Some(printer::literal(text))),
            _ => Ok(None),
        }
    }

    /// The bytes that a string is the text of: `'\x00ff'`, or the bytes of its characters.
    pub(crate) fn bytes_literal(&self, literal: &Value) -> Result<Option<Expr>> {
        let Some(text) = printer::string_of(literal) else { return Ok(None) };
        let parsed = written::parse(text).map_err(|error| self.refused(error))?;
        let digits = written::hex(&parsed).map_err(|error| self.refused(error))?;
        let digits = digits.trim_start_matches("\\x").to_owned();
        Ok(Some(Expr::value(Value::HexStringLiteral(digits))))
    }

    /// The stored form of a document or an array that is written as a string.
    pub(crate) fn compound_literal(&self, literal: &Value, data_type: &SqlType) -> Result<Option<Expr>> {
        let Some(text) = printer::string_of(literal) else { return Ok(None) };
        let text = ValueRef::Text(text.as_bytes());
        let stored = match data_type {
            SqlType::Array(element) => array(text, element),
            _ => convert::json(text),
        };
        match stored.map_err(|error| self.refused(error))? {
            Stored::Text(text) => Ok(Some(printer::literal(text))),
            _ => Ok(None),
        }
    }

    pub(crate) fn refused(&self, mut error: Error) -> Error {
        error.message = format!("column \"{}\" of \"{}\": {}", self.column.name, self.table, error.message);
        error.with_table(self.table.clone()).with_columns([self.column.name.clone()])
    }
}

/// A value of the row: the number of its parameter, from 1, and its column.
pub(crate) struct Cell {
    pub(crate) number: usize,
    pub(crate) target: Target,
}
fn is_now(expr: &Expr) -> bool {
    matches!(value_of(expr), Some(Value::Number(sql, _)) if sql == NOW)
}

/// True for the digits of a whole number, with a minus or without.
fn is_whole(text: &str) -> bool {
    let digits = text.strip_prefix('-').unwrap_or(text);
    !digits.is_empty() && digits.bytes().all(|byte| byte.is_ascii_digit())
}
