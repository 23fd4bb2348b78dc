//! Exact sums and averages of decimals.

use rusqlite::{
    Connection,
    functions::{Aggregate, Context, FunctionFlags},
    types::{Value, ValueRef},
};
use rust_decimal::Decimal;

use super::{convert, raw, user_error};

pub(super) fn register(conn: &Connection) -> rusqlite::Result<()> {
    let flags =
        FunctionFlags::SQLITE_UTF8 | FunctionFlags::SQLITE_DETERMINISTIC | FunctionFlags::SQLITE_INNOCUOUS;
    conn.create_aggregate_function("phantomdb_sum", 1, flags, Total { average: false })?;
    conn.create_aggregate_function("phantomdb_avg", 1, flags, Total { average: true })
}

struct Total {
    average: bool,
}

#[derive(Default)]
struct Sum {
    total: Decimal,
    count: u64,
}

impl Aggregate<Sum, Value> for Total {
    fn init(&self, _: &mut Context<'_>) -> rusqlite::Result<Sum> {
        Ok(Sum::default())
    }

    fn step(&self, context: &mut Context<'_>, sum: &mut Sum) -> rusqlite::Result<()> {
        let value = raw(context, 0);
        if matches!(value, ValueRef::Null) {
            return Ok(());
        }
        let number = convert::exact(value).map_err(|error| user_error(&error))?;
        sum.total = sum.total.checked_add(number).ok_or_else(|| {
            user_error(&phantomdb_protocol::Error::new(
                phantomdb_protocol::ErrorCode::OutOfRange,
                "the sum has more than 28 digits",
            ))
        })?;
        sum.count += 1;
        Ok(())
    }

    fn finalize(&self, _: &mut Context<'_>, sum: Option<Sum>) -> rusqlite::Result<Value> {
        Ok(match sum.filter(|sum| sum.count > 0) {
            None => Value::Null,
            Some(sum) if self.average => {
                let average = sum.total / Decimal::from(sum.count);
                Value::Text(average.round_dp(16).normalize().to_string())
            }
            Some(sum) => Value::Text(sum.total.to_string()),
        })
    }
}
