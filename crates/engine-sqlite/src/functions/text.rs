//! Functions on text and byte strings. What they compute is in `phantomdb_values`.

mod arguments;
mod bytes;
mod likeness;
mod native;
mod parts;
mod templates;
#[cfg(test)]
mod tests;
mod written;

use phantomdb_values::{bytes::digest::md5_digits, text::case};
use rusqlite::{Connection, types::Value};

use super::{
    result::FunctionResult,
    scalar::{Arguments, pure},
};
use arguments::{Body, length, register_all, text};

pub(super) fn register(conn: &Connection) -> rusqlite::Result<()> {
    bytes::register(conn)?;
    likeness::register(conn)?;
    native::register(conn)?;
    parts::register(conn)?;
    templates::register(conn)?;
    written::register(conn)?;
    let bodies: [(&str, i32, Body); 13] = [
        ("phantomdb_lower", 1, |a| text(case::lower(&a.text(0)))),
        ("phantomdb_upper", 1, |a| text(case::upper(&a.text(0)))),
        ("phantomdb_initcap", 1, |a| text(case::initcap(&a.text(0)))),
        ("phantomdb_casefold", 1, |a| text(case::fold(&a.text(0)))),
        ("phantomdb_md5", 1, |a| text(md5_digits(&a.bytes(0)))),
        ("phantomdb_length", 1, |a| length(a.text(0).chars().count())),
        ("phantomdb_octet_length", 1, |a| length(a.bytes(0).len())),
        ("phantomdb_bit_length", 1, |a| length(a.bytes(0).len().saturating_mul(8))),
        ("lower", 1, |a| text(case::lower(&a.text(0)))),
        ("upper", 1, |a| text(case::upper(&a.text(0)))),
        ("initcap", 1, |a| text(case::initcap(&a.text(0)))),
        ("md5", 1, |a| text(md5_digits(&a.bytes(0)))),
        ("phantomdb_concat_text", 2, |a| {
            phantomdb_values::text::limit::check(a.bytes(0).len() + a.bytes(1).len())?;
            text(a.text(0).into_owned() + &a.text(1))
        }),
    ];
    register_all(conn, &bodies)?;
    pure(conn, "version", 0, |_| {
        let version = format!("PhantomDB {} (SQLite {})", env!("CARGO_PKG_VERSION"), rusqlite::version());
        Ok(Value::Text(version))
    })
}
