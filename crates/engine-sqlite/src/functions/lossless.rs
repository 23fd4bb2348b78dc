//! The stored form of another database's value, and how much of the value it keeps.

use phantomdb_protocol::{Result, data_type::DEFAULT_PRECISION};
use phantomdb_values::numbers::Numeric;
use rusqlite::types::{Value, ValueRef};

use super::{
    assignments,
    convert::{self, text_of},
};
use crate::types::SqlType;

/// The largest number below which every integer has a float of its own.
const EXACT_FLOAT: u64 = 1 << 53;

/// How a column keeps a value.
#[derive(Debug, Clone, PartialEq)]
pub enum Fit {
    /// The column keeps the whole value.
    Exact(Value),
    /// The column loses digits of the value, or its kind.
    Changed(Value),
    /// The column cannot hold the value.
    Not,
}

impl Fit {
    fn exact_if(fits: bool, value: impl FnOnce() -> Value) -> Self {
        if fits { Self::Exact(value()) } else { Self::Not }
    }
}

/// The stored form of a value in a column of this type.
pub fn fit(value: ValueRef<'_>, data_type: &SqlType) -> Fit {
    if let ValueRef::Null = value {
        return Fit::Exact(Value::Null);
    }
    match data_type {
        SqlType::TinyInt | SqlType::SmallInt | SqlType::MediumInt | SqlType::Integer | SqlType::BigInt => {
            integer(value, data_type.bits())
        }
        SqlType::Boolean => boolean(value),
        SqlType::Real | SqlType::Float | SqlType::Double => float(value),
        SqlType::Varchar(length) | SqlType::Char(length) => text(value, *length),
        SqlType::Text | SqlType::CiText | SqlType::Other(_) => text(value, None),
        SqlType::Timestamp(_) => time(value, data_type, convert::timestamp, convert::rounded_timestamp),
        SqlType::Date => date(value),
        SqlType::Time(_) => time(value, data_type, convert::time, convert::rounded_time),
        SqlType::Decimal(size) => decimal(value, *size),
        SqlType::Uuid => convert::uuid(value).map_or(Fit::Not, Fit::Exact),
        SqlType::Json | SqlType::Jsonb => convert::json(value).map_or(Fit::Not, Fit::Exact),
        SqlType::Array(element) => assignments::array(value, element).map_or(Fit::Not, Fit::Exact),
        SqlType::Enum(values) => match value {
            ValueRef::Text(bytes) => {
                let member = values.iter().find(|member| member.as_bytes() == bytes);
                member.map_or(Fit::Not, |member| Fit::Exact(Value::Text(member.clone())))
            }
            _ => Fit::Not,
        },
        SqlType::Blob => match value {
            ValueRef::Blob(bytes) => Fit::Exact(Value::Blob(bytes.to_vec())),
            other => convert::blob(other).map_or(Fit::Not, Fit::Changed),
        },
    }
}

fn integer(value: ValueRef<'_>, bits: u32) -> Fit {
    let number = match value {
        ValueRef::Integer(number) => number,
        #[expect(clippy::cast_possible_truncation, reason = "whole and small")]
        ValueRef::Real(f) if f.fract() == 0.0 && f.abs() < EXACT_FLOAT as f64 => f as i64,
        _ => return Fit::Not,
    };
    let fits = match bits {
        16 => i16::try_from(number).is_ok(),
        32 => i32::try_from(number).is_ok(),
        _ => true,
    };
    Fit::exact_if(fits, || Value::Integer(number))
}

fn boolean(value: ValueRef<'_>) -> Fit {
    match value {
        ValueRef::Integer(number @ (0 | 1)) => Fit::Exact(Value::Integer(number)),
        ValueRef::Text(b"true" | b"TRUE") => Fit::Exact(Value::Integer(1)),
        ValueRef::Text(b"false" | b"FALSE") => Fit::Exact(Value::Integer(0)),
        _ => Fit::Not,
    }
}

fn float(value: ValueRef<'_>) -> Fit {
    match value {
        ValueRef::Integer(number) if number.unsigned_abs() > EXACT_FLOAT => Fit::Not,
        // SQLite takes a NaN for NULL, so it is stored as text.
        ValueRef::Text(b"NaN") => Fit::Exact(Value::Text("NaN".into())),
        ValueRef::Text(_) => Fit::Not,
        other => convert::float(other).map_or(Fit::Not, Fit::Exact),
    }
}

fn text(value: ValueRef<'_>, length: Option<u64>) -> Fit {
    match value {
        ValueRef::Text(bytes) => {
            let Ok(text) = std::str::from_utf8(bytes) else { return Fit::Not };
            let short = length.is_none_or(|most| {
                let most = usize::try_from(most).unwrap_or(usize::MAX);
                text.len() <= most || text.chars().count() <= most
            });
            Fit::exact_if(short && !bytes.contains(&0), || Value::Text(text.to_owned()))
        }
        ValueRef::Integer(_) | ValueRef::Real(_) => {
            let text = text_of(value).into_owned();
            let short = length.is_none_or(|most| usize::try_from(most).is_ok_and(|most| text.len() <= most));
            if short { Fit::Changed(Value::Text(text)) } else { Fit::Not }
        }
        _ => Fit::Not,
    }
}

