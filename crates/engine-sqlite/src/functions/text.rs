//! Functions on text and byte strings. What they compute is in `phantomdb_values`.

mod bytes;
mod likeness;
mod native;
mod parts;
mod templates;
#[cfg(test)]
mod tests;
mod written;

use std::borrow::Cow;

use phantomdb_values::{bytes::digest::md5_digits, text::case};
use rusqlite::{
    Connection,
    types::{Value, ValueRef},
};

use super::{Arguments, FunctionResult, convert, pure, strict};

/// What a function does with its arguments.
type Body = fn(&Arguments<'_>) -> FunctionResult;

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

/// Registers functions that are NULL when an argument is NULL.
fn register_all(conn: &Connection, bodies: &[(&str, i32, Body)]) -> rusqlite::Result<()> {
    bodies.iter().try_for_each(|(name, count, body)| strict(conn, name, *count, *body))
}

fn text(text: impl Into<String>) -> FunctionResult {
    Ok(Value::Text(text.into()))
}

fn boolean(value: bool) -> FunctionResult {
    Ok(Value::Integer(i64::from(value)))
}

fn length(length: usize) -> FunctionResult {
    Ok(Value::Integer(i64::try_from(length).unwrap_or(i64::MAX)))
}

impl<'a> Arguments<'a> {
    /// The argument as bytes: those of a blob, or of a text in UTF-8.
    fn bytes(&self, index: usize) -> Cow<'a, [u8]> {
        match self.value(index) {
            ValueRef::Blob(bytes) | ValueRef::Text(bytes) => Cow::Borrowed(bytes),
            other => Cow::Owned(convert::text_of(other).into_owned().into_bytes()),
        }
    }

    /// The argument as text; None when it is NULL.
    fn optional_text(&self, index: usize) -> Option<Cow<'a, str>> {
        (!self.is_null(index)).then(|| self.text(index))
    }
}
