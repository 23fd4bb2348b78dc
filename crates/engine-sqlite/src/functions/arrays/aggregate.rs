//! `array_agg`, of groups and of window frames.

use phantomdb_protocol::{Error, ErrorCode};
use phantomdb_values::arrays::{Item, Kind, check, parse, write};
use rusqlite::{
    Connection,
    functions::{Aggregate, Context, WindowAggregate},
    types::{Value, ValueRef},
};

use super::elements::item_of;
use crate::functions::{
    collected::Collected,
    convert,
    result::user_error,
    scalar::{AGGREGATE, raw},
};

/// The types with an `array_agg` of their own. The name of the type is the end of the function's name, and no argument:
/// SQLite takes DISTINCT only in an aggregate of one argument.
const TYPES: [&str; 17] = [
    "bool",
    "int2",
    "int4",
    "int8",
    "float4",
    "float8",
    "numeric",
    "text",
    "bytea",
    "date",
    "time",
    "timestamp",
    "timestamptz",
    "interval",
    "uuid",
    "json",
    "jsonb",
];

pub(super) fn register(conn: &Connection) -> rusqlite::Result<()> {
    for name in TYPES {
        let collect = Collect { kind: Kind::named(name), arrays: false };
        conn.create_window_function(format!("phantomdb_array_agg_{name}").as_str(), 1, AGGREGATE, collect)?;
    }
    let collect = Collect { kind: Kind::Text, arrays: true };
    conn.create_window_function("phantomdb_array_agg_arrays", 1, AGGREGATE, collect)
}

struct Collect {
    kind: Kind,
    /// True when the values are arrays themselves.
    arrays: bool,
}

type Items = Collected<Item>;

impl Collect {
    fn element(&self, value: ValueRef<'_>) -> phantomdb_protocol::Result<Item> {
        if !self.arrays {
            return item_of(value, self.kind);
        }
        let refused = |what: &str| {
            Error::new(ErrorCode::TypeMismatch, format!("an array of arrays cannot have {what} in it"))
        };
        if matches!(value, ValueRef::Null) {
            return Err(refused("NULL"));
        }
        let items = parse(&convert::text_of(value), self.kind)?;
        if items.is_empty() { Err(refused("an empty array")) } else { Ok(Item::Array(items)) }
    }

    fn of(&self, items: Option<&mut Items>) -> rusqlite::Result<Value> {
        let Some(items) = items.map(Items::slice).filter(|items| !items.is_empty()) else {
            return Ok(Value::Null);
        };
        let text =
            if self.arrays { check(items.to_vec()).map(|items| write(&items)) } else { Ok(write(items)) };
        text.map(Value::Text).map_err(|error| user_error(&error))
    }
}

impl Aggregate<Items, Value> for Collect {
    fn init(&self, _: &mut Context<'_>) -> rusqlite::Result<Items> {
        Ok(Items::default())
    }

    fn step(&self, context: &mut Context<'_>, items: &mut Items) -> rusqlite::Result<()> {
        let pushed = self.element(raw(context, 0)).and_then(|item| items.push(item));
        pushed.map_err(|error| user_error(&error))
    }

    fn finalize(&self, _: &mut Context<'_>, mut items: Option<Items>) -> rusqlite::Result<Value> {
        self.of(items.as_mut())
    }
}

impl WindowAggregate<Items, Value> for Collect {
    fn value(&self, items: Option<&mut Items>) -> rusqlite::Result<Value> {
        self.of(items)
    }

    fn inverse(&self, _: &mut Context<'_>, items: &mut Items) -> rusqlite::Result<()> {
        items.remove_first();
        Ok(())
    }
}
