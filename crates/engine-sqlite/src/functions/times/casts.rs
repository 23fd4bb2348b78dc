//! Conversions between dates, times, intervals and text.

use phantomdb_values::times::{Date, Fields, Interval, TimeOfDay, Timestamp, wire_of_stored};
use rusqlite::{Connection, types::Value};

use super::values::{date, from_text, from_timestamp, integer, interval, text_of, time, timestamp};
use crate::functions::scalar::strict;

pub(super) fn register(conn: &Connection) -> rusqlite::Result<()> {
    from_texts(conn)?;
    to_texts(conn)?;
    between(conn)?;
    precisions(conn)
}

fn from_texts(conn: &Connection) -> rusqlite::Result<()> {
    strict(conn, "phantomdb_text_date", 1, |a| Ok(from_text(Date::read(text_of(a.value(0), "a date")?)?)))?;
    strict(conn, "phantomdb_text_time", 1, |a| {
        TimeOfDay::read(text_of(a.value(0), "a time of day")?).map(|time| Value::Text(time.stored()))
    })?;
    strict(conn, "phantomdb_text_timestamp", 1, |a| {
        Timestamp::read(text_of(a.value(0), "a timestamp")?).map(from_timestamp)
    })?;
    strict(conn, "phantomdb_text_timestamptz", 1, |a| {
        Timestamp::read_with_zone(text_of(a.value(0), "a timestamp")?).map(from_timestamp)
    })?;
    strict(conn, "phantomdb_text_interval", 1, |a| {
        Interval::input(text_of(a.value(0), "an interval")?).map(from_text)
    })?;
    // `INTERVAL '1' DAY` and `INTERVAL '1 2' DAY TO HOUR`.
    strict(conn, "phantomdb_text_interval", 2, |a| {
        let fields = Fields::parse(&a.text(1))?;
        Interval::input_fields(text_of(a.value(0), "an interval")?, fields).map(from_text)
    })
}

fn to_texts(conn: &Connection) -> rusqlite::Result<()> {
    // A stored timestamp as it travels.
    strict(conn, "phantomdb_timestamp_iso", 1, |a| Ok(Value::Text(wire_of_stored(&a.text(0)).into_owned())))?;
    strict(conn, "phantomdb_time_text", 1, |a| time(a, 0).map(from_text))?;
    strict(conn, "phantomdb_timestamp_text", 1, |a| Ok(Value::Text(timestamp(a, 0)?.text())))?;
    strict(conn, "phantomdb_timestamptz_text", 1, |a| Ok(Value::Text(timestamp(a, 0)?.text_with_zone())))
}

fn between(conn: &Connection) -> rusqlite::Result<()> {
    strict(conn, "phantomdb_date_timestamp", 1, |a| Ok(from_timestamp(date(a, 0)?.timestamp())))?;
    strict(conn, "phantomdb_timestamp_date", 1, |a| Ok(from_text(timestamp(a, 0)?.date())))?;
    strict(conn, "phantomdb_timestamp_time", 1, |a| {
        Ok(timestamp(a, 0)?.time().map_or(Value::Null, |time| Value::Text(time.stored())))
    })?;
    strict(conn, "phantomdb_time_interval", 1, |a| Ok(from_text(time(a, 0)?.interval())))?;
    strict(conn, "phantomdb_interval_time", 1, |a| Ok(Value::Text(interval(a, 0)?.time()?.stored())))
}

fn precisions(conn: &Connection) -> rusqlite::Result<()> {
    strict(conn, "phantomdb_timestamp_precision", 2, |a| {
        timestamp(a, 0)?.with_precision(integer(a, 1)?).map(from_timestamp)
    })?;
    strict(conn, "phantomdb_time_precision", 2, |a| {
        Ok(Value::Text(time(a, 0)?.with_precision(integer(a, 1)?)?.stored()))
    })?;
    strict(conn, "phantomdb_interval_precision", 2, |a| {
        Ok(from_text(interval(a, 0)?.with_precision(integer(a, 1)?)?))
    })?;
    strict(conn, "phantomdb_interval_fields", 2, |a| {
        interval(a, 0)?.with_fields(Fields::parse(&a.text(1))?).map(from_text)
    })
}
