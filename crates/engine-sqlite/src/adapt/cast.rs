//! Casts, with PostgreSQL's meaning.

use phantomdb_protocol::{ColumnType, Result};
use phantomdb_sql::{build, printer};
use sqlparser::ast::{CastKind, Expr, Interval, Spanned, TypedString};

use super::{adapter::Adapter, literal::string_of, type_conversion::cast_to, typed::Typed};
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
