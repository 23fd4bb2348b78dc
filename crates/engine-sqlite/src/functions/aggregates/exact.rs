//! Aggregates of exact numbers.

use phantomdb_protocol::Result;
use phantomdb_values::{
    aggregates::{Spread, exact::Exact},
    numbers::Numeric,
};
use rusqlite::{Connection, types::Value};

use super::strict_aggregate::{Row, strict};
use crate::functions::numbers::values::{numeric, stored_numeric};

fn add(exact: &mut Exact, row: &Row<'_>) -> Result<()> {
    exact.add(&numeric(row[0])?);
    Ok(())
}

fn remove(exact: &mut Exact, row: &Row<'_>) -> Result<()> {
    exact.remove(&numeric(row[0])?);
    Ok(())
}

pub(super) fn register(conn: &Connection) -> rusqlite::Result<()> {
    let stored = |number: Option<Numeric>| number.map_or(Value::Null, |number| stored_numeric(&number));
    strict(
        conn,
        "phantomdb_sum_numeric",
        1,
        || Exact::new(false),
        add,
        remove,
        move |exact| exact.sum().map(stored),
    )?;
    strict(
        conn,
        "phantomdb_avg_numeric",
        1,
        || Exact::new(false),
        add,
        remove,
        move |exact| exact.average().map(stored),
    )?;
    for (name, spread) in Spread::ALL {
        let name = format!("phantomdb_numeric_{name}");
        strict(
            conn,
            &name,
            1,
            || Exact::new(true),
            add,
            remove,
            move |exact| Ok(stored(exact.spread(spread))),
        )?;
    }
    Ok(())
}
