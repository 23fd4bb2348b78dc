//! The operators of dates, times and intervals.

use rusqlite::{
    Connection,
    types::{Value, ValueRef},
};

use super::values::{date, float, from_text, from_timestamp, integer, interval, time, timestamp};
use crate::functions::{
    result::FunctionResult,
    scalar::{Arguments, pure, strict},
};

pub(super) fn register(conn: &Connection) -> rusqlite::Result<()> {
    timestamps(conn)?;
    dates(conn)?;
    times(conn)?;
    intervals(conn)?;
    pure(conn, "phantomdb_overlaps", 4, overlaps)
}

fn timestamps(conn: &Connection) -> rusqlite::Result<()> {
    strict(conn, "phantomdb_timestamp_add", 2, |a| {
        timestamp(a, 0)?.plus(interval(a, 1)?).map(from_timestamp)
    })?;
    strict(conn, "phantomdb_timestamp_subtract", 2, |a| {
        timestamp(a, 0)?.minus(interval(a, 1)?).map(from_timestamp)
    })?;
    strict(conn, "phantomdb_timestamp_between", 2, |a| {
        timestamp(a, 0)?.since(timestamp(a, 1)?).map(from_text)
    })
}

fn dates(conn: &Connection) -> rusqlite::Result<()> {
    strict(conn, "phantomdb_date_add_days", 2, |a| date(a, 0)?.plus_days(integer(a, 1)?).map(from_text))?;
    strict(conn, "phantomdb_date_subtract_days", 2, |a| {
        let days = integer(a, 1)?.checked_neg().unwrap_or(i64::MAX);
        date(a, 0)?.plus_days(days).map(from_text)
    })?;
    strict(conn, "phantomdb_date_between", 2, |a| date(a, 0)?.since(date(a, 1)?).map(Value::Integer))?;
    strict(conn, "phantomdb_date_add", 2, |a| {
        date(a, 0)?.timestamp().plus(interval(a, 1)?).map(from_timestamp)
    })?;
    strict(conn, "phantomdb_date_subtract", 2, |a| {
        date(a, 0)?.timestamp().minus(interval(a, 1)?).map(from_timestamp)
    })?;
    strict(conn, "phantomdb_date_add_time", 2, |a| date(a, 0)?.plus_time(time(a, 1)?).map(from_timestamp))
}

fn times(conn: &Connection) -> rusqlite::Result<()> {
    strict(conn, "phantomdb_time_add", 2, |a| Ok(Value::Text(time(a, 0)?.plus(interval(a, 1)?)?.stored())))?;
    strict(conn, "phantomdb_time_subtract", 2, |a| {
        Ok(Value::Text(time(a, 0)?.minus(interval(a, 1)?)?.stored()))
    })?;
    strict(conn, "phantomdb_time_between", 2, |a| Ok(from_text(time(a, 0)?.since(time(a, 1)?))))
}

fn intervals(conn: &Connection) -> rusqlite::Result<()> {
    strict(conn, "phantomdb_interval_add", 2, |a| interval(a, 0)?.plus(interval(a, 1)?).map(from_text))?;
    strict(conn, "phantomdb_interval_subtract", 2, |a| {
        interval(a, 0)?.minus(interval(a, 1)?).map(from_text)
    })?;
    strict(conn, "phantomdb_interval_negate", 1, |a| interval(a, 0)?.negative().map(from_text))?;
    strict(conn, "phantomdb_interval_multiply", 2, |a| interval(a, 0)?.times(float(a, 1)?).map(from_text))?;
    strict(conn, "phantomdb_interval_divide", 2, |a| interval(a, 0)?.divided_by(float(a, 1)?).map(from_text))
}

/// Whether two periods have a time in common. Their ends may be given in any order, and NULL is an end that is not known.
/// The stored forms of timestamps, dates and times of day sort as they do, so that texts are compared here.
fn overlaps(a: &Arguments<'_>) -> FunctionResult {
    let end = |index: usize| match a.value(index) {
        ValueRef::Text(text) => Some(text),
        _ => None,
    };
    let period = |first: usize| -> Option<(&[u8], Option<&[u8]>)> {
        match (end(first), end(first + 1)) {
            (None, None) => None,
            (Some(only), None) | (None, Some(only)) => Some((only, None)),
            (Some(from), Some(to)) => Some((from.min(to), Some(from.max(to)))),
        }
    };
    let (Some((from, to)), Some((other_from, other_to))) = (period(0), period(2)) else {
        return Ok(Value::Null);
    };
    // The end of the period that begins first decides, when it is known.
    let overlap = match from.cmp(other_from) {
        std::cmp::Ordering::Equal => to.and(other_to).map(|_| true),
        std::cmp::Ordering::Greater => {
            other_to.and_then(|end| if from < end { Some(true) } else { to.map(|_| false) })
        }
        std::cmp::Ordering::Less => {
            to.and_then(|end| if other_from < end { Some(true) } else { other_to.map(|_| false) })
        }
    };
    Ok(overlap.map_or(Value::Null, |overlap| Value::Integer(overlap.into())))
}
