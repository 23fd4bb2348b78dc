//! Exact sums and averages of decimals.

use phantomdb_values::aggregates::exact::Exact;
use rusqlite::{
    Connection,
    functions::{Aggregate, Context, FunctionFlags},
    types::{Value, ValueRef},
};

use super::{convert, result::user_error, scalar::raw};

pub(super) fn register(conn: &Connection) -> rusqlite::Result<()> {
    let flags =
        FunctionFlags::SQLITE_UTF8 | FunctionFlags::SQLITE_DETERMINISTIC | FunctionFlags::SQLITE_INNOCUOUS;
    conn.create_aggregate_function("phantomdb_sum", 1, flags, Total { average: false })?;
    conn.create_aggregate_function("phantomdb_avg", 1, flags, Total { average: true })
}

/// SUM and AVG of decimals.
struct Total {
    average: bool,
}

impl Aggregate<Exact, Value> for Total {
    fn init(&self, _: &mut Context<'_>) -> rusqlite::Result<Exact> {
        Ok(Exact::new(false))
    }

    fn step(&self, context: &mut Context<'_>, exact: &mut Exact) -> rusqlite::Result<()> {
        let value = raw(context, 0);
        if matches!(value, ValueRef::Null) {
            return Ok(());
        }
        exact.add(&convert::number(value).map_err(|error| user_error(&error))?);
        Ok(())
    }

    fn finalize(&self, _: &mut Context<'_>, exact: Option<Exact>) -> rusqlite::Result<Value> {
        let Some(exact) = exact else { return Ok(Value::Null) };
        let result = if self.average { exact.average() } else { exact.sum() };
        let number = result.map_err(|error| user_error(&error))?;
        Ok(number.map_or(Value::Null, |number| {
            Value::Text(if self.average { number.trim_scale().to_string() } else { number.to_string() })
        }))
    }
}
