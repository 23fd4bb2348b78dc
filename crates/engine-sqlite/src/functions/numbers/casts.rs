//! Casts between numbers, booleans and text.

use phantomdb_values::numbers::{Numeric, float, integer::Width};
use rusqlite::{Connection, types::Value};

use super::values::{float4, float8, integer, numeric, stored_float4, stored_float8, stored_numeric, unary};

pub(super) fn register(conn: &Connection) -> rusqlite::Result<()> {
    for (name, width) in [("int2", Width::Small), ("int4", Width::Regular), ("int8", Width::Big)] {
        unary(conn, &format!("phantomdb_{name}"), move |value| integer(value, width).map(Value::Integer))?;
        unary(conn, &format!("phantomdb_text_{name}"), move |value| {
            integer(value, width).map(Value::Integer)
        })?;
        unary(conn, &format!("phantomdb_float8_{name}"), move |value| {
            width.from_f64(float8(value)?).map(Value::Integer)
        })?;
        unary(conn, &format!("phantomdb_numeric_{name}"), move |value| {
            let number = numeric(value)?;
            let rounded = match width {
                Width::Small => number.to_i16().map(i64::from),
                Width::Regular => number.to_i32().map(i64::from),
                Width::Big => number.to_i64(),
            };
            rounded.map(Value::Integer)
        })?;
    }
    for name in ["phantomdb_text_numeric", "phantomdb_int_numeric"] {
        unary(conn, name, |value| Ok(stored_numeric(&numeric(value)?)))?;
    }
    unary(conn, "phantomdb_float8_numeric", |value| Ok(stored_numeric(&Numeric::from_f64(float8(value)?)?)))?;
    unary(conn, "phantomdb_float4_numeric", |value| Ok(stored_numeric(&Numeric::from_f32(float4(value)?)?)))?;
    unary(conn, "phantomdb_numeric_float8", |value| Ok(stored_float8(numeric(value)?.to_f64()?)))?;
    unary(conn, "phantomdb_numeric_float4", |value| Ok(stored_float4(numeric(value)?.to_f32()?)))?;
    unary(conn, "phantomdb_text_float8", |value| Ok(stored_float8(float8(value)?)))?;
    for name in ["phantomdb_text_float4", "phantomdb_float8_float4", "phantomdb_int_float4"] {
        unary(conn, name, |value| Ok(stored_float4(float4(value)?)))?;
    }
    unary(conn, "phantomdb_float8_text", |value| Ok(Value::Text(float::float8_text(float8(value)?))))?;
    unary(conn, "phantomdb_float4_text", |value| Ok(Value::Text(float::float4_text(float4(value)?))))
}
