//! Functions on arrays. [`phantomdb_values::arrays`] says what they compute.
//!
//! The short name of the type of the elements (`int4`, `text`) is an argument where elements are read or written.

mod access;
mod aggregate;
pub(crate) mod assign;
mod build;
mod change;

use phantomdb_protocol::Result;
use phantomdb_values::arrays::{self, Item, Kind};
use rusqlite::{
    Connection,
    types::{Value, ValueRef},
};

use super::{Arguments, FunctionResult};

pub(super) fn register(conn: &Connection) -> rusqlite::Result<()> {
    conn.create_collation("array", |a, b| arrays::compare_texts(a, b, Kind::Text))?;
    conn.create_collation("array_numeric", |a, b| arrays::compare_texts(a, b, Kind::Numeric))?;
    conn.create_collation("array_interval", |a, b| arrays::compare_texts(a, b, Kind::Interval))?;
    conn.create_collation("array_jsonb", |a, b| arrays::compare_texts(a, b, Kind::Jsonb))?;
    build::register(conn)?;
    access::register(conn)?;
    change::register(conn)?;
    aggregate::register(conn)
}

/// The kind of elements that an argument names.
fn kind(arguments: &Arguments<'_>, index: usize) -> Kind {
    Kind::named(&arguments.text(index))
}

/// The elements of an argument in the stored form of an array.
fn items(arguments: &Arguments<'_>, index: usize, kind: Kind) -> Result<Vec<Item>> {
    arrays::parse(&arguments.text(index), kind)
}

/// The element that an argument makes.
fn item(arguments: &Arguments<'_>, index: usize, kind: Kind) -> Result<Item> {
    item_of(arguments.value(index), kind)
}

fn item_of(value: ValueRef<'_>, kind: Kind) -> Result<Item> {
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

fn value_of(item: Item, kind: Kind) -> Value {
    match item.value(kind) {
        arrays::Value::Null => Value::Null,
        arrays::Value::Integer(integer) => Value::Integer(integer),
        arrays::Value::Real(real) => Value::Real(real),
        arrays::Value::Text(text) => Value::Text(text),
        arrays::Value::Blob(bytes) => Value::Blob(bytes),
    }
}

fn written(items: Result<Vec<Item>>) -> FunctionResult {
    items.map(|items| Value::Text(arrays::write(&items)))
}

fn optional(number: Option<i64>) -> Value {
    number.map_or(Value::Null, Value::Integer)
}

/// The texts of an array of texts, in its stored form or in PostgreSQL's notation.
pub(super) fn texts(array: &str) -> Result<Vec<Option<String>>> {
    let items = arrays::flat(arrays::read(array, Kind::Text)?);
    Ok(items.iter().map(|item| item.text(Kind::Text)).collect())
}
