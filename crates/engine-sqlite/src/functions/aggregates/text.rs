//! `string_agg`.

use phantomdb_protocol::Result;
use phantomdb_values::aggregates::concatenation::Concatenation;
use rusqlite::{
    Connection,
    functions::{Aggregate, Context, WindowAggregate},
    types::{Value, ValueRef},
};

use super::strict_aggregate::FLAGS;
use crate::functions::{convert, result::user_error, scalar::raw};

pub(super) fn register(conn: &Connection) -> rusqlite::Result<()> {
    conn.create_window_function("phantomdb_string_agg", 2, FLAGS, StringAgg { bytes: false })?;
    conn.create_window_function("phantomdb_bytea_agg", 2, FLAGS, StringAgg { bytes: true })
}

/// A row without a value is left out, but not one without a delimiter.
struct StringAgg {
    /// True when the values are bytes.
    bytes: bool,
}

impl StringAgg {
    fn result(&self, all: &Concatenation) -> Value {
        match all.joined() {
            None => Value::Null,
            Some(joined) if self.bytes => Value::Blob(joined.to_vec()),
            Some(joined) => Value::Text(String::from_utf8_lossy(joined).into_owned()),
        }
    }
}

fn add(context: &Context<'_>, all: &mut Concatenation) -> Result<()> {
    let (value, delimiter) = (raw(context, 0), raw(context, 1));
    if matches!(value, ValueRef::Null) {
        return Ok(());
    }
    all.add(convert::text_of_bytes(value).as_ref(), convert::text_of_bytes(delimiter).as_ref())
}

impl Aggregate<Concatenation, Value> for StringAgg {
    fn init(&self, _: &mut Context<'_>) -> rusqlite::Result<Concatenation> {
        Ok(Concatenation::default())
    }

    fn step(&self, context: &mut Context<'_>, all: &mut Concatenation) -> rusqlite::Result<()> {
        add(context, all).map_err(|error| user_error(&error))
    }

    fn finalize(&self, _: &mut Context<'_>, all: Option<Concatenation>) -> rusqlite::Result<Value> {
        Ok(all.map_or(Value::Null, |all| self.result(&all)))
    }
}

impl WindowAggregate<Concatenation, Value> for StringAgg {
    fn value(&self, all: Option<&mut Concatenation>) -> rusqlite::Result<Value> {
        Ok(all.map_or(Value::Null, |all| self.result(all)))
    }

    fn inverse(&self, context: &mut Context<'_>, all: &mut Concatenation) -> rusqlite::Result<()> {
        if !matches!(raw(context, 0), ValueRef::Null) {
            all.remove_first();
        }
        Ok(())
    }
}
