//! `extract`, `date_part`, `date_trunc`, `date_bin`, `age` and the zones.

use phantomdb_protocol::Result;
use phantomdb_values::times::{Part, Zone};
use rusqlite::{Connection, types::Value};

use super::values::{
    date, from_part, from_part_as_float, from_text, from_timestamp, interval, time, timestamp,
};
use crate::functions::scalar::{Arguments, strict};

pub(super) fn register(conn: &Connection) -> rusqlite::Result<()> {
    parts(conn)?;
    truncations(conn)?;
    zones(conn)?;
    strict(conn, "phantomdb_timestamp_age", 2, |a| timestamp(a, 0)?.age(timestamp(a, 1)?).map(from_text))?;
    strict(conn, "phantomdb_timestamp_isfinite", 1, |a| {
        Ok(Value::Integer(timestamp(a, 0)?.is_finite().into()))
    })?;
    strict(conn, "phantomdb_date_isfinite", 1, |a| Ok(Value::Integer(date(a, 0)?.is_finite().into())))?;
    strict(conn, "phantomdb_interval_isfinite", 1, |a| Ok(Value::Integer(interval(a, 0)?.is_finite().into())))
}

/// The field of the first argument, of the value of the second.
type Extract = fn(&Arguments<'_>) -> Result<Part>;

fn parts(conn: &Connection) -> rusqlite::Result<()> {
    strict(conn, "phantomdb_interval_part", 2, |a| {
        Ok(interval(a, 1)?.float_part(&a.text(0))?.map_or(Value::Null, Value::Real))
    })?;
    strict(conn, "phantomdb_interval_extract", 2, |a| {
        interval(a, 1)?.part(&a.text(0)).map(|part| from_part(&part))
    })?;
    let parts: [(&str, Extract); 4] = [
        ("timestamp", |a| timestamp(a, 1)?.part(&a.text(0), false)),
        ("timestamptz", |a| timestamp(a, 1)?.part(&a.text(0), true)),
        ("date", |a| date(a, 1)?.part(&a.text(0))),
        ("time", |a| time(a, 1)?.part(&a.text(0))),
    ];
    for (name, extract) in parts {
        let exact = format!("phantomdb_{name}_extract");
        strict(conn, &exact, 2, move |a| extract(a).map(|part| from_part(&part)))?;
        let float = format!("phantomdb_{name}_part");
        strict(conn, &float, 2, move |a| extract(a).map(|part| from_part_as_float(&part)))?;
    }
    Ok(())
}

fn truncations(conn: &Connection) -> rusqlite::Result<()> {
    strict(conn, "phantomdb_timestamp_truncate", 2, |a| {
        timestamp(a, 1)?.truncated(&a.text(0)).map(from_timestamp)
    })?;
    strict(conn, "phantomdb_timestamp_truncate", 3, |a| {
        let zone = Zone::find(&a.text(2))?;
        timestamp(a, 1)?.truncated_in(&a.text(0), &zone).map(from_timestamp)
    })?;
    strict(conn, "phantomdb_interval_truncate", 2, |a| interval(a, 1)?.truncated(&a.text(0)).map(from_text))?;
    strict(conn, "phantomdb_timestamp_bin", 3, |a| {
        timestamp(a, 1)?.bin(interval(a, 0)?, timestamp(a, 2)?).map(from_timestamp)
    })
}

/// `AT TIME ZONE`: the local time of a moment, and the moment of a local time.
fn zones(conn: &Connection) -> rusqlite::Result<()> {
    strict(conn, "phantomdb_zone_local", 2, |a| {
        Zone::find(&a.text(0))?.local(timestamp(a, 1)?).map(from_timestamp)
    })?;
    strict(conn, "phantomdb_zone_utc", 2, |a| {
        Zone::find(&a.text(0))?.utc(timestamp(a, 1)?).map(from_timestamp)
    })?;
    strict(conn, "phantomdb_offset_local", 2, |a| {
        Zone::from_interval(interval(a, 0)?)?.local(timestamp(a, 1)?).map(from_timestamp)
    })?;
    strict(conn, "phantomdb_offset_utc", 2, |a| {
        Zone::from_interval(interval(a, 0)?)?.utc(timestamp(a, 1)?).map(from_timestamp)
    })?;
    // The sum of a moment and an interval, whose days and months are those of a zone.
    strict(conn, "phantomdb_zone_add", 3, |a| {
        let zone = Zone::find(&a.text(2))?;
        zone.plus(timestamp(a, 0)?, interval(a, 1)?).map(from_timestamp)
    })?;
    strict(conn, "phantomdb_zone_subtract", 3, |a| {
        let zone = Zone::find(&a.text(2))?;
        zone.plus(timestamp(a, 0)?, interval(a, 1)?.negative()?).map(from_timestamp)
    })
}
