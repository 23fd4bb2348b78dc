//! `to_char`, `to_timestamp` and `to_date`.

use phantomdb_values::times::{Date, Timestamp};
use rusqlite::{Connection, types::Value};

use super::values::{from_text, from_timestamp, interval, timestamp};
use crate::functions::scalar::strict;

pub(super) fn register(conn: &Connection) -> rusqlite::Result<()> {
    let text = |text: Option<String>| text.map_or(Value::Null, Value::Text);
    strict(conn, "phantomdb_timestamp_to_char", 2, move |a| {
        timestamp(a, 0)?.to_char(&a.text(1), false).map(text)
    })?;
    strict(conn, "phantomdb_timestamptz_to_char", 2, move |a| {
        timestamp(a, 0)?.to_char(&a.text(1), true).map(text)
    })?;
    strict(conn, "phantomdb_interval_to_char", 2, move |a| interval(a, 0)?.to_char(&a.text(1)).map(text))?;
    strict(conn, "phantomdb_template_timestamp", 2, |a| {
        Timestamp::from_char(&a.text(0), &a.text(1)).map(from_timestamp)
    })?;
    strict(conn, "phantomdb_template_date", 2, |a| Date::from_char(&a.text(0), &a.text(1)).map(from_text))
}
