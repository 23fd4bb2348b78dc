//! Functions that make dates, times and intervals of numbers, and series of timestamps.

use phantomdb_values::times::{Zone, from_epoch, make_date, make_interval, make_time, series};
use rusqlite::{Connection, types::Value};

use super::values::{float, from_text, from_timestamp, integer, interval, json_strings, timestamp};
use crate::functions::scalar::{Arguments, strict};

pub(super) fn register(conn: &Connection) -> rusqlite::Result<()> {
    strict(conn, "phantomdb_make_date", 3, |a| {
        make_date(integer(a, 0)?, integer(a, 1)?, integer(a, 2)?).map(from_text)
    })?;
    strict(conn, "phantomdb_make_time", 3, |a| {
        Ok(Value::Text(make_time(integer(a, 0)?, integer(a, 1)?, float(a, 2)?)?.stored()))
    })?;
    strict(conn, "phantomdb_make_timestamp", 6, |a| make_timestamp(a).map(from_timestamp))?;
    strict(conn, "phantomdb_make_timestamp", 7, |a| {
        let local = make_timestamp(a)?;
        Zone::find_for_input(&a.text(6))?.utc(local).map(from_timestamp)
    })?;
    strict(conn, "phantomdb_make_interval", 7, |a| {
        let mut parts = [0; 6];
        for (index, part) in parts.iter_mut().enumerate() {
            *part = integer(a, index)?;
        }
        make_interval(parts, float(a, 6)?).map(from_text)
    })?;
    strict(conn, "phantomdb_epoch_timestamp", 1, |a| from_epoch(float(a, 0)?).map(from_timestamp))?;
    strict(conn, "phantomdb_justify_hours", 1, |a| interval(a, 0)?.justified_hours().map(from_text))?;
    strict(conn, "phantomdb_justify_days", 1, |a| interval(a, 0)?.justified_days().map(from_text))?;
    strict(conn, "phantomdb_justify_interval", 1, |a| interval(a, 0)?.justified().map(from_text))?;
    strict(conn, "phantomdb_timestamp_series", 3, |a| {
        let series = series(timestamp(a, 0)?, timestamp(a, 1)?, interval(a, 2)?, &Zone::UTC)?;
        json_strings(series.into_iter().map(phantomdb_values::times::Timestamp::stored))
    })?;
    strict(conn, "phantomdb_timestamp_series", 4, |a| {
        let zone = Zone::find(&a.text(3))?;
        let series = series(timestamp(a, 0)?, timestamp(a, 1)?, interval(a, 2)?, &zone)?;
        json_strings(series.into_iter().map(phantomdb_values::times::Timestamp::stored))
    })
}

fn make_timestamp(a: &Arguments<'_>) -> phantomdb_protocol::Result<phantomdb_values::times::Timestamp> {
    let date = make_date(integer(a, 0)?, integer(a, 1)?, integer(a, 2)?)?;
    date.plus_time(make_time(integer(a, 3)?, integer(a, 4)?, float(a, 5)?)?)
}
