//! Names that files of older versions have in their views, checks, indexes and defaults.

use rusqlite::{Connection, types::Value};

use super::values::{date, from_part_as_float, from_text, from_timestamp, integer, interval, timestamp};
use crate::functions::scalar::strict;

pub(super) fn register(conn: &Connection) -> rusqlite::Result<()> {
    strict(conn, "date_part", 2, |a| {
        timestamp(a, 1)?.part(&a.text(0), true).map(|part| from_part_as_float(&part))
    })?;
    strict(conn, "date_trunc", 2, |a| timestamp(a, 1)?.truncated(&a.text(0)).map(from_timestamp))?;
    strict(conn, "to_char", 2, |a| {
        Ok(timestamp(a, 0)?.to_char(&a.text(1), true)?.map_or(Value::Null, Value::Text))
    })?;
    strict(conn, "phantomdb_add_interval", 3, |a| {
        let (at, span) = (timestamp(a, 0)?, interval(a, 1)?);
        let moved = if a.integer(2) < 0 { at.minus(span) } else { at.plus(span) };
        moved.map(from_timestamp)
    })?;
    strict(conn, "phantomdb_days_between", 2, |a| date(a, 0)?.since(date(a, 1)?).map(Value::Integer))?;
    strict(conn, "phantomdb_add_days", 2, |a| date(a, 0)?.plus_days(integer(a, 1)?).map(from_text))?;
    strict(conn, "phantomdb_subtract_days", 2, |a| {
        let days = integer(a, 1)?.checked_neg().unwrap_or(i64::MAX);
        date(a, 0)?.plus_days(days).map(from_text)
    })
}
