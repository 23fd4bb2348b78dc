//! Casts, with PostgreSQL's meaning.

use phantomdb_protocol::{ColumnType, Error, Result};
use phantomdb_sql::{build, printer};
use sqlparser::ast::{CastKind, DataType, Expr, Interval, ObjectName, Spanned, TypedString};

use super::{adapter::Adapter, literal::string_of, typed::Typed};
use crate::types::SqlType;

impl Adapter<'_> {
    pub(super) fn cast(&mut self, expr: &mut Expr) -> Result<Typed> {
        let span = expr.span();
        match expr {
            Expr::Cast {
                kind: CastKind::Cast | CastKind::DoubleColon,
                expr: inner,
                data_type,
                format: None,
            } => {
                let target = SqlType::from_ast(data_type).map_err(|error| self.at(error, span))?;
                let typed = self.expr(inner)?;
                let value = build::take(inner);
                *expr = cast_to(&target, value, typed)?;
                Ok(Typed { nullable: typed.nullable, ..Typed::of(target.column_type()) })
            }
            // ODBC's spelling of a typed string, `{d '2020-01-01'}`, means the same.
            Expr::TypedString(TypedString { data_type, value, uses_odbc_syntax: _ }) => {
                let target = SqlType::from_ast(data_type).map_err(|error| self.at(error, span))?;
                let text = printer::string_of(&value.value).unwrap_or_default().to_owned();
                *expr = cast_to(&target, printer::literal(text), Typed::of(ColumnType::String))?;
                Ok(Typed::of(target.column_type()).not_null())
            }
            Expr::Interval(Interval {
                value,
                leading_field,
                leading_precision,
                last_field,
                fractional_seconds_precision,
            }) => {
                self.refuse(
                    &[
                        (last_field.is_some(), "a range of fields in an INTERVAL"),
                        (leading_precision.is_some(), "the precision of an INTERVAL"),
                        (fractional_seconds_precision.is_some(), "the precision of an INTERVAL"),
                    ],
                    || span,
                )?;
                let Some(mut text) = string_of(value).map(str::to_owned) else {
                    return self.unsupported("an INTERVAL that is no string", span);
                };
                if let Some(field) = leading_field {
                    text = format!("{text} {field}");
                }
                *expr = printer::literal(text);
                Ok(Typed::of(ColumnType::String).not_null())
            }
            _ => self.unsupported("this cast", span),
        }
    }
}

fn cast_to(target: &SqlType, value: Expr, from: Typed) -> Result<Expr> {
    let number = |n: i64| printer::verbatim_expr(n.to_string());
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
            build::call("phantomdb_cast_int", vec![value, number(i64::from(target.bits()))])
        }
        SqlType::Varchar(Some(n)) | SqlType::Char(Some(n)) => {
            build::call("substr", vec![text(value), number(1), printer::verbatim_expr(n.to_string())])
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
        SqlType::Decimal(Some((precision, scale))) => build::call(
            "phantomdb_cast_decimal",
            vec![value, printer::verbatim_expr(precision.to_string()), number(*scale)],
        ),
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
