//! `to_char` and `to_number` of numbers.

use phantomdb_values::numbers::{format, integer::Width};
use rusqlite::{Connection, types::Value};

use super::values::{binary, float4, float8, integer, numeric, stored_numeric};
use crate::functions::convert::text_of;

pub(super) fn register(conn: &Connection) -> rusqlite::Result<()> {
    binary(conn, "phantomdb_int4_to_char", |value, pattern| {
        format::of_i32(integer(value, Width::Regular)?, &text_of(pattern)).map(Value::Text)
    })?;
    binary(conn, "phantomdb_int8_to_char", |value, pattern| {
        format::of_i64(integer(value, Width::Big)?, &text_of(pattern)).map(Value::Text)
    })?;
    binary(conn, "phantomdb_numeric_to_char", |value, pattern| {
        format::of_numeric(&numeric(value)?, &text_of(pattern)).map(Value::Text)
    })?;
    binary(conn, "phantomdb_float4_to_char", |value, pattern| {
        format::of_f32(float4(value)?, &text_of(pattern)).map(Value::Text)
    })?;
    binary(conn, "phantomdb_float8_to_char", |value, pattern| {
        format::of_f64(float8(value)?, &text_of(pattern)).map(Value::Text)
    })?;
    binary(conn, "phantomdb_to_number", |value, pattern| {
        let number = format::to_number(&text_of(value), &text_of(pattern))?;
        Ok(number.map_or(Value::Null, |number| stored_numeric(&number)))
    })
}