/// A time with the decimals of a second that its column keeps.
fn time(
    value: ValueRef<'_>,
    data_type: &SqlType,
    exact: impl Fn(ValueRef<'_>) -> Result<Value>,
    rounded: impl Fn(ValueRef<'_>, i64) -> Result<Value>,
) -> Fit {
    let decimals = i64::from(data_type.decimals().unwrap_or(DEFAULT_PRECISION));
    match (exact(value), rounded(value, decimals)) {
        (Ok(exact), Ok(rounded)) if exact == rounded => Fit::Exact(rounded),
        (Ok(_), Ok(rounded)) => Fit::Changed(rounded),
        _ => Fit::Not,
    }
}

fn date(value: ValueRef<'_>) -> Fit {
    let Ok(stored) = convert::date(value) else { return Fit::Not };
    let ValueRef::Text(bytes) = value else { return Fit::Not };
    if bytes.len() == 10 {
        return Fit::Exact(stored);
    }
    // A time of day after the date is lost, unless it is midnight.
    match convert::timestamp(value) {
        Ok(Value::Text(text)) if text.ends_with("T00:00:00.000Z") => Fit::Exact(stored),
        _ => Fit::Changed(stored),
    }
}

fn decimal(value: ValueRef<'_>, size: Option<(u64, i64)>) -> Fit {
    let text = match value {
        ValueRef::Real(f) if !f.is_finite() => return Fit::Not,
        ValueRef::Blob(_) => return Fit::Not,
        ValueRef::Text(b"NaN") => return Fit::Exact(Value::Text("NaN".into())),
        other => text_of(other),
    };
    let Ok(number @ Numeric::Finite(_)) = Numeric::parse(&text) else { return Fit::Not };
    let Some((precision, scale)) = size else { return Fit::Exact(Value::Text(number.to_string())) };
    let precision = i64::try_from(precision).unwrap_or(i64::MAX);
    let Ok(Value::Text(stored)) = convert::decimal(ValueRef::Text(text.as_bytes()), precision, scale) else {
        return Fit::Not;
    };
    match Numeric::parse(&stored) {
        Ok(kept) if kept == number => Fit::Exact(Value::Text(stored)),
        _ => Fit::Changed(Value::Text(stored)),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn text(text: &str) -> ValueRef<'_> {
        ValueRef::Text(text.as_bytes())
    }

    #[test]
    fn a_value_that_is_not_of_the_type_does_not_fit() {
        assert_eq!(fit(text("abc"), &SqlType::BigInt), Fit::Not);
        assert_eq!(fit(text("007"), &SqlType::BigInt), Fit::Not);
        assert_eq!(fit(ValueRef::Real(1.5), &SqlType::BigInt), Fit::Not);
        assert_eq!(fit(ValueRef::Integer(40_000), &SqlType::SmallInt), Fit::Not);
        assert_eq!(fit(ValueRef::Integer(2), &SqlType::Boolean), Fit::Not);
        assert_eq!(fit(ValueRef::Integer(i64::MAX), &SqlType::Double), Fit::Not);
        assert_eq!(fit(text("a\0b"), &SqlType::Text), Fit::Not);
        assert_eq!(fit(ValueRef::Text(&[0xff]), &SqlType::Text), Fit::Not);
        assert_eq!(fit(text("ééé"), &SqlType::Varchar(Some(2))), Fit::Not);
        assert_eq!(fit(text("0000-00-00 00:00:00"), &SqlType::Timestamp(None)), Fit::Not);
        assert_eq!(fit(text("0044-03-15 BC"), &SqlType::Timestamp(None)), Fit::Not);
        assert_eq!(fit(text("1,5"), &SqlType::Decimal(None)), Fit::Not);
    }

    #[test]
    fn a_value_that_loses_digits_is_changed() {
        let micro = fit(text("2026-01-01 10:00:00.123456+00"), &SqlType::Timestamp(None));
        assert_eq!(micro, Fit::Changed(Value::Text("2026-01-01T10:00:00.123Z".into())));
        let exact = fit(text("2026-01-01 10:00:00.123000+00"), &SqlType::Timestamp(None));
        assert_eq!(exact, Fit::Exact(Value::Text("2026-01-01T10:00:00.123Z".into())));
        let micro = fit(text("2026-01-01 10:00:00.123456+00"), &SqlType::Timestamp(Some(6)));
        assert_eq!(micro, Fit::Exact(Value::Text("2026-01-01T10:00:00.123Z456".into())));
        let decimal = SqlType::Decimal(Some((10, 2)));
        assert_eq!(fit(ValueRef::Real(10.5), &decimal), Fit::Exact(Value::Text("10.50".into())));
        assert_eq!(fit(ValueRef::Real(0.125), &decimal), Fit::Changed(Value::Text("0.13".into())));
        assert!(matches!(fit(text("x"), &SqlType::Blob), Fit::Changed(_)));
        assert_eq!(
            fit(text("2026-01-01 00:00:00"), &SqlType::Date),
            Fit::Exact(Value::Text("2026-01-01".into()))
        );
        assert!(matches!(fit(text("2026-01-01 01:00:00"), &SqlType::Date), Fit::Changed(_)));
    }
}
