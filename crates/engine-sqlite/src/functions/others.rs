//! Truth values, UUIDs, and functions on values of any type.

use phantomdb_values::{boolean, identity, size, times::Timestamp};
use rusqlite::{
    Connection,
    types::{Value, ValueRef},
};

use super::{
    convert,
    result::FunctionResult,
    scalar::{Arguments, pure, strict, volatile},
};

/// A timestamp counts from the year 2000.
const MICROSECONDS_1970_TO_2000: i64 = 946_684_800_000_000;

pub(super) fn register(conn: &Connection) -> rusqlite::Result<()> {
    strict(conn, "phantomdb_text_bool", 1, to_boolean)?;
    strict(conn, "phantomdb_bool_text", 1, |a| {
        Ok(Value::Text(if a.integer(0) == 0 { "false" } else { "true" }.to_owned()))
    })?;
    strict(conn, "phantomdb_text_uuid", 1, |a| match a.value(0) {
        ValueRef::Text(_) => Ok(Value::Text(identity::parse(&a.text(0))?)),
        other => Err(convert::mismatch(other, "a UUID")),
    })?;
    strict(conn, "phantomdb_uuid_version", 1, |a| {
        Ok(identity::version(&a.text(0))?.map_or(Value::Null, Value::Integer))
    })?;
    strict(conn, "phantomdb_uuid_timestamp", 1, |a| match identity::microseconds(&a.text(0))? {
        Some(microseconds) => {
            Ok(Value::Text(Timestamp::new(microseconds - MICROSECONDS_1970_TO_2000)?.stored()))
        }
        None => Ok(Value::Null),
    })?;
    strict(conn, "phantomdb_size_pretty", 1, |a| Ok(Value::Text(size::pretty(a.integer(0)))))?;
    for name in ["gen_random_uuid", "phantomdb_uuid4"] {
        volatile(conn, name, 0, |_| Ok(Value::Text(uuid::Uuid::new_v4().hyphenated().to_string())))?;
    }
    volatile(conn, "phantomdb_uuid7", 0, |_| Ok(Value::Text(uuid::Uuid::now_v7().hyphenated().to_string())))?;
    pure(conn, "phantomdb_num_nulls", -1, |a| Ok(count(a, true)))?;
    pure(conn, "phantomdb_num_nonnulls", -1, |a| Ok(count(a, false)))
}

fn to_boolean(arguments: &Arguments<'_>) -> FunctionResult {
    match arguments.value(0) {
        ValueRef::Integer(number) => Ok(Value::Integer(i64::from(number != 0))),
        ValueRef::Text(_) => Ok(Value::Integer(i64::from(boolean::parse(&arguments.text(0))?))),
        other => Err(convert::mismatch(other, "a boolean")),
    }
}

/// The number of arguments that are NULL, or that are not.
fn count(arguments: &Arguments<'_>, null: bool) -> Value {
    let count = (0..arguments.len()).filter(|index| arguments.is_null(*index) == null).count();
    Value::Integer(i64::try_from(count).unwrap_or(i64::MAX))
}
