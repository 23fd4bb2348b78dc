//! Assignment to a column that is an array: each element is converted as a value of a column of its type is.

use phantomdb_protocol::Result;
use phantomdb_protocol::data_type::DEFAULT_PRECISION;
use phantomdb_values::arrays::{self, Item, Kind};
use rusqlite::types::{Value, ValueRef};

use super::{super::convert, FunctionResult, elements::item_of};
use crate::types::SqlType;

/// The stored form of an array that comes as a JSON array or in PostgreSQL's notation.
pub(crate) fn assigned(value: ValueRef<'_>, element: &SqlType) -> FunctionResult {
    let text = match value {
        ValueRef::Null => return Ok(Value::Null),
        ValueRef::Text(_) => convert::text_of(value),
        other => return Err(convert::mismatch(other, "an array")),
    };
    let is_document = matches!(element, SqlType::Json | SqlType::Jsonb);
    let items = arrays::read(&text, if is_document { Kind::Jsonb } else { Kind::Text })?;
    super::elements::written(items.into_iter().map(|item| converted(item, element)).collect())
}

/// An array in its stored form in PostgreSQL's notation.
pub(crate) fn notation(stored: &str, element: &SqlType) -> Result<String> {
    let kind = kind_of(element);
    Ok(arrays::output(&arrays::parse(stored, kind)?, kind))
}

fn converted(item: Item, element: &SqlType) -> Result<Item> {
    match item {
        Item::Text(text) => {
            let value = convert_element(ValueRef::Text(text.as_bytes()), element)?;
            item_of((&value).into(), kind_of(element))
        }
        Item::Array(items) => {
            items.into_iter().map(|item| converted(item, element)).collect::<Result<_>>().map(Item::Array)
        }
        other => Ok(other),
    }
}

fn kind_of(element: &SqlType) -> Kind {
    match element {
        SqlType::Boolean => Kind::Boolean,
        SqlType::TinyInt | SqlType::SmallInt | SqlType::MediumInt | SqlType::Integer | SqlType::BigInt => {
            Kind::Integer(element.bits())
        }
        SqlType::Real | SqlType::Float | SqlType::Double => Kind::Double,
        SqlType::Decimal(_) => Kind::Numeric,
        SqlType::Timestamp(_) => Kind::TimestampTz,
        SqlType::Time(_) => Kind::Time,
        SqlType::Json | SqlType::Jsonb => Kind::Jsonb,
        SqlType::Varchar(_)
        | SqlType::Char(_)
        | SqlType::Text
        | SqlType::CiText
        | SqlType::Date
        | SqlType::Uuid
        | SqlType::Enum(_)
        | SqlType::Blob
        | SqlType::Array(_)
        | SqlType::Other(_) => Kind::Text,
    }
}

/// Converts a value as the function of the element's type does on assignment to a column.
fn convert_element(value: ValueRef<'_>, element: &SqlType) -> FunctionResult {
    match element {
        SqlType::TinyInt | SqlType::SmallInt | SqlType::MediumInt | SqlType::Integer | SqlType::BigInt => {
            convert::integer(value, i64::from(element.bits()))
        }
        SqlType::Varchar(Some(length)) | SqlType::Char(Some(length)) => {
            convert::limited_text(value, i64::try_from(*length).unwrap_or(i64::MAX))
        }
        SqlType::Boolean => convert::boolean(value),
        SqlType::Timestamp(decimals) => {
            convert::rounded_timestamp(value, i64::from(decimals.unwrap_or(DEFAULT_PRECISION)))
        }
        SqlType::Date => convert::date(value),
        SqlType::Time(decimals) => {
            convert::rounded_time(value, i64::from(decimals.unwrap_or(DEFAULT_PRECISION)))
        }
        SqlType::Real | SqlType::Float | SqlType::Double => convert::float(value),
        SqlType::Decimal(size) => {
            let (precision, scale) = size.unwrap_or((0, -1));
            convert::decimal(value, i64::try_from(precision).unwrap_or(i64::MAX), scale)
        }
        SqlType::Uuid => convert::uuid(value),
        SqlType::Json | SqlType::Jsonb => convert::json(value),
        SqlType::Varchar(None)
        | SqlType::Char(None)
        | SqlType::Text
        | SqlType::CiText
        | SqlType::Enum(_)
        | SqlType::Blob
        | SqlType::Array(_)
        | SqlType::Other(_) => Ok(convert::owned(value)),
    }
}
