//! Casts, with PostgreSQL's meaning.

use phantomdb_protocol::{Error, Result, data_type};
use phantomdb_sql::{build, printer, types::SqlType, typing::Type};
use sqlparser::ast::{
    ArrayElemTypeDef, CastKind, DataType, Expr, Interval, IntervalFields, Spanned, TimezoneInfo, TypedString,
};

use super::{
    adapter::Adapter,
    converted::{conversion, text},
    literal::{is_null, string_of},
    parameter_types,
    typed::{Origin, Typed},
};

/// The type that a cast names, with the function that applies its length or precision.
struct CastTarget {
    data_type: Type,
    /// The function and its arguments after the value.
    modifier: Option<(&'static str, Vec<i64>)>,
}

impl CastTarget {
    fn plain(data_type: Type) -> Self {
        Self { data_type, modifier: None }
    }
}

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
                let target = cast_target(data_type).map_err(|error| self.at(error, span))?;
                if let (Expr::Array(array), Type::Array(element)) =
                    (build::unnested_mut(inner), target.data_type)
                {
                    let array = std::mem::take(&mut array.elem);
                    let (value, typed) = self.array_of(array, Some(*element))?;
                    *expr = value;
                    return Ok(typed);
                }
                let typed = self.expr(inner)?;
                let value = build::take(inner);
                *expr = cast_to(&target, value, typed).map_err(|error| self.at(error, span))?;
                Ok(Typed { nullable: typed.nullable, ..Typed::of(target.data_type) })
            }
            // ODBC's spelling of a typed string, `{d '2020-01-01'}`, means the same.
            Expr::TypedString(TypedString { data_type, value, uses_odbc_syntax: _ }) => {
                let target = cast_target(data_type).map_err(|error| self.at(error, span))?;
                let text = printer::literal(printer::string_of(&value.value).unwrap_or_default().to_owned());
                let typed = Typed::literal(Type::Unknown);
                *expr = cast_to(&target, text, typed).map_err(|error| self.at(error, span))?;
                Ok(Typed::of(target.data_type).not_null())
            }
            Expr::Interval(interval) => {
                let value = self.interval(interval)?;
                *expr = value;
                Ok(Typed::of(Type::Interval).not_null())
            }
            _ => self.unsupported("this cast", span),
        }
    }

    /// `INTERVAL '1' DAY`.
    fn interval(&self, interval: &Interval) -> Result<Expr> {
        let Interval { value, leading_field, leading_precision, last_field, fractional_seconds_precision } =
            interval;
        let span = value.span();
        self.refuse(
            &[
                (leading_precision.is_some(), "the precision of an INTERVAL"),
                (fractional_seconds_precision.is_some(), "the precision of an INTERVAL"),
            ],
            || span,
        )?;
        let Some(text) = string_of(value).map(str::to_owned) else {
            return self.unsupported("an INTERVAL that is no string", span);
        };
        let fields = match (leading_field, last_field) {
            (None, None) => None,
            (Some(first), None) => Some(first.to_string().to_ascii_lowercase()),
            (Some(first), Some(last)) => Some(format!("{first} to {last}").to_ascii_lowercase()),
            (None, Some(last)) => Some(last.to_string().to_ascii_lowercase()),
        };
        match fields {
            None => conversion(printer::literal(text), Typed::literal(Type::Unknown), Type::Interval),
            Some(fields) => Ok(build::call(
                "phantomdb_text_interval",
                vec![printer::literal(text), printer::literal(fields)],
            )),
        }
    }
}

/// True when PhantomDB has the type.
pub(super) fn is_known_type(data_type: &DataType) -> bool {
    cast_target(data_type).is_ok()
}

/// The type that a cast names; none for a type that PhantomDB does not have.
pub(super) fn type_named(data_type: &DataType) -> Option<Type> {
    cast_target(data_type).ok().map(|target| target.data_type)
}

