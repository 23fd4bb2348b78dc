//! Characters by their code points, normalization forms and character sets.

use phantomdb_values::{
    bytes::encoding::{convert, convert_from, convert_to, decode, encode, length_in},
    text::{normal, property, unistr},
};
use rusqlite::{Connection, types::Value};

use super::arguments::{Body, boolean, register_all, text};

pub(super) fn register(conn: &Connection) -> rusqlite::Result<()> {
    let bodies: [(&str, i32, Body); 11] = [
        ("phantomdb_chr", 1, |a| text(unistr::chr(a.integer(0))?)),
        ("phantomdb_unistr", 1, |a| text(unistr::unistr(&a.text(0))?)),
        ("phantomdb_normalize", 2, |a| text(normal::normalize(&a.text(0), &a.text(1))?)),
        ("phantomdb_is_normalized", 2, |a| boolean(normal::is_normalized(&a.text(0), &a.text(1))?)),
        ("phantomdb_unicode_assigned", 1, |a| {
            boolean(a.text(0).chars().all(|c| property::ASSIGNED.contains(c)))
        }),
        ("phantomdb_encode", 2, |a| text(encode(&a.bytes(0), &a.text(1))?)),
        ("phantomdb_decode", 2, |a| Ok(Value::Blob(decode(&a.text(0), &a.text(1))?))),
        ("phantomdb_convert_to", 2, |a| Ok(Value::Blob(convert_to(&a.text(0), &a.text(1))?))),
        ("phantomdb_convert_from", 2, |a| text(convert_from(&a.bytes(0), &a.text(1))?)),
        ("phantomdb_convert", 3, |a| Ok(Value::Blob(convert(&a.bytes(0), &a.text(1), &a.text(2))?))),
        ("phantomdb_length_in", 2, |a| {
            Ok(Value::Integer(i64::try_from(length_in(&a.bytes(0), &a.text(1))?).unwrap_or(i64::MAX)))
        }),
    ];
    register_all(conn, &bodies)
}
