//! Assignment to a column that is an array: each element is converted as a value of a column of its type is.

use phantomdb_protocol::{ColumnType, Result};
use phantomdb_values::arrays::{self, Item, Kind};
use rusqlite::types::{Value, ValueRef};

use super::{super::convert, FunctionResult, elements::item_of};
use crate::types::SqlType;

/// The stored form of an array that comes as a JSON array or in PostgreSQL's notation. `convert` makes a value of a column of
/// the element's type out of an element.
pub(crate) fn assigned(
    value: ValueRef<'_>,
    element: &SqlType,
    convert: impl Fn(ValueRef<'_>) -> FunctionResult,
) -> FunctionResult {
    let text = match value {
        ValueRef::Null => return Ok(Value::Null),
        ValueRef::Text(_) => convert::text_of(value),
        other => return Err(convert::mismatch(other, "an array")),
    };
    let is_document = matches!(element, SqlType::Json | SqlType::Jsonb);
    let items = arrays::read(&text, if is_document { Kind::Jsonb } else { Kind::Text })?;
    let kind = kind_of(element);
    super::elements::written(items.into_iter().map(|item| converted(item, kind, &convert)).collect())
}

/// An array in its stored form in PostgreSQL's notation.
pub(crate) fn notation(stored: &str, element: &SqlType) -> Result<String> {
    let kind = kind_of(element);
    Ok(arrays::output(&arrays::parse(stored, kind)?, kind))
}

fn converted(item: Item, kind: Kind, convert: &impl Fn(ValueRef<'_>) -> FunctionResult) -> Result<Item> {
    match item {
        Item::Text(text) => item_of((&convert(ValueRef::Text(text.as_bytes()))?).into(), kind),
        Item::Array(items) => items
            .into_iter()
            .map(|item| converted(item, kind, convert))
            .collect::<Result<_>>()
            .map(Item::Array),
        other => Ok(other),
    }
}

/// The kind of the elements, by the way in which values of their type travel.
fn kind_of(element: &SqlType) -> Kind {
    match element.column_type() {
        ColumnType::Boolean => Kind::Boolean,
        ColumnType::Integer => Kind::Integer(element.bits()),
        ColumnType::Float => Kind::Double,
        ColumnType::Decimal => Kind::Numeric,
        ColumnType::Timestamp => Kind::TimestampTz,
        ColumnType::Time => Kind::Time,
        ColumnType::Json => Kind::Jsonb,
        ColumnType::String
        | ColumnType::Date
        | ColumnType::Uuid
        | ColumnType::Enum
        | ColumnType::Blob
        | ColumnType::Any => Kind::Text,
    }
}
