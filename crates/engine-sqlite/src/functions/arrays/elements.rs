//! Reads arrays and their elements from the arguments of a function, and writes them.

use phantomdb_protocol::Result;
use phantomdb_values::arrays::{self, Item, Kind};
use rusqlite::types::{Value, ValueRef};

use crate::functions::{result::FunctionResult, scalar::Arguments};

/// The kind of elements that an argument names.
pub(crate) fn kind(arguments: &Arguments<'_>, index: usize) -> Kind {
    Kind::named(&arguments.text(index))
}

/// The elements of an argument in the stored form of an array.
pub(crate) fn items(arguments: &Arguments<'_>, index: usize, kind: Kind) -> Result<Vec<Item>> {
    arrays::parse(&arguments.text(index), kind)
}

/// The element that an argument makes.
pub(crate) fn item(arguments: &Arguments<'_>, index: usize, kind: Kind) -> Result<Item> {
    item_of(arguments.value(index), kind)
}

pub(crate) fn item_of(value: ValueRef<'_>, kind: Kind) -> Result<Item> {
    Item::of(
        match value {
            ValueRef::Null => arrays::Value::Null,
            ValueRef::Integer(integer) => arrays::Value::Integer(integer),
            ValueRef::Real(real) => arrays::Value::Real(real),
            ValueRef::Text(text) => arrays::Value::Text(String::from_utf8_lossy(text).into_owned()),
            ValueRef::Blob(bytes) => arrays::Value::Blob(bytes.to_vec()),
        },
        kind,
    )
}

pub(crate) fn value_of(item: Item, kind: Kind) -> Value {
    match item.value(kind) {
        arrays::Value::Null => Value::Null,
        arrays::Value::Integer(integer) => Value::Integer(integer),
        arrays::Value::Real(real) => Value::Real(real),
        arrays::Value::Text(text) => Value::Text(text),
        arrays::Value::Blob(bytes) => Value::Blob(bytes),
    }
}

pub(crate) fn written(items: Result<Vec<Item>>) -> FunctionResult {
    items.map(|items| Value::Text(arrays::write(&items)))
}

pub(crate) fn optional(number: Option<i64>) -> Value {
    number.map_or(Value::Null, Value::Integer)
}

/// The texts of an array of texts, in its stored form or in PostgreSQL's notation.
pub(crate) fn texts(array: &str) -> Result<Vec<Option<String>>> {
    let items = arrays::flat(arrays::read(array, Kind::Text)?);
    Ok(items.iter().map(|item| item.text(Kind::Text)).collect())
}
