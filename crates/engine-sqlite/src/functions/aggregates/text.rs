//! `string_agg`.

use phantomdb_protocol::Result;
use phantomdb_values::aggregates::concatenation::Concatenation;
use rusqlite::{
    Connection,
    functions::{Aggregate, Context, WindowAggregate},
    types::{Value, ValueRef},
};

use super::strict_aggregate::FLAGS;
use crate::{
    functions::{convert, result::user_error, scalar::raw},
    heap::Share,
};

/// The bytes that are kept of each value besides its text.
const OF_EACH: usize = 16;

/// The values so far, and their part of the memory.
#[derive(Default)]
struct Kept {
    all: Concatenation,
    share: Share,
}

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
    fn result(&self, kept: &Kept) -> Value {
        match kept.all.joined() {
            None => Value::Null,
            Some(joined) if self.bytes => Value::Blob(joined.to_vec()),
            Some(joined) => Value::Text(String::from_utf8_lossy(joined).into_owned()),
        }
    }
}

fn add(context: &Context<'_>, kept: &mut Kept) -> Result<()> {
    let (value, delimiter) = (raw(context, 0), raw(context, 1));
    if matches!(value, ValueRef::Null) {
        return Ok(());
    }
    let (value, delimiter) = (convert::text_of_bytes(value), convert::text_of_bytes(delimiter));
    kept.share.add(OF_EACH + value.as_ref().len() + delimiter.as_ref().len())?;
    kept.all.add(value.as_ref(), delimiter.as_ref())
}

impl Aggregate<Kept, Value> for StringAgg {
    fn init(&self, _: &mut Context<'_>) -> rusqlite::Result<Kept> {
        Ok(Kept::default())
    }

    fn step(&self, context: &mut Context<'_>, kept: &mut Kept) -> rusqlite::Result<()> {
        add(context, kept).map_err(|error| user_error(&error))
    }

    fn finalize(&self, _: &mut Context<'_>, kept: Option<Kept>) -> rusqlite::Result<Value> {
        Ok(kept.map_or(Value::Null, |kept| self.result(&kept)))
    }
}

impl WindowAggregate<Kept, Value> for StringAgg {
    fn value(&self, kept: Option<&mut Kept>) -> rusqlite::Result<Value> {
        Ok(kept.map_or(Value::Null, |kept| self.result(kept)))
    }

    fn inverse(&self, context: &mut Context<'_>, kept: &mut Kept) -> rusqlite::Result<()> {
        if !matches!(raw(context, 0), ValueRef::Null) {
            let bytes = kept.all.remove_first();
            kept.share.remove(OF_EACH + bytes);
        }
        Ok(())
    }
}
