//! Random numbers.

use phantomdb_values::numbers::{chance, integer::Width};
use rusqlite::{Connection, types::Value};

use super::values::{float8, integer, numeric, stored_float8, stored_numeric};
use crate::functions::scalar::volatile;

/// 64 random bits.
fn bits() -> u64 {
    let (high, low) = uuid::Uuid::new_v4().as_u64_pair();
    let (more, _) = uuid::Uuid::new_v4().as_u64_pair();
    // Some bits of a UUID are its version; they are covered by those of the other.
    high.rotate_left(32) ^ low ^ more
}

pub(super) fn register(conn: &Connection) -> rusqlite::Result<()> {
    volatile(conn, "phantomdb_int8_random", 2, |a| {
        if a.any_null() {
            return Ok(Value::Null);
        }
        let (low, high) = (integer(a.value(0), Width::Big)?, integer(a.value(1), Width::Big)?);
        chance::integer(low, high, bits).map(Value::Integer)
    })?;
    volatile(conn, "phantomdb_numeric_random", 2, |a| {
        if a.any_null() {
            return Ok(Value::Null);
        }
        let (low, high) = (numeric(a.value(0))?, numeric(a.value(1))?);
        chance::numeric(&low, &high, bits).map(|number| stored_numeric(&number))
    })?;
    volatile(conn, "phantomdb_random_normal", 2, |a| {
        if a.any_null() {
            return Ok(Value::Null);
        }
        Ok(stored_float8(chance::normal(float8(a.value(0))?, float8(a.value(1))?, bits)))
    })
}
