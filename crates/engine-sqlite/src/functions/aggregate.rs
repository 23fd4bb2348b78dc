//! Exact sums and averages of decimals.

use bigdecimal::BigDecimal;
use rusqlite::{
    Connection,
    functions::{Aggregate, Context, FunctionFlags},
    types::{Value, ValueRef},
};

use super::{convert, decimal, raw, user_error};

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

#[derive(Default)]
struct Sum {
    total: BigDecimal,
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
        let number = convert::number(value).map_err(|error| user_error(&error))?;
        sum.total += number;
        decimal::check(&sum.total).map_err(|error| user_error(&error))?;
        sum.count += 1;
        Ok(())
    }

    fn finalize(&self, _: &mut Context<'_>, sum: Option<Sum>) -> rusqlite::Result<Value> {
        Ok(match sum.filter(|sum| sum.count > 0) {
            None => Value::Null,
            Some(sum) if self.average => {
                let average = decimal::quotient(&sum.total, &BigDecimal::from(sum.count));
                Value::Text(average.normalized().to_plain_string())
            }
            Some(sum) => Value::Text(sum.total.to_plain_string()),
        })
    }
}