/// The type that a cast names.
fn cast_target(data_type: &DataType) -> Result<CastTarget> {
    let number = |number: u64| i64::try_from(number).unwrap_or(i64::MAX);
    match data_type {
        DataType::Array(ArrayElemTypeDef::SquareBracket(element, _)) => {
            let element = cast_target(element)?;
            // A further dimension has the same type.
            let array = match element.data_type {
                array @ Type::Array(_) => Some(array),
                other => other.array(),
            };
            return array.map(CastTarget::plain).ok_or_else(|| Error::unsupported("an array of this type"));
        }
        DataType::Interval { fields, precision } => {
            return interval_target(fields.as_ref(), precision.map(number));
        }
        _ => {}
    }
    let declared = SqlType::from_ast(data_type)?;
    let modifier = match &declared {
        SqlType::Varchar(Some(length)) | SqlType::Char(Some(length)) => {
            Some(("phantomdb_varchar", vec![number(*length)]))
        }
        SqlType::Decimal(Some((precision, scale))) => {
            Some(("phantomdb_numeric_scale", vec![number(*precision), *scale]))
        }
        SqlType::Timestamp(_) => {
            written_precision(data_type).map(|precision| ("phantomdb_timestamp_precision", vec![precision]))
        }
        SqlType::Time(_) => {
            written_precision(data_type).map(|precision| ("phantomdb_time_precision", vec![precision]))
        }
        SqlType::Enum(_) | SqlType::Other(_) => {
            return Err(Error::unsupported(format!(
                "a cast to {} is not supported on SQLite",
                declared.name()
            )));
        }
        _ => None,
    };
    let data_type = match &declared {
        // A cast has no zone unless it names one.
        SqlType::Timestamp(_) if is_without_zone(data_type) => Type::Timestamp,
        // A column of this type is a `jsonb`, and a cast is to `json`.
        _ => declared.in_expressions(),
    };
    Ok(CastTarget { data_type, modifier })
}

/// The decimals of a second that a cast names. Without them it keeps microseconds, unlike a column.
fn written_precision(data_type: &DataType) -> Option<i64> {
    let written = match data_type {
        DataType::Timestamp(precision, _) | DataType::Datetime(precision) | DataType::Time(precision, _) => {
            *precision
        }
        other => {
            data_type::split(&other.to_string()).1.first().and_then(|number| u64::try_from(*number).ok())
        }
    };
    written.and_then(|precision| i64::try_from(precision).ok())
}

/// Returns whether the type is a timestamp without a time zone: `TIMESTAMP`.
fn is_without_zone(data_type: &DataType) -> bool {
    matches!(data_type, DataType::Timestamp(_, TimezoneInfo::None | TimezoneInfo::WithoutTimeZone))
}

fn interval_target(fields: Option<&IntervalFields>, precision: Option<i64>) -> Result<CastTarget> {
    if fields.is_some() {
        return Err(Error::unsupported("fields of an INTERVAL in a cast are not supported on SQLite"));
    }
    let modifier = precision.map(|precision| ("phantomdb_interval_precision", vec![precision]));
    Ok(CastTarget { data_type: Type::Interval, modifier })
}

fn cast_to(target: &CastTarget, value: Expr, typed: Typed) -> Result<Expr> {
    parameter_types::note(&value, typed, target.data_type);
    // A cast decides the type of a parameter and of a string literal.
    let typed = if typed.origin == Origin::Parameter && target.data_type.is_number() {
        Typed { origin: Origin::Computed, ..typed }
    } else {
        typed
    };
    let converted = match target.data_type {
        Type::Text | Type::Varchar | Type::Char if typed.is_unknown() && typed.origin != Origin::Literal => {
            build::call("phantomdb_any_text", vec![value])
        }
        data_type if data_type.is_text() => text(value, typed)?,
        data_type => conversion(value, typed, data_type)?,
    };
    Ok(match &target.modifier {
        Some(_) if is_null(&converted) => converted,
        Some((function, arguments)) => {
            let extra = arguments.iter().map(|number| printer::verbatim_expr(number.to_string()));
            build::call(function, std::iter::once(converted).chain(extra).collect())
        }
        None => converted,
    })
}
