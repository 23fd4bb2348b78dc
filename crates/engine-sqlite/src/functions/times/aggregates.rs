//! The sum and the average of intervals, of groups and of window frames.

use phantomdb_protocol::Result;
use phantomdb_values::times::{Interval, Total};
use rusqlite::{
    Connection,
    functions::{Aggregate, Context, FunctionFlags, WindowAggregate},
    types::{Value, ValueRef},
};

use super::values::text_of;
use crate::functions::{result::user_error, scalar::raw};

pub(super) fn register(conn: &Connection) -> rusqlite::Result<()> {
    let flags =
        FunctionFlags::SQLITE_UTF8 | FunctionFlags::SQLITE_DETERMINISTIC | FunctionFlags::SQLITE_INNOCUOUS;
    conn.create_window_function("phantomdb_interval_sum", 1, flags, IntervalTotal { average: false })?;
    conn.create_window_function("phantomdb_interval_avg", 1, flags, IntervalTotal { average: true })
}

struct IntervalTotal {
    average: bool,
}

impl IntervalTotal {
    fn of(&self, total: &Total) -> rusqlite::Result<Value> {
        let result = if self.average { total.average() } else { total.sum() };
        let found = result.map_err(|error| user_error(&error))?;
        Ok(found.map_or(Value::Null, |interval| Value::Text(interval.to_string())))
    }
}

/// Adds the argument, or takes it away. NULL is left out.
fn count(context: &Context<'_>, total: &mut Total, times: i64) -> rusqlite::Result<()> {
    let value = raw(context, 0);
    if matches!(value, ValueRef::Null) {
        return Ok(());
    }
    let read = || -> Result<Interval> { Interval::read(text_of(value, "an interval")?) };
    total.add(read().map_err(|error| user_error(&error))?, times);
    Ok(())
}

impl Aggregate<Total, Value> for IntervalTotal {
    fn init(&self, _: &mut Context<'_>) -> rusqlite::Result<Total> {
        Ok(Total::default())
    }

    fn step(&self, context: &mut Context<'_>, total: &mut Total) -> rusqlite::Result<()> {
        count(context, total, 1)
    }

    fn finalize(&self, _: &mut Context<'_>, total: Option<Total>) -> rusqlite::Result<Value> {
        self.of(&total.unwrap_or_default())
    }
}

impl WindowAggregate<Total, Value> for IntervalTotal {
    fn value(&self, total: Option<&mut Total>) -> rusqlite::Result<Value> {
        self.of(&total.copied().unwrap_or_default())
    }

    fn inverse(&self, context: &mut Context<'_>, total: &mut Total) -> rusqlite::Result<()> {
        count(context, total, -1)
    }
}
