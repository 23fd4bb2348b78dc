//! Functions on byte strings.

use phantomdb_values::{
    bytes::{
        digest, number,
        slice::{overlay, position, substring, trim},
        written,
    },
    text::{limit::check, pad::Side},
};
use rusqlite::{
    Connection,
    types::{Value, ValueRef},
};

use super::{
    super::convert,
    arguments::{Body, register_all, text},
};
use crate::functions::{result::FunctionResult, scalar::Arguments};

pub(super) fn register(conn: &Connection) -> rusqlite::Result<()> {
    let bodies: [(&str, i32, Body); 29] = [
        ("phantomdb_text_bytea", 1, from_any),
        ("phantomdb_bytea_text", 1, |a| text(written::hex(&a.bytes(0))?)),
        ("phantomdb_bytea_concat", 2, |a| {
            check(a.bytes(0).len() + a.bytes(1).len())?;
            blob([a.bytes(0), a.bytes(1)].concat())
        }),
        ("phantomdb_bytea_substring", 2, |a| blob(substring(&a.bytes(0), a.integer(1), None)?)),
        ("phantomdb_bytea_substring", 3, |a| blob(substring(&a.bytes(0), a.integer(1), Some(a.integer(2)))?)),
        ("phantomdb_bytea_overlay", 3, |a| blob(overlay(&a.bytes(0), &a.bytes(1), a.integer(2), None)?)),
        ("phantomdb_bytea_overlay", 4, |a| {
            blob(overlay(&a.bytes(0), &a.bytes(1), a.integer(2), Some(a.integer(3)))?)
        }),
        ("phantomdb_bytea_position", 2, |a| Ok(Value::Integer(position(&a.bytes(1), &a.bytes(0))))),
        ("phantomdb_bytea_btrim", 2, |a| blob(trim(&a.bytes(0), &a.bytes(1), Side::Both))),
        ("phantomdb_bytea_ltrim", 2, |a| blob(trim(&a.bytes(0), &a.bytes(1), Side::Left))),
        ("phantomdb_bytea_rtrim", 2, |a| blob(trim(&a.bytes(0), &a.bytes(1), Side::Right))),
        ("phantomdb_bytea_reverse", 1, |a| blob(a.bytes(0).iter().rev().copied().collect::<Vec<u8>>())),
        ("phantomdb_sha224", 1, |a| blob(digest::sha(224, &a.bytes(0)))),
        ("phantomdb_sha256", 1, |a| blob(digest::sha(256, &a.bytes(0)))),
        ("phantomdb_sha384", 1, |a| blob(digest::sha(384, &a.bytes(0)))),
        ("phantomdb_sha512", 1, |a| blob(digest::sha(512, &a.bytes(0)))),
        ("phantomdb_crc32", 1, |a| Ok(Value::Integer(digest::crc32(&a.bytes(0))))),
        ("phantomdb_crc32c", 1, |a| Ok(Value::Integer(digest::crc32c(&a.bytes(0))))),
        ("phantomdb_get_byte", 2, |a| Ok(Value::Integer(number::byte(&a.bytes(0), a.integer(1))?))),
        ("phantomdb_set_byte", 3, |a| blob(number::with_byte(&a.bytes(0), a.integer(1), a.integer(2))?)),
        ("phantomdb_get_bit", 2, |a| Ok(Value::Integer(number::bit(&a.bytes(0), a.integer(1))?))),
        ("phantomdb_set_bit", 3, |a| blob(number::with_bit(&a.bytes(0), a.integer(1), a.integer(2))?)),
        ("phantomdb_bit_count", 1, |a| Ok(Value::Integer(number::bit_count(&a.bytes(0))))),
        ("phantomdb_int2_bytea", 1, |a| blob(number::from_integer(a.integer(0), 2))),
        ("phantomdb_int4_bytea", 1, |a| blob(number::from_integer(a.integer(0), 4))),
        ("phantomdb_int8_bytea", 1, |a| blob(number::from_integer(a.integer(0), 8))),
        ("phantomdb_bytea_int2", 1, |a| Ok(Value::Integer(number::to_integer(&a.bytes(0), 2)?))),
        ("phantomdb_bytea_int4", 1, |a| Ok(Value::Integer(number::to_integer(&a.bytes(0), 4)?))),
        ("phantomdb_bytea_int8", 1, |a| Ok(Value::Integer(number::to_integer(&a.bytes(0), 8)?))),
    ];
    register_all(conn, &bodies)
}

fn blob(bytes: impl Into<Vec<u8>>) -> FunctionResult {
    Ok(Value::Blob(bytes.into()))
}

/// A byte string of what a statement or a parameter gives for one.
fn from_any(arguments: &Arguments<'_>) -> FunctionResult {
    match arguments.value(0) {
        ValueRef::Text(_) => blob(written::parse(&arguments.text(0))?),
        ValueRef::Integer(_) | ValueRef::Real(_) => {
            Err(convert::mismatch(arguments.value(0), "a byte string"))
        }
        other => Ok(convert::owned(other)),
    }
}
