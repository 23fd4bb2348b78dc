//! Functions on arrays. [`phantomdb_values::arrays`] says what they compute.
//!
//! The short name of the type of the elements (`int4`, `text`) is an argument where elements are read or written.

mod access;
mod aggregate;
pub(crate) mod assign;
mod build;
mod change;
pub(super) mod elements;

use phantomdb_values::arrays::{self, Kind};
use rusqlite::Connection;

use super::{result::FunctionResult, scalar::Arguments};

pub(super) fn register(conn: &Connection) -> rusqlite::Result<()> {
    conn.create_collation("array", |a, b| arrays::compare_texts(a, b, Kind::Text))?;
    conn.create_collation("array_numeric", |a, b| arrays::compare_texts(a, b, Kind::Numeric))?;
    conn.create_collation("array_interval", |a, b| arrays::compare_texts(a, b, Kind::Interval))?;
    conn.create_collation("array_jsonb", |a, b| arrays::compare_texts(a, b, Kind::Jsonb))?;
    build::register(conn)?;
    access::register(conn)?;
    change::register(conn)?;
    aggregate::register(conn)
}
